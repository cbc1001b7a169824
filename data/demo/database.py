"""The demo's database: made under another name and renamed when it is whole, so that a half-made one is never shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg.rows import class_row

from data import migration
from data.database.queries import find
from data.demo.errors import DemoBeingMade
from data.embedded.errors import DiskFull
from data.errors import DatabaseUnavailable, SignalboxError, WrongUse

if TYPE_CHECKING:  # what draws the rows is loaded where some are drawn, and not with every command
    from data.demo.fill import Filled
    from data.demo.request import Request

DATABASE = "signalbox_demo"
UNFINISHED = "signalbox_demo_unfinished"
DEFAULT_EVENTS = 80_000
DEFAULT_SEED = 20_261_120
SMALLEST, LARGEST = 500, 20_000_000

Progress = Callable[[str], None]


class Server(Protocol):
    """What the demo needs of the embedded server."""

    def url(self, database: str = ...) -> str:
        """The address of one of its databases."""
        ...

    def ensure_database(self, name: str) -> object:
        """Make a database with the roles and `auth` of a Supabase project, where it is missing."""
        ...

    def drop_database(self, name: str) -> object:
        """Drop a database if it is there, ending whoever is connected."""
        ...


@dataclass(frozen=True)
class Made:
    """The receipt: what the demo database holds, and how long it took. `is_new` is False where it was there already."""

    database: str
    is_new: bool
    seed: int
    anchor: datetime
    rows: dict[str, int]
    seconds: float


@dataclass(frozen=True)
class Described:
    """What a demo database holds; `newest_at` is the time of its last event, in UTC."""

    events: int
    sessions: int
    newest_at: datetime
    size_bytes: int

    def days_old(self, now: datetime) -> int:
        """Whole days since its last event: after some, reports of the last week are empty and a new one is due."""
        return max(0, (now - self.newest_at).days)


def exists(server: Server) -> bool:
    """Whether there is a whole demo database. Raises DatabaseUnavailable."""
    with _maintenance(server) as connection:
        return _has(connection, DATABASE)


def describe(server: Server) -> Described | None:
    """What the demo database holds, None where there is none. Raises DatabaseUnavailable."""
    if not exists(server):
        return None
    with (
        _reached(),
        psycopg.connect(server.url(DATABASE), prepare_threshold=None, row_factory=class_row(Described)) as connection,
    ):
        return connection.execute(find("demo.describe").text).fetchone()


def create(
    server: Server,
    migrations_directory: Path,
    *,
    events: int = DEFAULT_EVENTS,
    seed: int = DEFAULT_SEED,
    anchor: datetime | None = None,
    replace: bool = False,
    progress: Progress | None = None,
) -> Made:
    """Make the demo database with about `events` events that end at `anchor` (now, to the minute).

    Equal events, seed and anchor give equal rows. One that is there already is left as it is unless `replace`; then
    whoever is connected to it is sent away. What an interrupted attempt left behind is thrown away first. `progress`
    hears each step, after a colon how far it is.
    Raises WrongUse, DemoBeingMade, DatabaseUnavailable, DiskFull, MigrationError.
    """
    request = _checked(events, seed, anchor)
    say = progress or (lambda _: None)
    began = time.monotonic()
    with _turn(server) as connection:
        if _has(connection, DATABASE) and not replace:
            return Made(DATABASE, False, seed, request.anchor, {}, time.monotonic() - began)
        filled = _make(server, migrations_directory, request, say)
        server.drop_database(DATABASE)
        connection.execute(find("demo.rename_finished").text)
    return Made(DATABASE, True, seed, request.anchor, filled.rows, time.monotonic() - began)


def remove(server: Server) -> bool:
    """Drop the demo database, and what an interrupted attempt left; whether there was one.

    Raises DemoBeingMade, DatabaseUnavailable.
    """
    with _turn(server) as connection:
        was_there = _has(connection, DATABASE) or _has(connection, UNFINISHED)
        server.drop_database(UNFINISHED)
        server.drop_database(DATABASE)
    return was_there


def _make(server: Server, migrations_directory: Path, request: Request, say: Progress) -> Filled:
    from data.demo.fill import fill  # noqa: PLC0415 - see above

    server.drop_database(UNFINISHED)
    server.ensure_database(UNFINISHED)
    url = server.url(UNFINISHED)
    say("Laying out the demo database")
    try:
        migration.up(url, migrations_directory, lambda _: None)
        return fill(url, request, say)
    except BaseException:
        with suppress(SignalboxError):  # it must not take up space; the next attempt would throw it away, too
            server.drop_database(UNFINISHED)
        raise


def _checked(events: int, seed: int, anchor: datetime | None) -> Request:
    from data.demo.request import Request  # noqa: PLC0415 - see above

    if not SMALLEST <= events <= LARGEST:
        raise WrongUse(f"The demo can have {SMALLEST} to {LARGEST} events, not {events}.")
    if not 0 <= seed < 2**63:
        raise WrongUse(f"The seed of the demo must be a whole number from 0 to 2^63 - 1, not {seed}.")
    if anchor is not None and anchor.tzinfo is None:
        raise WrongUse("The moment at which the demo ends needs a time zone.")
    ends = (anchor or datetime.now(UTC)).astimezone(UTC).replace(second=0, microsecond=0)
    return Request(events, seed, ends)


def _has(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute(find("demo.find_database").text, {"database": name}).fetchone()
    return row is not None and bool(row[0])


@contextmanager
def _turn(server: Server) -> Iterator[psycopg.Connection[Any]]:
    """One maker at a time on a server; the lock goes with the connection, so a killed maker leaves none behind."""
    with _maintenance(server) as connection:
        row = connection.execute(find("demo.take_turn").text).fetchone()
        if row is None or not row[0]:
            raise DemoBeingMade
        try:
            yield connection
        finally:
            with suppress(psycopg.Error):  # a lost connection has lost its lock, too; else the server might be slow to
                connection.execute(find("demo.end_turn").text)  # notice the end, and refuse the next who asks at once


@contextmanager
def _maintenance(server: Server) -> Iterator[psycopg.Connection[Any]]:
    with _reached(), psycopg.connect(server.url("postgres"), autocommit=True, prepare_threshold=None) as connection:
        yield connection


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise DiskFull from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
