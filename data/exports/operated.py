"""What admins take away of the database itself: the rows that the pages show, looked up as these do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from data.access import Actor
from data.exports.parameters import Report, one_of, text
from data.operations import inspection, migrations

Rows = list[dict[str, Any]]


def _tables(actor: Actor) -> Rows:
    """Every table with its size, and what protects it."""
    found = inspection.list_tables(actor)
    return [asdict(one) | {"protection": one.protection, "exposure": one.exposure} for one in found]


def _index_findings(actor: Actor) -> Rows:
    """Indexes that cost and do not help."""
    return [asdict(one) for one in inspection.list_index_findings(actor)]


def _connections(actor: Actor) -> Rows:
    """Connections by application, role and database."""
    return [
        {
            "application": application,
            "role": role,
            "database": database,
            "connections": states.total(),
            "states": ", ".join(f"{number} {state}" for state, number in states.most_common()),
        }
        for (database, role, application), states in inspection.read_server(actor).by_client
    ]


def _migrations(actor: Actor) -> Rows:
    """Every migration with its state, the newest first."""
    found = migrations.look(actor).status.migrations
    return [asdict(one) for one in sorted(found, key=lambda one: one.version, reverse=True)]


REPORTS: dict[str, Report] = {
    "database_tables": Report(
        query="exports.list_tables",
        sentence="Tables of the database with their sizes, rows and who reaches them through which rules.",
        needs="operate_database",
        rows=_tables,
        filters={},
        left_out=frozenset({"exposure"}),
        sorts=inspection.TABLE_SORTS,
    ),
    "database_indexes": Report(
        query="exports.list_index_findings",
        sentence="Indexes that are invalid, there twice, or were never read.",
        needs="operate_database",
        rows=_index_findings,
        filters={},
    ),
    "database_connections": Report(
        query="exports.list_connections",
        sentence="Connections to the server by application, role and database.",
        needs="operate_database",
        rows=_connections,
        filters={},
    ),
    "migrations": Report(
        query="exports.list_migrations",
        sentence="Migrations with their states, and when and by whom they were applied.",
        needs="run_migrations",
        rows=_migrations,
        filters={"state": one_of("applied", "pending", "wrong")},
    ),
    "table_policies": Report(
        query="operations.tables.list_policies",
        sentence="Policies of one table, or of all, with whom they are for and what they let through.",
        needs="operate_database",
        filters={"table": text},
    ),
    "table_indexes": Report(
        query="operations.tables.list_indexes",
        sentence="Indexes of one table, or of all, with their sizes, reads and definitions.",
        needs="operate_database",
        filters={"table": text},
    ),
}
