"""How a column of another type is read as the type that reports need; a value that is none of that type reads as null.

Values are tried before they are converted, because one that cannot be would fail every report of its table, and the
program that writes it may do so at any time. PostgreSQL 16 and later try a value themselves: over a million rows of
text that takes 0.21 s instead of 0.14 s for integers, 0.81 s instead of 0.39 s for identifiers and 0.76 s instead of
0.48 s for times. PostgreSQL 15 cannot: a function that catches the error takes 4.7 to 5.7 s, a regular expression of
the whole of a time 6.9 s. There the shape of identifiers, integers, truth values and enumerations is looked at, which
takes about three times as long as converting alone; of all others the report of adopting says that a value which is
none of the type makes the table's reports fail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from psycopg import sql

from data.adoption.needs import Column, labels_of

_TRIES_VALUES = 160_000  # the version of PostgreSQL that has pg_input_is_valid
_WITHOUT_ZONE = re.compile(r"timestamp(\(\d\))? without time zone|date")
_TEXT = re.compile(r"text|character( varying)?(\(\d+\))?( collate .*)?")
_WHOLE = {"smallint": 15, "integer": 31, "bigint": 63}  # bits of the highest value
_FLOATING = ("real", "double precision")
_NUMBER = re.compile(r"smallint|integer|bigint|numeric(\(.*\))?|real|double precision")
_TRUTHS = ("t", "true", "y", "yes", "on", "1", "f", "false", "n", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression that reads a column as ours.

    `is_total`: every value can be read, so that there is nothing to count. `is_tried`: a value that cannot be read is
    null instead of an error.
    """

    expression: sql.Composable
    is_total: bool = False
    is_tried: bool = True


def read_as(column: Column, found: str | None, server_version: int) -> Reading:
    """How to read a column of the other table as ours: null where there is none.

    Equal types are read as they are, so that their indexes serve. Times without a zone are taken as UTC, which is
    what the systems' own clients write. Fractions are rounded to whole numbers. Everything else goes by way of its
    text, in the collation that ours have: a view's column cannot change it.
    """
    # Types come from the inventory and the catalog, which write them as PostgreSQL does, never from a person.
    wanted = sql.SQL(column.type)
    value = sql.SQL("source.{}").format(sql.Identifier(column.name))
    if found is None:
        return Reading(sql.SQL("null::{}").format(wanted), is_total=True)
    if found == column.type:
        return Reading(value, is_total=True)
    if _WITHOUT_ZONE.fullmatch(found) and column.type == "timestamp with time zone":
        utc = sql.SQL("({}::timestamp without time zone at time zone 'UTC')").format(value)
        return Reading(utc, is_total=True)
    if _NUMBER.fullmatch(found) and (number := _number(value, found, column.type)):
        return number
    # A string in a JSON column is its characters, without the quotes around them.
    plain = "({} #>> '{{}}')" if found in ("json", "jsonb") and column.type != "jsonb" else "{}::text"
    return _text(sql.SQL(plain).format(value), column.type, server_version)


def is_never(column: Column, found: str) -> bool:
    """Whether no value of the other type can be read as ours, whatever is written later."""
    return column.type == "uuid" and _NUMBER.fullmatch(found) is not None


def count_read(schema: str, table: str, column: Column, reading: Reading) -> sql.Composed:
    """A statement that reads every value there is: how many are `present`, and how many of them are `readable`."""
    return sql.SQL("select count(source.{}) as present, count({}) as readable from {} as source").format(
        sql.Identifier(column.name), reading.expression, sql.Identifier(schema, table)
    )


def _number(value: sql.Composable, found: str, wanted: str) -> Reading | None:
    """Numbers become whole numbers where they are within bounds; None for what goes by way of its text."""
    if wanted == "numeric" or (found in _WHOLE and wanted in _FLOATING):
        return Reading(sql.SQL("{}::{}").format(value, sql.SQL(wanted)), is_total=True)
    if wanted not in _WHOLE:
        return None
    if _WHOLE.get(found, 64) < _WHOLE[wanted]:
        return Reading(sql.SQL("{}::{}").format(value, sql.SQL(wanted)), is_total=True)
    highest = 2 ** _WHOLE[wanted] - 1
    # A floating number near the highest one is rounded up to the power of two above it.
    within = "{0} >= {1} and {0} < {2}" if found in _FLOATING else "{0} >= {1} and {0} <= {2}"
    bounds = sql.SQL(within).format(value, sql.Literal(-highest), sql.Literal(highest))
    return Reading(sql.SQL("case when {} then {}::{} end").format(bounds, value, sql.SQL(wanted)))


def _text(text: sql.Composable, wanted: str, server_version: int) -> Reading:
    converted = sql.SQL('({} collate pg_catalog."default")::{}').format(text, sql.SQL(wanted))
    if _TEXT.fullmatch(wanted):
        return Reading(converted, is_total=True)
    tried = _is_valid(text, wanted, server_version)
    if tried is None:
        return Reading(converted, is_tried=False)
    return Reading(sql.SQL("case when {} then {} end").format(tried, converted))


def _is_valid(text: sql.Composable, wanted: str, server_version: int) -> sql.Composable | None:
    """Whether a text can be read as that type; None where this server cannot say it at a price worth paying."""
    if server_version >= _TRIES_VALUES:
        return sql.SQL("pg_catalog.pg_input_is_valid({}, {})").format(text, sql.Literal(wanted))
    # Each piece is of the cheap kind: counted repetitions in a pattern, or translate(), take ten times as long.
    if wanted == "uuid":
        return sql.SQL(
            "({0} like '________-____-____-____-____________'"
            " and pg_catalog.length(pg_catalog.replace({0}, '-', '')) = 32"
            " and {0} collate \"C\" !~ '[^0-9a-fA-F-]')"
        ).format(text)
    if wanted in _WHOLE:
        # As many digits as are always within bounds.
        digits = len(str(2 ** _WHOLE[wanted])) - 1
        return sql.SQL("(pg_catalog.length({0}) <= {1} and {0} collate \"C\" ~ '^[+-]?[0-9]+$')").format(
            text, sql.Literal(digits)
        )
    if wanted == "boolean":
        return sql.SQL("pg_catalog.lower({}) = any({})").format(text, sql.Literal(list(_TRUTHS)))
    if labels := labels_of(wanted):
        return sql.SQL("{} in ({})").format(text, sql.SQL(", ").join(sql.Literal(label) for label in labels))
    return None
