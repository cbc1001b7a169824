"""Backups: whether the last one can be relied on, when the next is due, and what was tried."""

from __future__ import annotations

from data import backup as reports
from ui import acts, backups, page
from ui.asking import paging
from ui.drawing import cards
from ui.view import View


def show(view: View) -> None:
    """Uncached: a file can go at any moment, and a run can end."""
    kept = backups.place()
    total = None
    with page.panel(view, "the state of the backups"):
        state = reports.read_state(view.actor, directory=kept.directory, every_hours=kept.every_hours)
        backups.summary(view, state, kept)
        cards.cards(backups.figures_of(view, state))
        backups.act(view, state, kept)
        backups.prune(view, kept)
        acts.show_outcome()  # last: when the backup has ended by now, the page runs anew and would lose the receipt
    with page.panel(view, "the history of backups"):
        total = reports.count_runs(view.actor)
        runs = reports.list_runs(view.actor, directory=kept.directory, offset=paging.offset_of(total))
        backups.history(view, runs, total)
    backups.about(kept)
    page.footer(view, report="backups", rows=total, noun="backup")


view = page.begin("Backups", needs="view_backups")
if view.actor.dataset == "real":
    show(view)
else:
    backups.no_demo()
    page.footer(view)
