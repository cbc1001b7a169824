"""What speaks for or against a question: what happened around it, and what came of the last ones like it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from data import calendar
from ui import page, veil
from ui.approvals.lists import note
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES

_STATES = {"failed": "broken", "refused": "waiting", "succeeded": "well", "warning": "attention", "error": "broken"}


def around(view: View, happenings: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> None:
    """The happenings before and after the question, from its session and from the engine's stream."""
    page.heading("Evidence", "what happened around the question, in its session and in its stream")
    asked_at: datetime | None = asked["created_at"]
    if asked_at is None:
        page.note("The log gives no time for this question, so nothing can be put around it.")
        return
    if len(happenings) <= 1:
        if asked["session_pk"] is asked["correlation_id"] is asked["event_id"] is None:
            page.note("It names neither a session nor an event of the engine, so nothing can be put around it.")
        else:
            page.note(f"{veil.seen('Nothing else')} is recorded in its session or its stream.")
        return
    tables.table(
        view,
        happenings,
        [
            tables.Column(
                "When", lambda row: _when(row, asked_at), hint=lambda row: figures.exact(row["occurred_at"], view.zone)
            ),
            tables.Column("What", _what),
            tables.Column("Which", _which, wide=True, hint=lambda row: row["detail"]),
        ],
        label="What happened around the question",
    )


def _when(row: tables.Row, asked_at: datetime) -> Child:
    if row["is_question"]:
        return tag("b", "the question")
    apart = calendar.milliseconds_between(asked_at, row["occurred_at"])
    if apart is None:
        return tables.muted(figures.NONE_RECORDED)
    if abs(apart) < 1000:
        return "at that moment"
    return f"{figures.duration(abs(apart))} {'before' if apart < 0 else 'after'}"


def _what(row: tables.Row) -> Child:
    if row["is_question"]:
        return tag("span", page.mark("waiting"), "asked", class_="sb-state sb-waiting")
    state = _STATES.get(row["outcome"] or "")
    sign: Markup | None = page.mark(state, row["outcome"]) if state else None
    told = {"tool call": f"call {row['outcome'] or 'without an outcome'}", "engine": "event"}.get(
        row["kind"], row["kind"]
    )
    return tag("span", sign, told, class_=f"sb-state sb-{state}" if state else "sb-state")


def _which(row: tables.Row) -> Child:
    if row["is_question"]:
        return None
    what = row["what"].replace("_", " ").lower() if row["kind"] == "engine" else row["what"]
    detail = telling.value(row["detail"], 140)
    return join(tag("b", figures.shortened(what, 80)), f" {detail}" if detail else None)


def similar(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    """The last decided ones of the same kind, and what the stream says happened after each."""
    page.heading("The last ones like it", "of the same kind, those of the same agent first")
    if not rows:
        page.note("None of this kind was decided before.")
        return
    tables.table(
        view,
        rows,
        [
            tables.Column(
                "Question",
                lambda row: links.go_to(
                    figures.shortened(row["title"], 80) or "(no title)",
                    filters.here(view, approval=str(row["approval_id"])),
                ),
                wide=True,
                hint=lambda row: row["title"],
            ),
            tables.Column("Outcome", tables.state("outcome", OUTCOMES)),
            tables.Column("By", tables.text("decided_by_name", 40)),
            tables.Column(
                f"When ({figures.zone_name(view.as_of, view.zone)})",
                tables.when(view, "decided_at"),
                hint=lambda row: figures.exact(row["decided_at"], view.zone),
            ),
            tables.Column("Note", lambda row: note(row, 80), wide=True, hint=lambda row: row["decision_note"]),
            tables.Column("What came of it", _came_of_it),
        ],
        label="The last questions like it",
    )


def _came_of_it(row: tables.Row) -> Child:
    if row["came_of_it"] is None:
        return tables.muted("nothing recorded")
    return figures.shortened(row["came_of_it"].replace("_", " ").lower(), 60)
