"""Applying what is pending: what will happen, a typed confirmation, how far it is, and the receipt."""

from __future__ import annotations

import streamlit as st

from data.access import Actor
from data.migration import AppliedMigration
from data.operations import migrations
from data.operations.migrations import Look, MigrationRun
from ui import acts, cached, page, viewer
from ui.drawing.markup import Child, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_REFRESH_S = 1.0
_KEY = "apply_words"


def apply_form(view: View, found: Look, run: MigrationRun | None) -> None:
    """What is pending with what it will do, and the button, which opens once its number is typed."""
    pending = [one for one in found.status.migrations if one.state == "pending"]
    if not pending or (run is not None and not run.is_over):
        return
    words = f"apply {len(pending)}"
    page.heading(f"Apply {plural(len(pending), 'migration')}")
    with st.container(border=True):
        page.note(
            "In this order, each in a transaction of its own: where one fails, nothing of it is kept, those before it "
            "stay applied and those after it wait. Reads and writes of a table wait while it is being changed, at most "
            "4 seconds for a lock. It goes on when this page is closed."
        )
        steps = [tag("li", tag("code", one.version), f" {one.name.replace('_', ' ')}") for one in pending]
        st.html(tag("ol", *steps, class_="sb-words", style="font-size:13px"))
        if gate := _gate(found):
            page.say(gate, state="attention")
        else:
            st.text_input(f"To go on, type: {words}", key=_KEY, width=260, autocomplete="off")
        is_typed = acts.typed(_KEY).strip().lower() == words
        st.button(
            f"Apply {plural(len(pending), 'migration')}",
            key="apply_migrations",
            disabled=gate is not None or not is_typed,
            on_click=acts.run,
            args=(apply, found.pending, words),
            help=gate or (None if is_typed else f"Closed until “{words}” stands in the field above."),
        )


def running(view: View, run: MigrationRun | None) -> None:
    """How far the run of this process is, or what came of the last one."""
    if run is None:
        return
    with st.container(border=True):
        if run.is_over:
            _result(view, run)
        else:
            _progress(view)


def apply(actor: Actor, expected: tuple[str, ...], words: str) -> str:
    """Begin to apply what was seen; the sentence of the receipt. Raises what `migrations.start` raises."""
    if acts.typed(_KEY).strip().lower() != words:
        raise migrations.PendingChanged(f"“{words}” was not typed, so nothing was started.")
    st.session_state[_KEY] = ""
    # What is cached was computed by the views as they were before.
    migrations.start(actor, expected, done=cached.forget)
    return f"Applying {plural(len(expected), 'migration')} has begun."


def _gate(found: Look) -> str | None:
    if found.is_running_elsewhere:
        return "Closed: somebody else is applying migrations to this database. Look again when that is over."
    reason = migrations.blocked(found.status)
    return f"Closed: {reason}" if reason else None


@st.fragment(run_every=_REFRESH_S)
def _progress(view: View) -> None:
    """Asks again by itself, so it finds out itself who asks."""
    with page.panel(view, "the progress of the migrations"):
        actor = viewer.identify()
        run = migrations.last_run(actor) if actor else None
        if run is None or run.is_over:
            st.rerun()
        else:
            done = sum(line.startswith("Applied ") for line in run.lines)
            total = len(run.versions)
            st.progress(min(done / total, 1.0), text=f"{done} of {total} applied")
            st.code("\n".join(run.lines[-12:]) or "Connecting …", language=None)


def _result(view: View, run: MigrationRun) -> None:
    finished = figures.moment(run.finished_at, view.zone, view.as_of)
    took = figures.duration((run.finished_at - run.started_at).total_seconds() * 1000) if run.finished_at else ""
    if run.error is not None:
        applied = sum(line.startswith("Applied ") for line in run.lines)
        page.say(
            f"The run that {run.by} began failed at {finished}: {applied} of {len(run.versions)} were applied.",
            state="broken",
        )
        st.code(run.error, language=None, wrap_lines=True)
        return
    others = sum(one.outcome != "applied" for one in run.applied)
    told = f"{plural(len(run.applied) - others, 'migration')} applied by {run.by}, done at {finished} after {took}."
    page.say(told, f" {others} had been applied by someone else meanwhile." if others else None, state="well")
    lines: list[Child] = [
        join(tag("code", one.version), f" {one.name.replace('_', ' ')}: {one.outcome}, ", _cost(one))
        for one in run.applied
    ]
    st.html(tag("ul", *[tag("li", line) for line in lines], class_="sb-words", style="font-size:13px"))


def _cost(one: AppliedMigration) -> str:
    return f"{plural(one.statement_count, 'statement')}, {figures.duration(one.duration_ms)}"
