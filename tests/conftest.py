"""Fixtures: a real PostgreSQL for all tests, a fresh database for each, and people to act in it."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it comes without types

from data import database, embedded, migration
from data.access import Actor, Role
from tests.embedded_holders import folder

MIGRATIONS = Path(__file__).parent.parent / "migrations"
TEMPLATE = "signalbox_template"

# A fresh database is a thousand small files, and there is one for nearly every test: in memory that takes a tenth.
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 4 << 30

# What takes longest is begun first, so that at the end no worker waits for another. Browser tests share a console, its
# demo and a Chromium, so one worker does them all.
BROWSER = "tests/browser/"
LONG = (
    "tests/test_client_over_http.py", "tests/test_embedded.py", "tests/test_demo_database.py",
    "tests/test_gate_streamlit.py", "tests/test_console.py", "tests/test_cached_reads.py",
    "tests/test_migration_documents.py", "tests/test_command_db.py", "tests/test_migration_races.py",
    "tests/test_ingest_memory.py", "tests/test_embedded_errors.py", "tests/test_embedded_accounts.py",
    "tests/test_supabase_cli.py", "tests/test_statements_of_pages.py", "tests/test_rollups.py",
    "tests/test_retention.py",
)  # fmt: skip


class LongestFirst(LoadFileScheduling):  # type: ignore[misc]  # as its base has none
    """Gives each worker whole files, in the order of the collection, and all browser tests to one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LongestFirst:
    """Who gets which tests: see there."""
    return LongestFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith(BROWSER):
            return 0
        return 1 if item.nodeid.startswith(LONG) else 2

    items.sort(key=place)


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory where the machine has a place for that with room enough, until the tests end."""
    if hasattr(config, "workerinput"):
        return  # a worker uses the folder of whoever started it: what it leaves is cleared with that
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES:
        place = tempfile.mkdtemp(prefix="signalbox-tests-", dir=MEMORY)
        Path(place).chmod(0o711)  # the embedded server runs as another account where the tests run as root
        tempfile.tempdir = os.environ["TMPDIR"] = place  # for the programs that tests start, too
        config.add_cleanup(lambda: shutil.rmtree(place, ignore_errors=True))


def pytest_collection_finish() -> None:
    """What was loaded by now stays to the end: later collections need not look through it, as in the console itself."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Lease]:
    """The embedded PostgreSQL, with a migrated database to copy."""
    with folder() as path:
        # Hundreds of databases are made and dropped here, and none of them has to survive the machine. Each time, all
        # buffers are looked through.
        with embedded.lease(path / "home") as lease, psycopg.connect(lease.url("postgres"), autocommit=True) as first:
            first.execute("alter system set fsync = off")
            first.execute("alter system set full_page_writes = off")
            first.execute("alter system set shared_buffers = '64MB'")
            make_signing_in_cheap(first)
        with embedded.lease(path / "home") as lease:
            lease.ensure_database(TEMPLATE)
            migration.up(lease.url(TEMPLATE), MIGRATIONS, progress=lambda _: None)
            yield lease


def make_signing_in_cheap(connection: psycopg.Connection[Any]) -> None:
    """Have the same password derived in one step instead of 4096, which take longer than the rest of connecting: tests
    open a dozen connections each, and whoever reads their server's files has them anyway."""
    if connection.info.server_version >= 160000:
        connection.execute("set scram_iterations = 1")
        connection.execute(sql.SQL("alter role postgres password {}").format(connection.info.password))


@pytest.fixture
def database_url(server: embedded.Lease) -> Iterator[str]:
    """The address of a migrated database that this test alone uses."""
    with fresh_database(server) as url:
        yield url


class Copies:
    """The copies of a server's migrated database: made and dropped through one connection. What a test is done with is
    dropped when the next is made: at once the server would wait a tenth of a second for its processes there to end."""

    def __init__(self, server: embedded.Lease) -> None:
        self._connection = psycopg.connect(server.url("postgres"), autocommit=True)
        atexit.register(self._connection.close)
        self._done: list[str] = []

    def make(self, name: str) -> None:
        """A copy of that name."""
        while self._done:
            self._run("drop database if exists {} with (force)", self._done.pop())
        self._run("create database {} template {} strategy file_copy", name, TEMPLATE)

    def leave(self, name: str) -> None:
        """Nobody needs that copy any more."""
        self._done.append(name)

    def _run(self, statement: LiteralString, *names: str) -> None:
        self._connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


_copies: dict[str, Copies] = {}  # by the address of the server


def copies_on(server: embedded.Lease) -> Copies:
    """Those of that server."""
    address = server.url()
    if address not in _copies:
        _copies[address] = Copies(server)
    return _copies[address]


@contextmanager
def fresh_database(server: embedded.Lease) -> Iterator[str]:
    """A copy of the migrated database of that server, for whoever asked alone."""
    name = f"test_{uuid4().hex[:12]}"
    copies = copies_on(server)
    copies.make(name)
    try:
        yield server.url(name)
    finally:
        database.close_all()
        copies.leave(name)


class Prepared:
    """A server for whoever makes a database and migrates it: what it makes is a copy of the migrated one."""

    def __init__(self, server: embedded.Lease) -> None:
        self._server = server

    def url(self, name: str = "postgres") -> str:
        """The address of one of its databases."""
        return self._server.url(name)

    def ensure_database(self, name: str) -> None:
        """A copy of that name."""
        copies_on(self._server).make(name)

    def drop_database(self, name: str) -> None:
        """Drop it if it is there, ending whoever is connected."""
        self._server.drop_database(name)


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection as the owner of the database, for arranging and for looking."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def people(database_url: str, owner: psycopg.Connection[DictRow]) -> dict[str, Actor]:
    """An admin, a manager and two members; the database is open as the real one."""
    database.open_database("real", database_url)
    return make_people(owner, {"admin": "admin", "manager": "manager", "member": "member", "other": "member"})


def make_person(owner: psycopg.Connection[DictRow], name: str, role: Role) -> Actor:
    """Someone who can sign in, with a role."""
    return make_people(owner, {name: role})[name]


def make_people(owner: psycopg.Connection[DictRow], roles: Mapping[str, Role]) -> dict[str, Actor]:
    """People who can sign in, by their names, each with a role."""
    made = {name: Actor(uuid4(), f"{name}@example.com", role) for name, role in roles.items()}
    ids = [person.user_id for person in made.values()]
    emails = [person.email for person in made.values()]
    owner.execute("insert into auth.users (id, email) select * from unnest(%s::uuid[], %s::text[])", (ids, emails))
    owner.execute(
        "insert into signalbox.members (user_id, role) select * from unnest(%s::uuid[], %s::text[])",
        (ids, list(roles.values())),
    )
    return made
