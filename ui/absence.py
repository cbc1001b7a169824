"""What an empty page says when the reason lies in the database and not in its filters."""

from __future__ import annotations

from data.reports import absence
from ui import cached, page
from ui.drawing.markup import join, tag
from ui.view import View


def explained(view: View, table: str, things: str) -> bool:
    """Say why nothing of `table` is shown, where rows are hidden or the table is not there; whether it was said.

    Members are not told: what is not theirs stays unknown to them.
    """
    if view.actor.watcher is None and not view.actor.sees_all:
        return False
    found = cached.read(view, absence.explain, table=table)
    if found.kind == "no table":
        page.empty(f"The table of {things} is not there.", "Apply the migrations on the page Migrations.")
        return True
    if found.kind != "hidden":
        return False
    page.empty(
        f"There are {things}, but {_who(view)} none of them.",
        "Row security decides: ",
        join(*(tag("code", policy) for policy in found.policies)),
    )
    return True


def _who(view: View) -> str:
    return f"{view.actor.email} may see" if view.actor.watcher else "your role sees"
