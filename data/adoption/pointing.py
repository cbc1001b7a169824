"""Points a system's staging views at tables elsewhere, and back.

Between the two lies one view per table, `analytics.adopted_<system>__<table>`, with our columns in our types; the
staging view keeps its own text and reads from there. Both are security invoker: the table's own row security and
grants decide, as before. Plain columns stay changeable through both, which is how acts reach the table.
"""

from __future__ import annotations

from psycopg import sql

from data.adoption.converting import read_as
from data.adoption.findings import TableFinding
from data.adoption.needs import tables_of
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.state.seam import adopted_view, over_adopted, staging_views


def point(connection: Connection, system: str, schema: str, table: TableFinding) -> None:
    """Make the staging view of a table read from `schema`."""
    _make_adopted_view(connection, system, schema, table)
    staging, body = staging_views()[f"{system}.{table.name}"]
    _replace_view(connection, staging, over_adopted(body))


def point_back(connection: Connection, system: str, table: str) -> None:
    """Make the staging view of a table read our own table again."""
    staging, body = staging_views()[f"{system}.{table}"]
    _replace_view(connection, staging, body)
    connection.execute(
        sql.SQL("drop view if exists {}").format(sql.Identifier("analytics", adopted_view(system, table)))
    )


def _make_adopted_view(connection: Connection, system: str, schema: str, table: TableFinding) -> None:
    types = {column.name: None if column.is_null else column.found for column in table.columns}
    view = adopted_view(system, table.name)
    # Dropped first would take the staging view with it. Replaced, it keeps the columns it has at their places; those
    # that our table got since then follow.
    names = {"schema": "analytics", "names": [view]}
    kept = [row["name"] for row in connection.execute(find("adoption.list_columns").text, names)]
    needed = sorted(
        tables_of(system)[table.name],
        key=lambda column: kept.index(column.name) if column.name in kept else len(kept),
    )
    version = connection.info.server_version
    columns = [
        sql.SQL("{} as {}").format(read_as(column, types[column.name], version).expression, sql.Identifier(column.name))
        for column in needed
    ]
    name = sql.Identifier("analytics", view)
    connection.execute(
        sql.SQL("create or replace view {} with (security_invoker = true) as select {} from {} as source").format(
            name, sql.SQL(", ").join(columns), sql.Identifier(schema, table.name)
        )
    )
    connection.execute(
        sql.SQL("comment on view {} is {}").format(
            name,
            sql.Literal(f"{schema}.{table.name} with the columns that reports need. One row per row of that table."),
        )
    )
    connection.execute(sql.SQL("grant select, insert, update on {} to authenticated, service_role").format(name))
    _make_writable(connection, name, table, sql.Identifier(schema, table.name))


def _make_writable(connection: Connection, view: sql.Identifier, table: TableFinding, source: sql.Identifier) -> None:
    """Where columns have other types or are missing, a view cannot be written by itself: triggers write the table."""
    is_plain = all(column.state == "same" for column in table.columns)
    keys = [sql.Literal(column.name) for column in table.columns if column.is_key]
    arguments = sql.SQL(", ").join([sql.Literal(source.as_string(connection)), *keys])
    for name, event in (("write_adopted", "update"), ("insert_adopted", "insert")):
        connection.execute(sql.SQL("drop trigger if exists {} on {}").format(sql.Identifier(name), view))
        if not is_plain:
            connection.execute(
                sql.SQL("create trigger {} instead of {} on {} for each row execute function {}({})").format(
                    sql.Identifier(name), sql.SQL(event), view, sql.Identifier("signalbox", name), arguments
                )
            )


def _replace_view(connection: Connection, name: str, body: str) -> None:
    # Name and text come from the generated file of this checkout.
    connection.execute(
        sql.SQL("create or replace view {} with (security_invoker = true) as {}").format(
            sql.Identifier(*name.split(".")), sql.SQL(body.removesuffix(";"))
        )
    )
