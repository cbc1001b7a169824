"""What an empty page says when the reason lies in the database and not in its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.reports import absence
from ui import cached, page, veil
from ui.drawing.markup import Markup, join, tag
from ui.view import View
from ui.wording.sentences import plural

_BEHIND = {"analytics.tool_calls": "chronicle.tool_events"}


def explained(view: View, table: str, things: str) -> bool:
    """Say why nothing of `table` is shown, where rows are hidden or the table is not there; whether it was said.

    Members are not told: what is not theirs stays unknown to them. Where it cannot be told what is, that is said.
    """
    if missing := _missing(view, table):
        page.empty(f"Nothing is known of {things}: {missing}.", "The report of adopting it says why.")
        return True
    if view.actor.watcher is None and not view.actor.sees_all:
        if veil.hides():
            page.empty(f"Whether there are {things} for you to see cannot be told.")
        return veil.hides()
    found = cached.read(_aside(view), absence.explain, table=table)
    if found.kind == "no table":
        page.empty(f"The table of {things} is not there.", "Apply the migrations on the page Migrations.")
        return True
    if found.kind != "hidden":
        return False
    page.empty(f"There are {things}, but {_who(view)} none of them.", decided_by(found.policies))
    return True


def _missing(view: View, table: str) -> str | None:
    """Which table of an adopted system was not brought, behind this view, as a clause."""
    system, _, name = _BEHIND.get(table, table.removeprefix("analytics.stg_").replace("__", ".", 1)).partition(".")
    if name not in view.missing_tables.get(system, ()):
        return None
    return f"{system}, adopted from elsewhere, is read without its table {name}"


def hidden_questions(view: View, *, seen_waiting: int, sees_any: bool) -> absence.HiddenQuestions | None:
    """What row security hides of the questions to people from a viewer who sees `seen_waiting` of those that wait, and
    any at all or none. None where it hides nothing, and for members, whom nobody tells of what is not theirs."""
    if not view.actor.sees_all:
        return None
    hidden = cached.read(
        _aside(view), absence.find_hidden_questions, now=view.minute, seen_waiting=seen_waiting, sees_any=sees_any
    )
    return hidden if hidden.waiting or hidden.are_all else None


def _aside(view: View) -> View:
    """The view for what is read about rows that are not shown."""
    return replace(view, rests_on=view.follows)


def unseen(number: int) -> str:
    """How many questions wait that row security hides, in words."""
    sees = "does not see" if number == 1 else "sees none of"
    them = "it" if number == 1 else "them"
    return f"{plural(number, 'question waits', 'questions wait')} for a decision, but your role {sees} {them}"


def decided_by(policies: Sequence[str]) -> Markup:
    """The policies by which rows are hidden, as a sentence."""
    return join("Row security decides: ", join(*(tag("code", policy) for policy in policies), between=", "), ".")


def _who(view: View) -> str:
    return f"{view.actor.email} may see" if view.actor.watcher else "your role sees"
