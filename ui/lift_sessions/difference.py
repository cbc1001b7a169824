"""The difference between two revisions of an IR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ui import page
from ui.drawing.difference import difference, draw

__all__ = ["difference", "show_difference"]


def show_difference(compared: Mapping[str, Any]) -> None:
    """What a revision changed in the IR: lines added and removed with their surroundings."""
    before = compared["previous_number"]
    lines = list(difference(compared["previous_content"], compared["ir_content"]))
    against = f"against revision {before}" if before else "the first one, against nothing"
    page.heading(f"Revision {compared['revision_number']}", against)
    if not lines:
        page.note("Nothing changed in the IR.")
        return
    draw(lines)
