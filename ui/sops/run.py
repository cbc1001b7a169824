"""One run of a procedure: how it stands, its steps, and the runs around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import streamlit as st

from data.errors import NotFound
from data.reports import rates
from ui import lacking, page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, join, span, tag
from ui.sops.choosing import STATES, Chosen
from ui.sops.steps import run_steps, steps_of
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural, unsourced

Run = Mapping[str, Any]

_TABLE = "engine.sop_executions"
_BAD_OUTCOMES = ("fail", "error", "reject", "timeout", "cancel", "abort")


def asked_execution() -> UUID:
    """The id of the run that the URL names. Raises NotFound when that is none."""
    try:
        return UUID(filters.given("execution") or filters.given("id") or "")
    except ValueError:
        raise NotFound("This address names no run of a procedure. Open one from the list of procedures.") from None


def ways(run_id: str, ids: Sequence[str], at: int | None, period: Period, chosen: Chosen) -> None:
    """Links back to the list, and to the runs around this one in it; `ids` are those from the one before on."""
    query = {**period.query, **chosen.query}
    number = None if at is None or at < paging.PAGE_SIZE else at // paging.PAGE_SIZE + 1
    whole = None if chosen.single else "runs"
    pieces = [links.go_to("‹ back to the list", links.href("sops", query, page=number, list=whole))]
    if at is not None and run_id in ids:
        here = ids.index(run_id)
        for words, place in (("« run before", here - 1), ("run after »", here + 1)):
            if 0 <= place < len(ids):
                target = max(at - 1, 0) + place
                pieces.append(links.go(words, "sop_execution", query, execution=ids[place], at=target))
    st.html(tag("div", *pieces, class_="sb-steps"))


def head(view: View, run: Run, period: Period) -> None:
    """How the run stands, in sentences, and its facts."""
    title = figures.shortened(run["title"], 120) or figures.middle(run["sop_id"], 80)
    st.html(tag("h2", title, class_="sb-heading", style="font-size:18px"))
    took = f" after {figures.duration(run['cycle_ms'])}" if run["cycle_ms"] is not None else ""
    since = figures.moment(run["started_at"], view.zone, view.as_of) if run["started_at"] else None
    words = {
        "running": f"is open since {since}" if since else "is open; since when is not recorded",
        "completed": f"completed{took}",
        "failed": f"failed{took}",
        "cancelled": f"was cancelled{took}",
    }.get(run["status"], f"stands at “{figures.shortened(run['status'], 40) or 'no state'}”")
    at = figures.shortened(run["current_step"], 80)
    where = f" at “{at}”" if at and run["status"] != "completed" else ""
    page.say(
        f"This run {words}{where}. {_people(view, run)} {_automated(run)}", state=STATES.get(run["status"], "unknown")
    )
    st.html(tag("p", *_facts(view, run, period), class_="sb-facts"))
    if not run["is_event_sourced"]:
        page.note(unsourced("this run", sees_all=view.actor.sees_all))
    if run["error_message"]:
        page.heading("Error")
        st.code(run["error_message"][:20_000], language=None, wrap_lines=True)


def _people(view: View, run: Run) -> str:
    stored, steps = run["human_interventions"], run_steps(run)
    told = [step.name for step in steps for _ in range(step.interventions)]
    number = max(stored or 0, len(told))
    if not number:
        return "Whether a person stepped in is not recorded." if stored is None else "No person stepped in."
    named = [figures.shortened(name, 60) for name in told if name]
    where = f", at {', '.join(f'“{name}”' for name in list(dict.fromkeys(named))[:3])}" if named else ""
    recorded = "not recorded" if view.actor.sees_all else "not recorded where you may see it"
    if nameless := number - len(named):
        where += f"; {nameless} of them at a step that is {recorded}" if named else f"; at which step is {recorded}"
    said = f"A person stepped in {plural(number, 'time')}{where}."
    if stored is None or stored >= len(told):
        return said
    return f"{said} The run stores {figures.count(stored)}, which lists and sums take."


def _automated(run: Run) -> str:
    if run["automation_rate"] is None:
        return "How much ran without a person is not recorded."
    words = figures.percent(run["automation_rate"], 1)
    of = f" of {plural(run['actions_total'], 'action')}" if run["actions_total"] is not None else ""
    told = f"{words}{of} ran without one."
    if not rates.is_contradicted(run["automation_rate"], run["stored_automation_rate"]):
        return told
    return f"{told} The run stores {figures.percent(run['stored_automation_rate'], 1)}; its counts are taken."


def _facts(view: View, run: Run, period: Period) -> list[Child]:
    version = "not recorded" if run["sop_version"] is None else str(run["sop_version"])
    if run["defined_version"] is not None and run["sop_version"] not in (None, run["defined_version"]):
        version += f" (not defined here; the newest is {run['defined_version']})"
    times = [
        f"{words} {figures.exact(run[name], view.zone)}"
        for words, name in (("from", "started_at"), ("to", "completed_at"))
        if run[name]
    ]
    session: Child = None
    if run["session_pk"]:
        words = f"{run['project_name'] or '(no project)'} {figures.short_id(run['session_key'] or run['session_pk'])}"
        session = links.go(words, "session", session=str(run["session_pk"]))
    agent = (
        links.go(figures.middle(run["agent"], 60), "agents", period.query, agent=run["agent"]) if run["agent"] else None
    )
    trace = None
    if run["correlation_id"]:
        trace = links.go(figures.short_id(run["correlation_id"]), "events", correlation=str(run["correlation_id"]))
    facts: list[tuple[str, Child]] = [
        ("procedure", links.go(figures.middle(run["sop_id"], 60), "sops", period.query, sop=run["sop_id"])),
        ("version", version),
        ("agent", agent or tables.muted("not recorded")),
        ("client", figures.middle(run["client_id"], 60) or tables.muted("not recorded")),
        ("session", session or tables.muted(lacking.absent(view, _TABLE, "session_id", "none"))),
        ("when", " ".join(times) or "no time recorded"),
        ("estimated cost", figures.money(run["estimated_cost_usd"])),
        ("correlation", trace or tables.muted(lacking.absent(view, _TABLE, "correlation_id", "none"))),
        ("id", tables.identifier("execution_id")(run)),
    ]
    if run["is_imported"]:
        facts.append(("from", "an imported log"))
    return [join(tag("span", span(f"{name} ", "sb-muted"), value, class_="sb-whole"), "   ") for name, value in facts]


def show_steps(view: View, run: Run) -> None:
    """The steps in their order; those of the definition that the run does not mention, named below."""
    steps = run_steps(run)
    page.heading("Step by step", f"{plural(len(steps_of(run['steps'])), 'step')} recorded" if steps else None)
    defined = [step.name for step in steps_of(run["defined_steps"]) if step.name]
    if not steps:
        listed = (
            f" Its definition has: {', '.join(figures.shortened(name, 60) for name in defined[:20])}."
            if defined
            else ""
        )
        page.note(f"No step of this run is recorded.{listed}")
        return
    derived = ("is_human", "took_ms", "escalated")
    rows = [asdict(step) | {name: getattr(step, name) for name in derived} for step in steps]
    zone = figures.zone_name(view.as_of, view.zone)
    columns = [
        tables.Column("", lambda row: tables.muted(str(row["number"])), is_number=True),
        tables.Column("Step", lambda row: _name(row, run), hint=lambda row: row["name"]),
        tables.Column("By", _by),
        tables.Column("Outcome", _outcome, hint=lambda row: row["outcome"]),
        tables.Column("Took", _took, is_number=True),
        tables.Column(
            f"Began ({zone})",
            tables.when(view, "started_at"),
            hint=lambda row: (
                f"{figures.exact(row['started_at'], view.zone)} to {figures.exact(row['completed_at'], view.zone)}"
            ),
        ),
        tables.Column("Says", _says, wide=True, hint=lambda row: row["escalated"] or row["note"] or row["rest"]),
    ]
    tables.table(view, rows, columns, label="Steps of the run")
    if missing := [name for name in defined if name not in {step.name for step in steps}]:
        page.note(
            f"Of its definition not reached or not recorded: "
            f"{', '.join(figures.shortened(name, 60) for name in missing[:20])}."
        )


def _name(row: tables.Row, run: Run) -> Child:
    words = figures.shortened(row["name"], 70) or "(no name)"
    is_here = row["name"] is not None and row["name"] == run["current_step"] and run["status"] != "completed"
    return (
        join(words, " ", page.mark(STATES.get(run["status"], "unknown"), "the run stands here")) if is_here else words
    )


def _by(row: tables.Row) -> Child:
    if row["is_human"]:
        who = figures.middle(row["agent"], 40) if row["agent"] else "a person"
        return tag("span", page.mark("waiting", "a person"), who, class_="sb-state sb-waiting")
    return figures.middle(row["agent"], 40) if row["agent"] else tables.muted(row["kind"] or "not recorded")


def _outcome(row: tables.Row) -> Child:
    said = figures.shortened(row["outcome"], 60)
    if not said:
        return tables.muted("open" if row["started_at"] and not row["completed_at"] else figures.NONE_RECORDED)
    if any(word in said.lower() for word in _BAD_OUTCOMES):
        return tag("span", page.mark("broken", said), said, class_="sb-state sb-broken")
    return said


def _took(row: tables.Row) -> Child:
    return figures.duration(row["took_ms"]) if row["took_ms"] is not None else tables.muted("not timed")


def _says(row: tables.Row) -> Child:
    note = figures.shortened("; ".join(part for part in (row["escalated"], row["note"]) if part), 300)
    rest = tag("code", figures.as_written(row["rest"], 200)) if row["rest"] else None
    return join(note or None, " " if note and rest else None, rest) or tables.muted(figures.DASH)
