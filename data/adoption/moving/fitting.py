"""What moved tables cannot take of what imports and the writers' kit write, and why; and what is loosened for that.

Four things keep rows of ours out: a column that only the other system knows and that every row must have, a unique key
that is narrower than ours, a rule of its own (see `ruling`), and a type that a statement does not get along with. The
first three are in the catalog; for the last the server plans the statements themselves, and runs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from data.adoption.moving import writers
from data.adoption.moving.ruling import ruled
from data.adoption.needs import Column, tables_of, unique_keys_of
from data.database.queries import find
from data.migration.connection import Connection
from signalbox_client.translating import OF_OTHER_TABLES


@dataclass(frozen=True, slots=True)
class Unfit:
    """A table and why it does not take all that is written here, as a sentence without its end, with what would mend
    it. `is_whole`: it takes nothing of whoever the sentence is about, and not just some rows."""

    table: str
    why: str
    is_whole: bool = True


def loosen(connection: Connection, system: str) -> list[str]:
    """Let those columns of the tables that are written here be null that may be null in ours; which, in sentences."""
    said = []
    for table, columns in _written(system).items():
        opened = [
            row["name"]
            for row in _rows(connection, "adoption.fitting.list_demands", system, table)
            if row["name"] in columns and columns[row["name"]].is_nullable
        ]
        for name in opened:
            connection.execute(
                sql.SQL("alter table {} alter column {} drop not null").format(
                    sql.Identifier(system, table), sql.Identifier(name)
                )
            )
        if opened:
            said.append(f"{system}.{table}: {', '.join(opened)} may be null from now on, as in ours")
    return said


def unfit(connection: Connection, system: str, *, has_keys: bool = True) -> list[Unfit]:
    """What the tables of a system in our schema cannot take. Without `has_keys`, the unique indexes that moving adds
    are still to come. Runs nothing and changes nothing."""
    if not _written(system):
        return []
    found = [*_demanding(connection, system)]
    for table in _written(system):
        found += narrower(connection, system, table)
    known = [each for each in ruled(connection, system, system, _written(system)) if each.is_known]
    found += [Unfit(each.table, each.why, is_whole=False) for each in known]
    return [*found, *_refused(connection, system, has_keys=has_keys)]


def doubted(connection: Connection, system: str) -> list[str]:
    """The rules of a system's tables in our schema that may refuse what is written, in sentences without their ends:
    nobody knows before a row comes."""
    return [each.why for each in ruled(connection, system, system, _written(system)) if not each.is_known]


def _demanding(connection: Connection, system: str) -> Iterator[Unfit]:
    for table, columns in _written(system).items():
        for row in _rows(connection, "adoption.fitting.list_demands", system, table):
            ours, name = columns.get(row["name"]), f"{system}.{table}"
            if (ours and ours.is_nullable) or (not ours and not row["is_filled"]):
                yield Unfit(
                    name,
                    f"{name} asks every row for its {row['name']}, which nothing here writes, so it takes no row until "
                    f"that may be null (alter table {name} alter column {row['name']} drop not null)",
                )


def narrower(connection: Connection, system: str, table: str) -> Iterator[Unfit]:
    """The unique keys of a table in our schema that ours has not, so that it holds fewer rows. Asks the catalog alone,
    which everybody may read."""
    name, known = f"{system}.{table}", _written(system).get(table, {})
    ours = [{*key.columns} for key in unique_keys_of(system) if key.table == name]
    for row in _rows(connection, "adoption.fitting.list_unique_keys", system, table):
        columns = {*row["columns"]}
        # What only the other system knows is left open here, and two rows without a value are not alike.
        if not columns <= known.keys() or any(key <= columns for key in ours):
            continue
        undo = f"alter table {name} drop constraint " if row["is_constraint"] else f"drop index {system}."
        among = f" where {row['predicate']}" if row["predicate"] else ""
        yield Unfit(
            name,
            f"{name} takes one row for each {' and '.join(row['columns'])}{among}, ours any number: a second one is "
            f"refused until that key is dropped ({undo}{row['name']})",
            is_whole=False,
        )


def _refused(connection: Connection, system: str, *, has_keys: bool) -> Iterator[Unfit]:
    """The statements that the server cannot even plan."""
    refused: dict[tuple[str, str], dict[str, None]] = {}
    for statement, error in _unplanned(connection, system):
        if isinstance(error, psycopg.errors.InvalidColumnReference):
            said = [] if not has_keys else [_lacking_key(table) for table in statement.tables]
        else:
            said = [error.diag.message_primary or ""]
        for table in sorted(table for table in statement.tables if table.startswith(f"{system}.") and said):
            refused.setdefault((table, statement.who), {}).update(dict.fromkeys(said))
    for (table, who), reasons in refused.items():
        others = _other_types(connection, system, table.partition(".")[2])
        while_so = f"; its own types: {', '.join(others)}" if others else ""
        yield Unfit(table, f"{table} cannot be used by {who} ({'; '.join(reasons)}{while_so})")


def _unplanned(connection: Connection, system: str) -> Iterator[tuple[writers.Statement, psycopg.Error]]:
    with connection.transaction(force_rollback=True):
        for text in writers.temporary_tables():
            connection.execute(text)
        for statement in writers.statements():
            if not any(table.startswith(f"{system}.") for table in statement.tables):
                continue
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(sql.SQL("explain {}").format(sql.SQL(statement.text)), _Nothing(), prepare=False)
            except OF_OTHER_TABLES as error:
                yield statement, error
            except psycopg.DatabaseError:
                # Of another kind, such as a lock: nothing is known of this statement then.
                if connection.broken:
                    raise


def _lacking_key(table: str) -> str:
    keys = [", ".join(sorted(columns)) for met, columns in writers.keys_met() if met == table and columns]
    return (
        f"no unique key tells its rows apart by {keys[0]}: create unique index on {table} ({keys[0]})" if keys else ""
    )


def _other_types(connection: Connection, system: str, table: str) -> list[str]:
    ours = _written(system).get(table, {})
    return [
        f"{row['name']} {row['type']} instead of {ours[row['name']].type}"
        for row in _rows(connection, "adoption.list_columns", system, table)
        if row["name"] in ours and row["type"] != ours[row["name"]].type
    ]


class _Nothing(dict[str, Any]):
    """Null for every parameter: statements are planned, not run."""

    def __missing__(self, name: str) -> None:
        return None


def _rows(connection: Connection, query: str, system: str, table: str) -> list[dict[str, Any]]:
    # Whoever imports may have lent a connection with other rows.
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(find(query).text, {"schema": system, "names": [table]}).fetchall()


def _written(system: str) -> dict[str, dict[str, Column]]:
    """The tables of a system that are written here, each with our columns by name."""
    return {
        table: {column.name: column for column in columns}
        for table, columns in tables_of(system).items()
        if f"{system}.{table}" in writers.written()
    }
