"""The difference between two revisions of an IR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ui import lacking, page
from ui.drawing.difference import difference, draw
from ui.view import View

__all__ = ["difference", "say_no_revision", "show_difference"]


def say_no_revision(view: View, asked: int | None) -> None:
    """Why no revision is shown though there are some: none has the number that is asked for, or none has any."""
    untold = lacking.untold(view, "lift.session_revisions", "revision_number") if asked is None else None
    page.note(f"Which revision is the newest is {untold}." if untold else "There is no revision of that number.")


def show_difference(view: View, compared: Mapping[str, Any]) -> None:
    """What a revision changed in the IR: lines added and removed with their surroundings."""
    before = compared["previous_number"]
    lines = list(difference(compared["previous_content"], compared["ir_content"]))
    against = f"against revision {before}" if before else "the first one, against nothing"
    page.heading(f"Revision {compared['revision_number']}", against)
    if compared["ir_content"] is None:
        why = lacking.untold(view, "lift.session_revisions", "ir_content") or "not recorded"
        page.note(f"What it changed is {why}.")
    elif not lines:
        page.note("Nothing changed in the IR.")
    else:
        draw(lines)
