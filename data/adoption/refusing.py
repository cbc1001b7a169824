"""Looks for all that adopting a system would be refused for, so that a dry run can say it and a real one stops."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from data.adoption.comparing import types_of
from data.adoption.errors import AdoptionError, NothingToAdopt, OursHaveRows
from data.adoption.findings import SystemFinding
from data.database.queries import find
from data.migration.connection import Connection

NOTHING = " Nothing was changed."


def refusals(connection: Connection, found: SystemFinding, *, move: bool) -> Iterator[AdoptionError]:
    """Each reason to refuse, as the error that the real run raises for it; obstacles of single tables aside. Where the
    tables were moved here, nothing else is said: they are no longer there to be compared."""
    if moved := list(of_moved(connection, found.system)):
        yield from moved
        return
    if move and (missing := [table.name for table in found.tables if not table.is_there]):
        yield AdoptionError(
            f"{found.schema} has no {', '.join(missing)}, and a system is moved whole or not at all. "
            f"Without --move it is read where it is.{NOTHING}"
        )
    yield from _rows_of_ours(connection, found)
    yield from of_two_owners(connection, found)
    yield from _changed_meanwhile(connection, found)


def of_moved(connection: Connection, system: str) -> Iterator[NothingToAdopt]:
    """That the tables of a system were moved here, if so: they are no longer anywhere else."""
    for row in connection.execute(find("adoption.list_adopted").text, {"system": system}):
        if row["mode"] == "moved":
            yield NothingToAdopt(
                f"The tables of {system} were moved here from {row['source_schema']} and are our own since.{NOTHING}"
            )
            return


def whole(found: SystemFinding, *, move: bool) -> Iterator[str]:
    """What is said beside the obstacles of some tables where those keep the others from being moved."""
    if move and 0 < sum(table.obstacle is not None for table in found.there) < len(found.there):
        yield "a system is moved whole or not at all; without --move its other tables are read where they are"


def _rows_of_ours(connection: Connection, found: SystemFinding) -> Iterator[AdoptionError]:
    filled = []
    for table in found.there:
        query = sql.SQL("select exists (select from {}) as has_rows").format(sql.Identifier(found.system, table.name))
        row = connection.execute(query).fetchone()
        if row and row["has_rows"]:
            filled.append(f"{found.system}.{table.name}")
    if filled:
        yield OursHaveRows(
            f"{', '.join(filled)} hold rows of their own, which reports would no longer show. "
            f"Empty them first, or leave that system where it is.{NOTHING}"
        )


def of_two_owners(connection: Connection, found: SystemFinding) -> Iterator[AdoptionError]:
    """A table carries the triggers of one system."""
    names = {"system": found.system, "schema": found.schema, "names": [table.name for table in found.there]}
    taken = connection.execute(find("adoption.find_adopters").text, names).fetchall()
    if taken:
        yield AdoptionError(
            f"{found.schema}.{taken[0]['source_table']} is read as a table of {taken[0]['system']} already. "
            f"Release that first if it belongs to {found.system}.{NOTHING}"
        )


def _changed_meanwhile(connection: Connection, found: SystemFinding) -> Iterator[AdoptionError]:
    """Comparing may take minutes and holds nobody up: what was found may be another table's by now."""
    now = types_of(connection, found.schema, [table.name for table in found.tables])
    for table in found.tables:
        if any(now[table.name].get(column.name) != column.found for column in table.columns):
            yield AdoptionError(f"{found.schema}.{table.name} was altered a moment ago; look at it again.{NOTHING}")
