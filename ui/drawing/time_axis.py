"""The time axis of charts: where each slice begins and ends, what it is called, where the axis is labelled. Pure.

Times go in and out in UTC and are compared so; the viewer's zone decides where days, weeks and months begin. Two times
of one zone would be compared by what their clocks show, which is wrong in the hour that a clock goes through twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from ui.asking.periods import Period
from ui.drawing.markup import Markup, tag
from ui.view import View

MOST_LABELS = 8
FIRST_YEAR, LAST_YEAR = 1969, 2200  # a slice may begin before the times that it holds
_LETTER_PX = 7  # of a label, about
BAR = 0.86  # of its slice; the rest is the gap to the next one

_FORMATS = {
    "hour": "%-d %b %H:%M",
    "day": "%a %-d %b %Y",
    "week": "week of %-d %b %Y",
    "month": "%B %Y",
    "year": "%Y",
}
_LABEL_FORMATS = {"hour": "%H:%M", "day": "%-d %b", "week": "%-d %b", "month": "%b %Y", "year": "%Y"}
_COARSER = {"hour": "day", "day": "week", "week": "month", "month": "year"}


@dataclass(frozen=True)
class Axis:
    """From when to when an axis goes, and its labels: the time below whose place each stands, and its words."""

    first: datetime
    last: datetime
    labels: tuple[tuple[datetime, str], ...]

    def place(self, at: datetime) -> float:
        """Where a time stands, in per cent of the width."""
        return 100 * ((at - self.first) / (self.last - self.first))


def is_drawable(start: datetime | None) -> bool:
    """Whether an axis can hold a slice: it has a time, of the years that are drawn."""
    return start is not None and FIRST_YEAR <= start.year <= LAST_YEAR


def following(start: datetime, bucket: str, zone: ZoneInfo, slices: int = 1) -> datetime:
    """The start of the slice that is so many after the one that begins at `start`; before it, if negative."""
    if bucket == "hour":
        return start.astimezone(UTC) + timedelta(hours=slices)
    local = start.astimezone(zone)
    if bucket in ("day", "week"):
        # By the clock on the wall: a day may have 23 hours.
        return (local + timedelta(days=slices * (7 if bucket == "week" else 1))).astimezone(UTC)
    months = local.year * 12 + local.month - 1 + slices * (12 if bucket == "year" else 1)
    return local.replace(year=months // 12, month=months % 12 + 1).astimezone(UTC)


def starts_of(view: View, period: Period, bucket: str, known: Iterable[datetime]) -> list[datetime]:
    """The starts of all slices of a period; `known` are those that hold something, from which an open end is told."""
    held = [at.astimezone(UTC) for at in known]
    begin, end = min(held), following(max(held), bucket, view.zone)
    if period.start:
        begin = _earliest(begin, period.start, bucket, view.zone)
    return _starts(begin, max(end, period.end or end), bucket, view.zone)


def axis_of(view: View, starts: Sequence[datetime], bucket: str, period: Period | None) -> Axis:
    """The axis below the slices that begin at `starts`: over all of the period, labelled below the middle of a few
    bars."""
    first, last = min(starts), following(max(starts), bucket, view.zone)
    if period and period.start and period.end:
        first, last = min(first, period.start), max(last, period.end)
    slices = _starts(_earliest(min(starts), first, bucket, view.zone), last, bucket, view.zone)
    shown = slices[:: max(1, -(-len(slices) // MOST_LABELS))]
    return Axis(first, last, tuple((_middle(start, bucket, view.zone), _label(start, bucket, view)) for start in shown))


def name_of(start: datetime, bucket: str, view: View) -> str:
    """What a slice is called, and whether it is not over yet."""
    name = start.astimezone(view.zone).strftime(_FORMATS[bucket])
    return f"{name} (so far)" if is_partial(start, bucket, view) else name


def is_partial(start: datetime, bucket: str, view: View) -> bool:
    """Whether a slice has begun and is not over."""
    return start <= view.as_of < following(start, bucket, view.zone)


def coarser(bucket: str) -> str | None:
    """The next longer kind of slice that is made of whole ones of this kind or nearly so; None after the last."""
    return _COARSER.get(bucket)


def start_of(at: datetime, bucket: str, zone: ZoneInfo) -> datetime:
    """The start of the slice that holds a time."""
    local = at.astimezone(zone)
    if bucket == "hour":
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at.astimezone(UTC) - into
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if bucket == "week":
        day -= timedelta(days=day.weekday())
    elif bucket == "month":
        day = day.replace(day=1)
    elif bucket == "year":
        day = day.replace(month=1, day=1)
    return day.astimezone(UTC)


def drawn(axis: Axis) -> Markup:
    """The labels as HTML, of which the style sheet leaves out what would touch, whatever the width.

    Every second one ranks lowest, every second of the others next, and so on. Those of a rank stay or go together, by
    the room between the labels of that rank and above: the first two, the last two (both may be moved away from the
    edge, and nearer to each other by that) and the least of all.
    """
    places = [axis.place(at) for at, _ in axis.labels]
    labels = []
    for number, (_, words) in enumerate(axis.labels):
        style = f"--at:{places[number]:.2f}%"
        if step := number & -number:
            kept = places[::step]
            least = min(later - earlier for earlier, later in pairwise(kept))
            style += (
                f";--second:{kept[1]:.2f}%;--last-but-one:{kept[-2]:.2f}%;--last:{kept[-1]:.2f}%;--least:{least:.2f}%"
            )
        labels.append(tag("span", tag("i", words), style=style, class_="sb-ranked" if number else None))
    half_px = max((len(words) for _, words in axis.labels), default=0) * _LETTER_PX / 2
    first = places[0] if places else 0
    style = f"--half:{half_px:.0f}px;--first:{first:.2f}%"
    return tag("div", *labels, class_="sb-times", aria_hidden="true", style=style)


def _earliest(begin: datetime, first: datetime, bucket: str, zone: ZoneInfo) -> datetime:
    while (before := following(begin, bucket, zone, -1)) >= first:
        begin = before
    return begin


def _starts(begin: datetime, end: datetime, bucket: str, zone: ZoneInfo) -> list[datetime]:
    starts = []
    while begin < end:
        starts.append(begin)
        begin = following(begin, bucket, zone)
    return starts


def _middle(start: datetime, bucket: str, zone: ZoneInfo) -> datetime:
    return start + (following(start, bucket, zone) - start) * (BAR / 2)


def _label(start: datetime, bucket: str, view: View) -> str:
    return start.astimezone(view.zone).strftime(_LABEL_FORMATS[bucket])
