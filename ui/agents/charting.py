"""The charts of the page of agents: actions with and without a person, and the trends of one agent."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ui import lacking, page, veil
from ui.agents.choosing import Chosen
from ui.asking.periods import Period
from ui.drawing import charts
from ui.view import View

_ACTIONS = {"without a person": "signal", "with a person": "waiting"}


def chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen) -> None:
    """Actions over time, without and with a person, of which no list is one by one; where none are counted, jobs,
    which a click opens."""
    if period.untimed:
        page.note("These windows have no time, so they cannot be drawn over it.")
        return
    if not buckets["rated_actions"].sum():
        page.heading(f"Jobs per {bucket}", "when they ended; no action is counted")
        charts.by_state(
            view,
            buckets,
            value="jobs",
            bucket=bucket,
            period=period,
            states={"completed": "well", "failed": "broken"},
            opens="jobs",
            carrying={"agent": chosen.agent},
            choosing="status",
        )
        return
    page.heading(f"Actions per {bucket}", "when their windows ended, by whether a person was needed")
    drawn = buckets.assign(
        **{
            "without a person": buckets["automated"].round().astype(int),
            "with a person": (buckets["rated_actions"] - buckets["automated"]).round().astype(int),
        }
    )
    charts.by_state(
        view,
        drawn,
        value="actions",
        bucket=bucket,
        period=period,
        states=_ACTIONS,
    )


def trends(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen) -> None:
    """Three small charts of one agent: escalations, confidence, cost; what was not recorded is a gap."""
    if period.untimed or buckets.empty:
        return
    # None at all in windows that need not say it is no zero.
    is_told = bool(buckets["escalations"].any()) or not lacking.untold(
        view, "engine.agent_metrics", "human_escalations"
    )
    decided = buckets[buckets["decisions"] > 0]
    shown = (
        ("Escalations", buckets[(buckets["windows"] > 0) & is_told], "escalations", 0, "waiting"),
        (
            "Confidence",
            decided.assign(confidence=decided["confidence_sum"] / decided["decisions"]),
            "confidence",
            2,
            "signal",
        ),
        ("Cost (USD)", buckets[buckets["cost_usd"].notna()], "cost_usd", 2, "signal"),
    )
    for column, (title, frame, value, decimals, kind) in zip(st.columns(3), shown, strict=True):
        with column:
            page.heading(title, f"per {bucket}")
            if frame.empty:
                page.note(f"{veil.seen('None')} recorded in this period.")
                continue
            charts.over_time(
                view,
                frame.assign(**{value: frame[value].astype(float)}),
                value=value,
                bucket=bucket,
                title=title,
                small=True,
                decimals=decimals,
                together="newest" if value == "confidence" else "sum",
                kind=kind,
                period=period,
                opens="agents",
                carrying=chosen.carried,
            )
