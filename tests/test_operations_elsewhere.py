"""Backups and the page of the database on other servers: PostgreSQL 15, and behind poolers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import backup, database, embedded, migration, rollups
from data.access import Actor
from data.backup import errors, programs
from data.embedded.binaries import find_major
from data.operations import ending, inspection
from tests.backup_runs import counts, dumps_of, restored, source, standing_still, until
from tests.conftest import MIGRATIONS, make_person
from tests.embedded_holders import folder
from tests.page_runs import open_page
from tests.poolers import Poolers, poolers

__all__ = ["poolers"]  # a fixture

Owner = psycopg.Connection[DictRow]


@pytest.fixture
def old_server() -> Iterator[embedded.Lease]:
    """The oldest PostgreSQL that this version knows, where one is installed; else the embedded one once more."""
    found = find_major(15)
    with folder() as path, embedded.lease(path / "home", found.directory if found else None) as lease:
        migration.up(lease.url(), MIGRATIONS, progress=lambda _: None)
        yield lease
        database.close_all()


def test_an_older_server_is_looked_into_and_backed_up(old_server: embedded.Lease, tmp_path: Path) -> None:
    url = old_server.url()
    database.open_database("real", url)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        admin = make_person(owner, "admin", "admin")
        rollups.finish("real")
        text = open_page(admin, "admin/database.py").text
        assert "Nothing found wrong in signalbox" in text
        assert "could not be looked at" not in text
        owner.execute("create table agents.loose (id int); create index loose_id on agents.loose (id)")
        owner.execute("create index loose_id_again on agents.loose (id)")
        findings = {one.index_name: one.finding for one in inspection.list_index_findings(admin)}
        assert (findings["loose_id"], findings["loose_id_again"]) == ("unused", "duplicate")
        run = backup.begin(admin, source(url, tmp_path))
        expected = counts(url)
        made = run.complete()
        assert run.programs.major >= run.server["server_major"]
        if run.programs.major == run.server["server_major"]:
            assert restored(old_server, made.path) == expected
        assert made.missing_tables == ()


def test_what_a_server_newer_than_pg_dump_gets_is_a_sentence(
    owner: Owner, people: dict[str, Actor], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = find_major(15)
    if old is None:  # the sentence itself is tested beside the choice of programs
        return
    monkeypatch.setattr(programs, "find_clients", lambda _: [old.directory / "pg_dump"])
    with pytest.raises(errors.NoDumpProgram, match="the newest pg_dump found is 15"):
        backup.begin(people["admin"], source(database_url, tmp_path))


def test_behind_a_transaction_pooler_the_page_looks_and_a_query_is_stopped(
    people: dict[str, Actor], database_url: str, poolers: Poolers
) -> None:
    database.open_database("real", poolers.url("transaction", database_url))
    admin = people["admin"]
    assert "connections are used." in open_page(admin, "admin/database.py").text
    with psycopg.connect(database_url, application_name="nightly report") as other:

        def work() -> None:
            with suppress(psycopg.errors.QueryCanceled):
                other.execute("select pg_sleep(600)")

        thread = threading.Thread(target=work)
        thread.start()

        def session() -> inspection.Session | None:
            found = (one for one in inspection.read_server(admin).sessions if one.application_name == "nightly report")
            return next((one for one in found if one.state == "active"), None)

        until(session)
        one = session()
        assert one
        assert one.backend_start
        assert one.query_start
        ending.cancel(admin, one.pid, one.backend_start, one.query_start)
        thread.join()


def test_through_a_session_pooler_a_backup_is_whole_and_still_one_at_a_time(
    owner: Owner, people: dict[str, Actor], database_url: str, server: embedded.Lease, poolers: Poolers, tmp_path: Path
) -> None:
    pooled = poolers.url("session", database_url)
    run = backup.begin(people["admin"], source(pooled, tmp_path))
    expected = counts(database_url)
    with standing_still(database_url):
        thread = threading.Thread(target=run.complete)
        thread.start()
        until(lambda: dumps_of(owner))
        with pytest.raises(errors.AlreadyRunning):
            backup.begin(people["admin"], source(database_url, tmp_path))
    thread.join()
    [path] = (tmp_path / "backups").iterdir()
    assert restored(server, path) == expected
