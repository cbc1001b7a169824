"""Makes backups: at most one of a database at a time, from the command line or in a thread of the console."""

from __future__ import annotations

import logging
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from data import audit, database
from data.access import Actor
from data.backup import dumping, folder, programs, records
from data.backup.connection import connect, server_of
from data.backup.dumping import Connection, Progress
from data.backup.errors import (
    AlreadyRunning,
    BackupError,
    DemoNeedsNone,
    NotHere,
    NotWrittenDown,
    Stopped,
)
from data.backup.records import End, Kind
from data.database.queries import find
from data.database.translating import translated_errors
from data.errors import DatabaseUnavailable, SignalboxError

log = logging.getLogger("signalbox.backup")

PAUSES_S = (1.0, 5.0, 20.0)  # before writing down the end of a whole backup is tried again


@dataclass(frozen=True)
class Source:
    """What is backed up and where to: `url` holds a password, `first_programs` is where pg_dump is looked for first."""

    url: str = field(repr=False)
    folder: Path
    first_programs: Path | None = None


@dataclass(frozen=True)
class Made:
    """A whole backup: its file and what reading its list back found."""

    run_id: int
    path: Path
    size_bytes: int
    sha256: str
    listed_entries: int
    listed_tables: int
    missing_tables: tuple[str, ...]
    seconds: float


@dataclass
class Run:
    """A backup that has begun: its row is written and its lock is held until `complete` has returned."""

    run_id: int
    actor: Actor | None
    source: Source
    begun: records.Begun
    connection: Connection
    server: dict[str, Any]
    programs: programs.Programs = field(init=False)
    progress: Progress = field(default_factory=Progress)
    stopping: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    stopped_by: str | None = None

    def complete(self) -> Made:
        """Write the file, read its list back, give it its name and write the row's end.

        Raises a BackupError, which the row holds as well; whatever happens, no unfinished file is left.
        """
        try:
            made = self._make()
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._let_go()
        return made

    def prepare(self) -> None:
        """Look for programs that fit the server, so that who begins it hears at once that there are none.

        Raises NoDumpProgram, which the row holds as well.
        """
        try:
            self.programs = programs.choose(
                self.server["server_version"],
                self.server["server_major"],
                needs_tls=self.connection.pgconn.ssl_in_use,
                first=self.source.first_programs,
            )
        except BaseException as error:
            self._failed(error)
            self._let_go()
            raise

    def stop(self, by: str) -> None:
        """Ask it to end; its row says by whom."""
        self.stopped_by = by
        self.stopping.set()

    def _make(self) -> Made:
        source, begun = self.source, self.begun
        before = dumping.read_tables(self.connection)
        self.progress.tables_total = len(before.with_rows)
        fitting = self.programs
        with folder.draft(source.folder, begun.database_name, self.run_id) as draft:
            dumping.run(
                dumping.Dump(
                    source.url, fitting, draft, before.unreadable, self.progress, self.stopping, self._heartbeat
                )
            )
            self.progress.phase = "checking"
            listed = dumping.read_list(fitting, draft.path)
            after = dumping.read_tables(self._connected())
            sha256, size_bytes = folder.checksum(draft.path), draft.size_bytes
            if self.stopping.is_set():
                raise Stopped
            name = folder.name_of(begun.database_name, begun.started_at.astimezone(UTC), self.run_id)
            path = folder.keep(draft, name)
        missing = dumping.missing(before, after, listed)
        end = End(
            "succeeded",
            fitting.version,
            path.name,
            size_bytes,
            sha256,
            listed.entries,
            len(listed.tables),
            missing,
        )
        finished_at = self._written_down(end, path)
        self.progress.phase = "done"
        seconds = (finished_at - begun.started_at).total_seconds()
        return Made(self.run_id, path, size_bytes, sha256, listed.entries, len(listed.tables), tuple(missing), seconds)

    def _written_down(self, end: End, path: Path) -> datetime:
        """Write the end of a whole backup, trying again for a while: a good file should not be out of sight because
        the database went away for a moment. Raises NotWrittenDown."""
        for pause_s in (*PAUSES_S, None):
            try:
                return records.finish(self.actor, self.run_id, end)
            except DatabaseUnavailable as error:
                if pause_s is None or self.stopping.wait(pause_s):
                    raise NotWrittenDown(
                        f"The file {path} is whole and stays, but the database does not answer any more, so the backup "
                        "could not be written down and is not counted."
                    ) from error
        raise AssertionError("the last round returns or raises")

    def _failed(self, error: BaseException) -> None:
        if isinstance(error, Stopped):
            error.sentence = f"Stopped by {self.stopped_by or 'somebody'}; the unfinished file was removed."
        if isinstance(error, SignalboxError):
            reason = error.sentence
        elif isinstance(error, KeyboardInterrupt):
            reason = "Stopped at the terminal; the unfinished file was removed."
        else:
            log.exception("backup failed", extra={"run_id": self.run_id})
            reason = f"The backup failed ({type(error).__name__}); the log of the console says more."
        try:
            records.finish(self.actor, self.run_id, End("failed", error_message=reason))
        except SignalboxError:  # the database is away: whoever looks next closes the row
            log.warning("the end of a backup could not be written down", extra={"run_id": self.run_id})

    def _let_go(self) -> None:
        with _guard:
            _runs.pop(self.run_id, None)
        with suppress(psycopg.Error):
            self.connection.close()
        self.is_over.set()

    def _heartbeat(self) -> None:
        with suppress(psycopg.Error):
            self.connection.execute(find("console.answer").text)

    def _connected(self) -> Connection:
        """The connection with the lock, or a new one where it was lost on the way: the dump itself came to its end."""
        self._heartbeat()
        if self.connection.closed:
            self.connection = connect(self.source.url)
        return self.connection


_runs: dict[int, Run] = {}
_guard = threading.Lock()


def begin(actor: Actor | None, source: Source, kind: Kind = "manual") -> Run:
    """Begin a backup: after this its row is there. `actor` None is the operator at the command line.

    Raises NotAllowed, AlreadyRunning, PoolerRefused, OtherDatabase, ReplicaRefused, DemoNeedsNone,
    DatabaseUnavailable, WrongSetting.
    """
    if actor is not None:
        actor.must("run_backups")
        if actor.dataset != "real":
            raise DemoNeedsNone
    with translated_errors(), ExitStack() as opened:
        connection = opened.enter_context(connect(source.url))
        server = server_of(connection)
        taken = connection.execute(find("backup.try_lock").text, records.LOCK).fetchone()
        if taken is None or not taken["is_taken"]:
            raise AlreadyRunning(_who_runs())
        _look_after(source.folder, lock_is_ours=True)
        with _guard:  # or a look at this moment would find a row of this process that it is not at
            begun = records.begin(actor, kind, server)
            run = Run(begun.run_id, actor, source, begun, connection, server)
            _runs[run.run_id] = run
        opened.pop_all()
    run.prepare()
    return run


def start(actor: Actor, source: Source) -> int:
    """Begin a backup that goes on in a thread of this process, whoever closes which page; the number of its run.

    Raises what `begin` raises; what comes later stands in the row of the run.
    """
    run = begin(actor, source)

    def work() -> None:
        with suppress(BackupError, SignalboxError):  # the row and the log hold it
            run.complete()

    threading.Thread(target=work, name=f"backup-{run.run_id}", daemon=True).start()
    return run.run_id


def look_after(directory: Path) -> None:
    """Close the runs whose process is gone and remove their unfinished files. Raises DatabaseUnavailable."""
    _look_after(directory, lock_is_ours=False)


def _look_after(directory: Path, *, lock_is_ours: bool) -> None:
    with _guard:
        ours = set(_runs)
    records.close_abandoned(ours, directory, lock_is_ours=lock_is_ours)
    folder.sweep(directory)


def progress_of(run_id: int) -> Progress | None:
    """How far a run of this process is; None for one that is elsewhere or over."""
    with _guard:
        run = _runs.get(run_id)
    return run.progress if run else None


def stop(actor: Actor, run_id: int) -> None:
    """Stop a run of this process; its file is removed and its row says by whom.

    Raises NotAllowed, NotHere, DatabaseUnavailable.
    """
    actor.must("run_backups")
    with _guard:
        run = _runs.get(run_id)
    if run is None:
        raise NotHere
    with database.operating("real") as unit:
        audit.record(unit, actor, "stopped a backup", f"backup:{run_id}")
    run.stop(actor.email)


def stop_all() -> None:
    """Stop what runs in this process, which is about to end, and wait until the rows say so."""
    with _guard:
        runs = list(_runs.values())
    for run in runs:
        run.stop("the end of the console")
    for run in runs:
        run.is_over.wait(dumping.END_S)


def _who_runs() -> str:
    with database.operating("real") as unit:
        rows = unit.rows("backup.list_running", **records.LOCK)
    if not rows:
        return "A backup of this database is about to begin in another process; look again in a moment."
    row = rows[-1]
    who, since = row["started_by_email"] or "somebody", f"{row['started_at'].astimezone(UTC):%H:%M:%S} UTC"
    return f"A backup is running already: {who} started it at {since} (process {row['process_id']} on {row['host']})."
