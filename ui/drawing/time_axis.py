"""The time axis of charts: where each slice begins and ends, what it is called, where the axis is labelled. Pure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ui.asking.periods import Period
from ui.view import View

MOST_LABELS = 8
_FIRST, _LAST = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")
_STEPS = {
    "hour": pd.DateOffset(hours=1),
    "day": pd.DateOffset(days=1),
    "week": pd.DateOffset(weeks=1),
    "month": pd.DateOffset(months=1),
}
_FORMATS = {"hour": "%-d %b %H:%M", "day": "%a %-d %b %Y", "week": "week of %-d %b %Y", "month": "%B %Y"}
_LABEL_FORMATS = {"hour": "%H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y"}
# From the middle of a bar, where its label stands, to the time that the label names: its start. The middle of a day
# or month names it as well, whatever the clocks did.
_LABEL_OFFSETS_MS = {
    "hour": round(0.43 * 3_600_000),
    "day": 0,
    "week": round((0.43 * 7 - 0.5) * 86_400_000),
    "month": 0,
}


def starts_of(view: View, period: Period, bucket: str, known: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The starts of all slices of a period; `known` are those that hold something, from which an open end is told."""
    held = known.tz_convert(str(view.zone))
    begin, end = held.min(), held.max() + _STEPS[bucket]
    while period.start and begin - _STEPS[bucket] >= period.start:
        begin -= _STEPS[bucket]
    last = max(end, pd.Timestamp(period.end or end).tz_convert(end.tz))
    return pd.date_range(begin, last, freq=_STEPS[bucket], inclusive="left")


def label_of(bucket: str) -> str:
    """The expression that writes the label at the middle of a bar: the time at which the bar begins."""
    return f"timeFormat(datum.value - {_LABEL_OFFSETS_MS[bucket]}, '{_LABEL_FORMATS[bucket]}')"


def drawable(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows whose slice an axis can hold: neither infinite nor of the days before or after all that is drawn."""
    if frame.empty:
        return frame
    starts = pd.to_datetime(frame["bucket"], utc=True, errors="coerce")
    return frame[(starts >= _FIRST) & (starts < _LAST)]


def with_ends(view: View, frame: pd.DataFrame, bucket: str) -> pd.DataFrame:
    """The frame with where each slice ends, where its bar ends, its name, and whether it is still running."""
    drawn = frame.copy()
    starts = pd.to_datetime(drawn["bucket"], utc=True).dt.tz_convert(str(view.zone))
    ends = starts + _STEPS[bucket]
    drawn["bucket"], drawn["bucket_end"] = starts, ends
    drawn["bar_end"] = starts + (ends - starts) * 0.86
    drawn["is_partial"] = (starts <= view.as_of) & (ends > view.as_of)
    names = [_name_of(start, bucket) for start in starts]
    drawn["when"] = [
        f"{name} (so far)" if partial else name for name, partial in zip(names, drawn["is_partial"], strict=True)
    ]
    return drawn


def axis_of(view: View, drawn: pd.DataFrame, bucket: str, period: Period | None) -> dict[str, Any]:
    """From when to when the axis goes and where it is labelled: below the middle of bars, a few of them."""
    first, last = drawn["bucket"].min(), drawn["bucket_end"].max()
    if period and period.start and period.end:
        zone = str(view.zone)
        first = min(first, pd.Timestamp(period.start).tz_convert(zone))
        last = max(last, pd.Timestamp(period.end).tz_convert(zone))
    begin = drawn["bucket"].min()
    while begin - _STEPS[bucket] >= first:
        begin -= _STEPS[bucket]
    starts = pd.date_range(begin, last, freq=_STEPS[bucket], inclusive="left")
    shown = starts[:: max(1, -(-len(starts) // MOST_LABELS))]
    middles = [start + ((start + _STEPS[bucket]) - start) * 0.43 for start in shown]
    # As expressions: given as plain numbers, the grammar loses the labels and takes the ends for those of the bars.
    edges = {"first": str(_milliseconds(first)), "last": str(_milliseconds(last))}
    edges["values"] = str([_milliseconds(middle) for middle in middles])
    return {name: {"expr": expression} for name, expression in edges.items()}


def _milliseconds(at: pd.Timestamp) -> int:
    return int(at.timestamp() * 1000)


def _name_of(start: pd.Timestamp, bucket: str) -> str:
    return start.strftime(_FORMATS[bucket])
