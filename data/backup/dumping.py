"""One pg_dump from start to end: started, watched, stopped when asked, and what it wrote read back as a list."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow

from data.backup import folder
from data.backup.errors import BackupError, DiskFull, Stopped
from data.backup.folder import Draft
from data.backup.programs import Programs, environment
from data.database.queries import find

Connection = psycopg.Connection[DictRow]

POLL_S = 0.2
HEARTBEAT_S = 20.0  # so that nothing on the way takes the connection that holds the lock for an idle one
LOCK_WAIT_MS = 60_000  # a backup that waits longer for a table says so instead of hanging
END_S = 10.0  # how long pg_dump may take to end when it was asked to

# The signal comes when the thread ends that started the program and waits for it; it may have died before this asks.
_ENDS_WITH_PARENT = """
import os, signal, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
except (ImportError, AttributeError, OSError):
    pass
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

_DUMPING = re.compile(r'dumping contents of table "(.+)"')
_COMPLAINT = re.compile(r"pg_dump: (?:error|detail|hint|warning): ")
_ENTRY = re.compile(r"^\d+; (\d+) (\d+) (.+)$")
_KEPT_LINES = 12


@dataclass
class Progress:
    """How far a backup is; written by its thread, read by others. `phase`: starting, dumping, checking or done."""

    phase: str = "starting"
    bytes_written: int = 0
    tables_done: int = 0
    tables_total: int = 0
    table: str | None = None


@dataclass(frozen=True)
class Tables:
    """The tables of a database by their oid: their names, which of them hold rows and which nobody may read."""

    names: dict[int, str]
    with_rows: frozenset[int]
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """What a finished file says it holds: how many entries, and the data of which tables, by oid."""

    entries: int
    tables: frozenset[int]


@dataclass
class Dump:
    """What one run of pg_dump needs: where from, where to, and how others see and stop it."""

    url: str = field(repr=False)
    programs: Programs
    draft: Draft
    excluded: Sequence[str]
    progress: Progress
    stopping: threading.Event
    heartbeat: Callable[[], None]


def read_tables(connection: Connection) -> Tables:
    """What a dump of this database would hold, as it is now."""
    rows = connection.execute(find("backup.list_tables").text, {}).fetchall()
    return Tables(
        {row["table_id"]: f"{row['schema_name']}.{row['table_name']}" for row in rows},
        frozenset(row["table_id"] for row in rows if row["holds_rows"]),
        tuple(_pattern(row) for row in rows if not row["is_readable"]),
    )


def run(dump: Dump) -> None:
    """Write the draft. Raises Stopped, DiskFull, BackupError with what pg_dump says."""
    command = [
        str(dump.programs.dump),
        "--format=custom",
        "--no-password",
        "--verbose",
        f"--lock-wait-timeout={LOCK_WAIT_MS}",
        f"--file={dump.draft.path}",
        *(f"--exclude-table={pattern}" for pattern in dump.excluded),
    ]
    dump.progress.phase = "dumping"
    # Its messages come through a pipe: when this process dies, the next message ends pg_dump at the latest.
    process = subprocess.Popen(
        _ending_with_us(command),
        env=environment(dump.url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    complaints: list[str] = []
    listener = threading.Thread(target=_listen, args=(process, dump.progress, complaints), daemon=True)
    listener.start()
    try:
        _watch(process, dump)
    finally:
        _end(process)
        listener.join()
    dump.progress.bytes_written = dump.draft.size_bytes
    if process.returncode != 0:
        raise _failure(complaints, process.returncode, dump.draft.path.parent)
    dump.progress.tables_done = dump.progress.tables_total


def read_list(programs: Programs, path: Path) -> Listed:
    """Read a file back with pg_restore --list. Raises BackupError where it cannot be read."""
    told = subprocess.run(
        [programs.restore, "--list", path], capture_output=True, text=True, errors="replace", check=False
    )
    if told.returncode != 0:
        said = (told.stderr.strip().splitlines() or ["it says nothing"])[0]
        raise BackupError(f"The finished file cannot be read back: pg_restore says “{said}”. It was removed.")
    entries = [match for line in told.stdout.splitlines() if (match := _ENTRY.match(line))]
    # The data of a table carries no catalogue of its own (0), but the number of the table.
    tables = {int(match[2]) for match in entries if match[1] == "0" and match[3].startswith("TABLE DATA ")}
    return Listed(len(entries), frozenset(tables))


def missing(before: Tables, after: Tables, listed: Listed) -> list[str]:
    """The tables that the database had before and after the dump and whose rows the file has not."""
    lasting = before.with_rows & after.with_rows
    return sorted(after.names[table] for table in lasting - listed.tables)


def _pattern(row: dict[str, Any]) -> str:
    """A name as pg_dump's patterns take it literally."""
    return ".".join('"{}"'.format(str(row[part]).replace('"', '""')) for part in ("schema_name", "table_name"))


def _ending_with_us(command: Sequence[str]) -> list[str]:
    """The command such that the system ends it when this process is killed, where the system can.

    A program between sets that up and becomes the command. In a function between fork and exec it could wait forever
    for what another thread held at the fork.
    """
    if sys.platform != "linux" or not sys.executable:
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _ENDS_WITH_PARENT, str(os.getpid()), *command]


def _watch(process: subprocess.Popen[str], dump: Dump) -> None:
    beaten = time.monotonic()
    while process.poll() is None:
        if dump.stopping.wait(POLL_S):
            raise Stopped
        dump.progress.bytes_written = dump.draft.size_bytes
        if time.monotonic() - beaten > HEARTBEAT_S:
            dump.heartbeat()
            beaten = time.monotonic()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    if process.poll() is None:
        process.kill()
        process.wait()


def _listen(process: subprocess.Popen[str], progress: Progress, complaints: list[str]) -> None:
    assert process.stderr is not None  # noqa: S101 - it was asked for
    with process.stderr:
        for line in process.stderr:
            if table := _DUMPING.search(line):
                progress.tables_done += progress.table is not None
                progress.table = table[1]
            elif (complaints or _COMPLAINT.match(line)) and len(complaints) < _KEPT_LINES:
                complaints.append(line.strip().removeprefix("pg_dump: "))


def _failure(complaints: Sequence[str], status: int, directory: Path) -> BackupError:
    said = " ".join(line for line in complaints if not line.startswith("detail: Query was: "))
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return DiskFull(folder.disk_full(directory))
    if "statement timeout" in said or "lock timeout" in said:  # by these pg_dump waits for its tables
        return BackupError(
            f"A table was locked by somebody else for more than {LOCK_WAIT_MS // 1000} s, so the backup was given up. "
            "The page of the database shows who holds it; try again when that is over."
        )
    if "row-level security" in said:
        return BackupError(
            f"Row-level security hides rows from the role of the console, so the backup would not be whole: {said} "
            "Connect as the owner of the tables or a role with BYPASSRLS."
        )
    if "permission denied" in said:
        return BackupError(f"The role of the console may not read everything: {said} Connect as the owner.")
    if "server closed the connection" in said or "could not connect" in said or "connection to server" in said:
        return BackupError(f"The connection to the database was lost or refused, so the backup was given up: {said}")
    if status < 0:
        return BackupError(
            f"pg_dump was ended by somebody else or by the system (signal {-status}); short memory may be the reason. "
            "The unfinished file was removed."
        )
    return BackupError(f"pg_dump ended with status {status}: {said or 'it gave no reason'}")
