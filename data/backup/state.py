"""What is known of the backups of a database: the last good one, when the next is due, the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from data import database
from data.access import Actor
from data.backup import folder, records, running
from data.backup.dumping import Progress
from data.database import Unit

# How far the newest ones are looked through for one whose file is still there.
_MOST_GOOD = 50
# A timer that makes one every day makes it some minutes later every day: so much of the interval is no alarm yet.
_GRACE = 1 / 12

FileState = Literal["there", "gone", "changed", "elsewhere", "unseen", "removed"]

# Schemas of Supabase's own machinery, which mostly nobody but Supabase may read and a restored project brings anew.
MACHINERY = ("_realtime", "realtime", "_analytics", "pgbouncer", "supabase_functions")


@dataclass(frozen=True)
class BackupRun:
    """One backup that was tried. `file_state` is what became of its file: `elsewhere` is on another machine and
    `unseen` in a folder that does not let us look, so that neither can be checked from here; `removed` is one that
    somebody has removed; None where there never was one. Sizes in bytes."""

    run_id: int
    kind: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    started_by_email: str | None
    host: str
    process_id: int
    database_name: str
    server_version: str | None
    dump_version: str | None
    file_name: str | None
    size_bytes: int | None
    sha256: str | None
    listed_entries: int | None
    listed_tables: int | None
    missing_tables: tuple[str, ...]
    error_message: str | None
    removed_at: datetime | None = None
    removed_by_email: str | None = None
    file_state: FileState | None = None

    @property
    def is_out_of_sight(self) -> bool:
        """Whether its file is where it cannot be looked at from here."""
        return self.file_state in ("elsewhere", "unseen")

    @property
    def lacking(self) -> tuple[str, ...]:
        """The missing tables that somebody would miss."""
        return lacking(self.missing_tables)

    @property
    def duration_ms(self) -> float | None:
        """How long it took."""
        return (self.finished_at - self.started_at).total_seconds() * 1000 if self.finished_at else None


@dataclass(frozen=True)
class BackupState:
    """The last backup that can be relied on, what has been tried since, and when the next is due.

    `last_good` is the newest whole one that has its file, or one on a machine that cannot be looked at from here; only
    where there is no such is it the newest that lacks tables. `lost` are better ones whose file is gone or changed.
    `last_lacking` is the newest that lacks tables, where none that is whole was made after it. `since` is where the
    clock begins while there is none. `due_at` None: nothing is known from which it could be told, which is no good
    sign.
    """

    last_good: BackupRun | None
    lost: tuple[BackupRun, ...]
    last_lacking: BackupRun | None
    last_failure: BackupRun | None
    running: BackupRun | None
    since: datetime | None
    every_hours: int

    @property
    def due_at(self) -> datetime | None:
        """When the next one is due."""
        begins = self.last_good.started_at if self.last_good else self.since
        return begins + timedelta(hours=self.every_hours) if begins else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether the next one should have been made by now, with a little patience; also where nothing is known."""
        return is_overdue(self.due_at, self.every_hours, now)

    def is_due(self, now: datetime) -> bool:
        """Whether the next one is due by now."""
        return self.due_at is None or now > self.due_at


def is_overdue(due_at: datetime | None, every_hours: int, now: datetime) -> bool:
    """Whether what was due then should have been made by now, with a little patience; also where that is not known."""
    return due_at is None or now > due_at + timedelta(hours=every_hours * _GRACE)


@dataclass(frozen=True)
class Seen:
    """What can be seen of a backup that runs: `progress` where it runs in this process, else the size of its file."""

    run: BackupRun
    progress: Progress | None
    bytes_written: int | None


def read_state(actor: Actor | None, *, directory: str, every_hours: int) -> BackupState:
    """The state of the backups; runs whose process is gone are closed by this look.

    `actor` None is the operator at the command line. Raises NotAllowed, DatabaseUnavailable.
    """
    if actor is not None:
        actor.must("view_backups")
    rows = _latest(actor)
    if any(row["part"] == "running" for row in rows):
        running.look_after(Path(directory))
        rows = _latest(actor)
    good = [_run(row, Path(directory)) for row in rows if row["part"] == "good"]
    kept = next((run for run in good if run.file_state == "there" or run.is_out_of_sight), None)
    lacks, failure, runs = (
        next((_run(row, Path(directory)) for row in rows if row["part"] == part), None)
        for part in ("lacking", "failure", "running")
    )
    if lacks and kept and lacks.started_at < kept.started_at:
        lacks = None
    lost = good[: good.index(kept)] if kept else good
    since = None if kept else read_beginning(actor)
    return BackupState(kept, tuple(lost), lacks, failure, runs, since, every_hours)


def list_runs(actor: Actor | None, *, directory: str, limit: int = 25, offset: int = 0) -> list[BackupRun]:
    """One page of the history, the newest first. Raises as `read_state`."""
    if actor is not None:
        actor.must("view_backups")
    with _reading(actor) as unit:
        return [_run(row, Path(directory)) for row in unit.rows("backup.list_runs", limit=limit, offset=offset)]


def count_runs(actor: Actor) -> int:
    """How many backups the history holds. Raises as `read_state`."""
    actor.must("view_backups")
    with database.reading(actor) as unit:
        total: int = unit.value("backup.count_runs")
    return total


def read_good(actor: Actor | None, *, directory: str, most: int) -> list[BackupRun]:
    """The newest successful backups whose files nobody has removed, the newest first. Raises as `read_state`."""
    if actor is not None:
        actor.must("view_backups")
    with _reading(actor) as unit:
        return [_run(row, Path(directory)) for row in unit.rows("backup.list_good", most=most)]


def watch(actor: Actor, *, directory: str) -> Seen | None:
    """How far the running backup is; None where none runs. Raises as `read_state`."""
    actor.must("view_backups")
    rows = [row for row in _latest(actor) if row["part"] == "running"]
    if not rows:
        return None
    run = _run(rows[0], Path(directory))
    progress = running.progress_of(run.run_id)
    if progress is not None:
        return Seen(run, replace(progress), progress.bytes_written)
    running.look_after(Path(directory))
    return Seen(run, None, _size(folder.draft_path(Path(directory), run.database_name, run.run_id)))


def _reading(actor: Actor | None) -> AbstractContextManager[Unit]:
    return database.operating("real") if actor is None else database.reading(actor)


def _latest(actor: Actor | None) -> list[dict[str, Any]]:
    with _reading(actor) as unit:
        return unit.rows("backup.list_latest", most=_MOST_GOOD, machinery=list(MACHINERY))


def read_beginning(actor: Actor | None) -> datetime | None:
    """Since when the console is here: as the owner, because managers may not read what migrations did.

    Raises NotAllowed, DatabaseUnavailable.
    """
    if actor is not None:
        actor.must("view_backups")
    with database.operating("real") as unit:
        found: datetime | None = unit.value("backup.find_beginning")
    return found


def _run(row: Mapping[str, Any], directory: Path) -> BackupRun:
    known = {name: row[name] for name in BackupRun.__dataclass_fields__ if name in row}
    run = BackupRun(run_id=row["id"], **known | {"missing_tables": tuple(row["missing_tables"] or ())})
    if run.status != "succeeded" or run.file_name is None:
        return run
    if run.removed_at is not None:
        return replace(run, file_state="removed")
    return replace(run, file_state=file_state(directory, run.file_name, run.size_bytes, run.host))


def file_state(directory: Path, file_name: str, size_bytes: int | None, host: str) -> FileState:
    """What became of the file of a backup that was whole once."""
    if Path(file_name).name != file_name:  # none of ours is named like that, and others' files are not looked at
        return "gone"
    try:
        size = (directory / file_name).stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return "gone" if host == records.this_host() else "elsewhere"
    except OSError:
        return "unseen"
    return "there" if size == size_bytes else "changed"


def lacking(missing_tables: Iterable[str]) -> tuple[str, ...]:
    """Those of the tables missing from a backup that somebody would miss: not of Supabase's own machinery."""
    return tuple(name for name in missing_tables if name.partition(".")[0] not in MACHINERY)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
