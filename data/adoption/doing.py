"""Adopts a system and gives it back: each in one transaction, so that reports see the one or the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as postgres_errors
from psycopg import sql

from data import audit
from data.adoption import moving, pointing
from data.adoption.comparing import SystemFinding, compare
from data.adoption.errors import AdoptionError, NothingToAdopt, NotTheOwner, OursHaveRows
from data.database.queries import find
from data.database.units import Unit
from data.migration.connection import Connection, connected

_LOCK_TIMEOUT = "4s"


def adopt(
    url: str, system: str, schema: str, *, move: bool = False, managers_read: bool = False, dry_run: bool = False
) -> SystemFinding:
    """Read a system's tables from `schema` from now on, or move them into ours; what was found is returned.

    With `dry_run` nothing changes. `managers_read` lets managers and admins see all rows of the tables; without it
    their own row security decides what anybody sees.
    Raises WrongUse, NothingToAdopt, AdoptionError (an obstacle, or our own tables hold rows), DatabaseUnavailable.
    """
    with connected(url) as connection:
        found = compare(connection, system, schema)
        if dry_run:
            return found
        if found.obstacles:
            raise AdoptionError(f"It cannot be adopted: {'; '.join(found.obstacles)}. Nothing was changed.")
        with _at_once(connection):
            _refuse_rows_of_ours(connection, found)
            _refuse_two_owners(connection, found)
            _leave_former(connection, found)
            if move:
                moving.move(connection, found)
            else:
                _point(connection, found)
            _note(connection, found, moved=move)
            if managers_read:
                _let_managers_read(connection, found, moved=move)
    return found


def release(url: str, system: str) -> list[str]:
    """Read our own tables of a system again; the tables elsewhere lose nothing but our triggers and policy.

    Returns the names of the tables given back. Raises NothingToAdopt when none was pointed elsewhere, AdoptionError,
    DatabaseUnavailable.
    """
    with connected(url) as connection, _at_once(connection):
        given_back = connection.execute(find("adoption.forget_adopted").text, {"system": system}).fetchall()
        if not given_back:
            raise NothingToAdopt(f"No table of {system} is read from another schema.")
        for row in given_back:
            pointing.point_back(connection, system, row["table_name"])
            _leave(connection, row)
        audit.record(Unit(connection), None, "gave a system back", system)
    return [row["table_name"] for row in given_back]


def point_again(url: str) -> list[str]:
    """Point what was adopted once more: migrations write staging views anew, over our own tables.

    Returns the names of the tables; without an adopted one there is nothing to do. Raises as `adopt` does.
    """
    pointed: list[str] = []
    with connected(url) as connection:
        rows = connection.execute(find("adoption.list_adopted").text, {"system": None}).fetchall()
        for system, schema in sorted(
            {(row["system"], row["source_schema"]) for row in rows if row["mode"] == "pointed"}
        ):
            names = {row["table_name"] for row in rows if (row["system"], row["source_schema"]) == (system, schema)}
            found = compare(connection, system, schema)
            with _at_once(connection):
                for table in found.there:
                    if table.name in names:
                        pointing.point(connection, system, schema, table)
                        pointing.watch(connection, system, schema, table)
                        pointed.append(f"{system}.{table.name}")
    return pointed


@contextmanager
def _at_once(connection: Connection) -> Iterator[None]:
    """One transaction that waits for no lock for long, with what PostgreSQL refuses in sentences."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
            yield
    except postgres_errors.InsufficientPrivilege as error:
        raise NotTheOwner(
            f"The role of this connection may not do all that is needed ({error.diag.message_primary}). "
            "Use ADMIN_DATABASE_URL with the owner of the tables. Nothing was changed."
        ) from error
    except postgres_errors.LockNotAvailable as error:
        raise AdoptionError(
            f"The tables are in use: no lock within {_LOCK_TIMEOUT}. Nothing was changed; try again."
        ) from error
    except (psycopg.ProgrammingError, psycopg.IntegrityError, psycopg.NotSupportedError) as error:
        raise AdoptionError(
            f"PostgreSQL refuses it: {error.diag.message_primary}. Nothing was changed. "
            "If a table of ours is not there, apply the migrations first."
        ) from error


def _refuse_two_owners(connection: Connection, found: SystemFinding) -> None:
    """A table carries the triggers of one system, and one that was moved here is no longer anywhere else."""
    names = {"system": found.system, "schema": found.schema, "names": [table.name for table in found.there]}
    taken = connection.execute(find("adoption.find_adopters").text, names).fetchall()
    if taken:
        raise AdoptionError(
            f"{found.schema}.{taken[0]['source_table']} is read as a table of {taken[0]['system']} already. "
            f"Release that first if it belongs to {found.system}. Nothing was changed."
        )
    for row in connection.execute(find("adoption.list_adopted").text, {"system": found.system}):
        if row["mode"] == "moved":
            raise AdoptionError(
                f"The tables of {found.system} were moved here from {row['source_schema']} and are our own since. "
                "Nothing was changed."
            )


def _leave_former(connection: Connection, found: SystemFinding) -> None:
    """Tables that were read elsewhere until now lose our triggers and policy."""
    names = {table.name for table in found.there}
    for row in connection.execute(find("adoption.list_adopted").text, {"system": found.system}).fetchall():
        if row["table_name"] in names and row["source_schema"] != found.schema:
            _leave(connection, row)


def _leave(connection: Connection, noted: dict[str, Any]) -> None:
    pointing.unwatch(connection, noted["source_schema"], noted["source_table"])
    pointing.stop_managers_reading(connection, noted["source_schema"], noted["source_table"])


def _refuse_rows_of_ours(connection: Connection, found: SystemFinding) -> None:
    filled = []
    for table in found.there:
        query = sql.SQL("select exists (select from {}) as has_rows").format(sql.Identifier(found.system, table.name))
        row = connection.execute(query).fetchone()
        if row and row["has_rows"]:
            filled.append(f"{found.system}.{table.name}")
    if filled:
        raise OursHaveRows(
            f"{', '.join(filled)} hold rows of their own, which reports would no longer show. "
            "Empty them first, or leave that system where it is. Nothing was changed."
        )


def _point(connection: Connection, found: SystemFinding) -> None:
    for table in found.there:
        pointing.point(connection, found.system, found.schema, table)
        pointing.watch(connection, found.system, found.schema, table)


def _let_managers_read(connection: Connection, found: SystemFinding, *, moved: bool) -> None:
    for table in found.there:
        schema = found.system if moved else found.schema
        pointing.let_managers_read(connection, schema, table.name, is_secured=table.is_secured)


def _note(connection: Connection, found: SystemFinding, *, moved: bool) -> None:
    for table in found.there:
        connection.execute(
            find("adoption.note_adopted").text,
            {
                "system": found.system,
                "table_name": table.name,
                "source_schema": found.schema,
                "source_table": table.name,
                "mode": "moved" if moved else "pointed",
                "missing_columns": list(table.lacking),
            },
        )
    audit.record(
        Unit(connection),
        None,
        "adopted a system",
        found.system,
        {"from": found.schema, "moved": moved, "tables": [table.name for table in found.there]},
    )
