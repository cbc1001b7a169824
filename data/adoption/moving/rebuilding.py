"""Takes down what refers to our tables of a system, so that they can be replaced, and puts it up again afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from data.adoption.errors import ViewInTheWay
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split


@dataclass(frozen=True, slots=True)
class Around:
    """Foreign keys, functions and policies that were taken down, with the statements that make the latter two."""

    references: list[dict[str, Any]]
    functions: list[dict[str, Any]]
    statements: list[str]


def take_down(connection: Connection, tables: list[str]) -> Around:
    """Drop what of ours refers to these tables. Raises ViewInTheWay for what is somebody else's."""
    ours = {"tables": tables}
    references = connection.execute(find("adoption.list_references").text, ours).fetchall()
    functions = connection.execute(find("adoption.list_row_functions").text, ours).fetchall()
    policies = connection.execute(find("adoption.list_policies_over").text, ours).fetchall()
    statements = _generated(functions, policies)
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
    return Around(references, functions, statements)


def put_up(connection: Connection, around: Around) -> None:
    """Make it all again, over the tables that are there now."""
    for statement in around.statements:
        connection.execute(sql.SQL(statement))
    for function in around.functions:
        # Another function of the same name, which somebody else made, would be gone.
        row = connection.execute(find("adoption.find_function").text, {"signature": function["signature"]}).fetchone()
        if row is None or not row["is_there"]:
            raise in_the_way(f"{function['signature']} depends on them")
    for reference in around.references:
        connection.execute(
            sql.SQL("alter table {} add constraint {} {}").format(
                sql.SQL(reference["table_name"]),
                sql.Identifier(reference["name"]),
                sql.SQL(reference["definition"]),
            )
        )


def in_the_way(detail: str) -> ViewInTheWay:
    """The refusal that names what rests on our tables."""
    return ViewInTheWay(
        f"Our own tables cannot make room: {detail}. Drop that first, or adopt without --move. Nothing was changed."
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
            raise in_the_way(f"{name} depends on them")
    return [text for text in statements if any(beginning in text for beginning in beginnings)]
