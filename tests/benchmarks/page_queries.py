"""The queries of a page: noted while the page itself runs, then asked again and again of one connection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg

from data import demo, embedded
from data.access import Actor
from data.database import beginning, queries, units
from data.database.pools import Limits
from tests import page_runs
from ui import cached

_FAILED = "could not be shown"  # what a page says of a part that failed
LIMITS = Limits(pool_size=1, statement_timeout_ms=300_000)  # answers from the tables take what they take


@dataclass(frozen=True)
class Asked:
    """A named query as a page asked it."""

    name: str
    parameters: Mapping[str, Any]


def asked_by(actor: Actor, path: str, **parameters: str) -> list[Asked]:
    """What the page asks of the demo's database, in its order, when nothing is cached. A console must be open."""
    return [asked for asked, _ in _noted(actor, path, parameters)]


def took_by(actor: Actor, path: str, **parameters: str) -> list[tuple[str, float]]:
    """The same by name, each with its milliseconds from asking to the last row as the page itself waited for them.

    Raises RuntimeError when the page did not show all its parts: what fails is fast, or was given up.
    """
    return [(asked.name, took_ms) for asked, took_ms in _noted(actor, path, parameters)]


def _noted(actor: Actor, path: str, parameters: Mapping[str, str]) -> list[tuple[Asked, float]]:
    noted: list[tuple[Asked, float]] = []
    run = units.Unit._run

    @contextmanager
    def noting(unit: units.Unit, name: str, given: Mapping[str, Any]) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        began = time.perf_counter()
        with run(unit, name, given) as cursor:
            yield cursor
        if unit._connection.info.dbname == demo.DATABASE:
            noted.append((Asked(name, dict(given)), 1000 * (time.perf_counter() - began)))

    cached.forget()
    with mock.patch.object(units.Unit, "_run", noting):
        page = page_runs.open_page(actor, path, **parameters)
    if _FAILED in page.text:
        raise RuntimeError(f"{path} {parameters} did not show all its parts: {page.text[:400]}")
    return noted


@contextmanager
def connected(home: Path) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the demo's database as its owner, opened as the console opens its own."""
    with (
        embedded.lease(home) as lease,
        psycopg.connect(lease.url(demo.DATABASE), prepare_threshold=None) as connection,
    ):
        yield connection


def milliseconds(
    connection: psycopg.Connection[Any], actor: Actor, asked: list[Asked], before: tuple[str, ...] = ()
) -> dict[str, float]:
    """How long each query takes as this person, in milliseconds from asking to the last row, planning included.

    `before` are statements of the owner that the transaction of all these queries begins with; it is rolled back.
    """
    took: dict[str, float] = {}
    for statement in before:
        connection.execute(statement.encode())
    # Not read-only where something was written before; nothing of it stays.
    settings = beginning.settings_for(LIMITS, actor, read_only=False)
    for one in asked:
        text = queries.find(one.name).text
        connection.execute(beginning.SETTINGS, settings)
        began = time.perf_counter()
        connection.execute(text, one.parameters).fetchall()
        took[one.name] = took.get(one.name, 0.0) + 1000 * (time.perf_counter() - began)
    connection.rollback()
    if before:
        # What was rolled back lies in the log until it is cleaned, and every reader would pass over it from now on.
        connection.autocommit = True
        connection.execute("vacuum signalbox.change_log, signalbox.change_links")
        connection.autocommit = False
    return took
