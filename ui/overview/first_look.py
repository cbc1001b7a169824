"""What the first page shows while there is nothing to see: look around in the demo, or import your own logs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data import console, ingest
from data.access import Actor
from data.identity import web_sessions
from ui import absence, acts, demo, page
from ui.drawing.markup import code, tag
from ui.overview.drawing import hidden_questions
from ui.view import View
from ui.wording.terminal import command

NAMED_FILES = 3  # of those that could not be read, in the receipt of an import


def show(view: View) -> None:
    """Say that there is nothing yet, and why; offer both ways on to whoever may take them."""
    if not view.actor.sees_all:
        if absence.explained(view, "analytics.stg_chronicle__sessions", "sessions"):
            return
        page.say("No session of yours is recorded here. You see your own rows only.", state="unknown")
        page.empty(
            "Whoever imports logs can give them an owner:",
            code(command("ingest", "--owner", view.actor.email, "PATH")),
        )
        running = console.running()
        if demo.is_there():
            _open_demo(view)
        elif running is not None and running.settings.is_embedded:
            page.note("An admin can make a demo to look around in, with one click on this page.")
        return
    if hidden := hidden_questions(view):
        page.say(absence.unseen(hidden.waiting), ". ", absence.decided_by(hidden.policies), state="unknown")
    if not absence.explained(view, "analytics.stg_chronicle__sessions", "sessions"):
        page.say("No session of an agent is recorded here yet. There are two ways on.", state="unknown")
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        _demo(view)
    with right, st.container(border=True, height="stretch"):
        _import(view)


def _demo(view: View) -> None:
    page.heading("Look around in the demo")
    page.note("Made-up sessions, jobs and questions in a database of their own, labelled on every page.")
    running = console.running()
    if demo.is_there():
        _open_demo(view)
    elif running is None or not running.settings.is_embedded:
        page.note("The demo needs the database that comes with the console; this one runs on DATABASE_URL.")
    elif maker := demo.maker_for(view.actor):
        demo.making(maker, "Make the demo and open it", key="make_first_demo", kind="primary")
    else:
        page.note("An admin can make it with one click here.")


def _open_demo(view: View) -> None:
    st.button("Open the demo", type="primary", on_click=web_sessions.show, args=(view.actor, "demo"))


def _import(view: View) -> None:
    page.heading("Import your own logs")
    page.note(
        "Claude Code transcripts, hook events, status lines, work items and checkpoints. Nothing is read before you "
        "ask for it."
    )
    history = ingest.find_history()
    if history is None:
        page.note("No history of Claude Code lies on this machine. Name a file or folder:")
        st.code(command("ingest", "PATH"), language="shell", wrap_lines=True)
        return
    page.note("There is a history of Claude Code on this machine: ", tag("code", str(history)))
    if not view.actor.can("import_logs"):
        page.note("An admin can import it with one click here, or on the command line:")
    elif st.button("Import this folder", help="Reads every file below it once; a second import adds only what is new."):
        with st.status("Reading …", expanded=True):
            acts.run(_read, history, st.empty())
        st.rerun()
    st.code(command("ingest", str(history)), language="shell", wrap_lines=True)


def _read(actor: Actor, history: Path, line: DeltaGenerator) -> str:
    report = ingest.import_paths(actor, [history], progress=line.write)
    return f"{report.sentence} {report.worst(NAMED_FILES)}".rstrip()
