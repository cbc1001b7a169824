"""Puts the triggers of the change log on tables elsewhere, so that figures notice what is written there.

A statement fires the triggers of the table that it names, so each partition and each table that inherits carries them
as well as the table itself.
"""

from __future__ import annotations

import re

from psycopg import sql

from data.adoption.findings import TableFinding
from data.database.queries import find
from data.migration.connection import Connection

_TIME = re.compile(r"timestamp(\(\d\))? with(out)? time zone|date")
_TRUNCATE = "change_log_truncate"
_TRIGGERS = (
    ("change_log_insert", "insert", "new"),
    ("change_log_delete", "delete", "old"),
    ("change_log_update_old", "update", "old"),
    ("change_log_update_new", "update", "new"),
)


def watch(connection: Connection, system: str, schema: str, table: TableFinding) -> None:
    """Notice what is written into a table in `schema` and into its parts; parts that are no table of ours are left."""
    unwatch(connection, system, table.name)
    row = connection.execute(find("adoption.find_source").text, {"name": f"{system}.{table.name}"}).fetchone()
    if row is None:
        return
    # In the trigger a time of another type, such as text, would make the writer's own statement fail.
    timed = {column.name for column in table.columns if not column.is_null and _TIME.fullmatch(column.found or "")}
    time_column = row["time_column"] if row["time_column"] in timed else "-"
    _drop(connection, schema, table.name, [name for name, _, _ in _TRIGGERS] + [_TRUNCATE])
    for place, name in ((schema, table.name), *((part.schema, part.name) for part in table.parts if part.is_watchable)):
        _make(connection, sql.Identifier(place, name), str(row["source"]), time_column)


def unwatch(connection: Connection, system: str, table: str) -> None:
    """Take the triggers that tell of a table of ours off every other table, whatever that is called by now."""
    row = connection.execute(find("adoption.find_source").text, {"name": f"{system}.{table}"}).fetchone()
    if row is None:
        return
    values = {"source": str(row["source"]), "system": system, "table_name": table}
    for place in connection.execute(find("adoption.list_watched").text, values).fetchall():
        _drop(connection, place["schema"], place["name"], place["triggers"])


def _make(connection: Connection, table: sql.Identifier, source: str, time_column: str) -> None:
    arguments = sql.SQL("({}, {})").format(sql.Literal(source), sql.Literal(time_column))
    for trigger, event, rows in _TRIGGERS:
        connection.execute(
            sql.SQL("create trigger {} after {} on {} referencing {} table as touched_rows for each statement "
                    "execute function signalbox.log_rows").format(
                sql.Identifier(trigger), sql.SQL(event), table, sql.SQL(rows)) + arguments
        )  # fmt: skip
    connection.execute(
        sql.SQL("create trigger {} after truncate on {} for each statement "
                "execute function signalbox.log_truncate({})").format(
            sql.Identifier(_TRUNCATE), table, sql.Literal(source))
    )  # fmt: skip


def _drop(connection: Connection, schema: str, table: str, triggers: list[str]) -> None:
    for trigger in triggers:
        connection.execute(
            sql.SQL("drop trigger if exists {} on {}").format(sql.Identifier(trigger), sql.Identifier(schema, table))
        )
