"""Removing old backups from the page: how many stay, what would go, and the button that names the same."""

from __future__ import annotations

import streamlit as st

from data import backup, console
from data.access import Actor
from data.errors import SignalboxError
from ui import acts, page
from ui.backups.place import Place
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural
from ui.wording.sizes import size

_KEPT = 7


def prune(view: View, kept: Place) -> None:
    """For admins: the numbers first, then the button. Nothing where there is nothing to remove."""
    if not view.actor.can("run_backups"):
        return
    if not backup.plan(view.actor, directory=kept.directory, keep=1).kept:
        return
    with st.expander("Remove old backups"), page.panel(view, "the removal of old backups"):
        keep = st.number_input("How many of the newest stay", min_value=1, max_value=1000, value=_KEPT, key="keep")
        planned = backup.plan(view.actor, directory=kept.directory, keep=int(keep))
        if not planned.removed:
            page.note(f"{plural(len(planned.kept), 'file')} in the folder, so none would go.")
            return
        oldest, newest = planned.removed[-1], planned.removed[0]
        files = plural(len(planned.removed), "file")
        page.note(
            f"{files} would go, {size(planned.size_bytes)} altogether, of "
            f"{figures.moment(oldest.started_at, view.zone, view.as_of)} to "
            f"{figures.moment(newest.started_at, view.zone, view.as_of)}; {len(planned.kept)} stay, the last good one "
            "among them. A file that is removed cannot be brought back."
        )
        acts.button(
            f"Remove {files}", remove, int(keep), [run.run_id for run in planned.removed], kept.directory,
            key="prune_backups",
        )  # fmt: skip


def remove(actor: Actor, keep: int, expected: list[int], directory: str) -> str:
    """Remove what was shown; the sentence of the receipt. Raises what `backup.prune` raises."""
    if console.running() is None:
        raise SignalboxError("This page is not served by a running console, so nothing can be removed from it.")
    removed = backup.prune(actor, directory=directory, keep=keep, expected=expected)
    freed = size(sum(run.size_bytes or 0 for run in removed))
    return f"{plural(len(removed), 'backup')} removed, {freed} given back; the audit log holds the names."
