"""The batch recorder: what it writes and when, in which order, how much it holds, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool

from data.access import Actor
from signalbox_client import BadArgument, Closed, Database, SignalboxError
from signalbox_client.recorder import EndCutShort, NotFlushed, Recorder, RecorderFull, RecordsRefused
from tests.embedded_holders import wait_until
from tests.ways import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.ways import together
from tests.ways import url as url  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

ROOT = Path(__file__).parent.parent
NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
SLOW: dict[str, Any] = {"flush_records": 10_000, "flush_after_s": 3600}  # nothing goes out by itself


def rows(owner: Owner, table: str) -> list[DictRow]:
    order = "id" if table == "sessions" else "timestamp" if table == "events" else "created_at"
    return owner.execute(f"select * from chronicle.{table} order by {order}".encode()).fetchall()  # noqa: S608 - names of tables


def count(owner: Owner, table: str = "events") -> int:
    return len(rows(owner, table))


def test_everything_recorded_arrives_with_its_details(url: str, owner: Owner, people: People) -> None:
    me = people["member"].user_id
    with Recorder(url, source_app="my-agent") as recorder:
        session = recorder.start_session(
            "run-1", project_name="shop 🙂", git_branch="main", git_commit="a" * 40, working_directory="/srv/shop",
            environment={"PYTHON": "3.13"}, user_id=me, metadata={"version": "7"}, reason="asked",
        )  # fmt: skip
        session.prompt('Tidy up\t\\N "é"', complexity_score=0.5, intent_classification="chore", context_data={"a": [1]})
        call = session.tool_pre("Bash", {"command": "make\n"}, tool_type="shell")
        session.tool_post(call, result="done", success=True, execution_time_ms=1200)
        session.notification("Disk is full", notification_type="disk", severity="warning")
        session.lifecycle("compact_pre", "compaction", trigger_reason="auto", context_snapshot={"tokens": 9})
        session.event("system_health", {"cpu": 0.5, "none": None}, metadata={"host": "a"})
        session.end("error", reason="no money")
        assert recorder.pending > 0 or count(owner) == 8
    [stored] = rows(owner, "sessions")
    assert (stored["session_id"], stored["project_name"], stored["git_commit"]) == ("run-1", "shop 🙂", "a" * 40)
    assert (stored["environment"], stored["metadata"]) == ({"PYTHON": "3.13"}, {"version": "7", "user_id": str(me)})
    assert stored["status"] == "error"
    assert stored["started_at"] < stored["ended_at"]
    events = rows(owner, "events")
    assert [event["event_type"] for event in events] == [
        "session_start", "user_prompt", "tool_pre_use", "tool_post_use", "notification", "compact_pre",
        "system_health", "session_stop",
    ]  # fmt: skip
    assert {event["source_app"] for event in events} == {"my-agent"}
    assert {event["session_id"] for event in events} == {stored["id"]}
    assert (events[6]["data"], events[6]["metadata"]) == ({"cpu": 0.5, "none": None}, {"host": "a"})
    [prompt] = rows(owner, "prompt_events")
    assert (prompt["prompt_text"], prompt["prompt_length"]) == ('Tidy up\t\\N "é"', 14)
    assert (prompt["complexity_score"], prompt["intent_classification"]) == (0.5, "chore")
    assert (prompt["context_data"], prompt["event_id"]) == ({"a": [1]}, events[1]["id"])
    before, after = rows(owner, "tool_events")
    assert (before["phase"], after["phase"]) == ("pre", "post")
    assert before["call_id"] == after["call_id"]
    assert (before["success"], before["result"]) == (None, None)
    assert (after["success"], after["result"], after["execution_time_ms"]) == (True, "done", 1200)
    assert (after["parameters"], after["tool_type"]) == ({"command": "make\n"}, "shell")
    assert after["created_at"] == events[3]["timestamp"]
    [told] = rows(owner, "notification_events")
    assert (told["message"], told["severity"], told["acknowledged"]) == ("Disk is full", "warning", False)
    begun, compacted, ended = rows(owner, "lifecycle_events")
    assert (begun["new_state"], begun["trigger_reason"]) == ("active", "asked")
    assert (compacted["lifecycle_type"], compacted["context_snapshot"]) == ("compaction", {"tokens": 9})
    assert (ended["previous_state"], ended["new_state"], ended["trigger_reason"]) == ("active", "error", "no money")


def test_a_tool_around_a_block_says_how_it_ended(database_url: str, owner: Owner) -> None:
    def failing(session: Any) -> None:
        with session.tool("Read", {"path": "/x"}):
            raise FileNotFoundError("/x\0\ud800")

    with Recorder(database_url) as recorder:
        session = recorder.start_session("s")
        with session.tool("Grep") as call:
            call.result = {"hits": 3}
        with session.tool("Bash") as call:
            call.success, call.error_message = False, "exit 2"
        with pytest.raises(FileNotFoundError):
            failing(session)
        with (
            pytest.raises(EndCutShort, match=r"result has .* end of the call"),
            session.tool("Odd") as call,
        ):
            call.result = {1: 2}
    ends = [row for row in rows(owner, "tool_events") if row["phase"] == "post"]
    assert [(row["success"], row["error_message"]) for row in ends] == [
        (True, None),
        (False, "exit 2"),
        (False, "FileNotFoundError: /x\\0\\ud800"),
        (True, None),
    ]
    assert ends[0]["result"] == {"hits": 3}
    assert all(row["execution_time_ms"] >= 0 for row in ends)


def test_a_full_batch_goes_out_by_itself(database_url: str, owner: Owner) -> None:
    with Recorder(database_url, flush_after_s=3600) as recorder:
        session = recorder.start_session("s")
        for _ in range(98):
            session.event("system_health", {})
        assert count(owner) == 0
        session.event("system_health", {})
        wait_until(lambda: count(owner) == 100, "a batch of a hundred")


def test_a_single_record_goes_out_after_a_while(database_url: str, owner: Owner) -> None:
    with Recorder(database_url, flush_after_s=0.2) as recorder:
        recorder.start_session("s")
        wait_until(lambda: count(owner) == 1, "the record to be written")
        wait_until(lambda: recorder.pending == 0, "the recorder to know")


def test_flushing_writes_now_and_a_pool_will_do(database_url: str, owner: Owner) -> None:
    with ConnectionPool(database_url, min_size=0, max_size=2, open=True) as pool, Recorder(pool, **SLOW) as recorder:
        session = recorder.start_session("s")
        recorder.flush()
        assert (count(owner), recorder.pending) == (1, 0)
        session.event("system_health", {})
        assert (count(owner), recorder.pending) == (1, 1)
        recorder.flush()
        recorder.flush()
        assert count(owner) == 2


def test_records_of_many_threads_all_arrive_each_thread_in_order(url: str, owner: Owner) -> None:
    threads, each = 8, 150
    with Recorder(url) as recorder:
        shared = recorder.start_session("shared")

        def record(turn: int) -> None:
            own = recorder.start_session(f"own-{turn}")
            for number in range(each):
                (own if number % 2 else shared).event("system_health", {"turn": turn, "number": number})

        together(threads, record)
    events = [row for row in rows(owner, "events") if row["event_type"] == "system_health"]
    assert len(events) == threads * each
    assert len({row["timestamp"] for row in events}) == threads * each
    for turn in range(threads):
        numbers = [row["data"]["number"] for row in events if row["data"]["turn"] == turn]
        assert numbers == list(range(each))
    assert count(owner, "sessions") == threads + 1


def test_a_session_goes_on_where_it_was_left(database_url: str, owner: Owner, people: People) -> None:
    me = people["member"].user_id
    with Recorder(database_url) as recorder:
        recorder.start_session("s", project_name="shop", user_id=me).end()
    assert rows(owner, "sessions")[0]["status"] == "completed"
    with Recorder(database_url) as recorder:
        again = recorder.start_session("s", project_name="another", user_id=me)
        recorder.session("s").event("system_health", {})
        again.prompt("and now?")
    [session] = rows(owner, "sessions")
    assert (session["status"], session["ended_at"], session["project_name"]) == ("active", None, "shop")
    assert {row["session_id"] for row in rows(owner, "events")} == {session["id"]}
    # Ended and begun again within one batch: the last word counts.
    with Recorder(database_url, **SLOW) as recorder:
        recorder.session("s").end("terminated")
        recorder.start_session("s")
        recorder.start_session("t").end()
        recorder.start_session("t").end("terminated")
    assert {row["session_id"]: row["status"] for row in rows(owner, "sessions")} == {"s": "active", "t": "terminated"}


def test_a_session_that_an_import_made_is_found_by_its_key(database_url: str, owner: Owner) -> None:
    imported = uuid4()
    owner.execute("insert into chronicle.sessions (id, session_id) values (%s, 's')", (imported,))
    with Recorder(database_url) as recorder:
        recorder.start_session("s")
    assert rows(owner, "events")[0]["session_id"] == imported


def test_a_session_of_somebody_else_takes_nothing(database_url: str, owner: Owner, people: People) -> None:
    with Recorder(database_url) as recorder:
        recorder.start_session("s", user_id=people["member"].user_id).end()
    recorder = Recorder(database_url, **SLOW)
    theirs = recorder.start_session("s", user_id=people["other"].user_id)
    with pytest.raises(RecordsRefused, match="belongs to somebody else"):
        recorder.flush()
    assert rows(owner, "sessions")[0]["status"] == "completed"
    assert count(owner) == 2
    [(record, _)] = recorder.take_refused()
    assert (record.event_type, record.session_key) == ("session_start", theirs.key)
    recorder.close()


def test_one_record_at_fault_does_not_keep_the_others_back(database_url: str, owner: Owner) -> None:
    told: list[SignalboxError] = []
    recorder = Recorder(database_url, on_error=told.append, **SLOW)
    session = recorder.start_session("s")
    deleted = recorder.start_session("deleted")
    recorder.flush()
    owner.execute("delete from chronicle.sessions where session_id = 'deleted'")
    for number in range(20):
        session.event("system_health", {"number": number})
    deleted.prompt("anybody there?")
    # More words than the full-text index takes in one value: only the server finds out.
    session.prompt(" ".join(f"word{number:09d}" for number in range(90_000)))
    session.end()
    with pytest.raises(RecordsRefused) as refused:
        recorder.flush()
    assert refused.value.records == 2
    assert (count(owner), recorder.pending) == (22, 0)
    assert [row["data"].get("number") for row in rows(owner, "events")][1:-1] == list(range(20))
    assert rows(owner, "sessions")[0]["status"] == "completed"
    reasons = [reason.sentence for _, reason in recorder.refused]
    assert "There is no session" in reasons[0]
    assert "tsvector" in reasons[1]
    assert [error.sentence for error in told] == reasons
    with pytest.raises(RecordsRefused):
        recorder.close()
    assert len(recorder.take_refused()) == 2
    recorder.close()


def test_a_full_recorder_says_so_and_has_room_again_after_a_flush(database_url: str, owner: Owner) -> None:
    recorder = Recorder(NOWHERE, max_records=5, wait_when_full_s=0.05, flush_records=5, flush_after_s=3600)
    session = recorder.start_session("s")
    for _ in range(4):
        session.event("system_health", {})
    with pytest.raises(RecorderFull):
        session.event("system_health", {})
    assert recorder.pending == 5
    with pytest.raises(NotFlushed, match=r"5 records are not written yet.*Nothing listens"):
        recorder.close(patience_s=0)
    assert recorder.pending == 5
    with pytest.raises(Closed):
        session.event("system_health", {})
    recorder.abandon()

    waiting = Recorder(database_url, max_records=4, wait_when_full_s=60, flush_records=4, flush_after_s=3600)
    session = waiting.start_session("t")
    together(4, lambda _: [session.event("system_health", {}) for _ in range(25)])
    waiting.close()
    assert count(owner) == 101


def test_an_abandoned_recorder_hands_over_what_it_held(database_url: str, owner: Owner) -> None:
    recorder = Recorder(database_url, **SLOW)
    session = recorder.start_session("s")
    recorder.flush()
    for number in range(3):
        session.event("system_health", {"number": number})
    held = recorder.abandon()
    assert [record.event_type for record in held] == ["system_health"] * 3
    assert (recorder.pending, count(owner)) == (0, 1)
    with pytest.raises(Closed):
        session.event("system_health", {})
    recorder.close()
    assert count(owner) == 1


def test_memory_is_bounded_in_bytes_as_well() -> None:
    recorder = Recorder(NOWHERE, max_bytes=100_000, wait_when_full_s=0, **SLOW | {"flush_records": 1000})
    session = recorder.start_session("s")
    session.prompt("x" * 60_000)
    with pytest.raises(RecorderFull):
        session.prompt("x" * 60_000)
    with pytest.raises(BadArgument, match="larger than all that the recorder may hold"):
        session.prompt("x" * 200_000)
    session.event("system_health", {})
    assert recorder.pending == 3
    recorder.abandon()


def test_failures_of_the_background_are_seen_and_the_records_kept(database_url: str, owner: Owner) -> None:
    told: list[SignalboxError] = []
    owner.execute("alter table chronicle.events rename to events_away")
    recorder = Recorder(database_url, flush_after_s=0.05, on_error=told.append)
    recorder.start_session("s").end()
    wait_until(lambda: bool(told), "word of the failure")
    assert "chronicle.events" in told[0].sentence
    assert recorder.pending == 2
    owner.execute("alter table chronicle.events_away rename to events")
    wait_until(lambda: recorder.pending == 0, "the next attempt")
    assert recorder.last_error is None
    recorder.close()
    assert (count(owner), count(owner, "sessions")) == (2, 1)


def test_the_error_of_a_block_is_not_hidden_by_what_could_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox_client.recorder.recorder.FIRST_PAUSE_S", 60)  # so that closing tries once only
    recorder = Recorder(NOWHERE, **SLOW)

    def work() -> None:
        with recorder:
            recorder.start_session("s")
            raise KeyError("mine")

    with pytest.raises(KeyError) as raised:
        work()
    assert any("1 records are not written yet" in note for note in raised.value.__notes__)
    recorder.abandon()


PROGRAM = """
import os, sys, time
from signalbox_client.recorder import Recorder, WrongProcess
recorder = Recorder(sys.argv[1], flush_records=10_000, flush_after_s=3600)
session = recorder.start_session("s")
for number in range(9):
    session.prompt(f"flushed {number}")
recorder.flush()
for number in range(5):
    session.prompt(f"held {number}")
"""
WITHOUT_CLOSING = PROGRAM + "raise SystemExit(3)\n"
KILLED = PROGRAM + "print('ready', recorder.pending, flush=True)\ntime.sleep(600)\n"
FORKED = (
    PROGRAM
    + """
child = os.fork()
if not child:
    try:
        session.prompt("from the child")
    except WrongProcess as error:
        sys.exit(7)
    sys.exit(8)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
)


def start(program: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, url], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_a_program_that_ends_without_closing_loses_nothing(database_url: str, owner: Owner) -> None:
    assert start(WITHOUT_CLOSING, database_url).wait(60) == 3
    assert (count(owner), count(owner, "prompt_events")) == (15, 14)


def test_a_killed_program_loses_what_was_not_flushed_and_nothing_else(database_url: str, owner: Owner) -> None:
    process = start(KILLED, database_url)
    assert process.stdout
    assert process.stdout.readline() == "ready 5\n"
    process.kill()
    process.wait(60)
    process.stdout.close()
    assert (count(owner), count(owner, "prompt_events"), count(owner, "sessions")) == (10, 9, 1)


def test_a_fork_records_nothing_and_writes_nothing_twice(database_url: str, owner: Owner) -> None:
    assert start(FORKED, database_url).wait(60) == 0
    assert (count(owner), count(owner, "prompt_events")) == (15, 14)


SESSION: list[tuple[Any, str]] = [
    (lambda it: it.event("tool_use", {}), "event_type must be one of tool_pre_use"),
    (lambda it: it.event("system_health", []), "data must be an object"),
    (lambda it: it.event("system_health", {"a": float("inf")}), "data.a is inf"),
    (lambda it: it.event("system_health", {}, metadata=[1]), "metadata must be an object"),
    (lambda it: it.event("system_health", {}, at=datetime(2026, 1, 1)), "at has no time zone"),  # noqa: DTZ001
    (lambda it: it.tool_pre(""), "tool_name is empty"),
    (lambda it: it.tool_pre("x" * 256), "tool_name has 256 characters"),
    (lambda it: it.tool_pre("Bash", {"a": b"x"}), "parameters.a is a bytes"),
    (lambda it: it.tool_post("Bash"), "call must be what tool_pre returned"),
    (lambda it: it.tool_post(it.tool_pre("a"), success=1), "success must be True"),
    (lambda it: it.tool_post(it.tool_pre("a"), execution_time_ms=-1), "execution_time_ms must be"),
    (lambda it: it.tool_post(it.tool_pre("a"), execution_time_ms=2**31), "execution_time_ms must be"),
    (lambda it: it.prompt("a\0"), "text has a zero character"),
    (lambda it: it.prompt("a", complexity_score=float("nan")), "complexity_score must be a finite"),
    (lambda it: it.notification("a", severity="bad"), "severity must be one of"),
    (lambda it: it.lifecycle("user_prompt", "x"), "event_type must be one of session_start"),
    (lambda it: it.lifecycle("compact_pre", "x" * 51), "lifecycle_type has 51 characters"),
    (lambda it: it.end("active"), "status must be one of completed"),
]


@pytest.mark.parametrize(("act", "sentence"), SESSION, ids=[sentence for _, sentence in SESSION])
def test_what_cannot_be_stored_is_named_when_it_is_recorded(act: Any, sentence: str) -> None:
    recorder = Recorder(NOWHERE, **SLOW)
    session = recorder.session("s")
    with pytest.raises(BadArgument) as refused:
        act(session)
    assert sentence in refused.value.sentence
    recorder.abandon()  # the first half of a call, where there was one


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"key": "x" * 256}, "key has 256 characters"),
        ({"key": "s", "git_commit": "a" * 41}, "git_commit has 41 characters"),
        ({"key": "s", "user_id": "me"}, "user_id must be a UUID"),
        ({"key": "s", "user_id": uuid4(), "metadata": {"user_id": "x"}}, "metadata.user_id names somebody else"),
        ({"key": "s", "metadata": ""}, "metadata must be an object"),
        ({"key": "s", "metadata": 0}, "metadata must be an object"),
        ({"key": "s", "metadata": set()}, "metadata must be an object"),
        ({"key": "s", "environment": "x"}, "environment must be an object"),
        ({"key": "s", "at": "now"}, "at must be a datetime"),
    ],
)
def test_a_session_that_cannot_be_stored_is_named(given: dict[str, Any], sentence: str) -> None:
    recorder = Recorder(NOWHERE, **SLOW)
    with pytest.raises(BadArgument) as refused:
        recorder.start_session(**given)
    assert sentence in refused.value.sentence
    assert recorder.pending == 0
    recorder.close(0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"flush_records": 0}, "flush_records must be"),
        ({"flush_after_s": 0}, "flush_after_s must be at least"),
        ({"max_records": 99}, "max_records must be a whole number, at least 100"),
        ({"max_bytes": 1}, "max_bytes must be"),
        ({"wait_when_full_s": -1}, "wait_when_full_s must be"),
        ({"source_app": "x" * 101}, "source_app has 101 characters"),
    ],
)
def test_a_recorder_that_makes_no_sense_is_not_made(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadArgument) as refused:
        Recorder(NOWHERE, **given)
    assert sentence in refused.value.sentence


def test_a_recorder_takes_no_connection_of_the_callers(database_url: str, owner: Owner) -> None:
    for source in (owner, Database(database_url)):
        with pytest.raises(BadArgument, match="needs a connection of its own"):
            Recorder(source)  # type: ignore[arg-type]


def test_times_given_are_kept_and_times_taken_never_repeat(database_url: str, owner: Owner) -> None:
    then = datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
    with Recorder(database_url) as recorder:
        session = recorder.start_session("s", at=then)
        session.event("system_health", {}, at=then + timedelta(hours=1))
        moments = [recorder.moment(None) for _ in range(2_000)]
    assert moments == sorted(set(moments))
    assert [row["timestamp"] for row in rows(owner, "events")] == [then, then + timedelta(hours=1)]
    assert rows(owner, "sessions")[0]["started_at"] == then
