"""The rules by which the tables of another system refuse rows that ours take: checks, foreign keys, exclusions, indexes
that compute something of each row, enumerations and lengths.

Of a column that holds one of a few words, those words are tried: which of them are refused is known. Of all others
nobody knows what will be written, so the rule is named and no more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from data.adoption.needs import Column, bare, indexes_of, rules_of, tables_of, words_of
from data.database.queries import find
from data.migration.connection import Connection

_LENGTH = re.compile(r"character(?: varying)?\((?P<most>\d+)\)")
# A cast of something computed to anything but words: of some values it fails.
_MAY_FAIL = re.compile(r"\)::(?!text\b|character varying)")
_REFERENCE = re.compile(r"FOREIGN KEY \((?P<columns>[^)]*)\) REFERENCES (?P<referenced>[\w.]+)\(")
_ENFORCED_BY_NOBODY = "NOT ENFORCED"  # PostgreSQL 18 has such constraints


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a table refuses, as a sentence without its end. `is_known`: that it does so is certain, and not just
    possible."""

    table: str
    why: str
    is_known: bool


def ruled(connection: Connection, system: str, schema: str, written: Mapping[str, Collection[str]]) -> Iterator[Ruled]:
    """What the tables of a system, which are in `schema`, refuse of what is written into them here: `written` are the
    columns by table. Tries words of ours in the rules of the tables and changes nothing."""
    names = {"schema": schema, "names": list(written)}
    rows = _rows(connection, "adoption.fitting.list_rules", names)
    indexes = _rows(connection, "adoption.fitting.list_computing_indexes", names)
    types = _rows(connection, "adoption.list_columns", names)
    for table, columns in written.items():
        known = {each.name: each for each in tables_of(system)[table] if each.name in columns}
        found = {row["name"]: row["type"] for row in types if row["table_name"] == table and row["name"] in known}
        place = _Place(connection, schema, table, f"{system}.{table}", known, found)
        yield from place.of_types()
        unsure = list(place.of_lengths())
        for row in rows:
            if row["table_name"] == table and place.is_own(row):
                certain = place.of_words(row)
                if certain is None:
                    unsure.append(f"{row['name']} {row['definition']}")
                yield from certain or ()
        unsure += [
            f"{'the unique index' if row['is_unique'] else 'the index'} {row['name']} ({_computed(row['definition'])})"
            for row in indexes
            if row["table_name"] == table and place.may_refuse(row)
        ]
        if unsure:
            yield Ruled(
                place.name,
                f"{place.name} has rules of its own, and takes no row that one of them does not hold for: "
                f"{'; '.join(unsure)}",
                is_known=False,
            )


@dataclass(frozen=True, slots=True)
class _Place:
    """A table of another system: our name of it, our columns that are written, and their types there."""

    connection: Connection
    schema: str
    table: str
    ours: str
    known: Mapping[str, Column]
    found: Mapping[str, str]

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    def is_own(self, row: dict[str, Any]) -> bool:
        """Whether this rule is about what is written here, and ours has none like it."""
        if not {*row["columns"]} & self.known.keys() or row["definition"].endswith(_ENFORCED_BY_NOBODY):
            return False
        if row["kind"] == "f":
            system, (schema, _, other) = self.ours.partition(".")[0], row["referenced"].partition(".")
            there = system if schema == self.schema else schema
            return (frozenset(row["columns"]), f"{there}.{other}") not in _references_of(self.ours)
        return bare(row["definition"]) not in {bare(rule) for rule in rules_of(self.ours)}

    def of_words(self, row: dict[str, Any]) -> list[Ruled] | None:
        """What a check of one column refuses of the words that ours knows; None where that cannot be tried."""
        column, *others = row["columns"]
        words = words_of(self.ours, column)
        if row["kind"] != "c" or others or not words:
            return None
        query = sql.SQL(
            "select signalbox_word as word from unnest(%(words)s::text[]) as given (signalbox_word)"
            " cross join lateral (select signalbox_word::{} as {}) as one where not ({})"
        ).format(
            sql.SQL(_kind(self.found[column])), sql.Identifier(column), sql.SQL(row["expression"].replace("%", "%%"))
        )
        try:
            with self.connection.transaction(force_rollback=True):
                refused = [each["word"] for each in _run(self.connection, query, {"words": list(words)})]
        except psycopg.DatabaseError:
            if self.connection.broken:
                raise
            return None
        undo = f"alter table {self.name} drop constraint {row['name']}"
        why = f"by its check {row['name']}, until that is dropped ({undo})"
        return [self._refusing(column, refused, why)] if refused else []

    def of_types(self) -> Iterator[Ruled]:
        """Words of ours that the types of the columns have no place for."""
        for column, kind in self.found.items():
            if kind == self.known[column].type:
                continue
            words, most = words_of(self.ours, column), _LENGTH.match(kind)
            if most:
                long = [word for word in words if len(word) > int(most["most"])]
                if long:
                    yield self._refusing(column, long, f"as its type is {kind}")
            elif unknown := [word for word in words if not self._is_of(kind, word)]:
                values = "; ".join(
                    f"alter type {_kind(kind)} add value {sql.Literal(word).as_string()}" for word in unknown
                )
                yield self._refusing(column, unknown, f"which its type {_kind(kind)} does not know ({values})")

    def of_lengths(self) -> Iterator[str]:
        """The columns that take fewer characters than ours."""
        for column, kind in self.found.items():
            most, ours = _LENGTH.match(kind), self.known[column].type
            if most is None or words_of(self.ours, column):
                continue
            longest = _LENGTH.match(ours)
            if ours == "text" or (longest and int(longest["most"]) > int(most["most"])):
                yield f"{column} takes at most {most['most']} characters"

    def may_refuse(self, row: dict[str, Any]) -> bool:
        """Whether an index of the table computes what may fail, or allows a value of it once."""
        definition = row["definition"]
        if _computed(definition) in {_computed(index) for index in indexes_of(self.ours)}:
            return False
        if not any(re.search(rf"\b{column}\b", _computed(definition)) for column in self.known):
            return False
        return bool(row["is_unique"] or _MAY_FAIL.search(definition))

    def _refusing(self, column: str, words: Sequence[str], why: str) -> Ruled:
        listed = " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
        return Ruled(self.name, f"{self.name} takes no row whose {column} is {listed}, {why}", is_known=True)

    def _is_of(self, kind: str, word: str) -> bool:
        try:
            with self.connection.transaction(force_rollback=True):
                cast = sql.SQL("select {}::{}").format(sql.Literal(word), sql.SQL(_kind(kind)))
                _run(self.connection, cast, {})
        except psycopg.errors.DataError:
            return False
        return True


@cache
def _references_of(table: str) -> frozenset[tuple[frozenset[str], str]]:
    return frozenset(
        (frozenset(match["columns"].split(", ")), match["referenced"])
        for rule in rules_of(table)
        if (match := _REFERENCE.match(rule))
    )


def _computed(index: str) -> str:
    return index.partition(" USING ")[2]


def _kind(found: str) -> str:
    return found.partition(" collate ")[0]


def _rows(connection: Connection, query: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    return _run(connection, sql.SQL(find(query).text), names)


def _run(connection: Connection, query: sql.SQL | sql.Composed, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    # Whoever imports may have lent a connection with other rows.
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters or None).fetchall()
