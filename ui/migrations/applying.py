"""Applying what is pending: what will happen, a typed confirmation, how far it is, and the receipt."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from data import backup
from data.access import Actor
from data.migration import AppliedMigration, MigrationStatus
from data.operations import migrations
from data.operations.migrations import Look, MigrationRun
from ui import acts, backups, cached, page, viewer
from ui.asking import links
from ui.drawing.markup import Child, Markup, join, tag
from ui.migrations.reading import text_mark, was_read_otherwise
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

_REFRESH_S = 1.0
_KEY = "apply_words"
_MOST_LINES = 500  # of what a run said; a migration may give a notice for each row


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
        st.html(
            tag("ol", *[tag("li", _step(one, found)) for one in pending], class_="sb-words", style="font-size:13px")
        )
        _way_back(view)
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
            args=(apply, found.seen, words),
            help=gate or (None if is_typed else f"Closed until “{words}” stands in the field above."),
        )


def _step(one: MigrationStatus, found: Look) -> Markup:
    """One pending migration, the way to its statements, and the mark by which its text is known again."""
    read = links.go(one.version, "migrations", version=one.version)
    return join(
        read,
        f" {one.name.replace('_', ' ')}",
        tag("span", f", {text_mark(found.texts.get(one.version, ''))}", class_="sb-muted"),
    )


def _way_back(view: View) -> None:
    """What there is to go back to: nothing undoes a migration but a backup."""
    if not backups.is_told(view):
        return
    kept = backups.place()
    state = backup.read_state(view.actor, directory=kept.directory, every_hours=kept.every_hours)
    good = state.last_good
    make = join(links.go("Backups", "backups"), " makes one.")
    if good is None:
        page.say("Nothing undoes a migration, and there is no backup to go back to. ", make, state="attention")
        return
    age = figures.duration(max((view.as_of - good.started_at).total_seconds(), 0) * 1000)
    unsure = f"; its file is on {good.host} and could not be looked at" if good.is_out_of_sight else ""
    words = f"Nothing undoes a migration. The last good backup is {age} old{unsure}. "
    if state.lost or state.is_overdue(view.as_of) or good.is_out_of_sight:
        page.say(words, make, state="attention")
    else:
        page.note(words, make)


def running(view: View, run: MigrationRun | None) -> None:
    """How far the run of this process is, or what came of the last one."""
    if run is None:
        return
    with st.container(border=True):
        if run.is_over:
            _result(view, run)
        else:
            _progress(view)


def apply(actor: Actor, expected: tuple[tuple[str, str], ...], words: str) -> str:
    """Begin to apply what was seen; the sentence of the receipt. Raises what `migrations.start` raises."""
    if acts.typed(_KEY).strip().lower() != words:
        raise migrations.PendingChanged(f"“{words}” was not typed, so nothing was started.")
    st.session_state[_KEY] = ""
    if edited := [version for version, sha256 in expected if was_read_otherwise(version, sha256)]:
        raise migrations.EditedSinceSeen(
            f"{listed(edited)} {'has' if len(edited) == 1 else 'have'} been edited since you read it here, so nothing "
            "was started. Read it again, then apply."
        )
    # What is cached was computed by the views as they were before.
    migrations.start(actor, expected, done=cached.forget)
    return f"Applying {plural(len(expected), 'migration')} has begun."


def _gate(found: Look) -> str | None:
    if found.is_running_elsewhere:
        return "Closed: somebody else is applying migrations to this database. Look again when that is over."
    if reason := migrations.blocked(found.status):
        return f"Closed: {reason}"
    edited = [version for version, sha256 in found.seen if was_read_otherwise(version, sha256)]
    if edited:
        have = "has" if len(edited) == 1 else "have"
        return f"Closed: {listed(edited)} {have} been edited since you read it. Read it again."
    return None


@st.fragment(run_every=_REFRESH_S)
def _progress(view: View) -> None:
    """Asks again by itself, so it finds out itself who asks."""
    with page.panel(view, "the progress of the migrations"):
        actor = viewer.identify()
        run = migrations.last_run(actor) if actor else None
        if run is None or run.is_over:
            st.rerun()
        else:
            done, total = len(run.applied_versions), len(run.versions)
            took = figures.duration((datetime.now(UTC) - run.started_at).total_seconds() * 1000)
            st.progress(min(done / total, 1.0), text=f"{done} of {total} applied in {took}")
            st.code("\n".join(run.lines[-12:]) or "Connecting …", language=None)


def _result(view: View, run: MigrationRun) -> None:
    finished = figures.moment(run.finished_at, view.zone, view.as_of)
    took = figures.duration((run.finished_at - run.started_at).total_seconds() * 1000) if run.finished_at else ""
    if not run.is_recorded:
        page.say("The end of this run could not be written into the audit log.", state="attention")
    if run.error is not None:
        page.say(
            f"The run that {run.by} began failed at {finished}: {len(run.applied_versions)} of {len(run.versions)} "
            "were applied.",
            state="broken",
        )
        st.code(run.error, language=None, wrap_lines=True)
        if "(55P03)" in run.error:  # it waited for a lock in vain
            page.note(links.go("Database", "database"), " shows who holds the lock.")
        _all_it_said(run)
        return
    others = sum(one.outcome != "applied" for one in run.applied)
    told = f"{plural(len(run.applied) - others, 'migration')} applied by {run.by}, done at {finished} after {took}."
    page.say(told, f" {others} had been applied by someone else meanwhile." if others else None, state="well")
    lines: list[Child] = [
        join(tag("code", one.version), f" {one.name.replace('_', ' ')}: {one.outcome}, ", _cost(one))
        for one in run.applied
    ]
    st.html(tag("ul", *[tag("li", line) for line in lines], class_="sb-words", style="font-size:13px"))
    _all_it_said(run)


def _all_it_said(run: MigrationRun) -> None:
    """Every line of the run, notices of the database among them: what was said while nobody looked is not lost."""
    with st.expander(plural(len(run.lines), "line of progress", "lines of progress")):
        left = len(run.lines) - _MOST_LINES
        first = [f"({left} earlier lines are left out)"] if left > 0 else []
        st.code("\n".join([*first, *run.lines[-_MOST_LINES:]]), language=None, wrap_lines=True)


def _cost(one: AppliedMigration) -> str:
    return f"{plural(one.statement_count, 'statement')}, {figures.duration(one.duration_ms)}"
