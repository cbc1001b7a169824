"""Takes down what refers to tables that are replaced or moved, and puts it up again afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from data.adoption.errors import ViewInTheWay
from data.adoption.moving import functions
from data.adoption.moving.functions import Function
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split


@dataclass(frozen=True, slots=True)
class Around:
    """Foreign keys, functions and policies that were taken down; the last with the statements that make them."""

    references: list[dict[str, Any]]
    functions: list[Function]
    statements: list[str]


def take_down(connection: Connection, ours: list[str], theirs: list[str]) -> Around:
    """Drop what of ours refers to our tables, and the functions that take or give rows of ours or of theirs.

    Raises ViewInTheWay for a policy that is somebody else's, and for what rests on such a function."""
    tables = {"tables": ours}
    references = connection.execute(find("adoption.list_references").text, tables).fetchall()
    policies = connection.execute(find("adoption.list_policies_over").text, tables).fetchall()
    statements = _generated(policies)
    for reference in references:
        connection.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                sql.SQL(reference["table_name"]), sql.Identifier(reference["name"])
            )
        )
    for policy in policies:
        connection.execute(
            sql.SQL("drop policy {} on {}").format(
                sql.Identifier(policy["name"]), sql.Identifier(policy["schema"], policy["table_name"])
            )
        )
    return Around(references, functions.take_down(connection, [*ours, *theirs]), statements)


def put_up(connection: Connection, around: Around, schema: str) -> None:
    """Make it all again, over our tables and the views in `schema` that are there now."""
    functions.put_up(connection, around.functions, schema)
    for statement in around.statements:
        connection.execute(sql.SQL(statement))
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


def _generated(policies: list[dict[str, Any]]) -> list[str]:
    """The statements of the generated sum that make these policies.

    Raises ViewInTheWay for one that is not ours: it would be gone afterwards.
    """
    beginnings = {
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
