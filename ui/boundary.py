"""What a page says when its period reaches to where only sums are kept: lists and search begin later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from data.reports.coverage import Coverage, read_coverage
from ui import cached, page
from ui.asking.periods import Period
from ui.view import View
from ui.wording import figures


def read(view: View) -> datetime | None:
    """From when on there are rows; None where nothing was ever dropped."""
    return next(iter(cached.read(view, read_coverage).values())).raw_from


def say(
    view: View, period: Period, *, rows: str, sums: str | None = None, known: Coverage | None = None
) -> datetime | None:
    """Say it where the period, or the one it is compared with, reaches so far back, and from when on there are rows.

    `rows` is what begins there ("lists, search and the texts of errors"), `sums` what is right before all the same
    ("calls and prompts"; None: nothing on this page). Members read no sums: for them everything begins there. A page
    that has read a coverage with `raw_from` gives it as `known`, and spares a query.
    """
    raw_from = read(view) if known is None else known.raw_from
    starts = [at for at in (period.start, period.previous_start) if at is not None]
    if raw_from is None or period.untimed or (starts and min(starts) >= raw_from):
        return None
    when = _when(view, raw_from)
    if sums is None:
        page.note(f"Before {when} only sums are kept: {rows} begin there.")
    elif view.actor.sees_all:
        page.note(f"Before {when} only sums are kept, and {sums} are counted from them; {rows} begin there.")
    else:
        page.note(f"Before {when} only sums are kept, which managers see: what you see of {sums} begins there.")
    return raw_from


def say_of_session(view: View, session: Mapping[str, Any], *, has_items: bool) -> None:
    """The same for one session, where that began before."""
    raw_from = read(view)
    if not is_before(session, raw_from) or raw_from is None:
        return
    kept = "its project, times, cost, files and questions are kept"
    when = _when(view, raw_from)
    if has_items:
        page.note(f"What happened in this session before {when} is not kept row by row: its timeline begins there.")
    else:
        page.say(f"What happened in this session is not kept row by row before {when}: {kept}.", state="unknown")


def is_before(session: Mapping[str, Any], raw_from: datetime | None) -> bool:
    """Whether a session began before there are rows of what happened in it."""
    return raw_from is not None and session["started_at"] is not None and session["started_at"] < raw_from


def _when(view: View, raw_from: datetime) -> str:
    return figures.moment_with_zone(raw_from, view.zone, view.as_of)
