"""COPY of a named query to the client: the rows of a report as CSV or JSON lines, made by the server."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from data.database import queries
from data.database.behind import named
from data.database.units import Unit, report

Format = Literal["csv", "jsonl"]

PIECE_BYTES = 1024 * 1024  # the driver gives one piece per row; fewer and larger ones cost the way out much less
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel reads UTF-8 as something else

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
    "copy (select to_jsonb(report) from (select {columns} from ({query}) as report) as report) "
    "to stdout (format csv, quote E'\\x01', delimiter E'\\x02', encoding 'UTF8')"
)


# Rows that are equal in the column stay as the query gives them.
_ORDERED = sql.SQL(
    "select * from (select report.*, row_number() over () as given_place from ({query}) as report) as report "
    "order by {column} {direction} nulls last, given_place"
)
_TEXTS = frozenset({25, 1043})  # text and varchar by their oid

Pieces = Generator[tuple[bytes, int], None, None]
Order = tuple[str, bool]  # the name of a column, and whether downwards


def copied_pieces(
    unit: Unit,
    name: str,
    form: Format,
    parameters: Mapping[str, Any],
    left_out: Collection[str] = (),
    order: Order | None = None,
) -> Pieces:
    """The rows of a named query in pieces of about PIECE_BYTES, each with how many rows were copied up to its end; the
    columns `left_out` are not in them. With an `order` they are sorted by that column, what is not known last.

    CSV: a byte order mark, a header, the line ends of RFC 4180; timestamps in ISO 8601 with offset, text that a
    spreadsheet would run as a formula gets an apostrophe in front. JSON lines: the values as they are.
    There is one piece at least. Closing the iterator early cancels the COPY.
    """
    return _reported(_copied(unit, name, form, parameters, left_out, order), f"{name} as {form}")


def _reported(pieces: Pieces, name: str) -> Pieces:
    """The pieces, and at their end a report of how long they took: of the waiting for them, not for who takes them."""
    seconds = 0.0
    try:
        with closing(pieces):
            while True:
                started = time.perf_counter()
                try:
                    piece = next(pieces, None)
                finally:
                    seconds += time.perf_counter() - started
                if piece is None:
                    return
                yield piece
    finally:
        report(name, seconds)


def _copied(
    unit: Unit,
    name: str,
    form: Format,
    parameters: Mapping[str, Any],
    left_out: Collection[str],
    order: Order | None,
) -> Pieces:
    with named(name):
        copying = statement(unit, name, form, parameters, left_out, order)
    piece, rows = (bytearray(BYTE_ORDER_MARK), -1) if form == "csv" else (bytearray(), 0)  # the header is no row
    line_end = b"\r\n" if form == "csv" else b"\n"
    with named(name), unit.connection.cursor() as cursor, cursor.copy(copying, parameters) as copied:
        for row in _rows(unit.connection.pgconn, copied):  # a million times: what can be done by the piece is not here
            piece += row
            piece[-1:] = line_end
            rows += 1
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece), rows
                piece.clear()
    yield bytes(piece), max(rows, 0)


def _rows(connection: PGconn, copied: psycopg.Copy) -> Iterator[Buffer]:
    """Each row as the server sent it.

    The driver's own loop over a COPY goes through four Python frames for a row, half of what an export costs here.
    So it waits for the first row of what the network brings, and the others are taken from the buffer of libpq.
    """
    while row := copied.read():
        yield row
        size, row = connection.get_copy_data(1)
        while size > 0:
            yield row
            size, row = connection.get_copy_data(1)
        if size < 0:
            _raise_failure(connection)
            return


def _raise_failure(connection: PGconn) -> None:
    """What the server says at the end of a COPY. Raises the error of the driver that belongs to it."""
    results = list(iter(connection.get_result, None))
    for result in results:
        if result.status != ExecStatus.COMMAND_OK:
            raise error_from_result(result, encoding="utf-8")


def count_rows(unit: Unit, name: str, parameters: Mapping[str, Any]) -> int:
    """How many rows the named query has."""
    counting = sql.SQL("select count(*) as rows from ({query}) as report").format(query=_query(name))
    started = time.perf_counter()
    try:
        with named(name):
            found = unit.connection.execute(counting, parameters).fetchone()
    finally:
        report(f"{name} counted", time.perf_counter() - started)
    return int(found["rows"]) if found else 0


def statement(
    unit: Unit,
    name: str,
    form: Format,
    parameters: Mapping[str, Any],
    left_out: Collection[str] = (),
    order: Order | None = None,
) -> sql.Composed:
    """The COPY statement of a named query without the columns `left_out`, its parameters still to be bound."""
    with unit.connection.cursor() as cursor:
        # The planner alone works for this: it says which types the columns have.
        cursor.execute(sql.SQL("select * from ({query}) as report limit 0").format(query=_query(name)), parameters)
        described = {column.name: column for column in cursor.description or []}
    columns = [column for column in described.values() if column.name not in left_out]
    query = _ordered(_query(name), described[order[0]], downwards=order[1]) if order else _query(name)
    if form == "jsonl":
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        return _JSON_LINES.format(columns=names, query=query)
    return _CSV.format(columns=sql.SQL(", ").join(_cell(column) for column in columns), query=query)


def _ordered(query: sql.SQL, column: psycopg.Column, *, downwards: bool) -> sql.Composed:
    words = sql.SQL(' collate "C"' if column.type_code in _TEXTS else "")  # as pages sort them
    return _ORDERED.format(
        query=query,
        column=sql.Composed([sql.Identifier(column.name), words]),
        direction=sql.SQL("desc" if downwards else "asc"),
    )


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
