"""Charts from frames: bars from zero over time, in one accent or stacked by a series with a legend.

Times stand in the viewer's zone, because the browser draws them. The last bucket is lighter while it is not over.
The grammar of Vega-Lite is written as it is: a library that builds and checks it takes most of the time of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from ui.asking import links
from ui.asking.links import Value
from ui.asking.periods import Period
from ui.drawing import time_axis
from ui.drawing.tokens import Tokens, tokens
from ui.view import View

HEIGHT_PX = 240
SMALL_HEIGHT_PX = 96
MOST_SERIES = 8
_FONT = "Inter, sans-serif"


def colours() -> Tokens:
    """The colours of the mode that the viewer's browser is in."""
    return tokens(st.context.theme.type)


def over_time(
    view: View,
    frame: pd.DataFrame,
    *,
    key: str,
    value: str,
    bucket: str,
    title: str,
    series: str | None = None,
    series_colours: Mapping[str, str] | None = None,
    small: bool = False,
    height_px: int | None = None,
    opens: str | None = None,
    carrying: Mapping[str, Value] | None = None,
    written: str = ",.0f",
    kind: str = "signal",
    period: Period | None = None,
) -> None:
    """Bars of `value` per `bucket` (hour, day, week, month), stacked by `series` if given.

    The frame has a column `bucket` with the start of each slice. `opens` names the page that a click on a bar opens,
    with the days of that slice as its period and the parameters `carrying`. `series_colours` are in the order from
    the bottom up. `kind` is the status whose colour a chart without series has. With a `period` the axis reaches
    over all of it, also where it holds nothing.
    """
    everything, frame = frame, time_axis.drawable(frame)
    if len(frame) < len(everything):
        st.html('<p class="sb-muted">What has a time before 1900 or after 2199 is not drawn.</p>')
    if frame.empty:
        if everything.empty:
            st.html('<p class="sb-muted">None recorded in this period.</p>')
        return
    drawn = time_axis.with_ends(view, frame, bucket)
    drawn = _stacked(_largest(drawn, series, value) if series else drawn, series, value, list(series_colours or ()))
    drawn = drawn.assign(told=_told(drawn, value, title, series, written))
    if opens is not None:
        # A bar is a link: the page's own script follows it, as one step of the history and without a run in between.
        drawn = drawn.assign(address=_addresses(view, drawn, opens, carrying))
    marks = _bars(
        drawn,
        value=value,
        bucket=bucket,
        title=title,
        series=series,
        wanted=series_colours,
        written=written,
        kind=kind,
        axis=time_axis.axis_of(view, drawn, bucket, period),
    )
    spec = _dressed(marks, height_px or (SMALL_HEIGHT_PX if small else HEIGHT_PX))
    # Named rows are there when the browser first draws; rows beside the grammar come later, and it warns of none.
    spec |= {"data": {"name": "rows"}, "datasets": {"rows": drawn}}
    st.vega_lite_chart(spec=spec, key=key, theme=None, width="stretch", alt=title)


def by_state(
    view: View,
    buckets: pd.DataFrame,
    *,
    key: str,
    value: str,
    bucket: str,
    period: Period,
    states: Mapping[str, str],
    words: Mapping[str, str] | None = None,
    only: str | None = None,
    opens: str,
    carrying: Mapping[str, Value],
) -> None:
    """Bars of `value` ("calls") stacked by what became of them, each state in its own colour.

    `buckets` has a column `bucket` and one per name of `states`, which says whose colour each has, from the bottom
    up; `words` are the names as people read them. `only` draws a single one of them.
    """
    look, named = colours(), {name: (words or {}).get(name, name) for name in states}
    long = buckets.melt(
        id_vars="bucket", value_vars=[only] if only else list(states), var_name="state", value_name="number"
    ).rename(columns={"number": value})
    long = long[long[value] > 0]
    over_time(
        view,
        long.assign(state=long["state"].map(named)),
        key=key,
        value=value,
        bucket=bucket,
        period=period,
        title=value,
        series=None if only else "state",
        series_colours={named[name]: getattr(look, state) for name, state in states.items()},
        kind=states[only] if only else "signal",
        opens=opens,
        carrying=carrying,
    )


def _bars(
    drawn: pd.DataFrame,
    *,
    value: str,
    bucket: str,
    title: str,
    series: str | None,
    wanted: Mapping[str, str] | None,
    written: str,
    kind: str,
    axis: dict[str, Any],
) -> dict[str, Any]:
    """What is drawn where: one rectangle per row of the frame."""
    tooltip = [
        {"field": "when", "type": "nominal", "title": "period"},
        {"field": value, "type": "quantitative", "title": title, "format": written},
    ]
    if series:
        tooltip.insert(1, {"field": series, "type": "nominal"})
    return {
        "mark": {"type": "rect", "cornerRadius": 1.5, **({"cursor": "pointer"} if "address" in drawn else {})},
        "encoding": {
            "x": {
                "field": "bucket",
                "type": "temporal",
                "title": None,
                "scale": {"domainMin": axis["first"], "domainMax": axis["last"], "nice": False},
                "axis": {
                    "labelExpr": time_axis.label_of(bucket),
                    "values": axis["values"],
                    "labelOverlap": True,
                    "grid": False,
                    "ticks": False,
                },
            },
            "x2": {"field": "bar_end"},
            "y": {
                "field": "bar_bottom",
                "type": "quantitative",
                "title": None,
                "axis": _measure(drawn, written),
                "scale": {"zero": True},
            },
            "y2": {"field": "bar_top"},
            "color": _colour(drawn, series, wanted) if series else {"value": getattr(colours(), kind)},
            "opacity": {"condition": {"test": "datum.is_partial", "value": 0.45}, "value": 1},
            "tooltip": tooltip,
            "description": {"field": "told"},
            **({"href": {"field": "address"}} if "address" in drawn else {}),
        },
    }


def _colour(drawn: pd.DataFrame, series: str, wanted: Mapping[str, str] | None) -> dict[str, Any]:
    look = colours()
    held = list(dict.fromkeys(drawn[series]))
    names = [name for name in wanted or {} if name in held]
    names += [name for name in held if name not in names]
    palette = [(wanted or {}).get(name, look.series[number % MOST_SERIES]) for number, name in enumerate(names)]
    return {
        "field": series,
        "type": "nominal",
        "scale": {"domain": names, "range": palette},
        # As many beside each other as fit: on a narrow screen the names would else run out of the picture.
        "legend": {
            "orient": "top",
            "title": None,
            "symbolType": "square",
            "columns": {"expr": f"max(1, floor(width / {_legend_width(names)}))"},
            "labelLimit": {"expr": "max(80, width - 40)"},
        },
    }


def _legend_width(names: Sequence[str]) -> int:
    """Pixels of one entry of the legend: the sign, its distance, and the longest name at twelve pixels."""
    return 30 + round(6.6 * max((len(name) for name in names), default=0))


def _told(drawn: pd.DataFrame, value: str, title: str, series: str | None, written: str) -> list[str]:
    """Each bar in words, for whoever does not see it."""
    names = [f"{name}, " for name in drawn[series]] if series else [""] * len(drawn)
    rows = zip(drawn["when"], names, drawn[value], strict=True)
    return [f"{when}, {name}{title}: {float(number):{written}}" for when, name, number in rows]


def _addresses(view: View, drawn: pd.DataFrame, opens: str, carrying: Mapping[str, Value] | None) -> list[str]:
    """For each bar the page `opens` with the days of its slice as its period."""
    return [
        links.href(opens, carrying, **_days_of(view, begin, end))
        for begin, end in zip(drawn["bucket"], drawn["bucket_end"], strict=True)
    ]


def _days_of(view: View, begin: datetime, end: datetime) -> dict[str, str]:
    days = [f"{when.astimezone(view.zone).date()}" for when in (begin, end - timedelta(microseconds=1))]
    return {"period": "custom", "from": days[0], "to": days[1]}


def _measure(drawn: pd.DataFrame, written: str) -> dict[str, Any]:
    """The axis of the figures: whole numbers have no ticks between them, large ones are short."""
    top = float(drawn["bar_top"].max())
    return {
        "tickCount": 4,
        "format": "~s" if top >= 10_000 else ",~f",
        "tickMinStep": 1 if written.endswith(".0f") else 0,
        "domain": False,
        "ticks": False,
    }


def _stacked(frame: pd.DataFrame, series: str | None, value: str, order: list[str]) -> pd.DataFrame:
    """The frame with where each bar begins and ends: from zero, or on the series before it in the order, then by
    name."""
    places = {name: place for place, name in enumerate(order)}
    drawn = frame.sort_values(series) if series else frame
    if series:
        drawn = drawn.assign(place=[places.get(name, len(places)) for name in drawn[series]])
    drawn = drawn.sort_values(["bucket", "place"] if series else ["bucket"], kind="stable")
    tops = drawn.groupby("bucket")[value].cumsum() if series else drawn[value]
    return drawn.assign(bar_top=tops.astype(float), bar_bottom=(tops - drawn[value]).astype(float))


def _largest(frame: pd.DataFrame, series: str, value: str) -> pd.DataFrame:
    """At most eight series: the seven largest and "other"."""
    totals = frame.groupby(series)[value].sum().sort_values(ascending=False)
    if len(totals) <= MOST_SERIES:
        return frame
    kept = set(totals.index[: MOST_SERIES - 1])
    merged = frame.assign(**{series: [name if name in kept else "other" for name in frame[series]]})
    others = [name for name in merged.columns if name != value]
    return pd.DataFrame(merged.groupby(others, as_index=False, dropna=False)[value].sum())


def _dressed(marks: dict[str, Any], height_px: int) -> dict[str, Any]:
    look = colours()
    return {
        **marks,
        "height": height_px,
        "background": "transparent",
        "padding": {"left": 0, "right": 8, "top": 4, "bottom": 4},
        "config": {
            "font": _FONT,
            "view": {"stroke": None},
            "axis": {
                "labelColor": look.muted,
                "labelFont": _FONT,
                "labelFontSize": 12,
                "labelPadding": 6,
                "gridColor": look.border,
                "domainColor": look.border,
                "tickColor": look.border,
            },
            "legend": {"labelColor": look.text, "labelFontSize": 12, "padding": 0, "offset": 4},
        },
    }
