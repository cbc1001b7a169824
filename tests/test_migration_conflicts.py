"""Somebody else is at the same database: another runner, the Supabase CLI, a session that holds a lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from data import embedded
from data.migration import AppliedMigration, apply, up
from data.migration.errors import AnotherRunner, OutOfOrder, StatementFailed
from tests.migration_scratch import Connection, connected, empty_database, history, value, write_migrations

RECORD = "insert into supabase_migrations.schema_migrations (version, name, statements) values ('{}', 'x', '{{x}}')"
VERSION = "20260102000000"
DEADLINE_S = 30.0


@pytest.fixture
def url(server: embedded.Lease, tmp_path: Path) -> Iterator[str]:
    with empty_database(server) as address:
        up(address, write_migrations(tmp_path, m20260101000000_a="create table a (id int);"), print)
        yield address


class Said(list[str]):
    """What the runner said, to wait for."""

    def wait_for(self, word: str) -> None:
        wait_until(lambda: any(word in line for line in self))


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@contextmanager
def running(url: str, folder: Path) -> Iterator[tuple[Future[list[AppliedMigration]], Said]]:
    """`up` in a thread of its own."""
    said = Said()
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(up, url, folder, said.append), said


def waits_for_a_lock(connection: Connection) -> bool:
    """Whether a runner hangs on a lock of another session."""
    query = "select count(*) as n from pg_stat_activity where application_name = 'signalbox migrate'"
    query += " and wait_event_type = 'Lock' and datname = current_database()"
    row = connection.execute(query).fetchone()
    return row is not None and row["n"] > 0


@pytest.mark.parametrize(
    "text",
    [
        "create table b (id int)",  # 42P07 or 23505, by who is where
        "create schema b",  # 42P06 or 23505
        "select 1",  # 23505 in the history itself
    ],
)
def test_what_someone_else_commits_meanwhile_is_not_an_error(url: str, tmp_path: Path, text: str) -> None:
    """The Supabase CLI takes no lock: it may be applying the same file."""
    folder = write_migrations(tmp_path, m20260102000000_b=text)
    with connected(url) as other, connected(url) as looking:
        other.execute("begin")
        other.execute(text.encode())
        other.execute(RECORD.format(VERSION).encode())
        with running(url, folder) as (result, said):
            wait_until(lambda: waits_for_a_lock(looking))
            other.execute("commit")
            (done,) = result.result(DEADLINE_S)
    assert done.outcome == "applied by someone else"
    assert f"{VERSION}_b.sql: someone else has just applied it." in said
    assert [row["version"] for row in history(url)] == ["20260101000000", VERSION]


def test_object_in_the_way_is_a_failure_when_nobody_recorded_the_file(url: str, tmp_path: Path) -> None:
    with pytest.raises(StatementFailed, match="42P07"):
        up(url, write_migrations(tmp_path, m20260102000000_b="create table a ()"), print)


def test_deadlock_with_someone_who_applies_the_same_file(url: str, tmp_path: Path) -> None:
    text = "lock table a in exclusive mode; select pg_advisory_xact_lock(11);"
    folder = write_migrations(tmp_path, m20260102000000_b=text)
    with connected(url) as other, connected(url) as looking:
        other.execute("begin")
        other.execute("set local deadlock_timeout = '1min'")  # so that the runner is the one to be ended
        other.execute("select pg_advisory_xact_lock(11)")
        with running(url, folder) as (result, said):
            wait_until(lambda: waits_for_a_lock(looking))
            other.execute("lock table a in exclusive mode")
            said.wait_for("trying again")  # otherwise it may find the record before it says so
            other.execute(RECORD.format(VERSION).encode())
            other.execute("commit")
            (done,) = result.result(DEADLINE_S)
    assert done.outcome == "applied by someone else"
    # The server looks for a deadlock once, a second after the wait began: on a machine so busy that the other side has
    # not closed the circle by then, the lock timeout ends the runner's wait.
    assert any("deadlock detected; trying again" in line or "lock timeout; trying again" in line for line in said), said


def test_lock_that_someone_holds_is_waited_for_briefly_and_tried_again(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(apply, "PAUSE_S", 0.05)
    folder = write_migrations(tmp_path, m20260102000000_b="alter table a add other int;")
    with connected(url) as other:
        other.execute("begin")
        other.execute("lock table a")
        with pytest.raises(StatementFailed, match=r"canceling statement due to lock timeout \(55P03\)") as caught:
            up(url, folder, print)
        assert "Try again when it is quiet" in caught.value.sentence
        with running(url, folder) as (result, said):
            said.wait_for("trying again")
            other.execute("commit")
            (done,) = result.result(DEADLINE_S)
    assert done.outcome == "applied"


def test_second_runner_waits_for_the_first(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260102000000_b="create table b ();")
    with connected(url) as other:
        other.execute(f"select pg_advisory_lock({apply.RUNNER_LOCK})".encode())
        with running(url, folder) as (result, said):
            said.wait_for("waiting for another migration runner")
            assert value(url, "select to_regclass('public.b')") is None
            other.execute(f"select pg_advisory_unlock({apply.RUNNER_LOCK})".encode())
            (done,) = result.result(DEADLINE_S)
    assert done.outcome == "applied"


def test_runner_that_never_ends_is_named(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "WAIT_FOR_RUNNER_S", 0.1)
    folder = write_migrations(tmp_path, m20260102000000_b="create table b ();")
    with connected(url) as other:
        other.execute(f"select pg_advisory_lock({apply.RUNNER_LOCK})".encode())
        with pytest.raises(AnotherRunner):
            up(url, folder, print)


def test_waiting_runner_does_not_hold_up_a_concurrent_build(url: str, tmp_path: Path) -> None:
    """Waiting inside a transaction would: the build waits for every older transaction, and that one for the lock."""
    index = "create index concurrently if not exists a_id on a (id)"
    folder = write_migrations(tmp_path, m20260102000000_b=index, m20260103000000_c="create table c ();")
    with connected(url) as other, connected(url) as looking:
        other.execute("begin")
        other.execute("lock table a in row exclusive mode")  # the build waits for this
        with running(url, folder) as (first, _):
            wait_until(lambda: waits_for_a_lock(looking))
            with running(url, folder) as (second, said):
                said.wait_for("waiting for another migration runner")
                other.execute("commit")
                outcomes = [each.outcome for each in first.result(DEADLINE_S) + second.result(DEADLINE_S)]
    assert sorted(outcomes) == ["applied", "applied", "applied by someone else", "applied by someone else"]
    assert value(url, "select indisvalid from pg_index where indexrelid = 'a_id'::regclass")


def test_statement_outside_a_transaction_is_not_run_again_after_waiting(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260102000000_b="create index concurrently if not exists a_id on a (id)")
    with connected(url) as other:
        other.execute(f"select pg_advisory_lock({apply.RUNNER_LOCK})".encode())
        with running(url, folder) as (result, said):
            said.wait_for("waiting for another migration runner")
            other.execute(RECORD.format(VERSION).encode())
            other.execute(f"select pg_advisory_unlock({apply.RUNNER_LOCK})".encode())
            (done,) = result.result(DEADLINE_S)
    assert done.outcome == "applied by someone else"
    assert value(url, "select to_regclass('public.a_id')") is None


def test_index_that_is_being_built_is_not_taken_for_a_leftover(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Supabase CLI may be building it: dropping it would fail its push."""
    monkeypatch.setattr(apply, "CONCURRENT_LOCK_TIMEOUT", "1s")
    index = "create index concurrently if not exists a_id on a (id)"
    folder = write_migrations(tmp_path, m20260102000000_b=index)
    with connected(url) as holding, connected(url) as building:
        holding.execute("begin")
        holding.execute("lock table a in row exclusive mode")
        thread = threading.Thread(target=building.execute, args=[index.encode()])
        thread.start()
        try:
            wait_until(lambda: value(url, "select count(*) from pg_stat_progress_create_index"))
            with pytest.raises(AnotherRunner, match="a_id is being built by another process"):
                up(url, folder, print)
        finally:
            holding.execute("commit")
            thread.join(DEADLINE_S)
    (done,) = up(url, folder, print)
    assert done.outcome == "applied"


def test_newer_version_that_someone_applies_meanwhile_makes_the_file_late(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260102000000_b="create table b ();")
    with connected(url) as other:
        other.execute(f"select pg_advisory_lock({apply.RUNNER_LOCK})".encode())
        with running(url, folder) as (result, said):
            said.wait_for("waiting for another migration runner")
            other.execute(RECORD.format("20260103000000").encode())
            other.execute(f"select pg_advisory_unlock({apply.RUNNER_LOCK})".encode())
            with pytest.raises(OutOfOrder):
                result.result(DEADLINE_S)
    assert value(url, "select to_regclass('public.b')") is None
