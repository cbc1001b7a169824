"""Charts from frames: bars from zero over time or by rank, one accent, the comparison in grey behind it, no legend.

Times stand in the viewer's zone, because the browser draws them. The last bucket is lighter while it is not over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from ui import time_axis
from ui.links import Value
from ui.navigation import entry_of
from ui.periods import Period
from ui.tokens import Tokens, tokens
from ui.view import View

HEIGHT_PX = 240
SMALL_HEIGHT_PX = 96
MOST_SERIES = 8


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
    with the days of that slice as its period and the parameters `carrying`. `kind` is the status whose colour a
    chart without series has. With a `period` the axis reaches over all of it, also where it holds nothing.
    """
    if frame.empty:
        st.html('<p class="sb-muted">None recorded in this period.</p>')
        return
    drawn = time_axis.with_ends(view, frame, bucket)
    drawn = _stacked(_largest(drawn, series, value) if series else drawn, series, value)
    chart = _bars(
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
    _show(view, chart, key, title, height_px or (SMALL_HEIGHT_PX if small else HEIGHT_PX), opens, carrying)


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
) -> Any:
    look = colours()
    picked = alt.selection_point(name="bar", fields=["bucket_ms"], on="click", clear=False)
    tooltip = [alt.Tooltip("when:N", title="period"), alt.Tooltip(f"{value}:Q", title=title, format=written)]
    colour: Any = alt.value(getattr(look, kind))
    if series:
        tooltip.insert(1, alt.Tooltip(f"{series}:N"))
        names = list(dict.fromkeys(drawn[series]))
        palette = [(wanted or {}).get(name, look.series[number % MOST_SERIES]) for number, name in enumerate(names)]
        colour = alt.Color(
            f"{series}:N",
            scale=alt.Scale(domain=names, range=palette),
            legend=alt.Legend(orient="top", title=None, symbolType="square"),
        )
    return (
        alt.Chart(drawn)
        .mark_rect(cornerRadius=1.5, cursor="pointer")
        .encode(
            x=alt.X(
                "bucket:T",
                title=None,
                scale=alt.Scale(domainMin=axis["first"], domainMax=axis["last"], nice=False),
                axis=alt.Axis(
                    labelExpr=time_axis.label_of(bucket),
                    values=axis["values"],
                    labelOverlap=True,
                    grid=False,
                    ticks=False,
                ),
            ),
            x2="bar_end:T",
            y=alt.Y("bar_bottom:Q", title=None, axis=_measure(drawn, written), scale=alt.Scale(zero=True)),
            y2="bar_top:Q",
            color=colour,
            opacity=alt.condition("datum.is_partial", alt.value(0.45), alt.value(1)),
            tooltip=tooltip,
        )
        .add_params(picked)
    )


def ranked(
    view: View,
    frame: pd.DataFrame,
    *,
    key: str,
    category: str,
    value: str,
    title: str,
    kind: str = "signal",
    opens: str | None = None,
    parameter: str | None = None,
    carrying: Mapping[str, Value] | None = None,
) -> None:
    """Horizontal bars of `value` by `category`, largest first, labelled directly.

    A click opens the page `opens` with the category as its `parameter` and the parameters `carrying`.
    """
    if frame.empty:
        st.html('<p class="sb-muted">None recorded in this period.</p>')
        return
    look = colours()
    picked = alt.selection_point(name="bar", fields=[category], on="click", clear=False)
    base = alt.Chart(frame).encode(
        y=alt.Y(f"{category}:N", sort="-x", title=None, axis=alt.Axis(labelLimit=220, domain=False, ticks=False)),
        x=alt.X(f"{value}:Q", title=None, axis=None, scale=alt.Scale(zero=True)),
        tooltip=[alt.Tooltip(f"{category}:N"), alt.Tooltip(f"{value}:Q", title=title, format=",.0f")],
    )
    bars = base.mark_bar(color=getattr(look, kind), cornerRadiusEnd=2, cursor="pointer").add_params(picked)
    labels = base.mark_text(align="left", dx=4, color=look.text).encode(text=alt.Text(f"{value}:Q", format=",.0f"))
    height = 24 * min(len(frame), 20) + 8
    _show(view, alt.layer(bars, labels), key, title, height, opens, carrying, parameter, category)


def _show(
    view: View,
    chart: Any,
    key: str,
    title: str,
    height_px: int,
    opens: str | None,
    carrying: Mapping[str, Value] | None,
    parameter: str | None = None,
    category: str | None = None,
) -> None:
    dressed = _dressed(chart, height_px)
    if opens is None:
        st.altair_chart(dressed, key=key, theme=None, width="stretch", alt=title)
        return
    jump = f"_jump_{key}"

    def clicked() -> None:
        # Kept for this run alone: a selection that stays would jump again after going Back.
        st.session_state[jump] = dict(st.session_state[key]["selection"])

    st.altair_chart(dressed, key=key, theme=None, width="stretch", alt=title, on_select=clicked, selection_mode="bar")
    points = (st.session_state.pop(jump, None) or {}).get("bar") or []
    if not points:
        return
    given = {name: _parameter(value) for name, value in (carrying or {}).items() if value is not None}
    if parameter and category:
        given[parameter] = str(points[0][category])
    else:
        given |= _days_of(view, points[0]["bucket_ms"], chart)
    st.switch_page(entry_of(opens).path, query_params=given)


def _days_of(view: View, bucket_ms: float, chart: Any) -> dict[str, str]:
    rows = chart.data[chart.data["bucket_ms"] == int(bucket_ms)]
    last: datetime = rows["bucket_end"].iloc[0] - timedelta(microseconds=1)
    first = rows["bucket"].iloc[0]
    days = [f"{when.astimezone(view.zone).date()}" for when in (first, last)]
    return {"period": "custom", "from": days[0], "to": days[1]}


def _parameter(value: Value) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _measure(drawn: pd.DataFrame, written: str) -> Any:
    """The axis of the figures: whole numbers have no ticks between them, large ones are short."""
    top = float(drawn["bar_top"].max())
    whole = written.endswith(".0f")
    return alt.Axis(
        tickCount=4, format="~s" if top >= 10_000 else ",~f", tickMinStep=1 if whole else 0, domain=False, ticks=False
    )


def _stacked(frame: pd.DataFrame, series: str | None, value: str) -> pd.DataFrame:
    """The frame with where each bar begins and ends: from zero, or on the series before it."""
    drawn = frame.sort_values(["bucket", series] if series else ["bucket"])
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


def _dressed(chart: Any, height_px: int) -> Any:
    look = colours()
    return (
        chart.properties(
            height=height_px, background="transparent", padding={"left": 0, "right": 8, "top": 4, "bottom": 4}
        )
        .configure(font="Inter, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=look.muted,
            labelFontSize=12,
            labelPadding=6,
            gridColor=look.border,
            domainColor=look.border,
            tickColor=look.border,
            labelFont="Inter, sans-serif",
        )
        .configure_legend(labelColor=look.text, labelFontSize=12, padding=0, offset=4)
    )
