"""The rows of backups that were tried: begun, ended, and closed for processes that are gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg

from data import audit, database
from data.access import Actor
from data.backup import folder
from data.backup.errors import AlreadyRunning
from data.backup.programs import APPLICATION_NAME
from data.database import Unit

Kind = Literal["manual", "scheduled"]


# Held by the process of a running backup, one per database: whoever holds it lives, whatever host it is on.
LOCK = {"class": 1_650_549_616, "object": 1}


@dataclass(frozen=True)
class Begun:
    """The row of a run that has begun."""

    run_id: int
    started_at: datetime
    database_name: str


@dataclass(frozen=True)
class End:
    """How a run ended; what is not known of a failed one is None."""

    status: Literal["succeeded", "failed"]
    dump_version: str | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    listed_entries: int | None = None
    listed_tables: int | None = None
    missing_tables: list[str] | None = None
    error_message: str | None = None


def this_host() -> str:
    """The name of this machine, as rows tell it."""
    return socket.gethostname()


def begin(actor: Actor | None, kind: Kind, server: Mapping[str, Any]) -> Begun:
    """Write the row of a new run with its audit row. Raises AlreadyRunning, NotAllowed, DatabaseUnavailable."""
    opening = database.operating("real") if actor is None else database.writing(actor)
    try:
        with opening as unit:
            row = unit.row(
                "backup.begin_run",
                kind=kind,
                actor_id=actor.user_id if actor else None,
                actor_email=actor.email if actor else audit.OPERATOR,
                host=this_host(),
                process_id=os.getpid(),
                database_name=server["database_name"],
                server_version=server["server_version"],
            )
            assert row is not None  # noqa: S101 - it returns what it inserts
            audit.record(unit, actor, "started a backup", f"backup:{row['id']}", {"kind": kind})
    except psycopg.errors.UniqueViolation as error:
        raise AlreadyRunning from error
    return Begun(row["id"], row["started_at"], server["database_name"])


def finish(actor: Actor | None, run_id: int, end: End) -> datetime:
    """Write how a run ended, with its audit row. As the owner: who began it may have lost the role meanwhile."""
    with database.operating("real") as unit:
        finished_at: datetime = unit.value("backup.finish_run", run_id=run_id, **asdict(end))
        told = {name: value for name, value in asdict(end).items() if value is not None and name != "status"}
        action = "made a backup" if end.status == "succeeded" else "a backup failed"
        audit.record(unit, actor, action, f"backup:{run_id}", told)
    return finished_at


def close_abandoned(ours: Collection[int], directory: Path, *, lock_is_ours: bool = False) -> int:
    """Close the runs whose process is gone; how many. `ours` are the runs that this process is at.

    With `lock_is_ours` this process has just taken the lock: so whoever else is written down as running has lost it.
    Raises DatabaseUnavailable.
    """
    with database.operating("real") as unit:
        found = unit.rows("backup.list_running", **LOCK)
        gone = [row for row in found if row["id"] not in ours and (lock_is_ours or not _lives(row))]
        closed = sum(_close(unit, row, directory) for row in gone)
        if closed:
            # A dump that its system did not end with its process would go on, and hold on to its tables.
            unit.value("backup.end_orphans", lock_is_ours=lock_is_ours, application=APPLICATION_NAME, **LOCK)
        return closed


def _close(unit: Unit, row: Mapping[str, Any], directory: Path) -> int:
    reason = _why_closed(row, directory)
    if unit.run("backup.close_run", run_id=row["id"], error_message=reason) == 0:
        return 0  # it has ended by itself since we looked
    audit.record(unit, None, "closed an abandoned backup", f"backup:{row['id']}", {"reason": reason}, by=audit.CONSOLE)
    return 1


def _why_closed(row: Mapping[str, Any], directory: Path) -> str:
    process = f"The process that made it (process {row['process_id']} on {row['host']}) ended before"
    name = folder.name_of(row["database_name"], row["started_at"].astimezone(UTC), row["id"])
    if (directory / name).is_file():  # a file gets its name after it was read back
        return f"{process} that could be written down. Its file {name} is whole all the same, but is not counted here."
    left = "is removed" if row["host"] == this_host() else f"may still lie on {row['host']}"
    return f"{process} the backup was whole. Its unfinished file {left}."


def _lives(row: Mapping[str, Any]) -> bool:
    """Whether the process of a run is still at it: it holds the lock, and where it is on this machine, it is another
    than ours and exists."""
    if row["host"] == this_host() and (row["process_id"] == os.getpid() or not _exists(row["process_id"])):
        return False
    return bool(row["is_locked"])


def _exists(process_id: int) -> bool:
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(process_id, 0)
        return True
    return False
