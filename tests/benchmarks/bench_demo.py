"""How fast demo rows are made, against a bare COPY of the very same rows into the same tables."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from data import embedded, migration
from data.database.queries import find
from data.demo import fill
from data.demo.columns import Block
from data.demo.prices import Prices
from data.demo.request import Request
from data.ingest import prices as price_table
from tests.benchmarks.big_data import NoRoom

EVENTS = int(os.environ.get("EVENTS") or 100_000)  # `make bench ONLY=demo EVENTS=10000000` for the real thing
ROUNDS = 3 if EVENTS <= 1_000_000 else 1  # ten million take half an hour each
_BYTES_AN_EVENT = 4_500  # of the database, of the files that the bare COPY sends, and of the server's log
BOUND = 0.8
_PIECE_BYTES = 1 << 18
ANCHOR = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def measure(events: int = EVENTS, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The rate of the generator and that of a bare COPY, medians of interleaved rounds."""
    request = Request(events, 1, ANCHOR)
    with tempfile.TemporaryDirectory() as folder:
        needed, free = events * _BYTES_AN_EVENT, shutil.disk_usage(folder).free
        if free < needed:
            raise NoRoom(
                f"Measuring the making of {events:,} events needs {needed / 1e9:.1f} GB in {folder}, and "
                f"{free / 1e9:.1f} GB are free. Make room, name another place in TMPDIR, or measure fewer with EVENTS."
            )
        return _measured(request, Path(folder), events, rounds)


def _measured(request: Request, folder: Path, events: int, rounds: int) -> list[dict[str, Any]]:
    with embedded.lease(folder / "home") as lease:
        lease.ensure_database("bench_empty")
        migration.up(lease.url("bench_empty"), migration.FOLDER, lambda _: None)
        spool, rows = _spool(request, folder)
        made: list[float] = []
        bare: list[float] = []
        for number in range(rounds):
            order = (("made", made), ("bare", bare)) if number % 2 else (("bare", bare), ("made", made))
            for kind, seconds in order:
                with _database(lease) as connection:
                    began = time.perf_counter()
                    _fill(connection, request) if kind == "made" else _copy(connection, spool)
                    seconds.append(time.perf_counter() - began)
                lease.drop_database("bench_demo")
    return [_entry(rows, statistics.median(made), statistics.median(bare), events, rounds)]


def _entry(rows: int, made_s: float, bare_s: float, events: int, rounds: int) -> dict[str, Any]:
    ratio = bare_s / made_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "name": "demo rows made",
        "value": round(rows / made_s),
        "unit": "rows/s",
        "limit": round(rows / bare_s),
        "ratio": round(ratio, 3),
        "bound": f"at least {BOUND} of a bare COPY",
        "holds": ratio >= BOUND,
        "how": f"{events:,} events, {rows:,} rows in all tables, medians of {rounds} interleaved rounds, from the "
        f"first row drawn to the last commit; the bare COPY sends the same bytes from files, one COPY per table; "
        f"peak memory of this process {peak_mb} MB",
    }


def _spool(request: Request, folder: Path) -> tuple[dict[str, Path], int]:
    """All rows in one file per table, in the order of the first use, and their number."""
    spool: dict[str, Path] = {}
    rows = 0
    for blocks in fill.systems(request, Prices.listed(price_table.load())):
        for block in blocks:
            path = spool.setdefault(block.query, folder / block.query)
            with path.open("ab") as file:
                file.write(block.data)
            rows += block.rows
    return spool, rows


def _database(lease: embedded.Lease) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to a fresh, migrated database with the people in it."""
    with psycopg.connect(lease.url("postgres"), autocommit=True) as connection:
        connection.execute("create database bench_demo template bench_empty")
        connection.execute("checkpoint")
    opened = psycopg.connect(lease.url("bench_demo"), prepare_threshold=None)
    fill.add_bases(opened)
    return opened


def _fill(connection: psycopg.Connection[tuple[object, ...]], request: Request) -> None:
    drawn: Iterator[list[Block]] = fill.systems(request, Prices.listed(price_table.load()))
    fill.copy_all(connection, drawn, lambda _: None)


def _copy(connection: psycopg.Connection[tuple[object, ...]], spool: dict[str, Path]) -> None:
    # Approvals name engine events, so the tables go in the order of their references.
    last = "demo.copy_human_approvals"
    for query in [*(name for name in spool if name != last), last]:
        with spool[query].open("rb") as file, connection.cursor() as cursor, cursor.copy(find(query).text) as copy:
            while piece := file.read(_PIECE_BYTES):
                copy.write(piece)
        connection.commit()
