"""A transaction pooler is known by what it does, at whatever port: migrations, adopting and backups refuse it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, backup, console, database, migration
from data.access import Actor
from data.backup.errors import PoolerRefused
from data.database.pooled import changes_hands
from data.database.translating import translated_errors
from data.errors import DatabaseUnavailable
from data.migration.errors import TransactionPooler
from data.migration.files import FOLDER
from data.operations import migrations
from data.settings import Settings
from signalbox_client import Database
from signalbox_client import DatabaseUnavailable as UnavailableToClients
from tests import poolers as pooling
from tests.backup_runs import source
from tests.poolers import Mode, Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]


def found(url: str) -> bool:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        return changes_hands(connection, url)


@contextmanager
def busy(url: str) -> Iterator[None]:
    """While others use the pooler: some hold a transaction open, some have just ended one."""
    done = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
            while not done.is_set():
                connection.execute("select 1")

    with ExitStack() as opened:
        opened.enter_context(psycopg.connect(url)).execute("select 1")
        thread = threading.Thread(target=work)
        thread.start()
        opened.callback(thread.join)
        opened.callback(done.set)
        yield


@pytest.mark.parametrize(("mode", "wanted"), [("session", False), ("transaction", True)])
def test_a_pooler_is_known_by_what_it_does(poolers: Poolers, database_url: str, mode: Mode, wanted: bool) -> None:
    url = poolers.url(mode, database_url)
    assert ":6543" not in url
    for _ in range(5):
        assert found(url) is wanted
    with busy(url):
        for _ in range(5):
            assert found(url) is wanted


def test_without_a_pooler_nobody_else_is_asked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        monkeypatch.setattr(psycopg, "connect", None)
        assert not changes_hands(connection, database_url)


def test_a_session_pooler_without_a_place_left_is_no_transaction_pooler(
    poolers: Poolers, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.database.pooled._PATIENCE_S", 1.0)
    url = poolers.url("session", database_url)
    with ExitStack() as opened:
        for _ in range(pooling.POOL_SIZE - 1):
            opened.enter_context(psycopg.connect(url, autocommit=True)).execute("select 1")
        assert not found(url)


def test_a_pool_that_is_full_is_said_to_be(poolers: Poolers, database_url: str) -> None:
    url = poolers.url("session", database_url)
    console = psycopg.conninfo.make_conninfo(url, dbname="pgbouncer")
    with psycopg.connect(console, autocommit=True, cursor_factory=psycopg.ClientCursor) as admin, ExitStack() as opened:
        for _ in range(pooling.POOL_SIZE):
            opened.enter_context(psycopg.connect(url, autocommit=True)).execute("select 1")
        admin.execute("set query_wait_timeout = 1")
        opened.callback(admin.execute, "set query_wait_timeout = 120")
        with (
            pytest.raises(UnavailableToClients, match="All connections of the pooler's pool are in use"),
            Database(url).transaction() as work,
        ):
            work.connection.execute("select 1")
        with (
            pytest.raises(DatabaseUnavailable, match="All connections of the pooler's pool are in use"),
            translated_errors(),
            psycopg.connect(url) as connection,
        ):
            connection.execute("select 1")


def test_migrations_and_adopting_refuse_one(poolers: Poolers, database_url: str) -> None:
    url = poolers.url("transaction", database_url)
    assert migration.status(url, FOLDER).is_current, "to look needs no connection that stays the same"
    with pytest.raises(TransactionPooler, match="ADMIN_DATABASE_URL"):
        migration.up(url, FOLDER, print)
    with pytest.raises(TransactionPooler):
        adoption.adopt(url, "agents", "public", dry_run=True)
    assert migration.status(poolers.url("session", database_url), FOLDER).is_current


def test_a_console_behind_one_is_well_and_begins_no_migrations(
    poolers: Poolers, database_url: str, owner: Owner, people: dict[str, Actor]
) -> None:
    url = poolers.url("transaction", database_url)
    database.open_database("real", url)
    examination = console.Examination(console.Console(Settings(database_url=url)))
    assert examination.run() == console.OwnHealth("reachable", "current")
    newest = FOLDER / max(path.name for path in FOLDER.glob("2*.sql"))
    owner.execute(
        "delete from supabase_migrations.schema_migrations where version = %s", (newest.name.partition("_")[0],)
    )
    seen = migrations.look(people["admin"]).seen
    assert len(seen) == 1
    with pytest.raises(TransactionPooler):
        migrations.start(people["admin"], seen)
    assert migrations.last_run(people["admin"]) is None


def test_backups_refuse_one(poolers: Poolers, database_url: str, people: dict[str, Actor], tmp_path: Path) -> None:
    with pytest.raises(PoolerRefused):
        backup.begin(people["admin"], source(poolers.url("transaction", database_url), tmp_path))
