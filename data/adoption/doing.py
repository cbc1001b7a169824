"""Adopts a system and gives it back: each in one transaction, so that reports see the one or the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import errors as postgres_errors
from psycopg import sql

from data import audit
from data.adoption import allowing, closing, moving, pointing, sight, watching
from data.adoption.comparing import compare
from data.adoption.errors import AdoptionError, NothingToAdopt, NotTheOwner
from data.adoption.findings import SystemFinding, TableFinding
from data.adoption.needs import tables_of
from data.adoption.refusing import NOTHING, of_moved, of_two_owners, refusals, whole
from data.database.queries import find
from data.database.units import Unit
from data.migration.apply import RUNNER_LOCK
from data.migration.connection import Connection, connected
from data.migration.state.seam import adopted_view

_LOCK_TIMEOUT = "4s"
_WHILE_READ = (
    "While they are read there, PostgreSQL refuses to drop their columns or to give them other types: "
    "--release before, and adopt again after"
)
_NOT_SUMMED = (
    "Some of its times or identifiers have other types than ours, or its tables have partitions: no sums of it are "
    "stored, so its reports take longer the more rows they are about"
)
_REHEARSAL_LOCK_TIMEOUT = "1s"
_REHEARSAL_STATEMENT_TIMEOUT = "10s"


def adopt(
    url: str, system: str, schema: str, *, move: bool = False, managers_read: bool = False, dry_run: bool = False
) -> SystemFinding:
    """Read a system's tables from `schema` from now on, or move them into ours; what was found is returned.

    `managers_read` lets managers and admins see all rows of the tables, and is refused where that would show them to
    everybody; without it their own row security decides what anybody sees. A table that cannot be read is `left_out`,
    and the others are read without it; moving takes the whole system. With `dry_run` nothing changes, and `obstacles`
    of what is returned are all that the real run would refuse: it is done and undone in one transaction, which holds
    the tables' locks for that moment.
    Raises WrongUse, NothingToAdopt, AdoptionError (an obstacle, our own tables hold rows, or they were moved here),
    DatabaseUnavailable.
    """
    with connected(url) as connection:
        found = compare(connection, system, schema)
        if not move:
            found = found.sparing(_pointed_names(connection, system))
        if dry_run:
            return _tried(connection, found, move=move, managers_read=managers_read)
        with at_once(connection):
            # Of a table that is taken already its columns tell less.
            for refusal in (*of_moved(connection, system), *of_two_owners(connection, found)):
                raise refusal
            if found.obstacles:
                said = "; ".join([*found.obstacles, *whole(found, move=move)])
                raise AdoptionError(f"It cannot be adopted: {said}.{NOTHING}")
            for refusal in refusals(connection, found, move=move):
                raise refusal
            found = _do(connection, found, move=move, managers_read=managers_read)
        if move:
            made = moving.build(connection, found)
            unfit = [each.why for each in moving.unfit(connection, system)]
            found = replace(found, remarks=(*found.remarks, *made, *unfit, *moving.doubted(connection, system)))
        return found


def _pointed_names(connection: Connection, system: str) -> set[str]:
    # From the catalog: what was noted is not there before the migrations, and not for everybody to read.
    names = [adopted_view(system, table) for table in tables_of(system)]
    rows = connection.execute(find("adoption.find_tables").text, {"schema": "analytics", "names": names})
    return {row["name"].partition("__")[2] for row in rows}


def release(url: str, system: str, progress: Callable[[str], None] = lambda _: None) -> list[str]:
    """Read our own tables of a system again; the tables elsewhere lose nothing but our triggers and policy. `progress`
    is told which rights to them stay.

    Returns the names of the tables given back. Raises NothingToAdopt when none was pointed elsewhere, AdoptionError,
    DatabaseUnavailable.
    """
    with connected(url) as connection, at_once(connection):
        given_back = connection.execute(find("adoption.forget_adopted").text, {"system": system}).fetchall()
        if not given_back:
            for refusal in of_moved(connection, system):
                raise refusal
            raise NothingToAdopt(f"No table of {system} is read from another schema.")
        for row in given_back:
            pointing.point_back(connection, system, row["table_name"])
            closing.reopen(connection, system, row["table_name"])
        left = _leave(connection, system, given_back)
        mark_changed(connection, system, [row["table_name"] for row in given_back])
        audit.record(Unit(connection), None, "gave a system back", system)
    for sentence in left:
        progress(sentence)
    return [row["table_name"] for row in given_back]


@contextmanager
def at_once(connection: Connection, lock_timeout: str = _LOCK_TIMEOUT) -> Iterator[None]:
    """One transaction that waits for no lock for long, with what PostgreSQL refuses in sentences. Others that adopt
    or migrate wait for it, or are told so."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("set local lock_timeout = {}").format(sql.Literal(lock_timeout)))
            _take_turns(connection, lock_timeout)
            yield
    except postgres_errors.InsufficientPrivilege as error:
        raise NotTheOwner(
            f"The role of this connection may not do all that is needed ({error.diag.message_primary}). "
            f"Use ADMIN_DATABASE_URL with the owner of the tables.{NOTHING}"
        ) from error
    except (postgres_errors.LockNotAvailable, postgres_errors.DeadlockDetected) as error:
        raise AdoptionError(
            f"The tables are in use: no lock within {lock_timeout}. Nothing was changed; try again."
        ) from error
    except postgres_errors.QueryCanceled as error:
        raise AdoptionError(f"PostgreSQL stopped it: {error.diag.message_primary}.{NOTHING}") from error
    except psycopg.DatabaseError as error:
        if connection.broken:
            raise
        raise AdoptionError(
            f"PostgreSQL refuses it: {error.diag.message_primary or error}.{NOTHING} "
            "If a table of ours is not there, apply the migrations first."
        ) from error


def _take_turns(connection: Connection, lock_timeout: str) -> None:
    try:
        connection.execute(find("adoption.take_runner_lock").text, {"lock": RUNNER_LOCK})
    except postgres_errors.LockNotAvailable as error:
        raise AdoptionError(
            f"Somebody else adopts or migrates on this database, for longer than {lock_timeout}. "
            "Nothing was changed; try again."
        ) from error


def _tried(connection: Connection, found: SystemFinding, *, move: bool, managers_read: bool) -> SystemFinding:
    """What was found, with all that the real run would refuse and all that it would remark."""
    refused: list[AdoptionError] = []
    try:
        with at_once(connection, _REHEARSAL_LOCK_TIMEOUT):
            connection.execute(
                sql.SQL("set local statement_timeout = {}").format(sql.Literal(_REHEARSAL_STATEMENT_TIMEOUT))
            )
            refused += refusals(connection, found, move=move)
            if any(isinstance(error, NothingToAdopt) for error in refused):
                found = replace(found, tables=())
            if not (refused or found.obstacles):
                found = _do(connection, found, move=move, managers_read=managers_read, is_rehearsal=True)
            raise psycopg.Rollback
    except AdoptionError as error:
        refused.append(error)
    said = tuple(str(error).replace(NOTHING, "").replace(" Nothing was changed;", "").rstrip(".") for error in refused)
    return replace(found, refusals=(*whole(found, move=move), *said))


def _do(
    connection: Connection, found: SystemFinding, *, move: bool, managers_read: bool, is_rehearsal: bool = False
) -> SystemFinding:
    """Inside the caller's transaction."""
    remarks = _leave_former(connection, found)
    if move:
        remarks += moving.move(connection, found, is_rehearsal=is_rehearsal)
        if is_rehearsal:
            remarks += moving.planned(connection, found)
            remarks += [each.why for each in moving.unfit(connection, found.system, has_keys=False)]
            remarks += moving.doubted(connection, found.system)
        found = replace(found, tables=tuple(_as_moved(connection, found.system, table) for table in found.tables))
    else:
        point_tables(connection, found)
        remarks += [_WHILE_READ, *refused_acts(connection, found)]
    note_tables(connection, found, moved=move)
    if move and not moving.log(connection, found):
        remarks.append(_NOT_SUMMED)
    mark_changed(connection, found.system, [table.name for table in found.there])
    audit.record(
        Unit(connection),
        None,
        "adopted a system",
        found.system,
        {"from": found.schema, "moved": move, "tables": [table.name for table in found.there]},
    )
    schema = found.system if move else found.schema
    if managers_read:
        sight.let_managers_read(connection, found, schema)
    found = sight.as_seen(connection, found, schema)
    if move:
        remarks.append(sight.of_members(connection, found, managers_read=managers_read))
    return replace(found, remarks=tuple(remarks))


def _as_moved(connection: Connection, system: str, table: TableFinding) -> TableFinding:
    """What its owner would run names the table where it is from now on."""
    return replace(table, admins_need=allowing.needed(connection, system, system, table.name))


def point_tables(connection: Connection, found: SystemFinding) -> None:
    """Read the tables that are there, and notice what is written into them; ours take no rows meanwhile."""
    for table in found.there:
        closing.close(connection, found.system, table.name, found.schema)
        pointing.point(connection, found.system, found.schema, table)
        watching.watch(connection, found.system, found.schema, table)


def refused_acts(connection: Connection, found: SystemFinding) -> list[str]:
    """What tables that are read where they are refuse, or may refuse, of what is done on pages, in sentences."""
    acted_on = allowing.acted_on(found.system, [table.name for table in found.there])
    refused = [each.why for each in moving.ruled(connection, found.system, found.schema, acted_on)]
    return [*allowing.impossible_deeds(found), *refused]


def note_tables(connection: Connection, found: SystemFinding, *, moved: bool) -> None:
    """Write down where the tables are, which columns read as unknown, and which moving added without a value for the
    rows that were there."""
    for table in found.there:
        lacking = moving.with_added(table).lacking if moved else table.lacking
        connection.execute(
            find("adoption.note_adopted").text,
            {
                "system": found.system,
                "table_name": table.name,
                "source_schema": found.schema,
                "source_table": table.name,
                "mode": "moved" if moved else "pointed",
                "missing_columns": list(lacking),
                "added_columns": moving.left_empty(found.system, table) if moved else [],
            },
        )


def mark_changed(connection: Connection, system: str, names: list[str]) -> None:
    """Other rows are read from now on: nothing that was computed or stored of them holds."""
    tables = [f"{system}.{name}" for name in names]
    connection.execute(find("adoption.mark_changed").text, {"tables": tables})


def _leave_former(connection: Connection, found: SystemFinding) -> list[str]:
    """Tables that were read elsewhere until now lose our triggers and policy; returned is which rights to them stay."""
    names = {table.name for table in found.there}
    rows = connection.execute(find("adoption.list_adopted").text, {"system": found.system}).fetchall()
    former = [row for row in rows if row["table_name"] in names and row["source_schema"] != found.schema]
    return _leave(connection, found.system, former)


def _leave(connection: Connection, system: str, noted: list[dict[str, Any]]) -> list[str]:
    for row in noted:
        watching.unwatch(connection, system, row["table_name"])
    return sight.take_policies_back(connection, noted)
