"""One client: how it stands, its scores over time, its assessments, and the runs of procedures about it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from data import calendar
from data.reports.clients import Executions
from ui import lacking, page
from ui.asking import links
from ui.asking.periods import Period
from ui.clients.choosing import STATES, WORDS
from ui.clients.listing import named_risk, risks, status_cell
from ui.clients.telling import score
from ui.drawing import charts, tables
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_MOST_SIGNALS = 6
_RUN_STATES = {"completed": "well", "failed": "broken", "running": "signal", "cancelled": "unknown"}


def head(view: View, row: Mapping[str, Any], period: Period) -> None:
    """How the client stands, against before, and where else to look."""
    _name(row)
    _stands(view, row, _since(row, period) if period.start is not None else "")
    _elsewhere(row, period)


def untimed_head(view: View, row: Mapping[str, Any], total: int, period: Period) -> None:
    """How the client stands by its only assessment, which has no time, or that it has several of these."""
    _name(row)
    if total == 1:
        _stands(view, row, ", by its only assessment, which does not say when it was made")
    else:
        page.say(
            f"{figures.count(total)} assessments are recorded, and none of them says when it was made: which is the "
            "newest cannot be told.",
            state="unknown",
        )
    _elsewhere(row, period)


def _name(row: Mapping[str, Any]) -> None:
    st.html(tag("h2", figures.shortened(row["client_id"], 120), class_="sb-heading", style="font-size:18px"))


def _stands(view: View, row: Mapping[str, Any], since: str) -> None:
    status = row["status"] if row["status"] in STATES else "unknown"
    words = f"{WORDS[status].capitalize()}: {_scored(row)}{since}"
    named = [figures.shortened(named_risk(one), 80) for one in row["risk_factors"] or []] if row["risk_factors"] else []
    untold = lacking.untold(view, "engine.client_health", "risk_factors")
    none = f"Which risks there are is {untold}." if untold else "No risk is named."
    risk = f" Named as risks: {listed(named)}." if named else f" {none}"
    page.say(f"{words}.{risk}", state=STATES[status])


def _elsewhere(row: Mapping[str, Any], period: Period) -> None:
    contains = json.dumps({"client_id": row["client_id"]}, ensure_ascii=False)
    page.note(
        links.go("‹ All clients", "clients", period.query),
        " · ",
        links.go("Its events", "events", period.query, q=contains),
        " · ",
        links.go("Its stream, with its state at each event", "event_stream", type="Client", id=row["client_id"]),
    )


def _scored(row: Mapping[str, Any]) -> str:
    return "without a score" if row["health_score"] is None else f"{score(row['health_score'])} of 100"


def _since(row: Mapping[str, Any], period: Period) -> str:
    """Against the newest assessment before the period; that there is none is said."""
    before, now = row["previous_score"], row["health_score"]
    if not row["assessments"]:
        return f", as it was last assessed; not assessed {period.during}"
    if before is None or now is None:
        return ", not to be compared with before"
    verb = "unchanged from" if abs(now - before) < 0.05 else "up from" if now > before else "down from"
    return f", {verb} {score(before)} before the period"


def chart(view: View, scores: pd.DataFrame, period: Period, bucket: str, client: str) -> None:
    """The newest score of each slice of time, in the colour of its status."""
    page.heading("Health", f"the newest score of each {bucket}, 0 to 100")
    drawn = scores[scores["health_score"].notna()]
    drawn = drawn.assign(status=[WORDS.get(status, "unknown") for status in drawn["status"]])
    charts.over_time(
        view,
        drawn,
        value="health_score",
        bucket=bucket,
        title="health",
        series="status",
        series_colours={WORDS[name]: kind for name, kind in STATES.items()},
        decimals=1,
        together="newest",
        period=period,
        opens="clients",
        carrying={"client": client},
    )


def history_table(view: View, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """The assessments of the client; each leads to the event it was projected from, where it has one."""
    page.heading("Assessments", "newest first")
    if not rows:
        page.note("None in this period.")
        return
    when = tables.Column(
        f"When ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "computed_at"),
        hint=lambda row: figures.exact(row["computed_at"], view.zone),
    )
    tables.table(view, rows, [when, *_told(view)], label="Assessments, newest first", total=total)


def untimed_table(view: View, rows: Sequence[Mapping[str, Any]], total: int, client: str | None) -> None:
    """The assessments without a time of one client, or of all; then each leads to its client."""
    page.heading("Assessments", "without a time")

    def name(row: tables.Row) -> Child:
        words = figures.middle(row["client_id"], 40) or "(no name)"
        return links.go(words, "clients", client=row["client_id"], period="untimed")

    of = [] if client else [tables.Column("Client", name, hint=lambda row: row["client_id"])]
    tables.table(view, rows, [*of, *_told(view)], label="Assessments without a time", total=total)


def _told(view: View) -> list[tables.Column]:
    return [
        tables.Column("Health", lambda row: score(row["health_score"]), is_number=True),
        tables.Column("Status", status_cell),
        tables.Column("Signals", _signals, wide=True, hint=lambda row: figures.as_written(str(row["signals"]), 1000)),
        tables.Column("Risk factors", lambda row: risks(view, row), wide=True),
        tables.Column("From", lambda row: _source(view, row)),
    ]


def _signals(row: tables.Row) -> Child:
    given = row["signals"]
    if not isinstance(given, dict) or not given:
        return tables.muted("none recorded")
    shown = [f"{figures.middle(str(name), 30)} {_value(value)}" for name, value in list(given.items())[:_MOST_SIGNALS]]
    more = len(given) - len(shown)
    return " · ".join([*shown, f"{more} more"] if more else shown)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return figures.shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 40)


def _source(view: View, row: tables.Row) -> Child:
    if row["event_id"] is None:
        return tables.muted("not event-sourced")
    if row["aggregate_id"] is None:
        return tables.muted("event not found" if view.actor.sees_all else "event not yours to see")
    return links.go(
        f"event {row['sequence_number']:,}",
        "event_stream",
        type=row["aggregate_type"],
        id=row["aggregate_id"],
        at=row["sequence_number"],
    )


def executions_table(view: View, found: Executions) -> None:
    """The newest runs of procedures about the client."""
    page.heading("Runs of procedures", _runs(found) if found.executions else None)
    if not found.executions:
        page.note("No run of a procedure names this client.")
        return

    def procedure(row: tables.Row) -> Child:
        words = figures.middle(row["sop_id"], 40) or "(no name)"
        return links.go(words, "sop_execution", execution=str(row["execution_id"]))

    def took(row: tables.Row) -> Child:
        milliseconds = _took_ms(row)
        if milliseconds is None:
            return tables.muted("not ended" if row["status"] == "running" else "not timed")
        return figures.duration(milliseconds)

    unsourced = "not event-sourced" if view.actor.sees_all else "no event that you may see"
    columns = [
        tables.Column("Procedure", procedure, hint=lambda row: row["sop_id"]),
        tables.Column("Status", tables.state("status", _RUN_STATES)),
        tables.Column(
            f"Began ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "started_at"),
            hint=lambda row: figures.exact(row["started_at"], view.zone),
        ),
        tables.Column("Took", took, is_number=True),
        tables.Column("People stepped in", tables.count("human_interventions"), is_number=True),
        tables.Column("Message", tables.text("error_message", 120), line=True, hint=lambda row: row["error_message"]),
        tables.Column("From", lambda row: "events" if row["is_event_sourced"] else tables.muted(unsourced)),
    ]
    tables.table(view, found.rows, columns, label="Runs of procedures about this client")


def _took_ms(row: Mapping[str, Any]) -> float | None:
    """How long a run took: as it says, or between its times; as on the page of procedures."""
    if row["cycle_time_hours"] is not None:
        return float(row["cycle_time_hours"] * 3_600_000)
    return calendar.took_ms(row["started_at"], row["completed_at"])


def _runs(found: Executions) -> str:
    parts = [plural(found.executions, "run")]
    if found.failed:
        parts.append(f"{figures.count(found.failed)} failed")
    if found.running:
        parts.append(f"{figures.count(found.running)} open")
    shown = f"; the newest {len(found.rows)}" if found.executions > len(found.rows) else ""
    return f"{', '.join(parts)}, of all time{shown}"
