"""Compares the bodies of views with `schema.sql`, on any version of PostgreSQL.

Each version writes a view its own way, so texts cannot be compared across two. Here the live server reads
both, the view it has and the one in `schema.sql`, into temporary views, and says how it would write each.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from data.database.queries import find
from data.migration.connection import Connection
from data.migration.state.inventory import Difference, Item
from data.migration.state.seam import over_adopted
from data.migration.statements import Statement, split

_PROBE = "signalbox_probe"


def changed_views(connection: Connection, schema_text: str) -> list[Difference]:
    """The views whose body is not the one in `schema_text`, missing ones aside. Changes nothing.

    The staging view of an adopted table is expected to read it where it is.
    """
    adopted = {row["staging_view"] for row in connection.execute(find("inventory.list_adopted_views").text)}
    found: list[Difference] = []
    for statement in split(schema_text):
        name = _view_name(statement)
        if name is not None:
            found += _compare(connection, name, statement, is_adopted=name in adopted)
    return found


def _view_name(statement: Statement) -> str | None:
    """The qualified name of the view a dumped statement creates: `CREATE VIEW schema.name ...`."""
    if statement.words[:2] != ("create", "view"):
        return None
    return _code(statement).split()[2]


def _code(statement: Statement) -> str:
    return statement.text[statement.code_start - statement.start :]


def _compare(connection: Connection, name: str, statement: Statement, *, is_adopted: bool) -> list[Difference]:
    live = connection.execute(find("inventory.read_view").text, {"view": name}).fetchone()
    if live is None or live["definition"] is None:
        return []
    body = _code(statement).split(" AS\n", 1)[1]
    is_text = _rewritten(connection, live["definition"].rstrip().removesuffix(";"))
    should_be = _rewritten(connection, over_adopted(body) if is_adopted else body)
    if is_text == should_be:
        return []
    return [Difference(Item(name, "view", should_be), Item(name, "view", is_text))]


def _rewritten(connection: Connection, body: str) -> str:
    """How this server writes a view of that body, or why it cannot be one here."""
    # The body comes from the generated file of this checkout, or from the server's own catalog.
    trusted = sql.SQL(body)
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("set local search_path = ''")
            connection.execute(sql.SQL("create temporary view {} as {}").format(sql.Identifier(_PROBE), trusted))
            query = find("inventory.read_view").text
            row = connection.execute(query, {"view": f"pg_temp.{_PROBE}"}).fetchone()
    except psycopg.Error as error:
        return f"cannot be made here: {error.diag.message_primary}"
    return " ".join(row["definition"].split()) if row else ""
