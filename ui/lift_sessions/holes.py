"""The holes of one session of lift-sys: those that are open, and what the others were filled with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from data.reports.lift_sessions import LiftSession
from ui import page
from ui.drawing import tables
from ui.drawing.markup import Child, tag
from ui.lift_sessions.one import when
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_MOST_OPEN = 100


def open_holes_table(view: View, found: LiftSession) -> None:
    """The holes that the present IR names and nothing has filled; where it names none, that is said."""
    page.heading("Open holes", "named by the present IR, not filled yet")
    named, open_holes = found.named_holes, found.open_holes
    if named is None:
        page.note("The present IR has no list called “holes”, so which holes are open is not known.")
        return
    if not found.tells_holes:
        page.note("What was filled does not say which hole, so which holes are open is not known.")
    elif open_holes:
        columns = [
            tables.Column("Hole", tables.text("identifier"), hint=lambda row: row["identifier"]),
            tables.Column("Kind", tables.text("kind", 40)),
            tables.Column("Type", tables.text("type_hint", 60), hint=lambda row: row["type_hint"]),
            tables.Column("What is open", tables.text("description", 300), wide=True),
        ]
        tables.table(view, open_holes[:_MOST_OPEN], columns, label="Open holes")
        if len(open_holes) > _MOST_OPEN:
            page.note(f"The first {_MOST_OPEN} of {figures.count(len(open_holes))}; the present IR has them all.")
    else:
        page.note("Every hole that it names is filled." if named.holes else "It names none.")
    if named.nameless:
        page.note(f"{plural(named.nameless, 'entry', 'entries')} without a name can be read in the present IR alone.")


def holes_table(view: View, holes: Sequence[Mapping[str, Any]], total: int) -> None:
    """One page of what holes were filled with, of `total`; an older resolution of the same hole is muted."""
    page.heading("Filled holes", "the newest resolution of a hole counts")
    if not holes:
        page.note("No hole was filled.")
        return

    def resolution(row: tables.Row) -> Child:
        if row["resolution"] is None:
            return tables.muted("not recorded")
        words = figures.as_written(json.dumps(row["resolution"], ensure_ascii=False), 160)
        return tag("code", words) if row["counts"] else tables.muted(f"{words} (replaced)")

    columns = [
        tables.Column("Hole", tables.text("hole_id")),
        tables.Column("Type", tables.text("hole_type", 40), hint=lambda row: row["hole_type"]),
        tables.Column("Filled with", resolution, wide=True),
        tables.Column("How", tables.text("resolution_method", 40), hint=lambda row: row["resolution_method"]),
        tables.Column(
            "Confidence",
            lambda row: (
                figures.percent(row["confidence"], 1)
                if row["confidence"] is not None
                else tables.muted(figures.NONE_RECORDED)
            ),
            is_number=True,
        ),
        when(view),
    ]
    tables.table(view, holes, columns, label="Filled holes", total=total, paged_by="holes")
