"""Migrations from the pages: what is applied and pending, one of them, and applying what is pending in a thread.

What is applied is what was shown: a copy of the files is made, compared with what the page showed, and applied.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from data import adoption, audit, database, migration, upgrade
from data.access import Actor, Dataset
from data.errors import Conflict, NotFound, SignalboxError
from data.migration import MigrationStatus, Status, history
from data.migration.apply import RUNNER_LOCK, AppliedMigration
from data.migration.connection import connected, read_only
from data.migration.files import read_folder
from data.migration.statements import joined
from data.operations.target import url_of

log = logging.getLogger("signalbox.operations")

_LOCK = {"class": RUNNER_LOCK >> 32, "object": RUNNER_LOCK & 0xFFFFFFFF}


class RunnerAtWork(Conflict):
    """Somebody else is applying migrations to this database at this moment; nothing was started. Look again soon."""


class PendingChanged(Conflict):
    """What is pending is no longer what you saw, so nothing was started. Look at the page again."""


class EditedSinceSeen(Conflict):
    """A migration reads otherwise than when you saw it, so nothing was started. Read it again."""


class NoRoom(SignalboxError):
    """The migrations could not be copied to be applied, so nothing was started."""


class Blocked(Conflict):
    """The migrations cannot be applied as they are; nothing was started."""


@dataclass(frozen=True)
class Look:
    """The state of the migrations, and whether a runner is at work on the database meanwhile."""

    status: Status
    is_running_elsewhere: bool
    texts: dict[str, str] = field(default_factory=dict)  # the SHA-256 of the file of each pending version

    @property
    def pending(self) -> tuple[str, ...]:
        """The versions to apply, in their order."""
        return tuple(one.version for one in self.status.migrations if one.state == "pending")

    @property
    def seen(self) -> tuple[tuple[str, str], ...]:
        """The pending versions with the SHA-256 of what their files say: what `start` is to apply."""
        return tuple((version, self.texts.get(version, "")) for version in self.pending)


@dataclass(frozen=True)
class OneMigration:
    """One migration with its statements, from its file or, where it is unknown here, from the history."""

    about: MigrationStatus
    statements: tuple[str, ...]
    is_from_history: bool
    sha256: str | None = None  # of the file

    @property
    def text(self) -> str:
        """All statements, each ended by a semicolon, and what comments stand behind them."""
        return joined(self.statements)[0]

    @property
    def statement_count(self) -> int:
        """How many there are to run: a comment behind the last one is none."""
        return joined(self.statements)[1]


@dataclass
class MigrationRun:
    """A run that was started from a page; written by its thread, read by others."""

    by: str
    versions: tuple[str, ...]
    started_at: datetime
    lines: list[str] = field(default_factory=list)
    applied: tuple[AppliedMigration, ...] = ()
    error: str | None = None
    is_recorded: bool = True
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self.finished_at is not None

    @property
    def applied_versions(self) -> tuple[str, ...]:
        """What has been applied so far, also by a run that fails later: by what the runner says as it goes."""
        names = (line.split(maxsplit=2)[1] for line in list(self.lines) if line.startswith("Applied "))
        return tuple(version for name in names if (version := name.partition("_")[0]) in self.versions)


_runs: dict[Dataset, MigrationRun] = {}
_guard = threading.Lock()
_starting = threading.Lock()  # apart, because a look before the start may wait for the network and pages must not


def look(actor: Actor) -> Look:
    """What is applied, pending, edited or unknown. Raises NotAllowed, DatabaseUnavailable and what unreadable files
    raise."""
    actor.must("run_migrations")
    return _look(actor, migration.FOLDER)


def _look(actor: Actor, folder: Path) -> Look:
    found = migration.status(url_of(actor), folder)
    with database.operating(actor.dataset) as unit:
        is_running = bool(unit.value("operations.find_runner", **_LOCK))
    if not any(one.state == "pending" for one in found.migrations):
        return Look(found, is_running)
    return Look(found, is_running, {file.version: file.sha256 for file in read_folder(folder).files})


def read_one(actor: Actor, version: str) -> OneMigration:
    """One migration with its statements. Raises NotFound, and what `look` raises."""
    actor.must("run_migrations")
    url = url_of(actor)
    found = {one.version: one for one in migration.status(url, migration.FOLDER).migrations}
    if version not in found:
        raise NotFound(f"There is no migration {version[:20]} here nor in the history of the database.")
    for file in read_folder(migration.FOLDER).files:
        if file.version == version:
            statements = tuple(file.recorded_statements)
            return OneMigration(found[version], statements, is_from_history=False, sha256=file.sha256)
    with connected(url, to_look=True) as connection, read_only(connection):
        recorded = {row.version: row.statements for row in history.read(connection)}
    return OneMigration(found[version], recorded.get(version) or (), is_from_history=True)


def start(actor: Actor, expected: Sequence[tuple[str, str]], done: Callable[[], None] | None = None) -> MigrationRun:
    """Apply what is pending, in order, in a thread that goes on whoever closes which page.

    `expected` is what the actor saw: each version with the SHA-256 of its file, as `Look.seen` gives them; `done` is
    called after the end. Raises NotAllowed, RunnerAtWork, PendingChanged, EditedSinceSeen, Blocked, NoRoom,
    TransactionPooler and what `look` raises; what comes later stands in the run that is returned.
    """
    actor.must("run_migrations")
    with _starting, ExitStack() as undone:
        before = last_run(actor)
        if before is not None and not before.is_over:
            since = f"{before.started_at:%H:%M:%S} UTC"
            raise RunnerAtWork(f"{before.by} has been applying migrations since {since}; nothing more was started.")
        folder = undone.enter_context(_copied(migration.FOLDER))
        found = _look(actor, folder)
        _must_be_as_seen(found, expected)
        with connected(url := url_of(actor)):
            pass  # a transaction pooler shows what is pending, and is refused before anybody is told of a beginning
        run = MigrationRun(actor.email, found.pending, datetime.now(UTC))
        with database.writing(actor) as unit:
            told = [{"version": version, "sha256": sha256} for version, sha256 in found.seen]
            audit.record(unit, actor, "began applying migrations", "migrations", {"migrations": told})
        with _guard:
            _runs[actor.dataset] = run
        copy = undone.pop_all()
    threading.Thread(target=_work, args=(actor, url, run, folder, copy, done), name="migrations", daemon=True).start()
    return run


def _must_be_as_seen(found: Look, expected: Sequence[tuple[str, str]]) -> None:
    if found.is_running_elsewhere:
        raise RunnerAtWork
    if reason := blocked(found.status):
        raise Blocked(reason)
    if found.pending != tuple(version for version, _ in expected) or not expected:
        raise PendingChanged
    edited = [version for (version, now), (_, then) in zip(found.seen, expected, strict=True) if now != then]
    if edited:
        raise EditedSinceSeen(
            f"{', '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited since this page was shown, so nothing "
            "was started. Read it again, then apply."
        )


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    """A copy of the files as they are now, so that nobody edits them between the look and the last statement."""
    with ExitStack() as undone:
        try:
            copy = Path(tempfile.mkdtemp(prefix="signalbox-migrations-"))
            undone.callback(shutil.rmtree, copy, ignore_errors=True)
            for path in sorted(folder.iterdir()):
                if path.is_file() and not path.name.startswith("."):
                    shutil.copyfile(path, copy / path.name)
        except OSError as error:
            raise NoRoom(f"The migrations could not be copied, so nothing was started: {error.strerror}.") from error
        yield copy


def last_run(actor: Actor) -> MigrationRun | None:
    """The last run that was started from a page of this process, as it is at this moment. Raises NotAllowed.

    To be asked before `look`: then a runner that is found is another one than a run that is over.
    """
    actor.must("run_migrations")
    with _guard:
        run = _runs.get(actor.dataset)
    return replace(run, lines=list(run.lines)) if run else None


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


def _work(
    actor: Actor, url: str, run: MigrationRun, folder: Path, copy: ExitStack, done: Callable[[], None] | None
) -> None:
    with copy, _told(run):
        run.applied = tuple(migration.up(url, folder, run.lines.append, written=upgrade.audited(actor)))
    with _told(run):
        # Also after a failure: what was applied before it may have written staging views anew.
        if (run.applied or run.applied_versions) and (tables := adoption.point_again(url, run.lines.append)):
            run.lines.append(f"Reading adopted tables where they are again: {', '.join(tables)}")
    try:
        _record(actor, run)
    except Exception:
        log.exception("the end of a run of migrations could not be written down")
        run.is_recorded = False
    try:
        if done is not None:
            done()
    except Exception:
        log.exception("what follows migrations failed")
    run.finished_at = datetime.now(UTC)


@contextmanager
def _told(run: MigrationRun) -> Iterator[None]:
    """Whatever goes wrong in the block, the page must show a run that ended, and why."""
    sentence = None
    try:
        yield
    except SignalboxError as error:
        sentence = error.sentence
    except Exception:
        log.exception("migrations failed")
        sentence = "Something unexpected went wrong; the log of the console says more."
    if sentence is not None:
        run.error = sentence if run.error is None else f"{run.error}\n\n{sentence}"


def _record(actor: Actor, run: MigrationRun) -> None:
    """As the owner: who began it may have lost the role meanwhile."""
    outcomes = {one.version: {"outcome": one.outcome, "ms": one.duration_ms} for one in run.applied}
    applied = [{"version": version} | outcomes.get(version, {}) for version in outcomes or run.applied_versions]
    action = "applied migrations" if run.error is None else "applying migrations failed"
    with database.operating(actor.dataset) as unit:
        audit.record(unit, actor, action, "migrations", {"applied": applied, "error": run.error})
