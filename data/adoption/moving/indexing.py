"""Gives tables that were moved the indexes that ours have, after the move and without holding up their writers.

Reports ask by these. An index is left out, in a sentence, where a column of it has another type than ours: there
reports ask for the converted value. The keys by which writers know a row again become unique indexes as far as the rows
that are there allow it. All other constraints stay the table's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from data.adoption.findings import SystemFinding, TableFinding
from data.adoption.moving.writers import keys_met
from data.adoption.needs import unique_keys_of
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.files import FOLDER, INVENTORY_FILE
from data.migration.state import inventory

_DEFINITION = re.compile(r"CREATE (?P<unique>UNIQUE )?INDEX (?P<name>\w+) ON (?P<rest>.*)\Z", re.DOTALL)
_LOCK_TIMEOUT = "60s"  # for whoever still reads or writes an older state of the table


@dataclass(frozen=True, slots=True)
class Index:
    """An index of ours; `rest` is its definition from the table's name on. That of a key serves writers."""

    table: str
    name: str
    unique: str
    rest: str
    is_key: bool = False


def plan(connection: Connection, found: SystemFinding) -> tuple[list[Index], list[str]]:
    """The indexes of ours that the moved tables of a system lack, and which of ours they cannot have and why."""
    tables = {f"{found.system}.{table.name}": table for table in found.there}
    rows = connection.execute(find("adoption.list_indexes").text, {"tables": list(tables)}).fetchall()
    there = {_without_name(row["definition"]) for row in rows if row["is_valid"]}
    names = {row["name"] for row in rows}
    lacking, said = [], []
    for index in _ours(found.system):
        if (table := tables.get(index.table)) is None or (index.unique, index.rest) in there:
            continue
        if why := next(_obstacles(index, table, names), None):
            said.append(f"{index.table} goes without the index {index.name}: {why}")
        else:
            lacking.append(index)
    return lacking, said


def build(connection: Connection, found: SystemFinding, *, keys_alone: bool = False) -> list[str]:
    """Make what is lacking, one index after the other; in sentences which, and which not and why. With `keys_alone`
    the indexes for reports are left as they are, and nothing is said of them.

    Outside a transaction, which PostgreSQL asks of whoever builds beside writers.
    """
    lacking, said = plan(connection, found)
    if keys_alone:
        lacking, said = [index for index in lacking if index.unique], []
    if not lacking:
        return said
    connection.execute(sql.SQL("set statement_timeout = 0; set lock_timeout = {}").format(sql.Literal(_LOCK_TIMEOUT)))
    made: dict[str, list[str]] = {}
    for index in lacking:
        try:
            connection.execute(
                sql.SQL("create {}index concurrently {} on {}").format(
                    sql.SQL(index.unique), sql.Identifier(index.name), sql.SQL(index.rest)
                )
            )
        except psycopg.DatabaseError as error:
            if connection.broken:
                raise
            _drop_half(connection, found.system, index.name)
            said.append(
                f"{index.table} goes without the index {index.name} ({error.diag.message_primary}); to make it later: "
                f"create {index.unique.lower()}index concurrently {index.name} on {index.rest}"
            )
        else:
            made.setdefault(index.table, []).append(index.name)
    connection.execute("reset statement_timeout; reset lock_timeout")
    return [*(f"{table} got the indexes {', '.join(names)}" for table, names in made.items()), *said]


def planned(connection: Connection, found: SystemFinding) -> list[str]:
    """What `build` would do, in sentences."""
    lacking, said = plan(connection, found)
    tables = dict.fromkeys(index.table for index in lacking)
    return [
        *(
            f"{table} gets the indexes {', '.join(index.name for index in lacking if index.table == table)}, after the "
            "move and beside its writers"
            for table in tables
        ),
        *said,
    ]


def _ours(system: str) -> Iterator[Index]:
    for item in inventory.read((FOLDER / INVENTORY_FILE).read_text(encoding="utf-8")):
        if item.kind == "index" and item.schema == system and (match := _DEFINITION.match(item.definition)):
            yield Index(item.identity.rpartition(".")[0], match["name"], match["unique"] or "", match["rest"])
    for key in unique_keys_of(system):
        if not {(key.table, frozenset(key.columns)), (key.table, frozenset())} & keys_met():
            continue
        rest = f"{key.table} USING btree ({', '.join(key.columns)})"
        yield Index(key.table, key.name, "UNIQUE ", rest, is_key=True)


def _without_name(definition: str) -> tuple[str, str]:
    match = _DEFINITION.match(definition)
    return (match["unique"] or "", match["rest"]) if match else ("", definition)


def _obstacles(index: Index, table: TableFinding, names: set[str]) -> Iterator[str]:
    for column in table.columns:
        if (
            not index.is_key
            and column.state in ("converted", "not convertible")
            and re.search(rf"\b{column.name}\b", index.rest)
        ):
            yield f"{column.name} is {column.found}, not {column.needed}"
    if any(part.is_partition for part in table.parts):
        yield "it has partitions, and PostgreSQL builds no index over those beside their writers"
    if index.name in names:
        yield "another index has that name"


def _drop_half(connection: Connection, system: str, name: str) -> None:
    connection.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(system, name)))
