"""Closes our own table of a system while that is kept in another schema: rows in it would never be seen."""

from __future__ import annotations

from psycopg import sql

from data.migration.connection import Connection

# A row trigger for rows: loading none, as the data of a backup does with an empty table, is no write.
_TRIGGERS = (
    ("kept_elsewhere", "insert", "row"),
    ("kept_elsewhere_changes", "update or delete", "statement"),
)


def close(connection: Connection, system: str, table: str, schema: str) -> None:
    """Refuse what is written to our table of a system, by the name of the table in `schema` that is read instead."""
    reopen(connection, system, table)
    for name, events, level in _TRIGGERS:
        connection.execute(
            sql.SQL("create trigger {} before {} on {} for each {} "
                    "execute function signalbox.refuse_kept_elsewhere({}, {})").format(
                sql.Identifier(name), sql.SQL(events), sql.Identifier(system, table), sql.SQL(level),
                sql.Literal(schema), sql.Literal(table))
        )  # fmt: skip


def reopen(connection: Connection, system: str, table: str) -> None:
    """Let our table be written again."""
    for name, _, _ in _TRIGGERS:
        connection.execute(
            sql.SQL("drop trigger if exists {} on {}").format(sql.Identifier(name), sql.Identifier(system, table))
        )
