"""How a client reaches its database: an address, a pool, a connection of the caller's, poolers of both kinds."""

from __future__ import annotations

import os
import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from signalbox_client import (
    BadArgument,
    Closed,
    Database,
    DatabaseUnavailable,
    EventStore,
    NewEvent,
    NotAllowed,
    RefusedByDatabase,
    TookTooLong,
)
from tests.poolers import MODES, Mode, Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414

Owner = psycopg.Connection[DictRow]


def one(work: Any, statement: str) -> Any:
    with work.cursor() as cursor:
        return next(iter(cursor.execute(statement).fetchone().values()))


def test_an_address_is_opened_at_first_use_and_again_after_it_was_lost(database_url: str, owner: Owner) -> None:
    with Database(database_url) as database:
        with database.transaction() as work:
            process = one(work, "select pg_backend_pid()")
        owner.execute("select pg_terminate_backend(%s, 5000)", (process,))
        with pytest.raises(DatabaseUnavailable), database.transaction() as work:
            one(work, "select 1")
        with database.transaction() as work:
            assert one(work, "select pg_backend_pid()") != process


def test_threads_share_the_connection_of_an_address_one_after_the_other(database_url: str) -> None:
    seen: list[int] = []

    def use() -> None:
        for _ in range(20):
            with database.transaction() as work:
                seen.append(one(work, "select pg_backend_pid()"))

    with Database(database_url) as database:
        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(seen), len(set(seen))) == (160, 1)


def test_a_block_within_a_block_is_a_savepoint(database_url: str, owner: Owner) -> None:
    owner.execute("create table public.tried (n int)")
    with Database(database_url) as database, database.transaction() as outer:
        outer.connection.execute("insert into public.tried values (1)")
        with pytest.raises(RefusedByDatabase), database.transaction() as inner:
            inner.connection.execute("insert into public.tried select 2 union all select 1 / 0")
    assert [row["n"] for row in owner.execute("select n from public.tried")] == [1]


def test_a_lent_connection_keeps_its_transaction_to_its_owner(database_url: str, owner: Owner) -> None:
    owner.execute("create table public.tried (n int)")
    with psycopg.connect(database_url) as mine:
        mine.execute("select 1")
        with Database(mine).transaction() as work:
            work.connection.execute("insert into public.tried values (1)")
        mine.rollback()
        assert owner.execute("select n from public.tried").fetchall() == []
        with Database(mine).transaction() as work:
            work.connection.execute("insert into public.tried values (2)")
    assert [row["n"] for row in owner.execute("select n from public.tried")] == [2]


@pytest.mark.parametrize("mode", MODES)
def test_settings_and_prepared_statements_never_reach_the_next_client(
    poolers: Poolers, database_url: str, mode: Mode
) -> None:
    """More clients than server connections, each with a role of its own, many times the same statement."""
    wrong: list[str] = []

    def use(role: str) -> None:
        settings = {"role": role, "signalbox.test": role}
        with Database(poolers.url(mode, database_url), settings=settings) as database:
            for _ in range(12):
                rows = database.at_once("connection.set_locally", names=["signalbox.again"], values=[role])
                with database.transaction() as work:
                    told = one(work, "select current_user || current_setting('signalbox.test')")
                if told != role * 2 or rows != [{"set_config": role}]:
                    wrong.append(told)

    clients = 4 if mode == "session" else 10
    threads = [threading.Thread(target=use, args=(("authenticated", "service_role")[n % 2],)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with psycopg.connect(poolers.url(mode, database_url), autocommit=True, prepare_threshold=None) as connection:
        for _ in range(10):
            row = connection.execute(
                "select current_user, current_setting('statement_timeout'), count(name) from pg_prepared_statements"
            ).fetchone()
            assert row == ("postgres", "0", 0)


def test_what_the_server_refuses_has_a_name_and_the_connection_goes_on(database_url: str) -> None:
    with Database(database_url, statement_timeout_ms=100, settings={"role": "anon"}) as database:
        with pytest.raises(TookTooLong), database.transaction() as work:
            one(work, "select pg_sleep(5)")
        with pytest.raises(NotAllowed, match="engine"), database.transaction() as work:
            one(work, "select count(*) from engine.events")
        with pytest.raises(NotAllowed, match="engine"):
            database.at_once("events.find_event", event_id=uuid4())
        with database.transaction() as work:
            assert one(work, "select current_user::text") == "anon"


@pytest.mark.parametrize("autocommit", [False, True])
def test_one_statement_at_once_is_kept_or_lost_as_a_whole(database_url: str, owner: Owner, autocommit: bool) -> None:
    with psycopg.connect(database_url, autocommit=autocommit) as mine:
        database = Database(mine, settings={"signalbox.test": "here"})
        given = {"names": ["signalbox.test"], "values": ["changed"]}
        assert database.at_once("connection.set_locally", **given) == [{"set_config": "changed"}]
        row = mine.execute("select coalesce(current_setting('signalbox.test', true), '')").fetchone()
        assert row == ("",)
        mine.rollback()
        event = {"aggregate_type": "a", "aggregate_id": "b", "sequence_number": 1, "state": "{}", "reducer": "r"}
        database.at_once("snapshots.find_newest", aggregate_type="a", aggregate_id="b", reducer="r", at_sequence=None)
        with pytest.raises(RefusedByDatabase):
            database.at_once("snapshots.add", **event | {"sequence_number": -1})
        assert mine.info.transaction_status == TransactionStatus.IDLE
        assert owner.execute("select count(*) from engine.event_snapshots").fetchone() == {"count": 0}
        database.at_once("snapshots.add", **event)
        assert owner.execute("select count(*) from engine.event_snapshots").fetchone() == {"count": 1}


def test_a_pool_lends_and_gets_back(database_url: str) -> None:
    with ConnectionPool(database_url, min_size=1, max_size=1) as pool:
        for _ in range(3):
            with Database(pool).transaction() as work:
                assert one(work, "select 1") == 1
        assert pool.get_stats()["pool_available"] == 1


def happened(name: str) -> NewEvent:
    return NewEvent("LEAD_SCORED", "Lead", name, emitted_by="test")


def appended(owner: Owner) -> list[str]:
    return [row["aggregate_id"] for row in owner.execute("select aggregate_id from engine.events order by 1")]


@pytest.mark.parametrize("idle_s", [0, 60])
def test_a_transaction_whose_connection_was_lost_is_not_gone_on_with_on_another(
    database_url: str, owner: Owner, monkeypatch: pytest.MonkeyPatch, idle_s: float
) -> None:
    """Neither is what comes after the loss kept by itself, nor does the block end as if all were well."""
    monkeypatch.setattr("signalbox_client.own_connection.CHECK_AFTER_IDLE_S", idle_s)
    with Database(database_url) as database:
        store = EventStore(database)

        def lose_it_on_the_way() -> None:
            with database.transaction() as work:
                store.append(happened("before"))
                owner.execute("select pg_terminate_backend(%s, 5000)", (work.connection.info.backend_pid,))
                with pytest.raises(DatabaseUnavailable):
                    store.append(happened("after"))
                with pytest.raises(DatabaseUnavailable):
                    store.append(happened("long after"))

        with pytest.raises(DatabaseUnavailable):
            lose_it_on_the_way()
        assert appended(owner) == []
        store.append(happened("again"))
    assert appended(owner) == ["again"]


def test_the_child_of_a_fork_has_a_connection_of_its_own(database_url: str, owner: Owner) -> None:
    store = EventStore(database_url)
    store.append(happened("parent"))
    child = os.fork()
    if child == 0:  # never back into the tests
        try:
            store.append(happened("child"))
            store.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.append(happened("parent again"))
    assert appended(owner) == ["child", "parent", "parent again"]


def test_a_fork_while_another_thread_uses_the_connection_waits_for_nobody(database_url: str, owner: Owner) -> None:
    database = Database(database_url)
    is_in, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            is_in.set()
            may_end.wait()

    holding = threading.Thread(target=hold)
    holding.start()
    is_in.wait()
    child = os.fork()
    if child == 0:
        try:
            EventStore(database).append(happened("child"))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    may_end.set()
    holding.join()
    assert appended(owner) == ["child"]


def test_a_lent_connection_that_was_closed_is_said_to_be(database_url: str) -> None:
    with psycopg.connect(database_url) as lent:
        store = EventStore(lent)
    with pytest.raises(DatabaseUnavailable):
        store.sequence("Lead", "a")


def test_an_error_of_any_class_is_an_error_of_this_package(database_url: str) -> None:
    corrupted = b"do $$ begin raise exception 'a page is torn' using errcode = 'XX001'; end $$"
    with Database(database_url) as database:
        with pytest.raises(RefusedByDatabase, match="torn"), database.transaction() as work:
            work.connection.execute(corrupted)
        with database.transaction() as work:
            assert one(work, "select 1") == 1


def test_what_is_no_database_is_refused_without_its_password(database_url: str) -> None:
    with pytest.raises(BadArgument, match="source") as refused:
        Database("postgresql://me:geheim@[nowhere")
    assert "geheim" not in str(refused.value)
    for wrong in ("", " ", 5, None):
        with pytest.raises(BadArgument, match="source"):
            Database(wrong)  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="statement_timeout_ms"):
        Database(database_url, statement_timeout_ms=-1)
    with pytest.raises(BadArgument, match="lock_timeout_ms"):
        Database(database_url, lock_timeout_ms=True)
    with pytest.raises(BadArgument, match="statement_timeout_ms"):
        Database(database_url, statement_timeout_ms=2**31)
    for settings in ({"role": 5}, {"role": "a\0"}, {"role": "\ud800"}, {"": "a"}, ["role"]):
        with pytest.raises(BadArgument, match="settings"):
            Database(database_url, settings=settings)  # type: ignore[arg-type]
    for wrong in ("host=a\0b", "host=a\ud800b"):
        with pytest.raises(BadArgument, match="source"):
            Database(wrong)
    with pytest.raises(BadArgument, match="asynchronous"):
        Database(AsyncConnectionPool(database_url, open=False))  # type: ignore[arg-type]
    with psycopg.connect(database_url) as connection, pytest.raises(BadArgument, match="not Cursor"):
        Database(connection.cursor())  # type: ignore[arg-type]


def test_a_closed_client_and_a_server_that_is_away_say_so(database_url: str) -> None:
    database = Database(database_url)
    database.close()
    with pytest.raises(Closed), database.transaction():
        pass
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable), away.transaction():
        pass
