"""One run of a procedure: how it stands, its steps, what events and people say of it, and the runs around it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import streamlit as st

from data.errors import NotFound
from data.reports import rates
from data.reports.sop_runs import MAX_HAPPENINGS
from ui import lacking, page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, join, span, tag
from ui.sops.choosing import STATES, Chosen
from ui.sops.steps import steps_of
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES, plural, unsourced

Run = Mapping[str, Any]

_TABLE = "engine.sop_executions"
_QUESTION_WORDS = {"pending": "question asked, waits"}
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
    page.say(f"This run {words}{where}. {_people(run)} {_automated(run)}", state=STATES.get(run["status"], "unknown"))
    st.html(tag("p", *_facts(view, run, period), class_="sb-facts"))
    if not run["is_event_sourced"]:
        page.note(unsourced("this run", sees_all=view.actor.sees_all))
    if run["error_message"]:
        page.heading("Error")
        st.code(run["error_message"][:20_000], language=None, wrap_lines=True)


def _people(run: Run) -> str:
    human = [step for step in steps_of(run["steps"]) if step.is_taken_by_a_person]
    number = max(run["human_interventions"] or 0, len(human))
    if not number and run["human_interventions"] is None:
        return "Whether a person stepped in is not recorded."
    if not number:
        return "No person stepped in."
    named = list(dict.fromkeys(figures.shortened(step.name, 60) for step in human if step.name))
    where = f", at {', '.join(f'“{name}”' for name in named[:3])}" if named else "; at which step is not recorded"
    return f"A person stepped in {plural(number, 'time')}{where}."


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
    steps = steps_of(run["steps"])
    page.heading("Step by step", f"{plural(len(steps), 'step')} recorded" if steps else None)
    defined = [step.name for step in steps_of(run["defined_steps"]) if step.name]
    if not steps:
        listed = (
            f" Its definition has: {', '.join(figures.shortened(name, 60) for name in defined[:20])}."
            if defined
            else ""
        )
        page.note(f"No step of this run is recorded.{listed}")
        return
    rows = [asdict(step) | {"is_human": step.is_human, "took_ms": step.took_ms} for step in steps]
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
        tables.Column("Says", _says, wide=True, hint=lambda row: row["note"] or row["rest"]),
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
    note = figures.shortened(row["note"], 300)
    rest = tag("code", figures.as_written(row["rest"], 200)) if row["rest"] else None
    return join(note or None, " " if note and rest else None, rest) or tables.muted(figures.DASH)


def show_happenings(view: View, run: Run, happenings: Sequence[Mapping[str, Any]]) -> None:
    """The engine's events and the questions to people that carry the run's correlation, in the order of time."""
    if run["correlation_id"] is None:
        page.heading("Events and questions")
        page.note("This run carries no correlation, so nothing can be tied to it.")
        return
    questions = sum(row["kind"] == "question" for row in happenings)
    events = max((row["happened"] for row in happenings), default=0)
    trace = links.go("the whole trace", "events", correlation=str(run["correlation_id"]))
    asked = plural(questions, "question")
    if not questions and lacking.untold(view, "engine.human_approvals", "correlation_id"):
        asked = "an unknown number of questions"
    counted = f"{plural(events, 'event')}, {asked} with its correlation; "
    page.heading("Events and questions", join(counted, trace))
    if not happenings:
        who = "" if view.actor.sees_all else " that you may see"
        page.note(f"No event and no question{who} carries its correlation.")
        return
    columns = [
        tables.Column(
            f"When ({figures.zone_name(view.as_of, view.zone)})",
            tables.when(view, "occurred_at"),
            hint=lambda row: figures.exact(row["occurred_at"], view.zone),
        ),
        tables.Column("What", lambda row: _what(view, row)),
        tables.Column("By", tables.text("who", 40)),
        tables.Column("Of", _subject, hint=lambda row: row["subject"]),
        tables.Column("Says", _detail, line=True, hint=lambda row: row["detail"]),
    ]
    tables.table(view, happenings, columns, label="Events and questions of the run")
    if events > MAX_HAPPENINGS:
        page.note(f"The first {MAX_HAPPENINGS} of {events:,} events; ", trace, " has them all.")


def _what(view: View, row: tables.Row) -> Child:
    if row["kind"] == "event":
        return links.go(tag("code", figures.shortened(row["what"], 60)), "event_stream", event=str(row["item_id"]))
    words = _QUESTION_WORDS.get(row["what"], f"question {row['what']}")
    marked: Child = words
    if row["what"] != "asked":
        kind = OUTCOMES.get(row["what"], "unknown")
        marked = tag("span", page.mark(kind, words), words, class_=f"sb-state sb-{kind}")
    if not view.actor.can("decide_approvals"):
        return marked
    return links.go(marked, "approvals", approval=str(row["item_id"]))


def _subject(row: tables.Row) -> Child:
    """What an event is of, by the type and the beginning and end of its id; of a question its title."""
    if row["kind"] == "event":
        return figures.middle(row["subject"], 36)
    return figures.shortened(row["subject"], 60)


def _detail(row: tables.Row) -> Child:
    words = _told(row["detail"]) if row["kind"] == "event" else figures.shortened(row["detail"], 120)
    return words or tables.muted(figures.DASH)


def _told(payload: str | None) -> str:
    """What an event says of the run: the step it is about, with what went wrong or came out; else what says most."""
    try:
        given = json.loads(payload or "null")
    except (ValueError, RecursionError):
        given = None
    step = given.get("step") if isinstance(given, dict) else None
    if not isinstance(step, str) or not step:
        return telling.value(payload, 120)
    said = next(
        (text for name in ("error", "outcome", "note") if isinstance(text := given.get(name), str) and text), ""
    )
    return figures.shortened(f"{step}: {said}" if said else step, 120)
