"""Compares a system's tables in another schema with what reports need, column by column. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from data.adoption.converting import count_converted
from data.adoption.errors import NothingToAdopt
from data.adoption.needs import SYSTEMS, Column, tables_of
from data.database.queries import find
from data.errors import WrongUse
from data.migration.connection import Connection

State = Literal["same", "converted", "missing", "not convertible"]


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """A column that reports need and what the other table has for it; `found` is its type there, None without one."""

    name: str
    needed: str
    found: str | None
    state: State
    is_key: bool

    @property
    def is_null(self) -> bool:
        """Whether reports will read it as unknown."""
        return self.state in ("missing", "not convertible")


@dataclass(frozen=True, slots=True)
class TableFinding:
    """One table: its columns as we need them, columns beyond those, and who may read it."""

    name: str
    is_there: bool
    columns: tuple[ColumnFinding, ...] = ()
    extra: tuple[str, ...] = ()
    is_table: bool = True
    is_ours: bool = True
    owner: str = ""
    is_readable: bool = True
    is_secured: bool = True
    read_policies: int = 0
    estimated_rows: int = 0

    @property
    def lacking(self) -> tuple[str, ...]:
        """The columns that read as null."""
        return tuple(column.name for column in self.columns if column.is_null)

    @property
    def obstacle(self) -> str | None:
        """Why this table cannot be adopted, None where it can."""
        if not self.is_there:
            return None
        keys = [column.name for column in self.columns if column.is_key and column.is_null]
        if keys:
            return f"{self.name} has no {' and '.join(keys)}, by which its rows are known"
        if not self.is_table:
            return f"{self.name} is no table, so its changes could not be noticed"
        if not self.is_ours:
            return f"{self.name} belongs to {self.owner}"
        return None


@dataclass(frozen=True, slots=True)
class SystemFinding:
    """All tables of a system as they are in a schema."""

    system: str
    schema: str
    tables: tuple[TableFinding, ...]

    @property
    def there(self) -> tuple[TableFinding, ...]:
        """The tables that the schema has."""
        return tuple(table for table in self.tables if table.is_there)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Everything that stands in the way."""
        return tuple(table.obstacle for table in self.tables if table.obstacle)


def compare(connection: Connection, system: str, schema: str) -> SystemFinding:
    """What `schema` has of the tables of `system`. Raises WrongUse for a system or schema that is none of ours to
    adopt from, NothingToAdopt where no table is there."""
    if system not in SYSTEMS:
        raise WrongUse(f"There is no system {system!r}: it is one of {', '.join(SYSTEMS)}.")
    if schema in (*SYSTEMS, "signalbox", "analytics"):
        raise WrongUse(f"The schema {schema!r} is the console's own: name the one where the system made its tables.")
    needed = tables_of(system)
    names = {"schema": schema, "names": list(needed)}
    found = {row["name"]: row for row in connection.execute(find("adoption.find_tables").text, names)}
    if not found:
        raise NothingToAdopt(f"The schema {schema!r} has none of the tables of {system}: {', '.join(needed)}.")
    there: dict[str, dict[str, str]] = {}
    for row in connection.execute(find("adoption.list_columns").text, names):
        there.setdefault(row["table_name"], {})[row["name"]] = row["type"]
    tables = [_table(connection, schema, name, columns, found.get(name), there.get(name, {}))
              for name, columns in needed.items()]  # fmt: skip
    return SystemFinding(system, schema, tuple(tables))


def _table(
    connection: Connection,
    schema: str,
    name: str,
    needed: Sequence[Column],
    found: dict[str, Any] | None,
    types: dict[str, str],
) -> TableFinding:
    if found is None:
        return TableFinding(name, is_there=False)
    columns = tuple(_column(connection, schema, name, column, types.get(column.name)) for column in needed)
    return TableFinding(
        name,
        is_there=True,
        columns=columns,
        extra=tuple(sorted(set(types) - {column.name for column in needed})),
        is_table=found["is_table"],
        is_ours=found["is_ours"],
        owner=found["owner"],
        is_readable=found["is_readable"],
        is_secured=found["is_secured"],
        read_policies=found["read_policies"],
        estimated_rows=found["estimated_rows"],
    )


def _column(connection: Connection, schema: str, table: str, needed: Column, found: str | None) -> ColumnFinding:
    if found is None:
        state: State = "missing"
    elif found == needed.type:
        state = "same"
    else:
        state = "converted" if _converts(connection, schema, table, needed, found) else "not convertible"
    return ColumnFinding(needed.name, needed.type, found, state, needed.is_key)


def _converts(connection: Connection, schema: str, table: str, needed: Column, found: str) -> bool:
    """Whether every value that is there now can be read as the type we need: tried on all of them."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(count_converted(schema, table, needed, found))
    except (psycopg.errors.DataError, psycopg.errors.UndefinedFunction, psycopg.errors.CannotCoerce):
        return False
    return True
