"""Migrations from the pages: what is applied and pending, one of them, and applying what is pending in a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from data import audit, database, migration, upgrade
from data.access import Actor, Dataset
from data.errors import Conflict, NotFound, SignalboxError
from data.migration import MigrationStatus, Status, history
from data.migration.apply import RUNNER_LOCK, AppliedMigration
from data.migration.connection import connected
from data.migration.files import read_folder
from data.operations.target import url_of

log = logging.getLogger("signalbox.operations")

_LOCK = {"class": RUNNER_LOCK >> 32, "object": RUNNER_LOCK & 0xFFFFFFFF}


class RunnerAtWork(Conflict):
    """Somebody else is applying migrations to this database at this moment; nothing was started. Look again soon."""


class PendingChanged(Conflict):
    """What is pending is no longer what you saw, so nothing was started. Look at the page again."""


class Blocked(Conflict):
    """The migrations cannot be applied as they are; nothing was started."""


@dataclass(frozen=True)
class Look:
    """The state of the migrations, and whether a runner is at work on the database meanwhile."""

    status: Status
    is_running_elsewhere: bool

    @property
    def pending(self) -> tuple[str, ...]:
        """The versions to apply, in their order."""
        return tuple(one.version for one in self.status.migrations if one.state == "pending")


@dataclass(frozen=True)
class OneMigration:
    """One migration with its statements, from its file or, where it is unknown here, from the history."""

    about: MigrationStatus
    statements: tuple[str, ...]
    is_from_history: bool


@dataclass
class MigrationRun:
    """A run that was started from a page; written by its thread, read by others."""

    by: str
    versions: tuple[str, ...]
    started_at: datetime
    lines: list[str] = field(default_factory=list)
    applied: tuple[AppliedMigration, ...] = ()
    error: str | None = None
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self.finished_at is not None


_runs: dict[Dataset, MigrationRun] = {}
_guard = threading.Lock()


def look(actor: Actor) -> Look:
    """What is applied, pending, edited or unknown. Raises NotAllowed, DatabaseUnavailable, TransactionPooler and
    what unreadable files raise."""
    actor.must("run_migrations")
    found = migration.status(url_of(actor), migration.FOLDER)
    with database.operating(actor.dataset) as unit:
        is_running = bool(unit.value("operations.find_runner", **_LOCK))
    return Look(found, is_running)


def read_one(actor: Actor, version: str) -> OneMigration:
    """One migration with its statements. Raises NotFound, and what `look` raises."""
    actor.must("run_migrations")
    url = url_of(actor)
    found = {one.version: one for one in migration.status(url, migration.FOLDER).migrations}
    if version not in found:
        raise NotFound(f"There is no migration {version[:20]} here nor in the history of the database.")
    for file in read_folder(migration.FOLDER).files:
        if file.version == version:
            return OneMigration(found[version], tuple(file.recorded_statements), is_from_history=False)
    with connected(url) as connection:
        recorded = {row.version: row.statements for row in history.read(connection)}
    return OneMigration(found[version], recorded.get(version) or (), is_from_history=True)


def start(actor: Actor, expected: Sequence[str], done: Callable[[], None] | None = None) -> MigrationRun:
    """Apply what is pending, in order, in a thread that goes on whoever closes which page.

    `expected` are the versions that the actor saw; `done` is called after the end. Raises NotAllowed, RunnerAtWork,
    PendingChanged, Blocked and what `look` raises; what comes later stands in the run that is returned.
    """
    actor.must("run_migrations")
    with _guard:
        before = _runs.get(actor.dataset)
        if before is not None and not before.is_over:
            since = f"{before.started_at:%H:%M:%S} UTC"
            raise RunnerAtWork(f"{before.by} has been applying migrations since {since}; nothing more was started.")
        found = look(actor)
        if found.is_running_elsewhere:
            raise RunnerAtWork
        if reason := blocked(found.status):
            raise Blocked(reason)
        if found.pending != tuple(expected) or not expected:
            raise PendingChanged
        run = MigrationRun(actor.email, found.pending, datetime.now(UTC))
        with database.writing(actor) as unit:
            audit.record(unit, actor, "began applying migrations", "migrations", {"versions": list(run.versions)})
        _runs[actor.dataset] = run
    threading.Thread(target=_work, args=(actor, url_of(actor), run, done), name="migrations", daemon=True).start()
    return run


def last_run(actor: Actor) -> MigrationRun | None:
    """The last run that was started from a page of this process. Raises NotAllowed."""
    actor.must("run_migrations")
    with _guard:
        return _runs.get(actor.dataset)


def blocked(status: Status) -> str | None:
    """Why nothing can be applied before somebody has put the files and the history in order; None where they are."""
    if number := status.count("remote only"):
        return (
            f"{number} applied to the database {'is' if number == 1 else 'are'} unknown to this checkout. "
            "Bring the checkout up to date first."
        )
    if number := status.count("edited"):
        return f"{number} {'was' if number == 1 else 'were'} edited after being applied. Put the old text back first."
    if number := status.count("out of order"):
        return (
            f"{number} {'has' if number == 1 else 'have'} an older version than the newest applied one. Give "
            f"{'it a later version' if number == 1 else 'them later versions'}, or apply with --include-all "
            "on the command line."
        )
    return None


def _work(actor: Actor, url: str, run: MigrationRun, done: Callable[[], None] | None) -> None:
    try:
        run.applied = tuple(upgrade.up(url, migration.FOLDER, run.lines.append))
    except SignalboxError as error:
        run.error = error.sentence
    except Exception:  # whatever it was, the page must show a run that ended, and the log why
        log.exception("migrations failed")
        run.error = "Something unexpected went wrong; the log of the console says more."
    try:
        _record(actor, run)
    except SignalboxError:
        log.warning("the end of a run of migrations could not be written down")
    if done is not None:
        done()
    run.finished_at = datetime.now(UTC)


def _record(actor: Actor, run: MigrationRun) -> None:
    """As the owner: who began it may have lost the role meanwhile."""
    detail = {
        "applied": [{"version": one.version, "outcome": one.outcome, "ms": one.duration_ms} for one in run.applied],
        "error": run.error,
    }
    action = "applied migrations" if run.error is None else "applying migrations failed"
    with database.operating(actor.dataset) as unit:
        audit.record(unit, actor, action, "migrations", detail)
