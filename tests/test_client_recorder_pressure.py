"""The recorder under pressure: full by bytes, called back, forked, handed what cannot be recorded."""

from __future__ import annotations

import math
import os
import threading
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from signalbox_client import BadArgument, SignalboxError
from signalbox_client.recorder import Recorder, RecordsRefused, WrongProcess
from tests.embedded_holders import wait_until

Owner = psycopg.Connection[DictRow]

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
SLOW: dict[str, Any] = {"flush_records": 10_000, "flush_after_s": 3600}  # nothing goes out by itself
PATIENCE_S = 60.0


def stored(owner: Owner) -> int:
    row = owner.execute("select count(*) as n from chronicle.events").fetchone()
    return int(row["n"]) if row else 0


def test_who_waits_for_room_in_bytes_does_not_wait_for_the_clock(database_url: str, owner: Owner) -> None:
    """Three records fill it, far fewer than a batch: without a flush on demand this would be refused."""
    with Recorder(database_url, max_bytes=10_000, wait_when_full_s=PATIENCE_S, **SLOW) as recorder:
        session = recorder.start_session("s")
        for _ in range(12):
            session.event("system_health", {"text": "y" * 3000})
    assert stored(owner) == 13


def test_memory_is_counted_as_it_is_taken() -> None:
    """A text with one emoji takes four bytes for each of its characters."""
    recorder = Recorder(NOWHERE, max_bytes=10_000, wait_when_full_s=0, **SLOW)
    with pytest.raises(BadArgument, match="10000 bytes"):
        recorder.session("s").event("system_health", {"text": "🙂" + "y" * 3000})
    assert recorder.abandon() == []


def test_who_is_told_of_a_refused_record_may_flush_and_close(database_url: str, owner: Owner) -> None:
    told: list[str] = []
    over = threading.Event()

    def hear(error: SignalboxError) -> None:
        told.append(error.sentence)
        for act in (recorder.flush, recorder.close):
            with pytest.raises(RecordsRefused):
                act()
        over.set()

    recorder = Recorder(database_url, flush_records=3, flush_after_s=3600, on_error=hear)
    recorder.session("nobody began this").event("system_health", {})
    recorder.start_session("s").event("system_health", {})
    assert over.wait(PATIENCE_S), "whoever was called back is kept waiting"
    assert len(told) == 1
    assert stored(owner) == 2
    wait_until(lambda: not recorder._thread.is_alive(), "the recorder to be closed")


def test_an_error_of_a_tool_stays_the_error_of_its_block(database_url: str) -> None:
    """Also where the end of the call cannot be recorded, as its result is nothing that can be stored."""

    def fail(session: Any) -> None:
        with session.tool("Bash") as call:
            call.result = object()
            raise TimeoutError("the tool's own")

    with Recorder(database_url) as recorder:
        with pytest.raises(TimeoutError, match="the tool's own") as raised:
            fail(recorder.start_session("s"))
        assert raised.value.__notes__ == [
            "result is a object, which JSON does not know. The end of the call is recorded without what it gave."
        ]


@pytest.mark.parametrize("key", [None, 5, "", "a\0", "a\ud800", "x" * 256])
def test_a_record_of_a_session_without_a_usable_key_is_not_taken(key: Any) -> None:
    """Taken, it would keep every other record back: no batch with it could be sent."""
    recorder = Recorder(NOWHERE, **SLOW)
    with pytest.raises(BadArgument, match="key"):
        recorder.add(key, "system_health", {})
    assert recorder.abandon() == []


def test_what_makes_no_sense_is_refused_before_anything_else_happens(database_url: str) -> None:
    with pytest.raises(BadArgument, match="on_error"):
        Recorder(NOWHERE, on_error="print")  # type: ignore[arg-type]
    recorder = Recorder(database_url, **SLOW)
    for patience_s in (None, "long", -1, math.nan, math.inf):
        with pytest.raises(BadArgument, match="patience_s"):
            recorder.close(patience_s)  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="details"):
        recorder.add("s", "system_health", {}, details={"nothing": {}})  # type: ignore[dict-item]
    recorder.start_session("s")  # it still takes records
    recorder.close()


def test_in_the_child_of_a_fork_a_session_is_not_even_begun(database_url: str) -> None:
    """The clock of the parent, which a thread of the parent may hold for good, is not asked for the time."""
    recorder = Recorder(database_url, **SLOW)
    with recorder._clock._guard:
        child = os.fork()
        if child == 0:
            try:
                recorder.start_session("s")
            except WrongProcess:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    recorder.close()
