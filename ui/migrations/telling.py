"""What the page of migrations tells first: where the database stands."""

from __future__ import annotations

from data.operations.migrations import Look, MigrationRun
from ui import page
from ui.asking import filters
from ui.drawing.cards import Card
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural

WRONG = "wrong"  # what one may ask for beside "applied" and "pending": where files and database disagree
STATES = {
    "applied": ("well", "applied"),
    "pending": ("waiting", "pending"),
    "edited": ("broken", "edited since"),
    "out of order": ("attention", "out of order"),
    "remote only": ("broken", "unknown here"),
}


def summary(view: View, found: Look, run: MigrationRun | None) -> None:
    """The first sentence: up to date, something to apply, or something in the way."""
    status = found.status
    if run is not None and not run.is_over:
        since = figures.moment(run.started_at, view.zone, view.as_of)
        page.say(f"{run.by} is applying {plural(len(run.versions), 'migration')} since {since}.", state="signal")
        return
    wrong = [
        f"{number} {words}"
        for number, words in (
            (status.count("edited"), "edited since being applied"),
            (status.count("remote only"), "applied to the database and unknown to this checkout"),
            (status.count("out of order"), "older than the newest applied one"),
        )
        if number
    ]
    if found.is_running_elsewhere:
        page.say("Somebody else is applying migrations to this database at this moment.", state="signal")
    elif wrong:
        waiting = f"; {plural(len(found.pending), 'migration waits', 'migrations wait')}" if found.pending else ""
        page.say(f"The files and the database disagree: {listed(wrong)}{waiting}.", state="broken")
    elif found.pending and run is not None and run.error is not None:
        when = figures.moment(run.started_at, view.zone, view.as_of)
        waiting = plural(len(found.pending), "migration waits", "migrations wait")
        page.say(f"The run of {when} failed, and {waiting} to be applied.", state="broken")
    elif found.pending:
        page.say(f"{plural(len(found.pending), 'migration waits', 'migrations wait')} to be applied.", state="waiting")
    elif not status.migrations:
        page.say("There are no migrations, neither here nor in the database.", state="unknown")
    else:
        page.say(_current(found), state="well")
    for notice in status.notices:
        page.note(notice)


def _current(found: Look) -> str:
    count = len(found.status.migrations)
    words = f"The database is up to date: {plural(count, 'migration is', 'migrations are')} applied, none was edited"
    blind = sum(not one.is_comparable for one in found.status.migrations)
    return f"{words}." if not blind else f"{words} as far as can be seen ({blind} recorded without their statements)."


def figures_of(view: View, found: Look) -> list[Card]:
    """How many are in which state, and when the last one was applied."""
    status = found.status
    timed = [(one.applied_at, one.version) for one in status.migrations if one.applied_at]
    wrong = status.count("edited") + status.count("remote only") + status.count("out of order")
    last, newest = max(timed, default=(None, None))

    def led(state: str) -> str:
        return filters.here(view, state=state, page=None)

    return [
        Card("Applied", figures.count(status.count("applied")), address=led("applied")),
        Card(
            "Pending",
            figures.count(len(found.pending)),
            address=led("pending"),
            state="waiting" if found.pending else None,
        ),
        Card(
            "Edited, unknown, out of order",
            figures.count(wrong),
            address=led(WRONG),
            state="broken" if wrong else None,
        ),
        Card(
            "Last applied",
            figures.moment_with_zone(last, view.zone, view.as_of) if last else "not recorded",
            note=None if last else "by this console",
            address=filters.here(view, version=newest) if newest else None,
        ),
    ]
