"""One agent in depth: its jobs and errors, its runs of procedures, what it asked people, the events it emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from data.reports.agent import MOST_ITEMS, MOST_TYPES, Activity
from data.reports.performance import Performance
from ui import page
from ui.agents.choosing import Chosen
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES, listed

_JOBS = {"pending": "waiting", "running": "signal", "completed": "well", "failed": "broken", "cancelled": "unknown"}
_RUNS = {"running": "signal", "completed": "well", "failed": "broken", "cancelled": "unknown"}
_ENDINGS = ("approved", "rejected", "expired", "pending")


def head(view: View, chosen: Chosen) -> None:
    """The way back and the name of the agent."""
    st.html(
        tag("p", links.go_to("‹ all agents", filters.here(view, agent=None, sort=None, page=None)), class_="sb-note")
    )
    name = figures.middle(chosen.agent or "", 80)
    st.html(tag("h2", name, class_="sb-heading", style="font-size:18px"))


def show_activity(view: View, one: Performance, activity: Activity, period: Period, chosen: Chosen) -> None:
    """What the agent did beside its windows, each list with all there is one link away."""
    _jobs(view, one, activity, period)
    _runs(view, activity, period, one.agent)
    left, right = st.columns(2, gap="medium")
    with left:
        _questions(view, activity, period)
    with right:
        _events(view, activity, period, one.agent)
    if chosen.source:
        page.note("Jobs, runs, questions and events name no source: they are of the agent whole.")


def _jobs(view: View, one: Performance, activity: Activity, period: Period) -> None:
    pieces = [
        links.go(f"{figures.count(number)} {status}", "jobs", period.query, agent=one.agent, status=status)
        for status, number in (("completed", one.jobs_completed), ("failed", one.jobs_failed))
        if number
    ]
    every = links.go(f"all {figures.count(one.jobs)}", "jobs", period.query, agent=one.agent)
    page.heading("Jobs and errors", join(*pieces, every, between=" · ") if one.jobs else None)
    rows = activity.items.get("job", [])
    if not rows:
        page.note("No job of this agent in this period.")
        return

    def job(row: tables.Row) -> Markup:
        words = figures.shortened(row["title"], 70) or f"Job {figures.short_id(row['item_id'])}"
        return links.go(words, "jobs", period.query, job=str(row["item_id"]))

    _list(view, rows, "Job", job, _JOBS, "Newest jobs of the agent")


def _runs(view: View, activity: Activity, period: Period, agent: str) -> None:
    counts = activity.counts.get("execution", {})
    pieces = [
        links.go(f"{figures.count(counts[status])} {status}", "sops", period.query, agent=agent, status=status)
        for status in _RUNS
        if counts.get(status)
    ]
    page.heading("Runs of procedures", join(*pieces, between=" · ") if pieces else None)
    rows = activity.items.get("execution", [])
    if not rows:
        page.note("No run of a procedure names this agent in this period.")
        return

    def run(row: tables.Row) -> Markup:
        words = f"{figures.shortened(row['title'], 60)} {figures.short_id(row['item_id'])}"
        query = {**period.query, "agent": agent}
        return links.go(words, "sop_execution", query, execution=str(row["item_id"]))

    _list(view, rows, "Run", run, _RUNS, "Newest runs of procedures of the agent")


def _questions(view: View, activity: Activity, period: Period) -> None:
    counts = activity.counts.get("question", {})
    asked = sum(counts.values())
    told = [f"{figures.count(counts[state])} {state}" for state in _ENDINGS if counts.get(state)]
    page.heading("Questions to people", f"{figures.count(asked)} asked: {listed(told)}" if asked else None)
    rows = activity.items.get("question", [])
    if not rows:
        page.note("This agent asked nobody in this period.")
        return

    def question(row: tables.Row) -> Child:
        words = figures.shortened(row["title"], 70) or "(no title)"
        if not view.actor.can("decide_approvals"):
            return words
        return links.go(words, "approvals", approval=str(row["item_id"]))

    _list(view, rows, "Question", question, OUTCOMES, "Newest questions of the agent", says=False)


def _events(view: View, activity: Activity, period: Period, agent: str) -> None:
    counts = activity.counts.get("event", {})
    rows = activity.items.get("event", [])
    page.heading("Events it emitted", "the newest; a row leads to all that happened with it" if rows else None)
    if period.untimed:
        page.note("Every event of the engine has a time, so none is among those without.")
        return
    if not rows:
        page.note("No event of the engine that you may see is emitted by this agent in this period.")
        return
    kinds: list[Child] = [
        links.go(
            f"{figures.middle(kind, 48)} {figures.count(number)}", "events", period.query, type=kind, emitter=agent
        )
        for kind, number in counts.items()
    ]
    page.note("By kind: ", join(*kinds, between=", "), " and rarer kinds." if len(counts) == MOST_TYPES else ".")

    def event(row: tables.Row) -> Child:
        words = figures.middle(row["state"], 48) or "(no type)"
        return links.go(words, "events", correlation=str(row["correlation_id"]))

    tables.table(
        view,
        rows,
        [
            tables.Column("Event", event, hint=lambda row: row["detail"]),
            _when(view),
            tables.Column("Of", tables.text("title", 60), line=True, hint=lambda row: row["title"]),
        ],
        label=f"Newest events that {figures.middle(agent, 60)} emitted",
    )


def _when(view: View) -> tables.Column:
    return tables.Column(
        f"When ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "occurred_at"),
        hint=lambda row: figures.exact(row["occurred_at"], view.zone),
    )


def _list(
    view: View,
    rows: Sequence[Mapping[str, Any]],
    title: str,
    subject: tables.Cell,
    states: Mapping[str, str],
    label: str,
    *,
    says: bool = True,
) -> None:
    """The newest of a kind: what, how it stands, when, and what it says."""
    columns = [
        tables.Column(title, subject, wide=not says, hint=lambda row: row["detail"] or row["title"]),
        tables.Column("State", tables.state("state", states)),
        _when(view),
    ]
    if says:
        columns.append(tables.Column("Says", _says, line=True, hint=lambda row: row["detail"]))
    tables.table(view, rows, columns, label=label)
    if len(rows) == MOST_ITEMS:
        first = "; what failed stands first" if title == "Job" else ""
        page.note(f"The newest {MOST_ITEMS}{first}.")


def _says(row: tables.Row) -> Child:
    return telling.error(row["detail"]) or tables.muted(figures.DASH)
