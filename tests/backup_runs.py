"""For tests of backups: a console to make them in, dumps that stand still, files restored, rows of earlier runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import backup, embedded
from data.backup import records
from data.console import Console, opening
from data.settings import Settings
from tests.embedded_holders import PYTHON_PATH

Owner = psycopg.Connection[DictRow]

_TABLES = """
select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
"""


@contextmanager
def console(url: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A console as the pages find it, on a database that is open already."""
    running = Console(Settings(home=home, database_url=url, admin_database_url=url))
    monkeypatch.setattr(opening, "_running", [running])
    yield running
    for end in running.before_end:
        end()


@contextmanager
def standing_still(url: str, table: str = "agents.jobs") -> Iterator[None]:
    """While this lasts, every dump stands still: somebody holds one of its tables."""
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(*table.split("."))))
        yield


def dumps_of(owner: Owner) -> list[int]:
    """The server's processes that serve a pg_dump of this database."""
    rows = owner.execute(
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'signalbox backup'"
        " and wait_event_type = 'Lock'"
    ).fetchall()
    return [row["pid"] for row in rows]


def until(found: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what has to happen sooner or later."""
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)


def row(owner: Owner, run_id: int | None = None) -> DictRow:
    """The row of a run; the newest by default."""
    found = owner.execute(
        "select * from signalbox.backup_runs where %(id)s::bigint is null or id = %(id)s order by id desc limit 1",
        {"id": run_id},
    ).fetchone()
    assert found is not None
    return found


def recorded(
    owner: Owner,
    at: datetime,
    *,
    status: str = "succeeded",
    file: Path | None = None,
    host: str | None = None,
    missing: list[str] | None = None,
    error: str | None = None,
) -> int:
    """A run of some time ago; with `file`, one whose file is written there."""
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 1000)
    found = owner.execute(
        "insert into signalbox.backup_runs (status, started_at, finished_at, started_by_email, host, process_id,"
        " database_name, file_name, size_bytes, sha256, listed_entries, listed_tables, missing_tables, error_message)"
        " values (%s, %s, %s, 'ada@example.com', %s, 1, current_database(), %s, 1000, 'abc', 900, 40, %s, %s)"
        " returning id",
        (
            status,
            at,
            None if status == "running" else at + timedelta(seconds=4),
            host or records.this_host(),
            file.name if file else "never.dump",
            missing or [],
            error,
        ),
    ).fetchone()
    assert found
    return int(found["id"])


def restored(server: embedded.Lease, path: Path) -> dict[tuple[str, str], int]:
    """Restore a file into a fresh database and count the rows of every table there."""
    name = f"restored_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    try:
        done = subprocess.run(
            [server.binaries / "pg_restore", "--exit-on-error", "--dbname", server.url(name), path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return counts(server.url(name))
    finally:
        server.drop_database(name)


def counts(url: str) -> dict[tuple[str, str], int]:
    """How many rows every table of a database holds."""
    found: dict[tuple[str, str], int] = {}
    with psycopg.connect(url) as connection:
        for schema, table in connection.execute(_TABLES.encode()).fetchall():
            counting = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
            [found[schema, table]] = connection.execute(counting).fetchone() or [0]
    return found


def command(home: Path, url: str, *words: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """`python -m data backup ...` as a process of its own."""
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("DATABASE_", "ADMIN_", "SUPABASE_"))
    }
    given = {"SIGNALBOX_HOME": str(home), "DATABASE_URL": url, "PYTHONPATH": PYTHON_PATH, "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "data", "backup", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=kept | given,
    )


def source(url: str, home: Path) -> backup.Source:
    """What a console on this database would back up."""
    return backup.Source(url, home / "backups")
