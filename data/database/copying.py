"""COPY of a named query to the client: the rows of a report as CSV or JSON lines, made by the server."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

import psycopg
from psycopg import sql

from data.database import queries
from data.database.units import Unit

Format = Literal["csv", "jsonl"]

# Types whose text can never be taken for a formula, by their oid: bool, whole numbers, floats, numeric, uuid, date,
# json, jsonb. Everything else is treated as text that somebody may have typed.
_PLAIN = frozenset({16, 20, 21, 23, 26, 700, 701, 1700, 2950, 1082, 114, 3802})
_TIMESTAMPTZ = 1184

# First characters that make a spreadsheet read a cell as a formula: = + - @ tab, line ends, and = + - @ as East Asian
# keyboards write them.
_FORMULA_STARTS = (61, 43, 45, 64, 9, 10, 13, 0xFF1D, 0xFF0B, 0xFF0D, 0xFF20)

_CSV = sql.SQL("copy (select {columns} from ({query}) as report) to stdout (format csv, header true, encoding 'UTF8')")
# A CSV of one column whose quote and delimiter never occur in JSON, so that each line is exactly the row's JSON.
_JSON_LINES = sql.SQL(
    "copy (select to_jsonb(report) from ({query}) as report) "
    "to stdout (format csv, quote E'\\x01', delimiter E'\\x02', encoding 'UTF8')"
)


def copied_rows(unit: Unit, name: str, form: Format, parameters: Mapping[str, Any]) -> Generator[bytes, None, None]:
    """The rows of a named query, one piece of bytes for each and, as CSV, one for the header, each ending in a newline.

    CSV: timestamps in ISO 8601 with offset, text that a spreadsheet would run as a formula gets an apostrophe in front.
    JSON lines: the values as they are. Closing the iterator early cancels the COPY.
    """
    copying = statement(unit, name, form, parameters)
    with unit.connection.cursor() as cursor, cursor.copy(copying, parameters) as rows:
        for row in rows:
            yield bytes(row)


def count_rows(unit: Unit, name: str, parameters: Mapping[str, Any]) -> int:
    """How many rows the named query has."""
    counting = sql.SQL("select count(*) as rows from ({query}) as report").format(query=_query(name))
    found = unit.connection.execute(counting, parameters).fetchone()
    return int(found["rows"]) if found else 0


def statement(unit: Unit, name: str, form: Format, parameters: Mapping[str, Any]) -> sql.Composed:
    """The COPY statement of a named query, its parameters still to be bound."""
    if form == "jsonl":
        return _JSON_LINES.format(query=_query(name))
    with unit.connection.cursor() as cursor:
        # The planner alone works for this: it says which types the columns have.
        cursor.execute(sql.SQL("select * from ({query}) as report limit 0").format(query=_query(name)), parameters)
        columns = cursor.description or []
    return _CSV.format(columns=sql.SQL(", ").join(_cell(column) for column in columns), query=_query(name))


def _query(name: str) -> sql.SQL:
    return sql.SQL(queries.find(name).text)


def _cell(column: psycopg.Column) -> sql.Composed:
    name = sql.Identifier(column.name)
    if column.type_code in _PLAIN:
        return sql.Composed([name])
    if column.type_code == _TIMESTAMPTZ:
        # The server's own text, in UTC, costs half of to_char's; RFC 3339 wants the T and the minutes of the offset.
        return sql.SQL("replace(replace({name}::text, ' ', 'T'), '+00', '+00:00') as {name}").format(name=name)
    starts = sql.SQL(", ").join(sql.Literal(start) for start in _FORMULA_STARTS)
    return sql.SQL(
        "case when ascii({name}::text) in ({starts}) then '''' || {name}::text else {name}::text end as {name}"
    ).format(name=name, starts=starts)
