"""Moves a system's tables into our schema, in place of our empty ones, and leaves views under the old names.

What refers to our empty tables (foreign keys, policies, functions that return their rows) is taken down before and put
up again over the moved ones. Rows, policies, triggers, indexes and constraints of the moved tables stay as they were.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from psycopg import errors as postgres_errors
from psycopg import sql

from data.adoption import pointing
from data.adoption.comparing import SystemFinding, TableFinding
from data.adoption.errors import AdoptionError, ViewInTheWay
from data.adoption.needs import tables_of
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split


def move(connection: Connection, found: SystemFinding) -> None:
    """Put the tables of the system where ours are. Inside the caller's transaction.

    Raises AdoptionError where a table of the system is missing: half a system is pointed at, not moved; ViewInTheWay
    where something that the console did not make rests on the tables that would be replaced.
    """
    missing = [table.name for table in found.tables if not table.is_there]
    if missing:
        raise AdoptionError(
            f"{found.schema} has no {', '.join(missing)}, and a system is moved whole or not at all. "
            "Without --move it is read where it is. Nothing was changed."
        )
    ours = {"tables": [f"{found.system}.{table.name}" for table in found.tables]}
    for table in found.tables:
        pointing.point(connection, found.system, found.schema, table)
    references = connection.execute(find("adoption.list_references").text, ours).fetchall()
    functions = connection.execute(find("adoption.list_row_functions").text, ours).fetchall()
    policies = connection.execute(find("adoption.list_policies_over").text, ours).fetchall()
    publications = connection.execute(find("adoption.list_publications").text, ours).fetchall()
    statements = _generated(functions, policies)
    _take_down(connection, references, functions, policies)
    try:
        connection.execute(
            sql.SQL("drop table {}").format(
                sql.SQL(", ").join(sql.Identifier(found.system, table.name) for table in found.tables)
            )
        )
    except postgres_errors.DependentObjectsStillExist as error:
        raise _in_the_way((error.diag.message_detail or "something depends on them").replace("\n", "; ")) from error
    for table in found.tables:
        _move_one(connection, found, table)
    for statement in statements:
        connection.execute(sql.SQL(statement))
    _publish(connection, found.system, publications)
    for reference in references:
        connection.execute(
            sql.SQL("alter table {} add constraint {} {}").format(
                sql.SQL(reference["table_name"]),
                sql.Identifier(reference["name"]),
                sql.SQL(reference["definition"]),
            )
        )


def _take_down(
    connection: Connection,
    references: list[dict[str, Any]],
    functions: list[dict[str, Any]],
    policies: list[dict[str, Any]],
) -> None:
    for reference in references:
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                sql.SQL(reference["table_name"]), sql.Identifier(reference["name"])
            )
        )
    for function in functions:
        connection.execute(sql.SQL("drop function {}").format(sql.SQL(function["signature"])))
    for policy in policies:
        connection.execute(
            sql.SQL("drop policy {} on {}").format(
                sql.Identifier(policy["name"]), sql.Identifier(policy["schema"], policy["table_name"])
            )
        )


def _publish(connection: Connection, system: str, publications: list[dict[str, Any]]) -> None:
    """Who was told of our tables is told of the moved ones."""
    tables = {"tables": [f"{system}.{row['table_name']}" for row in publications]}
    there = connection.execute(find("adoption.list_publications").text, tables).fetchall()
    for publication in publications:
        if publication in there:
            continue
        # A publication of somebody else is theirs to mend, in the dashboard: reports do not need it.
        with suppress(postgres_errors.InsufficientPrivilege), connection.transaction():
            connection.execute(
                sql.SQL("alter publication {} add table {}").format(
                    sql.Identifier(publication["name"]), sql.Identifier(system, publication["table_name"])
                )
            )


def _move_one(connection: Connection, found: SystemFinding, table: TableFinding) -> None:
    old = sql.Identifier(found.schema, table.name)
    new = sql.Identifier(found.system, table.name)
    grants = connection.execute(find("adoption.list_grants").text, {"table": old.as_string(connection)}).fetchall()
    names = {"schema": found.schema, "names": [table.name]}
    before = [row["name"] for row in connection.execute(find("adoption.list_columns").text, names)]
    connection.execute(sql.SQL("alter table {} set schema {}").format(old, sql.Identifier(found.system)))
    types = {column.name: column.type for column in tables_of(found.system)[table.name]}
    for column in table.columns:
        if column.found is None:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    new, sql.Identifier(column.name), sql.SQL(types[column.name])
                )
            )
    _leave_view(connection, old, new, before, grants)
    pointing.watch(connection, found.system, found.system, table)
    if all(column.state in ("same", "missing") for column in table.columns):
        pointing.point_back(connection, found.system, table.name)


def _leave_view(
    connection: Connection, old: sql.Identifier, new: sql.Identifier, columns: list[str], grants: list[dict[str, Any]]
) -> None:
    """A view under the old name with the old columns in their order and the grants: programs that write there go on."""
    connection.execute(
        sql.SQL("create view {} with (security_invoker = true) as select {} from {}").format(
            old, sql.SQL(", ").join(sql.Identifier(name) for name in columns), new
        )
    )
    for grant in grants:
        some = sql.SQL(", ").join(sql.Identifier(name) for name in grant["columns"] or ())
        connection.execute(
            sql.SQL("grant {} {} on {} to {}").format(
                sql.SQL(grant["privilege"]),
                sql.SQL("({})").format(some) if grant["columns"] else sql.SQL(""),
                old,
                sql.SQL("public") if grant["grantee"] == "public" else sql.Identifier(grant["grantee"]),
            )
        )


def _generated(functions: list[dict[str, Any]], policies: list[dict[str, Any]]) -> list[str]:
    """The statements of the generated sum that make these functions and policies, with what is granted on them.

    Raises ViewInTheWay for one that is not ours: it would be gone afterwards.
    """
    beginnings = {f"FUNCTION {function['schema']}.{function['name']}(": function["signature"] for function in functions}
    beginnings |= {
        f"POLICY {policy['name']} ON {policy['schema']}.{policy['table_name']} ": (
            f"the policy {policy['name']} on {policy['schema']}.{policy['table_name']}"
        )
        for policy in policies
    }
    statements = [
        statement.text
        for statement in split((FOLDER / SCHEMA_FILE).read_text(encoding="utf-8"))
        if not statement.is_comment
    ]
    for beginning, name in beginnings.items():
        if not any(f"CREATE {beginning}" in text for text in statements):
            raise _in_the_way(f"{name} depends on them")
    return [text for text in statements if any(beginning in text for beginning in beginnings)]


def _in_the_way(detail: str) -> ViewInTheWay:
    return ViewInTheWay(
        f"Our own tables cannot make room: {detail}. Drop that first, or adopt without --move. Nothing was changed."
    )
