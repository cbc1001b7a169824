"""Charts as HTML: bars from zero over time, in one colour or stacked by a series with a legend.

The browser needs no program for them: a bar is a link with its place in per cent, so that a chart stands when its page
does, fits any width, follows the browser's mode and tells itself to whoever cannot see it. An open slice is lighter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any, Literal

import pandas as pd

from ui import veil
from ui.asking import links
from ui.asking.links import Value
from ui.asking.periods import Period, query_of_days, query_of_hours
from ui.drawing import scales, time_axis
from ui.drawing.markup import Markup, join, tag
from ui.page import put
from ui.view import View

HEIGHT_PX = 170
SMALL_HEIGHT_PX = 66
MOST_SERIES = 8
# No chart has more bars than this, and none more slices than a wide screen shows apart from each other.
MOST_BARS = 2_000
MOST_SLICES = 400

Rows = pd.DataFrame | Iterable[Mapping[str, Any]]
Together = Literal["sum", "newest"]
_NOT_DRAWN = Markup('<p class="sb-muted">What has no time between 1970 and 2200 is not drawn.</p>')


@dataclass(frozen=True)
class Bar:
    """One bar: the slice it stands for, its series, how much it is and from where to where it reaches."""

    start: datetime
    series: str
    amount: float
    bottom: float
    top: float


def over_time(view: View, rows: Rows, **look: Any) -> None:
    """Draw what `chart_over_time` gives."""
    put(chart_over_time(view, rows, **look))


def chart_over_time(
    view: View,
    rows: Rows,
    *,
    value: str,
    bucket: str,
    title: str,
    series: str | None = None,
    series_colours: Mapping[str, str] | None = None,
    small: bool = False,
    height_px: int | None = None,
    opens: str | None = None,
    carrying: Mapping[str, Value] | None = None,
    choosing: Mapping[str, Mapping[str, Value]] | None = None,
    decimals: int = 0,
    kind: str = "signal",
    period: Period | None = None,
    together: Together = "sum",
) -> Markup:
    """Bars of `value` per `bucket` (hour, day, week, month), stacked by `series` if given.

    The rows have a field `bucket` with the start of each slice. `opens` names the page that a click on a bar opens,
    with the days of that slice in the period as its period and the parameters `carrying`, besides those by which that
    page shows one series alone: where `choosing` is given, a series that it does not hold leads nowhere.
    `series_colours` says whose colour each series has ("broken"), in the order from the bottom up. `kind` is the status
    whose colour a chart without series has. With a `period` the axis reaches over all of it, also where it holds
    nothing. `decimals` are those of the figures. Where slices are too many to be told apart, several become one:
    `together` says how their figures do.
    """
    held, is_all = _fields(rows, value, series)
    if not held:
        none = tag("p", f"{veil.seen('None')} recorded in this period.", class_="sb-muted")
        return none if is_all else _NOT_DRAWN
    held = _largest(held) if series else held
    bucket, held = _fitting(view, held, bucket, together)
    order = list(series_colours or ())
    bars = _stacked(held, order)
    axis = time_axis.axis_of(view, [bar.start for bar in bars], bucket, period)
    scale = scales.scale_of(max(bar.top for bar in bars), least_step=0 if decimals else 1)
    fills = _fills(held, series_colours or {}, kind if series is None else None)

    def address(bar: Bar) -> str | None:
        chosen = {} if choosing is None else choosing.get(bar.series)
        counts_nothing = not bar.amount and not decimals  # its rows are none; a score or a cost of zero has some
        if opens is None or chosen is None or counts_nothing:
            return None
        return links.href(opens, carrying, **{**chosen, **_slice(view, bar.start, bucket, period)})

    drawn = [_bar(view, bar, axis, scale, fills[bar.series], bucket, title, decimals, address(bar)) for bar in bars]
    return tag(
        "div",
        None if is_all else _NOT_DRAWN,
        _legend(held, fills, order) if series else None,
        _plot(drawn, axis, scale, height_px or (SMALL_HEIGHT_PX if small else HEIGHT_PX)),
        class_="sb-chart",
        role="group",
        aria_label=title,
    )


def by_state(
    view: View,
    buckets: pd.DataFrame,
    *,
    value: str,
    bucket: str,
    period: Period,
    states: Mapping[str, str],
    words: Mapping[str, str] | None = None,
    only: str | None = None,
    height_px: int | None = None,
    opens: str | None = None,
    carrying: Mapping[str, Value] | None = None,
    choosing: str | None = None,
) -> None:
    """Bars of `value` ("calls") stacked by what became of them, each state in its own colour.

    `buckets` has a column `bucket` and one per name of `states`, which says whose colour each has, from the bottom
    up; `words` are the names as people read them. `only` draws a single one of them, or another column. `choosing` is
    the parameter by which the page `opens` shows one state alone.
    """
    named = {name: (words or {}).get(name, name) for name in states}
    rows = [
        {"bucket": at, "state": named.get(name, name), value: number}
        for name in ([only] if only else states)
        for at, number in zip(buckets["bucket"], buckets[name], strict=True)
        if number > 0
    ]
    over_time(
        view,
        rows,
        value=value,
        bucket=bucket,
        period=period,
        title=value,
        series=None if only else "state",
        series_colours={named[name]: state for name, state in states.items()},
        kind=states.get(only or "", "signal"),
        height_px=height_px,
        opens=opens,
        carrying=carrying,
        choosing=None if only or choosing is None else {named[name]: {choosing: name} for name in states},
    )


_Held = list[tuple[datetime, str, float]]  # start of a slice in UTC, series, amount


def _fields(rows: Rows, value: str, series: str | None) -> tuple[_Held, bool]:
    """What can be drawn, and whether that is all there is."""
    if isinstance(rows, pd.DataFrame):
        if rows.empty:
            return [], True
        names = rows[series] if series else [""] * len(rows)
        given: Iterable[tuple[Any, Any, Any]] = zip(rows["bucket"], names, rows[value], strict=True)
    else:
        given = ((row["bucket"], row[series] if series else "", row[value]) for row in rows)
    everything = list(given)
    drawable = [row for row in everything if time_axis.is_drawable(row[0])]
    # As plain times: those of a frame do not go by the clock on the wall when a day is added to them.
    held = [(datetime.fromtimestamp(at.timestamp(), UTC), str(name), float(amount)) for at, name, amount in drawable]
    return held, len(held) == len(everything)


def _largest(held: _Held) -> _Held:
    """At most eight series: the seven largest and "other"."""
    totals: dict[str, float] = {}
    for _, name, amount in held:
        totals[name] = totals.get(name, 0.0) + amount
    if len(totals) <= MOST_SERIES:
        return held
    kept = set(sorted(totals, key=lambda name: (-totals[name], name))[: MOST_SERIES - 1])
    return _joined(((at, name if name in kept else "other", amount) for at, name, amount in held), "sum")


def _fitting(view: View, held: _Held, bucket: str, together: Together) -> tuple[str, _Held]:
    """The rows in slices of the given kind, or of the first longer one of which a chart has room for all."""
    held = _joined(held, together)
    while len(held) > MOST_BARS or len({at for at, _, _ in held}) > MOST_SLICES:
        longer = time_axis.coarser(bucket)
        if longer is None:
            break
        bucket = longer
        starts = {at: time_axis.start_of(at, longer, view.zone) for at in {at for at, _, _ in held}}
        held = _joined(((starts[at], name, amount) for at, name, amount in held), together)
    return bucket, sorted(held)[-MOST_BARS:]


def _joined(held: Iterable[tuple[datetime, str, float]], together: Together) -> _Held:
    """One row for each slice and series."""
    found: dict[tuple[datetime, str], float] = {}
    for at, name, amount in sorted(held, key=lambda row: row[0]):
        place = at, name
        found[place] = amount if together == "newest" else found.get(place, 0.0) + amount
    return [(at, name, amount) for (at, name), amount in found.items()]


def _stacked(held: _Held, order: Sequence[str]) -> list[Bar]:
    """Where each bar begins and ends: from zero, or on the series before it in the order, then by name."""
    places = {name: place for place, name in enumerate(order)}
    tops: dict[datetime, float] = {}
    bars = []
    for at, name, amount in sorted(held, key=lambda row: (row[0], places.get(row[1], len(places)), row[1])):
        bottom = tops.get(at, 0.0)
        tops[at] = bottom + amount
        bars.append(Bar(at, name, amount, bottom, tops[at]))
    return bars


def _fills(held: _Held, wanted: Mapping[str, str], kind: str | None) -> dict[str, str]:
    """The class of the style sheet that colours each series; `kind` is for the one that has no name."""
    if kind:
        return {name: f"sb-fill-{kind}" for _, name, _ in held}
    names = _names(held, list(wanted))
    return {
        name: f"sb-fill-{wanted[name]}" if name in wanted else f"sb-series-{number % MOST_SERIES + 1}"
        for number, name in enumerate(names)
    }


def _names(held: _Held, order: Sequence[str]) -> list[str]:
    """The series that there are: those of the order, then the others by name."""
    there = {name for _, name, _ in held}
    return [name for name in order if name in there] + sorted(there - set(order))


def _legend(held: _Held, fills: Mapping[str, str], order: Sequence[str]) -> Markup:
    return tag(
        "div", *[tag("span", tag("i", class_=fills[name]), name) for name in _names(held, order)], class_="sb-legend"
    )


def _bar(
    view: View,
    bar: Bar,
    axis: time_axis.Axis,
    scale: scales.Scale,
    fill: str,
    bucket: str,
    title: str,
    decimals: int,
    address: str | None,
) -> str:
    """One bar, written by hand: of these a page has hundreds."""
    end = time_axis.following(bar.start, bucket, view.zone)
    left = axis.place(bar.start)
    right = left + (axis.place(end) - left) * time_axis.BAR
    series = f"{bar.series}, " if bar.series else ""
    told = f"{time_axis.name_of(bar.start, bucket, view)}, {series}{title}: {bar.amount:,.{decimals}f}"
    classes = fill if bar.amount else "sb-fill-none"  # said where it is pointed at, and not drawn
    if time_axis.is_partial(bar.start, bucket, view):
        classes += " sb-so-far"
    if left > 50:
        classes += " sb-far"
    # A bar is a link: the page's own script follows it, as one step of the history and without a run in between.
    where = f'a href="{escape(address)}"' if address else 'b tabindex="0"'
    return (
        f'<{where} class="{"sb-go " if address else ""}{classes}" aria-label="{escape(told)}" style="left:{left:.3f}%;'
        f"right:{100 - right:.3f}%;bottom:{scale.place(bar.bottom):.2f}%;"
        f'height:{scale.place(bar.top) - scale.place(bar.bottom):.2f}%"></{where[0]}>'
    )


def _slice(view: View, begin: datetime, bucket: str, period: Period | None) -> dict[str, str]:
    """A slice as a period of the URL: its days, or its hour; of the first and the last what lies inside the period."""
    end = time_axis.following(begin, bucket, view.zone)
    if period and period.start and period.end:
        begin, end = max(begin, period.start), min(end, period.end)
    return query_of_hours(begin, end) if bucket == "hour" else query_of_days(begin, end, view.zone)


def _plot(bars: Sequence[str], axis: time_axis.Axis, scale: scales.Scale, height_px: int) -> Markup:
    """The bars over their lines, with the axis of the figures to the left and that of time below."""
    steps = [(f"{scale.place(step):.2f}%", scale.written(step)) for step in scale.steps]
    lines = "".join(f'<hr style="bottom:{place}">' for place, _ in steps)
    longest = max((words for _, words in steps), key=len)
    measure = [tag("span", words, style=f"bottom:{place}") for place, words in steps]
    return join(
        tag(
            "div",
            tag("div", tag("u", longest), *measure, class_="sb-measure", aria_hidden="true"),
            tag("div", Markup(lines + "".join(bars)), class_="sb-bars"),
            time_axis.drawn(axis),
            class_="sb-plot",
            style=f"--high:{height_px}px",
        )
    )
