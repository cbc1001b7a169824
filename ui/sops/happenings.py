"""What the engine's events and the questions to people say of one run of a procedure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from data.reports.sop_runs import MAX_HAPPENINGS
from ui import lacking, page
from ui.asking import links
from ui.drawing import tables
from ui.drawing.markup import Child, join, tag
from ui.sops.steps import steps_of
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES, plural

Run = Mapping[str, Any]

_QUESTION_WORDS = {"pending": "question asked, waits"}
_COMPLETED = "SOP_EXECUTION_COMPLETED"
_SAYING = ("error", "outcome", "note", "reason")  # of a payload, what says how it went


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
        tables.Column("Says", lambda row: _detail(row, run), line=True, hint=lambda row: row["detail"]),
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


def _detail(row: tables.Row, run: Run) -> Child:
    words = _told(row, run) if row["kind"] == "event" else figures.shortened(row["detail"], 120)
    return words or tables.muted(figures.DASH)


def _told(row: tables.Row, run: Run) -> str:
    """What an event says of the run: the step it is about, with what went wrong or came out; of its end what was done;
    else what says most, without what the facts of the run say already."""
    try:
        given = json.loads(row["detail"] or "null")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return _completed(row, run) or telling.value(row["detail"], 120)
    step = given.get("step")
    said = next((text for name in _SAYING if isinstance(text := given.get(name), str) and text), "")
    if isinstance(step, str) and step:
        return figures.shortened(f"{step}: {said}" if said else step, 120)
    known = (str(run["execution_id"]), run["client_id"])
    rest = {name: value for name, value in given.items() if value not in known}
    return figures.shortened(said, 120) or _completed(row, run) or telling.value(json.dumps(rest), 120)


def _completed(row: tables.Row, run: Run) -> str:
    """What this run had done when it was complete, if that is what the event says."""
    if row["what"] != _COMPLETED or not row["subject"].startswith(f"SopExecution {run['execution_id']} "):
        return ""
    steps = len(steps_of(run["steps"]))
    counted = [
        plural(steps, "step") if steps else None,
        plural(run["actions_total"], "action") if run["actions_total"] is not None else None,
    ]
    words = ", ".join(part for part in counted if part)
    if run["cycle_ms"] is None:
        return words
    return f"{words} in {figures.duration(run['cycle_ms'])}" if words else f"after {figures.duration(run['cycle_ms'])}"
