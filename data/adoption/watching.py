"""Puts the triggers of the change log on tables elsewhere, so that figures notice what is written there.

A statement fires the triggers of the table that it names, so each partition and each table that inherits carries them
as well as the table itself.
"""

from __future__ import annotations

from psycopg import sql

from data.adoption.findings import TableFinding
from data.adoption.marking import Mark, carried, marks_of
from data.database.queries import find
from data.migration.connection import Connection


def watch(connection: Connection, system: str, schema: str, table: TableFinding) -> bool:
    """Notice what is written into a table in `schema` and into its parts; parts that are no table of ours are left.

    Whether the change log then hears of it all that it hears of our own table, slots and links included.
    """
    unwatch(connection, system, table.name)
    row = connection.execute(find("adoption.find_source").text, {"name": f"{system}.{table.name}"}).fetchone()
    if row is None:
        return False
    ours = marks_of(f"{system}.{table.name}")
    marks = [carried(mark, table, str(row["source"])) for mark in ours]
    _drop(connection, schema, table.name, [mark.name for mark in marks])
    for place, name in ((schema, table.name), *((part.schema, part.name) for part in table.parts if part.is_watchable)):
        for mark in marks:
            _make(connection, sql.Identifier(place, name), mark)
    # A part that is added later carries none of them.
    return marks == list(ours) and not table.parts


def unwatch(connection: Connection, system: str, table: str) -> None:
    """Take the triggers that tell of a table of ours off every other table, whatever that is called by now."""
    row = connection.execute(find("adoption.find_source").text, {"name": f"{system}.{table}"}).fetchone()
    if row is None:
        return
    values = {"source": str(row["source"]), "system": system, "table_name": table}
    for place in connection.execute(find("adoption.list_watched").text, values).fetchall():
        _drop(connection, place["schema"], place["name"], place["triggers"])


def _make(connection: Connection, table: sql.Identifier, mark: Mark) -> None:
    connection.execute(
        # Words of the statement come from the generated file of this checkout.
        sql.SQL("create trigger {} {} on {} {} for each statement execute function {}({})").format(
            sql.Identifier(mark.name),
            sql.SQL(mark.event),
            table,
            sql.SQL(mark.rows),
            sql.Identifier("signalbox", mark.function),
            sql.SQL(", ").join(sql.Literal(argument) for argument in mark.arguments),
        )
    )


def _drop(connection: Connection, schema: str, table: str, triggers: list[str]) -> None:
    for trigger in triggers:
        connection.execute(
            sql.SQL("drop trigger if exists {} on {}").format(sql.Identifier(trigger), sql.Identifier(schema, table))
        )
