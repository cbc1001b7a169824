"""Moves a system's tables into our schema, in place of our empty ones, and leaves views under the old names.

What refers to our empty tables (foreign keys, policies, functions that return their rows) is taken down before and put
up again over the moved ones, and so are our triggers. Rows, policies, triggers, indexes and constraints of the moved
tables stay as they were, but for columns that may be null in ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from psycopg import errors as postgres_errors
from psycopg import sql

from data.adoption import pointing
from data.adoption.findings import SystemFinding, TableFinding
from data.adoption.moving import rebuilding
from data.adoption.moving.fitting import loosen
from data.adoption.moving.functions import grantee_name
from data.adoption.moving.guarding import append_only, guard
from data.adoption.needs import Column, tables_of
from data.database.queries import find
from data.migration.connection import Connection

_FILLING = "nextval("
_COUNTING = "0"


def move(connection: Connection, found: SystemFinding, *, is_rehearsal: bool = False) -> list[str]:
    """Put the tables of the system, which must all be there, where ours are; what they lack then, in sentences.

    Inside the caller's transaction. A rehearsal leaves out what takes as long as the tables are big.
    Raises ViewInTheWay where something that the console did not make rests on the tables that would be replaced.
    """
    ours = [f"{found.system}.{table.name}" for table in found.tables]
    for table in found.tables:
        pointing.point(connection, found.system, found.schema, table)
    publications = connection.execute(find("adoption.list_publications").text, {"tables": ours}).fetchall()
    sequences = connection.execute(find("adoption.list_owned_sequences").text, {"tables": ours}).fetchall()
    for sequence in sequences:
        _own(connection, sequence, sql.SQL("none"))
    theirs = [sql.Identifier(found.schema, table.name).as_string(connection) for table in found.tables]
    around = rebuilding.take_down(connection, ours, theirs)
    try:
        connection.execute(
            sql.SQL("drop table {}").format(
                sql.SQL(", ").join(sql.Identifier(found.system, table.name) for table in found.tables)
            )
        )
    except postgres_errors.DependentObjectsStillExist as error:
        detail = (error.diag.message_detail or "something depends on them").replace("\n", "; ")
        raise rebuilding.in_the_way(detail) from error
    for table in found.tables:
        _move_one(connection, found, table, is_rehearsal=is_rehearsal)
    for sequence in sequences:
        _own(connection, sequence, sql.Identifier(found.system, sequence["table_name"], sequence["column_name"]))
    rebuilding.put_up(connection, around, found.schema)
    said = [*_made_again(around, found.system), *_publish(connection, found.system, publications)]
    said += guard(connection, found)
    return [*said, *loosen(connection, found.system), *_otherwise(found)]


def _made_again(around: rebuilding.Around, system: str) -> Iterator[str]:
    theirs = [function.signature for function in around.functions if function.schema != system]
    if theirs:
        said = "Made anew, with owner, grants and comment, since they take or give rows of the tables"
        yield f"{said}: {', '.join(theirs)}"


def _own(connection: Connection, sequence: dict[str, Any], column: sql.Composable) -> None:
    # A table of another role cannot have a sequence of ours for its own; it uses it all the same.
    with suppress(postgres_errors.ObjectNotInPrerequisiteState), connection.transaction():
        connection.execute(
            sql.SQL("alter sequence {} owned by {}").format(
                sql.Identifier(sequence["schema"], sequence["name"]), column
            )
        )


def _publish(connection: Connection, system: str, publications: list[dict[str, Any]]) -> Iterator[str]:
    """Who was told of our tables is told of the moved ones; sentences on those that nobody is told of."""
    tables = {"tables": [f"{system}.{row['table_name']}" for row in publications]}
    there = connection.execute(find("adoption.list_publications").text, tables).fetchall()
    nameless = {row["table_name"] for row in connection.execute(find("adoption.list_without_identity").text, tables)}
    for publication in publications:
        if publication in there:
            continue
        name, table = publication["name"], publication["table_name"]
        if table in nameless:  # every update of it would be refused to its writers
            yield f"{system}.{table} has no primary key, so the publication {name} no longer tells of it"
            continue
        # A publication of somebody else is theirs to mend, in the dashboard: reports do not need it.
        try:
            with connection.transaction():
                connection.execute(
                    sql.SQL("alter publication {} add table only {}").format(
                        sql.Identifier(name), sql.Identifier(system, table)
                    )
                )
        except postgres_errors.InsufficientPrivilege:
            yield f"the publication {name} belongs to another role and no longer tells of {system}.{table}"


def _move_one(connection: Connection, found: SystemFinding, table: TableFinding, *, is_rehearsal: bool) -> None:
    old = sql.Identifier(found.schema, table.name)
    new = sql.Identifier(found.system, table.name)
    grants = connection.execute(find("adoption.list_grants").text, {"table": old.as_string(connection)}).fetchall()
    names = {"schema": found.schema, "names": [table.name]}
    before = [row["name"] for row in connection.execute(find("adoption.list_columns").text, names)]
    connection.execute(sql.SQL("alter table {} set schema {}").format(old, sql.Identifier(found.system)))
    missing = {column.name for column in table.columns if column.found is None}
    added = [column for column in tables_of(found.system)[table.name] if column.name in missing]
    for column in added:
        _add_column(connection, new, column, is_filled=not is_rehearsal)
    _let_writers_count(connection, added, grants)
    _leave_view(connection, old, new, before, grants)
    whole = with_added(table)
    if all(column.state == "same" for column in whole.columns):
        pointing.point_back(connection, found.system, table.name)
    else:
        pointing.point(connection, found.system, found.system, whole)


def with_added(table: TableFinding) -> TableFinding:
    """The table as it is once moving has added the columns that were missing."""
    return replace(
        table,
        columns=tuple(
            replace(column, found=column.needed, state="same") if column.state == "missing" else column
            for column in table.columns
        ),
    )


def left_empty(system: str, table: TableFinding) -> list[str]:
    """The columns that moving adds and in which the rows that are there hold nothing."""
    missing = {column.name for column in table.columns if column.state == "missing"}
    return [
        column.name for column in tables_of(system)[table.name] if column.name in missing and not _is_filled(column)
    ]


def _is_filled(column: Column) -> bool:
    return column.default is not None and _FILLING in column.default


def _add_column(connection: Connection, table: sql.Identifier, column: Column, *, is_filled: bool) -> None:
    """With the default of ours for rows to come, but for a count: programs that write through the view do not keep it,
    so it begins with whoever names it. What the rows that are there hold is unknown and stays so, but for a number from
    a sequence, which each of them is given in the order in which they lie there."""
    of_new_rows = None if column.default == _COUNTING else column.default
    name, default = sql.Identifier(column.name), sql.SQL(of_new_rows or "null")
    if _is_filled(column) and is_filled:
        connection.execute(
            sql.SQL("alter table {} add column {} {} not null default {}").format(
                table, name, sql.SQL(column.type), default
            )
        )
        return
    connection.execute(sql.SQL("alter table {} add column {} {}").format(table, name, sql.SQL(column.type)))
    connection.execute(sql.SQL("alter table {} alter column {} set default {}").format(table, name, default))


def _let_writers_count(connection: Connection, added: list[Column], grants: list[dict[str, Any]]) -> None:
    """Whoever may write rows may take the numbers that rows are given by default."""
    for default in (column.default for column in added if column.default and _FILLING in column.default):
        sequence = default.partition("nextval('")[2].partition("'")[0]
        for grantee in {grant["grantee"] for grant in grants if grant["privilege"] == "INSERT"}:
            connection.execute(
                sql.SQL("grant usage on sequence {} to {}").format(
                    sql.Identifier(*sequence.split(".")), grantee_name(grantee)
                )
            )


def _leave_view(
    connection: Connection, old: sql.Identifier, new: sql.Identifier, columns: list[str], grants: list[dict[str, Any]]
) -> None:
    """A view under the old name with the old columns in their order and the grants: programs that write there go on."""
    connection.execute(
        sql.SQL("create view {} with (security_invoker = true) as select {} from {}").format(
            old, sql.SQL(", ").join(sql.Identifier(name) for name in columns), new
        )
    )
    # A schema may give every new table away by default, as `public` of a hosted project does.
    given = connection.execute(find("adoption.list_grants").text, {"table": old.as_string(connection)}).fetchall()
    for grantee in {grant["grantee"] for grant in given}:
        connection.execute(sql.SQL("revoke all on {} from {}").format(old, grantee_name(grantee)))
    for grant in grants:
        some = sql.SQL(", ").join(sql.Identifier(name) for name in grant["columns"] or ())
        connection.execute(
            sql.SQL("grant {} {} on {} to {}{}").format(
                sql.SQL(grant["privilege"]),
                sql.SQL("({})").format(some) if grant["columns"] else sql.SQL(""),
                old,
                grantee_name(grant["grantee"]),
                sql.SQL(" with grant option" if grant["is_grantable"] and grant["grantee"] != "public" else ""),
            )
        )


def _otherwise(found: SystemFinding) -> Iterator[str]:
    """What stays as the other system made it."""
    own = [
        f"{found.system}.{table.name}.{column.name}"
        for table in found.tables
        for column in table.columns
        if column.found and column.state != "same"
    ]
    if own:
        keep = "keeps the type that it has" if len(own) == 1 else "keep the types that they have"
        yield (
            f"{', '.join(own)} {keep}, for good: PostgreSQL alters no column that views show, neither for you nor for "
            "a later migration of the console, so give it the type of ours before you move it. Reports read it "
            "converted, and a word that it has no place for is refused and not cut"
        )
    closed = " and ".join(append_only(found.system))
    but = f" (except that {closed} is append-only from now on: nothing in it is updated or deleted)" if closed else ""
    yield (
        f"Under the old names are views: programs read, insert, update and delete there as before{but}, but COPY into "
        "them, TRUNCATE and Realtime subscriptions need the new names, and so does whoever drops or alters a column, "
        "without the view that shows it"
    )
