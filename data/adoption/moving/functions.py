"""Takes down functions whose arguments or results are rows of tables that are replaced or moved, and makes them again.

Such a function holds on to the table itself, not to its name. Made again, one of the other system works with rows of
the view under the old name, which has the columns that it was written for; one of ours with rows of the moved table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors as postgres_errors
from psycopg import sql

from data.adoption.errors import ViewInTheWay
from data.database.queries import find
from data.migration.connection import Connection


@dataclass(frozen=True, slots=True)
class Function:
    """A function that was taken down: what makes it, whose it is, and who may call it."""

    schema: str
    signature: str
    definition: str
    owner: str
    comment: str | None
    grants: list[dict[str, Any]]


def take_down(connection: Connection, tables: list[str]) -> list[Function]:
    """Drop the functions that take or give rows of these tables. Raises ViewInTheWay where something rests on one of
    them, and for an aggregate, which PostgreSQL does not write out."""
    with _search_path(connection, ""):  # so that the schema of everything is written out
        rows = connection.execute(find("adoption.functions.list_row_functions").text, {"tables": tables}).fetchall()
        for row in rows:
            if row["definition"] is None:
                raise _in_the_way(f"{row['signature']} is an aggregate over their rows")
            query = find("adoption.functions.list_function_grants").text
            row["grants"] = connection.execute(query, {"signature": row["signature"]}).fetchall()
        taken = [Function(**row) for row in rows]
        if taken:
            names = sql.SQL(", ").join(sql.SQL(function.signature) for function in taken)
            try:
                connection.execute(sql.SQL("drop routine {}").format(names))
            except postgres_errors.DependentObjectsStillExist as error:
                raise _in_the_way((error.diag.message_detail or str(error)).replace("\n", "; ")) from error
    return taken


def put_up(connection: Connection, taken: list[Function], schema: str) -> None:
    """Make them again, with owner, grants and comment. Raises ViewInTheWay where one does not fit what is there now."""
    # PostgreSQL checks the body of a function that it makes: names without a schema mean what they mean to the
    # programs of that one.
    row = connection.execute(find("adoption.functions.extend_search_path").text, {"schema": schema}).fetchone() or {}
    with _search_path(connection, row["path"]):
        for function in taken:
            try:
                _make(connection, function)
            except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
                said = error.diag.message_primary or str(error)
                raise _in_the_way(f"{function.signature} cannot be made again over the view ({said})") from error


def grantee_name(role: str) -> sql.Composable:
    """Somebody to grant to, as statements name them; `public` is everybody."""
    return sql.SQL("public") if role == "public" else sql.Identifier(role)


def _make(connection: Connection, function: Function) -> None:
    connection.execute(sql.SQL(function.definition))
    name = sql.SQL(function.signature)
    query = find("adoption.functions.list_function_grants").text
    # A schema may give every new function away by default, as PostgreSQL itself does.
    for given in connection.execute(query, {"signature": function.signature}).fetchall():
        connection.execute(sql.SQL("revoke all on routine {} from {}").format(name, grantee_name(given["grantee"])))
    for grant in function.grants:
        option = " with grant option" if grant["is_grantable"] and grant["grantee"] != "public" else ""
        connection.execute(
            sql.SQL("grant execute on routine {} to {}{}").format(name, grantee_name(grant["grantee"]), sql.SQL(option))
        )
    if function.comment is not None:
        connection.execute(sql.SQL("comment on routine {} is {}").format(name, sql.Literal(function.comment)))
    connection.execute(sql.SQL("alter routine {} owner to {}").format(name, sql.Identifier(function.owner)))


@contextmanager
def _search_path(connection: Connection, path: str) -> Iterator[None]:
    """Where names without a schema are looked for within; what fails there ends the transaction, and with it this."""
    before = connection.execute(find("adoption.functions.find_search_path").text).fetchone() or {}
    connection.execute(find("adoption.functions.set_search_path").text, {"path": path})
    yield
    connection.execute(find("adoption.functions.set_search_path").text, before)


def _in_the_way(detail: str) -> ViewInTheWay:
    return ViewInTheWay(
        f"Functions that take or give rows of the tables cannot be made again: {detail}. Drop that first and make it "
        "again afterwards, or adopt without --move. Nothing was changed."
    )
