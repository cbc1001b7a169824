"""Making a backup from the page: the button, how far it is, and the way to stop it."""

from __future__ import annotations

import streamlit as st

from data import backup, console
from data.access import Actor
from data.backup import BackupState, Seen
from data.errors import SignalboxError
from ui import acts, page, viewer
from ui.backups.place import Place
from ui.drawing.markup import Child, code
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural
from ui.wording.sizes import size
from ui.wording.terminal import command

_REFRESH_S = 2.0
_PHASES = {"starting": "Starting", "dumping": "Writing", "checking": "Reading it back", "done": "Done"}


def act(view: View, state: BackupState, kept: Place) -> None:
    """The button, or how far the backup is that runs; for whoever may not, who may."""
    if state.running is not None:
        with st.container(border=True):
            _running(view, kept)
    elif not view.actor.can("run_backups"):
        page.note("An admin can make one here. ", *_by_timer())
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            acts.button("Make a backup now", make, key="make_backup")
            page.note("It goes on when this page is closed. ", *_by_timer())


def _by_timer() -> tuple[Child, ...]:
    run = code(command("backup", "run", "--scheduled"))
    return "A timer can do it, in the folder and with the settings of the console: ", run


def make(actor: Actor) -> str:
    """Begin one in this console; the sentence of the receipt. Raises what `backup.start_in` raises."""
    running = console.running()
    if running is None:
        raise SignalboxError("This page is not served by a running console, so no backup can be made from it.")
    return f"Backup {backup.start_in(running, actor)} has begun."


def stop(actor: Actor, run_id: int) -> str:
    """Stop one; the sentence of the receipt. Raises what `backup.stop` raises."""
    backup.stop(actor, run_id)
    return f"Backup {run_id} is being stopped; its unfinished file is removed."


@st.fragment(run_every=_REFRESH_S)
def _running(view: View, kept: Place) -> None:
    """Asks again by itself, so it finds out itself who asks."""
    with page.panel(view, "the progress of the backup"):
        actor = viewer.identify()
        seen = backup.watch(actor, directory=kept.directory) if actor else None
        if actor is None or seen is None:
            st.rerun()
        else:
            _progress(view, actor, seen)


def _progress(view: View, actor: Actor, seen: Seen) -> None:
    run, progress = seen.run, seen.progress
    since = figures.moment(run.started_at, view.zone, view.as_of)
    written = (
        f"{size(seen.bytes_written)} written" if seen.bytes_written is not None else "its size is not seen from here"
    )
    words = f"Backup {run.run_id} runs since {since}, started by {run.started_by_email}: {written}"
    if progress is None:
        page.say(f"{words}. It runs in process {run.process_id} on {run.host}.", state="signal")
        return
    page.say(f"{_PHASES[progress.phase]}. {words}.", state="signal")
    if progress.tables_total:
        done = f"{figures.count(progress.tables_done)} of {plural(progress.tables_total, 'table')}"
        st.progress(min(progress.tables_done / progress.tables_total, 1.0), text=done)
    if actor.can("run_backups"):
        acts.button("Stop this backup", stop, run.run_id, key="stop_backup")
