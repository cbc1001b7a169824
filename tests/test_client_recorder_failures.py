"""The recorder when the way to the database breaks or the server dies: nothing is lost, nothing repeated."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import embedded, migration
from signalbox_client.recorder import NotFlushed, Recorder
from tests.conftest import MIGRATIONS
from tests.cutting_proxy import cutting
from tests.embedded_holders import folder, kill_server, wait_until
from tests.ways import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.ways import url as url  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]

SLOW: dict[str, Any] = {"flush_records": 10_000, "flush_after_s": 3600}
PROMPTS = 240


def record(recorder: Recorder, prompts: int = PROMPTS) -> None:
    session = recorder.start_session("s")
    for number in range(prompts):
        session.prompt(str(number))


def stored(connection: Owner) -> list[int]:
    """The prompts in their order; each has exactly one event, and nothing else is there but the start."""
    events = connection.execute(
        "select e.id, p.prompt_text from chronicle.events as e"
        " left join chronicle.prompt_events as p on p.event_id = e.id order by e.timestamp"
    ).fetchall()
    assert len({event["id"] for event in events}) == len(events)
    lifecycle = connection.execute("select count(*) as n from chronicle.lifecycle_events").fetchone()
    sessions = connection.execute("select count(*) as n from chronicle.sessions").fetchone()
    expected = {"n": 1 if events else 0}
    assert lifecycle == sessions == expected
    return [int(event["prompt_text"]) for event in events if event["prompt_text"] is not None]


def flush_into(recorder: Recorder, url: str, table: str, disaster: Callable[[Owner], None]) -> None:
    """Flush, and when it waits for this table in its middle, let something happen; the flush has to fail of it."""
    failed: list[NotFlushed] = []

    def flush() -> None:
        try:
            recorder.flush()
        except NotFlushed as error:
            failed.append(error)

    flushing = threading.Thread(target=flush)
    looking: Owner = psycopg.connect(url, autocommit=True, row_factory=dict_row)
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as holding, looking:
        holding.execute(f"lock table chronicle.{table} in exclusive mode".encode())
        flushing.start()
        wait_until(lambda: flushes_waiting(looking) > 0, "the flush to be in its middle")
        disaster(looking)
        flushing.join()
        holding.rollback()
    flushing.join()
    assert [error.records for error in failed] == [recorder.pending]


def flushes_waiting(connection: Owner) -> int:
    """How many of this database's processes wait for a lock."""
    row = connection.execute(
        "select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    ).fetchone()
    return int(row["n"]) if row else 0


def end_writers(owner: Owner) -> None:
    """End every server process that is in the middle of a flush of this database."""
    ended = owner.execute(
        "select pg_terminate_backend(pid, 10000) as done from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    ).fetchall()
    assert ended


@pytest.mark.parametrize("table", ["sessions", "events", "prompt_events"])
def test_a_connection_ended_in_the_middle_of_a_flush_loses_and_repeats_nothing(
    url: str, database_url: str, owner: Owner, table: str
) -> None:
    recorder = Recorder(url, **SLOW)
    record(recorder)
    flush_into(recorder, database_url, table, end_writers)
    assert recorder.pending == PROMPTS + 1
    assert stored(owner) == []
    recorder.close()
    assert stored(owner) == list(range(PROMPTS))
    assert recorder.pending == 0


@pytest.mark.parametrize("cuts", [1, 3])
def test_a_commit_whose_answer_was_lost_is_not_repeated(database_url: str, owner: Owner, cuts: int) -> None:
    with cutting(database_url) as proxy:
        recorder = Recorder(proxy.url, **SLOW)
        record(recorder)
        proxy.cuts = cuts
        for _ in range(cuts):
            with pytest.raises(NotFlushed):
                recorder.flush()
            # It is there, and the recorder cannot know: so it keeps it.
            assert len(stored(owner)) == PROMPTS
            assert recorder.pending == PROMPTS + 1
        recorder.session("s").prompt(str(PROMPTS))
        recorder.close()
        assert proxy.cut == cuts
    assert stored(owner) == list(range(PROMPTS + 1))


@pytest.mark.parametrize("ended", [True, False])
def test_what_another_writer_made_of_a_session_outlasts_a_repeated_batch(
    database_url: str, owner: Owner, ended: bool
) -> None:
    """Ended by another after its beginning was stored, or begun again after its end was."""
    with cutting(database_url) as proxy, Recorder(database_url, **SLOW) as another:
        recorder = Recorder(proxy.url, **SLOW)
        session = recorder.start_session("s")
        if not ended:
            recorder.flush()
            session.end()
        proxy.cuts = 1
        with pytest.raises(NotFlushed):
            recorder.flush()
        if ended:
            another.session("s").end("terminated")
        else:
            another.start_session("s")
        another.flush()
        left = owner.execute("select status, ended_at, updated_at from chronicle.sessions").fetchall()
        recorder.close()
        assert proxy.cut == 1
    assert [row["status"] for row in left] == ["terminated" if ended else "active"]
    assert owner.execute("select status, ended_at, updated_at from chronicle.sessions").fetchall() == left


def test_closing_tries_until_the_database_answers(database_url: str, owner: Owner) -> None:
    with cutting(database_url) as proxy:
        recorder = Recorder(proxy.url, **SLOW)
        record(recorder)
        proxy.cuts = 2
        recorder.close()
        assert proxy.cut == 2
    assert stored(owner) == list(range(PROMPTS))


def test_two_attempts_at_one_batch_at_once_store_it_once(database_url: str, owner: Owner) -> None:
    """As when the first connection is taken for dead while the server is still at it."""
    recorder = Recorder(database_url, **SLOW)
    twin = Recorder(database_url, **SLOW)
    record(recorder)
    for entry in recorder._buffer.front(1_000, 10**9):
        twin._buffer.add(entry, 0)
    with psycopg.connect(database_url) as holding:
        holding.execute("lock table chronicle.prompt_events in exclusive mode")
        closing = [threading.Thread(target=each.close) for each in (recorder, twin)]
        for thread in closing:
            thread.start()
        wait_until(lambda: flushes_waiting(owner) == 2, "both to be in the middle")
        holding.rollback()
        for thread in closing:
            thread.join()
    assert (recorder.pending, twin.pending) == (0, 0)
    assert stored(owner) == list(range(PROMPTS))


def test_a_killed_server_costs_nothing_once_it_is_back() -> None:
    with folder() as path:
        home = path / "home"
        with embedded.lease(home) as lease:
            url = lease.url()
            migration.up(url, MIGRATIONS, progress=lambda _: None)
            recorder = Recorder(url, **SLOW)
            record(recorder, 50)
            recorder.flush()
            session = recorder.session("s")
            for number in range(50, 100):
                session.prompt(str(number))
            flush_into(recorder, url, "events", lambda _: kill_server(home))
            assert recorder.pending == 50
            session.prompt("100")
            with embedded.lease(home, None, lease.port) as again:
                assert again.url() == url
                recorder.close()
                with psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
                    assert stored(owner) == list(range(101))
