"""What the page of backups tells first: can the last one be relied on, and when is the next due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import streamlit as st

from data import backup
from data.backup import BackupRun, BackupState
from ui import page
from ui.backups.place import Place
from ui.drawing.cards import Card
from ui.drawing.markup import code, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural
from ui.wording.sizes import size

_ROOM = 1.5  # times the last backup: less is too little for the next
_MOST_NAMED = 5  # tables in one sentence; the table of runs has them all


def summary(view: View, state: BackupState, kept: Place) -> None:
    """The first sentence, and one line for each thing that is not as it should be."""
    told, words = _first(view, state)
    page.say(words, state=told)
    lines = list(_more(view, state, Path(kept.directory)))
    if lines:
        st.html(tag("ul", *[tag("li", page.mark(mark), line) for mark, line in lines], class_="sb-lines"))


def figures_of(view: View, state: BackupState) -> list[Card]:
    """Age, size, what the list of the file holds, and when the next is due."""
    good, now = state.last_good, view.as_of
    due = state.due_at
    told = _first(view, state)[0]
    cards = [
        Card(
            "Last good backup",
            f"{_age(good.started_at, now)} ago" if good else "none",
            note=figures.moment_with_zone(good.started_at, view.zone, now) if good else None,
            state=told if told != "signal" else None,
        )
    ]
    if good:
        took = f"made in {figures.duration(good.duration_ms)}" if good.duration_ms is not None else None
        tables, entries = plural(good.listed_tables or 0, "table"), plural(good.listed_entries or 0, "entry", "entries")
        checked = f"in {entries}; {figures.count(len(good.missing_tables))} missing"
        cards += [Card("Size", size(good.size_bytes), note=took), Card("Rows read back of", tables, note=checked)]
    if due is not None:
        late = now > due
        value = f"{_age(due, now)} late" if late else f"in {figures.duration((due - now).total_seconds() * 1000)}"
        cards.append(Card("Next due", value, note=f"{figures.moment_with_zone(due, view.zone, now)}, {_every(state)}"))
    return cards


def about(kept: Place) -> None:
    """What such a backup is, where it lies, how it is brought back, and what it says nothing about."""
    page.heading("What this is")
    restore = "pg_restore --exit-on-error --no-owner --dbname=ADDRESS FILE"
    free = backup.free_bytes(Path(kept.directory))
    room = f" {size(free)} are free there." if free is not None else " How much room is left there is not known."
    facts = [
        join(
            "One file per backup in ",
            tag("code", kept.directory),
            " on the machine of the console, for its account alone.",
            room,
            " None is removed unless an admin asks for it.",
        ),
        join(
            "The whole database as pg_dump writes it, in one consistent state, without the roles and passwords of the "
            "server. To bring it back into a new, empty database: ",
            code(restore),
            " (leave the password out of the address: it is asked for, and commands can be seen by others).",
        ),
        join("Read back means that pg_restore lists the file and it holds the rows of the tables. It is no restore."),
        join("A disk that dies takes the files along with it: copy them to another place."),
    ]
    if kept.is_supabase:
        facts.append(
            join(
                "Supabase makes backups of its own where the plan has them. Those are separate: they are not seen from "
                "here, so nothing above says whether there are any. Look in the project's dashboard."
            )
        )
    st.html(tag("ul", *[tag("li", fact) for fact in facts], class_="sb-words", style="font-size:13px"))


def no_demo() -> None:
    """Why there is nothing here while the demo is shown."""
    page.say("The demo is not backed up: it can be made again at any time.", state="unknown")
    page.empty("No backup of made-up rows is recorded.", "Switch to the real data in the menu to see its backups.")


def _first(view: View, state: BackupState) -> tuple[str, str]:
    good, now = state.last_good, view.as_of
    if good is None:
        return _none(view, state)
    age, tables = _age(good.started_at, now), plural(good.listed_tables or 0, "table")
    told = f"The last good backup is {age} old: {size(good.size_bytes)}, read back as the rows of {tables}."
    if state.is_overdue(now):
        since = figures.moment_with_zone(state.due_at, view.zone, now)
        return "broken", (
            f"The backup is overdue since {since}: the last good one is {age} old, and one is due "
            f"{_every(state)}. {_what_to_do(view, state)}"
        )
    if state.lost:
        lost = "The last whole backup" if good.lacking and not state.lost[0].lacking else "A newer backup"
        return "broken", f"{lost} is lost. {told}"
    if good.file_state == "elsewhere":
        return "unknown", f"{told} Its file lies on {good.host} and could not be looked at from here."
    if good.file_state == "unseen":
        return "unknown", f"{told} Its file could not be looked at now: the folder of backups does not let the console."
    if good.lacking:
        return "attention", f"{told} {plural(len(good.lacking), 'table')} could not be read into it."
    if state.is_due(now):
        return "attention", f"{told} The next one is due now."
    due = figures.moment_with_zone(state.due_at, view.zone, now)
    return "well", f"{told} The next one is due at {due}."


def _none(view: View, state: BackupState) -> tuple[str, str]:
    if state.lost:
        files = plural(len(state.lost), "file that was good once is", "files that were good once are")
        return "broken", f"There is no backup: {files} gone or changed. {_what_to_do(view, state)}"
    due = state.due_at
    if due is None:
        return "broken", (
            f"There is no backup of this database; one is due {_every(state)}. {_what_to_do(view, state)}"
        )
    if state.is_overdue(view.as_of):
        since = figures.moment_with_zone(state.since, view.zone, view.as_of)
        return "broken", (
            f"There is no backup of this database, which the console has known since {since}. "
            f"{_what_to_do(view, state)}"
        )
    at = figures.moment_with_zone(due, view.zone, view.as_of)
    return "attention", f"There is no backup yet. The first is due at {at}."


def _what_to_do(view: View, state: BackupState) -> str:
    if state.running is not None:
        return "One is being made now."
    make = "Make one now" if view.actor.can("run_backups") else "Have an admin make one now"
    return f"{make}, and look why the timer did not." if state.last_good or state.lost else f"{make}."


def _more(view: View, state: BackupState, directory: Path) -> Iterator[tuple[str, str]]:
    good, failure = state.last_good, state.last_failure
    for run in state.lost[:3]:
        yield "broken", _lost(view, run)
    if failure is not None and (good is None or failure.started_at > good.started_at):
        when = figures.moment(failure.started_at, view.zone, view.as_of)
        yield "attention", f"The attempt of {when} failed: {figures.shortened(failure.error_message, 400)}"
    lacks = state.last_lacking
    if lacks is not None and (good is None or lacks.run_id != good.run_id):
        when = figures.moment(lacks.started_at, view.zone, view.as_of)
        yield "attention", f"The backup of {when} is not whole. Not in it: the rows of {_missing(lacks)}."
    if good is not None and good.missing_tables:
        told = f"Not in the last good backup: the rows of {_missing(good)}"
        yield (
            ("attention", f"{told}.")
            if good.lacking
            else ("unknown", f"{told}: Supabase's own, which only it may read.")
        )
    free = backup.free_bytes(directory)
    if good is not None and good.size_bytes and free is not None and free < good.size_bytes * _ROOM:
        yield (
            "attention",
            (
                f"Only {size(free)} are free where the backups lie, and the last one took {size(good.size_bytes)}: "
                f"the next may not fit. Move older files from {directory} to another disk."
            ),
        )


def _missing(run: BackupRun) -> str:
    """Those that matter first; only they are an alarm."""
    names = sorted(run.missing_tables, key=lambda name: name not in run.lacking)
    return listed(names[:_MOST_NAMED] + ([f"{more} more"] if (more := len(names) - _MOST_NAMED) > 0 else []))


def _lost(view: View, run: BackupRun) -> str:
    when = figures.moment(run.started_at, view.zone, view.as_of)
    became = "is gone from the disk" if run.file_state == "gone" else "has another size than when it was made"
    return f"The file of the backup of {when}, {run.file_name}, {became}."


def _age(then: datetime, now: datetime) -> str:
    if abs(now - then) < timedelta(minutes=1):
        return "less than a minute"
    return figures.duration(abs((now - then).total_seconds()) * 1000)


def _every(state: BackupState) -> str:
    return f"every {figures.with_unit(state.every_hours, 'h')}" if state.every_hours != 1 else "every hour"
