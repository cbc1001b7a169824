"""Compares a system's tables in another schema with what reports need, column by column. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from data.adoption import allowing
from data.adoption.converting import count_read, is_never, read_as
from data.adoption.errors import AdoptionError, NothingToAdopt
from data.adoption.findings import ColumnFinding, Part, State, SystemFinding, TableFinding
from data.adoption.needs import SYSTEMS, Column, labels_of, tables_of, words_of
from data.database.queries import find
from data.errors import WrongUse
from data.migration.connection import Connection
from data.sources import pages_on

# `auth` has users, too; our triggers and columns are not for it.
_OF_THE_SERVER = frozenset(
    {"auth", "storage", "realtime", "vault", "extensions", "graphql", "graphql_public", "information_schema"}
    | {"supabase_migrations", "supabase_functions"}
)

_MOST_WORDS = 6  # of those that ours does not know, which are named


@dataclass(frozen=True, slots=True)
class _Place:
    """A table elsewhere, as the catalog knows it; `types` by column, `demanded` those that whoever adds a row fills.
    `is_counted`: values are read that may be none of the type that is needed."""

    connection: Connection
    system: str
    schema: str
    row: dict[str, Any]
    types: dict[str, str]
    parts: tuple[Part, ...]
    demanded: frozenset[str]
    is_counted: bool


def compare(connection: Connection, system: str, schema: str) -> SystemFinding:
    """What `schema` has of the tables of `system`. Raises WrongUse for a system or schema that is none of ours to
    adopt from, NothingToAdopt where no table is there, AdoptionError where one cannot be read."""
    if system not in SYSTEMS:
        raise WrongUse(f"There is no system {system!r}: it is one of {', '.join(SYSTEMS)}.")
    if schema in (*SYSTEMS, "signalbox", "analytics"):
        raise WrongUse(f"The schema {schema!r} is the console's own: name the one where the system made its tables.")
    if schema in _OF_THE_SERVER or schema.startswith("pg_"):
        raise WrongUse(f"The schema {schema!r} is PostgreSQL's or Supabase's own, and no system makes tables there.")
    found = look(connection, system, schema)
    if not found.there:
        raise NothingToAdopt(
            f"The schema {schema!r} has none of the tables of {system}: {', '.join(tables_of(system))}."
        )
    return found


def look(connection: Connection, system: str, schema: str, *, is_counted: bool = True) -> SystemFinding:
    """What any schema has of the tables of `system`, our own included. Reads the values that are to be converted, but
    with `is_counted` off the catalog alone."""
    needed = tables_of(system)
    names = {"schema": schema, "names": list(needed)}
    found = {row["name"]: row for row in connection.execute(find("adoption.find_tables").text, names)}
    types = types_of(connection, schema, list(needed))
    parts: dict[str, list[Part]] = {}
    for row in connection.execute(find("adoption.list_parts").text, names).fetchall():
        parts.setdefault(row.pop("table_name"), []).append(Part(**row))
    demanded: dict[str, set[str]] = {}
    for row in connection.execute(find("adoption.fitting.list_demands").text, names).fetchall():
        if not row["is_filled"]:
            demanded.setdefault(row["table_name"], set()).add(row["name"])

    def place_of(name: str) -> _Place:
        those = frozenset(demanded.get(name, ()))
        return _Place(
            connection, system, schema, found[name], types[name], tuple(parts.get(name, ())), those, is_counted
        )

    return SystemFinding(
        system,
        schema,
        tuple(
            _table(place_of(name), name, columns) if name in found else TableFinding(name, is_there=False)
            for name, columns in needed.items()
        ),
    )


def types_of(connection: Connection, schema: str, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The types of the columns of tables in a schema, by table and column in their order."""
    types: dict[str, dict[str, str]] = {name: {} for name in names}
    for row in connection.execute(
        find("adoption.list_columns").text, {"schema": schema, "names": list(names)}
    ).fetchall():
        types[row["table_name"]][row["name"]] = row["type"]
    return types


def _table(place: _Place, name: str, needed: Sequence[Column]) -> TableFinding:
    extra = tuple(sorted(set(place.types) - {column.name for column in needed}))
    other = max(_others(place, name), default=(0.0, ""))
    is_ours_by_its_columns = other[0] <= _share(place, needed)
    return TableFinding(
        name,
        is_there=True,
        columns=tuple(_column(place, name, column) for column in needed),
        extra=extra,
        demanded=tuple(name for name in extra if name in place.demanded),
        parts=place.parts,
        is_table=place.row["is_table"],
        is_ours=place.row["is_ours"],
        owner=place.row["owner"],
        is_readable=place.row["is_readable"],
        unreadable_columns=tuple(each.name for each in needed if each.name in place.row["unreadable_columns"]),
        is_secured=place.row["is_secured"],
        read_policies=place.row["read_policies"],
        admins_need=allowing.needed(place.connection, place.system, place.schema, name),
        estimated_rows=place.row["estimated_rows"],
        is_of="" if is_ours_by_its_columns else other[1],
    )


def _share(place: _Place, columns: Sequence[Column]) -> float:
    return sum(column.name in place.types for column in columns) / len(columns)


def _others(place: _Place, name: str) -> Iterator[tuple[float, str]]:
    """How much of the tables of this name that other systems have the table there looks like."""
    for system in SYSTEMS:
        if system != place.system and (columns := tables_of(system).get(name)):
            yield _share(place, columns), system


def _column(place: _Place, table: str, needed: Column) -> ColumnFinding:
    found, pages = place.types.get(needed.name), pages_on(f"{place.system}.{table}.{needed.name}")
    words, strange = _words(place, table, needed, found)
    if found is None or found == needed.type:
        state: State = "missing" if found is None else "same"
        return ColumnFinding(
            needed.name, needed.type, found, state, needed.is_key, is_essential=needed.is_essential, pages=pages,
            strange=strange, words=words,
        )  # fmt: skip
    reading = read_as(needed, found, place.connection.info.server_version)
    unreadable: int | None = None if is_never(needed, found) else 0
    if unreadable is not None and place.is_counted and not reading.is_total and place.row["is_selectable"]:
        unreadable = _count_unreadable(place, table, needed)
    return ColumnFinding(
        needed.name,
        needed.type,
        found,
        "not convertible" if unreadable is None else "converted",
        needed.is_key,
        unreadable or 0,
        reading.is_tried or unreadable is None,
        needed.is_essential,
        pages,
        strange,
        words,
    )


def _words(place: _Place, table: str, needed: Column, found: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that ours knows in a column, and up to a few that the rows there hold beside those. What is read as an
    enumeration of ours is counted as unreadable instead."""
    words = words_of(f"{place.system}.{table}", needed.name)
    if found is None or not words or labels_of(needed.type):
        return (), ()
    if not (place.is_counted and place.row["is_selectable"]):
        return words, ()
    query = sql.SQL(
        "select held.word from (select distinct {}::text as word from {}) as held where held.word <> all(%s)"
        " order by held.word limit {}"
    ).format(sql.Identifier(needed.name), sql.Identifier(place.schema, table), sql.Literal(_MOST_WORDS))
    rows = place.connection.execute(query, [list(words)]).fetchall()
    return words, tuple(row["word"] for row in rows)


def _count_unreadable(place: _Place, table: str, needed: Column) -> int | None:
    """How many of the values that are there now are none of the type we need; None where that is all of them, or
    where one of them fails."""
    reading = read_as(needed, place.types[needed.name], place.connection.info.server_version)
    try:
        with place.connection.transaction(force_rollback=True):
            row = place.connection.execute(count_read(place.schema, table, needed, reading)).fetchone()
    except (psycopg.errors.DataError, psycopg.errors.UndefinedFunction, psycopg.errors.CannotCoerce):
        return None
    except psycopg.DatabaseError as error:
        if place.connection.broken:
            raise
        raise AdoptionError(
            f"{place.schema}.{table} cannot be read: {error.diag.message_primary}. Nothing was changed."
        ) from error
    if row is None or (row["present"] and not row["readable"]):
        return None
    unreadable: int = row["present"] - row["readable"]
    return unreadable
