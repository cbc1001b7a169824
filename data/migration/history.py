"""The two tables of what was applied: the history shared with the Supabase CLI, and ours with times.

`supabase_migrations.schema_migrations` is the CLI's; others add columns to it, so columns are always named.
`signalbox.migration_runs` holds what it has no room for; it is made by a migration and may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from data.database.queries import find
from data.migration.connection import Connection
from data.migration.errors import AnotherRunner, HistoryUnreadable
from data.migration.files import MigrationFile
from data.migration.plan import Recorded

HISTORY = "supabase_migrations.schema_migrations"
RUNS = "signalbox.migration_runs"
LOCK_TIMEOUT = "4s"
CREATE_ATTEMPTS = 3
_MADE_BY_SOMEONE_ELSE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateColumn,
)

# Not named queries: these cannot be prepared, and named queries are.
_CREATE = (
    "create schema if not exists supabase_migrations",
    "create table if not exists supabase_migrations.schema_migrations (version text not null primary key)",
    "alter table supabase_migrations.schema_migrations add column if not exists statements text[]",
    "alter table supabase_migrations.schema_migrations add column if not exists name text",
)


@dataclass(frozen=True, slots=True)
class Run:
    """When, by whom and in how many milliseconds our runner applied a migration."""

    version: str
    applied_at: datetime
    applied_by: str
    duration_ms: int


def columns_of(connection: Connection, table: str) -> frozenset[str] | None:
    """The columns of a table, or None where it does not exist."""
    row = connection.execute(find("migration.find_table").text, {"table": table}).fetchone()
    return None if row is None else frozenset(row["columns"])


def prepare(connection: Connection) -> None:
    """Make the shared history where it is missing or has its oldest form; changes nothing otherwise.

    Looks before it creates: "if not exists" would still want rights, and locks, that nobody needs.
    """
    for _ in range(CREATE_ATTEMPTS):
        if (columns_of(connection, HISTORY) or frozenset()) >= {"version", "name", "statements"}:
            return
        try:
            with connection.transaction():
                set_limits(connection, lock_timeout=LOCK_TIMEOUT, statement_timeout="60s")
                for statement in _CREATE:
                    connection.execute(statement)
        except _MADE_BY_SOMEONE_ELSE:
            continue  # "if not exists" does not see what another transaction is making
    if columns_of(connection, HISTORY) is None:
        raise AnotherRunner


def read(connection: Connection) -> list[Recorded]:
    """Every row of the shared history; none where the table does not exist. Raises HistoryUnreadable."""
    try:
        columns = columns_of(connection, HISTORY)
        if columns is None:
            return []
        whole = columns >= {"name", "statements"}
        query = find("migration.list_applied" if whole else "migration.list_applied_versions")
        rows = connection.execute(query.text).fetchall()
    except psycopg.errors.InsufficientPrivilege as error:
        raise HistoryUnreadable from error
    return [Recorded(row["version"], row["name"], _tuple(row["statements"])) for row in rows]


def versions_from(connection: Connection, version: str) -> list[str]:
    """The versions in the history that are `version` or later."""
    rows = connection.execute(find("migration.list_versions_from").text, {"version": version}).fetchall()
    return [row["version"] for row in rows]


def record(connection: Connection, file: MigrationFile, duration_ms: int) -> None:
    """Write that `file` was applied: into the shared history, then into our own table where it exists."""
    connection.execute(
        find("migration.record_version").text,
        {"version": file.version, "name": file.name, "statements": file.recorded_statements},
    )
    if columns_of(connection, RUNS) is None:
        return
    values = {
        "version": file.version,
        "name": file.name,
        "sha256": file.sha256,
        "duration_ms": duration_ms,
        "statement_count": len(file.statements),
    }
    connection.execute(find("migration.record_run").text, values)


def read_runs(connection: Connection) -> dict[str, Run]:
    """What our own table knows, by version; nothing where it is missing or not ours to read."""
    try:
        if columns_of(connection, RUNS) is None:
            return {}
        rows = connection.execute(find("migration.list_runs").text).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return {}
    return {row["version"]: Run(**row) for row in rows}


def set_limits(
    connection: Connection, *, lock_timeout: str, statement_timeout: str, in_transaction: bool = True
) -> None:
    """Set both timeouts (PostgreSQL intervals such as "4s") for this transaction, or for the session."""
    values: dict[str, Any] = {
        "lock_timeout": lock_timeout,
        "statement_timeout": statement_timeout,
        "in_transaction": in_transaction,
    }
    connection.execute(find("migration.set_limits").text, values)


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
