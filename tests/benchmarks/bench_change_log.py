"""What the change log costs a writer: the same statements on a table with its triggers and on a twin without them."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from data import embedded, migration
from tests.benchmarks.figures import Figure, figure

ROUNDS = 300  # of each statement on each table, interleaved
ROWS = 100  # of a COPY
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLES = ("tool_events", "twin")
_COLUMNS = "session_id, tool_name, phase, success, execution_time_ms, error_message, created_at, call_id"

Write = Callable[[psycopg.Connection, str], object]


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """COPY of ROWS rows and single rows with durable commits and without, each as a ratio of medians."""
    with tempfile.TemporaryDirectory() as folder, embedded.lease(Path(folder) / "home") as lease:
        migration.up(lease.url(), migration.FOLDER, progress=lambda _: None)
        with psycopg.connect(lease.url(), autocommit=True) as connection:
            session_pk = _prepare(connection)
            return [
                _compare(connection, f"COPY of {ROWS} rows", _copying(session_pk), "off", 1.10, rounds),
                _compare(connection, "single rows, durable", _inserting(session_pk), "on", 1.10, rounds),
                _compare(connection, "single rows, not durable", _inserting(session_pk), "off", 1.15, rounds),
            ]


def _prepare(connection: psycopg.Connection) -> UUID:
    session_pk = uuid4()
    connection.execute("insert into chronicle.sessions (id, session_id) values (%s, 'bench')", (session_pk,))
    connection.execute("create table chronicle.twin (like chronicle.tool_events including all)")
    connection.execute("alter table chronicle.twin add foreign key (session_id) references chronicle.sessions (id)")
    connection.execute("alter table chronicle.twin add foreign key (event_id) references chronicle.events (id)")
    return session_pk


def _copying(session_pk: UUID) -> Write:
    rows = [
        (session_pk, "Bash", "post", True, 120, None, AT + timedelta(seconds=number), uuid4()) for number in range(ROWS)
    ]

    def write(connection: psycopg.Connection, table: str) -> None:
        statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier("chronicle", table), sql.SQL(_COLUMNS))
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    return write


def _inserting(session_pk: UUID) -> Write:
    row = (session_pk, "Bash", "post", True, 120, None, AT, uuid4())

    def write(connection: psycopg.Connection, table: str) -> None:
        statement = sql.SQL("insert into {} ({}) values (%s, %s, %s, %s, %s, %s, %s, %s)").format(
            sql.Identifier("chronicle", table), sql.SQL(_COLUMNS)
        )
        connection.execute(statement, row, prepare=True)

    return write


def _compare(
    connection: psycopg.Connection, name: str, write: Write, synchronous_commit: str, bound: float, rounds: int
) -> Figure:
    connection.execute("select set_config('synchronous_commit', %s, false)", (synchronous_commit,))
    took: dict[str, list[float]] = {table: [] for table in TABLES}
    for number in range(rounds + 20):
        for table in TABLES[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            write(connection, table)
            if number >= 20:  # the first ones warm plans and pages
                took[table].append(time.perf_counter() - began)
    with_triggers, without = (statistics.median(took[table]) * 1e6 for table in TABLES)
    return figure(
        f"change log, {name}",
        round(with_triggers),
        "µs",
        round(without),
        at_most=bound,
        how=f"chronicle.tool_events against a twin without triggers, medians of {rounds} interleaved statements, "
        f"synchronous_commit {synchronous_commit}, one client over loopback",
    )
