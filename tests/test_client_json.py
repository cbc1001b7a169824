"""Stored JSON that is more than Python can hold: who reads goes past it, and who uses it is told which it is."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from signalbox_client import EventStore, Jobs, NewEvent, PostgresSessionStore, Reducer, Unreadable, UnreadableValue
from signalbox_client.events import ReducerFailed
from signalbox_client.json_values import MAX_LEVELS, read
from signalbox_client.projections import replay
from signalbox_client.projections.client_health import AGGREGATE, ASSESSED
from tests.ways import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.ways import url as url  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

TOO_MUCH = {
    '{"a": 1e6000}': "it holds a number of 6,001 digits, more than Python reads",
    '{"a": -' + "9" * 400 + ".5}": "it holds a number that is larger than any float",
    '{"a": ' + "[" * 3000 + "]" * 3000 + "}": f"it is nested deeper than {MAX_LEVELS} levels",
}


def add_job(owner: Owner, data: str) -> UUID:
    row = owner.execute(
        "insert into agents.jobs (agent_identifier, job_data) values ('writer', %s) returning id", (data,)
    ).fetchone()
    assert row
    return UUID(str(row["id"]))


def test_a_worker_goes_past_jobs_that_cannot_be_read(url: str, owner: Owner) -> None:
    bad = {add_job(owner, data): (data, reason) for data, reason in TOO_MUCH.items()}
    jobs = Jobs(url)
    good = jobs.create("writer", {"title": "Report"})

    taken = jobs.take("writer")
    assert taken
    assert taken.job_id == good.job_id, "the jobs before it stop nobody"
    assert jobs.take("writer") is None
    for job_id, (data, reason) in bad.items():
        job = jobs.get(job_id)
        assert job.status == "failed"
        assert job.error_message == f"This was not begun, as no worker can: its input cannot be read, for {reason}."
        with pytest.raises(UnreadableValue, match=f"^job_data of agents.jobs, id {job_id}, cannot be read: {reason}"):
            job.data["a"]
        kept = owner.execute("select job_data = %s as same from agents.jobs where id = %s", (data, job_id)).fetchone()
        assert kept == {"same": True}
        assert jobs.retry(job_id).status == "pending"
        assert jobs.cancel(job_id).status == "cancelled"

    owner.execute("update agents.jobs set result = '{\"progress\": 1e6000}' where id = %s", (good.job_id,))
    assert isinstance(jobs.get(good.job_id).progress, Unreadable)
    assert jobs.complete(taken, {"pages": 1}).result == {"pages": 1}


def append(owner: Owner, payload: str) -> None:
    owner.execute(
        "select engine.append_event(p_event_type => %s, p_aggregate_type => %s, p_aggregate_id => 'acme',"
        " p_payload => %s, p_emitted_by => 'test')",
        (ASSESSED, AGGREGATE, payload),
    )


def test_a_reader_goes_past_events_and_sessions_that_cannot_be_read(url: str, owner: Owner, people: People) -> None:
    for payload in TOO_MUCH:
        append(owner, payload)
    store = EventStore(url, reducers=[Reducer(AGGREGATE, lambda state, event: state | event.payload)])
    last = store.append(NewEvent(ASSESSED, AGGREGATE, "acme", {"health_score": 7}, emitted_by="test"))

    events = store.subscribe("beginning").poll()
    assert events == list(store.stream(AGGREGATE, "acme"))
    assert events[-1] == last
    for event, reason in zip(events, TOO_MUCH.values(), strict=False):
        place = f"payload of engine.events, event_id {event.event_id},"
        with pytest.raises(UnreadableValue, match=f"^{place} cannot be read: {reason}"):
            event.payload.get("a")
    with pytest.raises(ReducerFailed, match=f"cannot fold event 1 .*payload of engine.events.*{events[0].event_id}"):
        store.state(AGGREGATE, "acme")
    with pytest.raises(UnreadableValue, match=str(events[0].event_id)):
        EventStore(url).state(AGGREGATE, "acme")
    compared = replay(url).compare("client_health")
    assert (compared.rows, len(compared.failed)) == (1, len(TOO_MUCH))
    assert "cannot take event 1" in compared.failed[0]
    assert str(events[0].event_id) in compared.failed[0]

    mine = people["member"].user_id
    sessions = PostgresSessionStore(url)
    for current_ir in TOO_MUCH:
        owner.execute("insert into lift.sessions (user_id, current_ir) values (%s, %s)", (mine, current_ir))
    listed = sessions.list_sessions(mine)
    assert len(listed) == 3
    for session in listed:
        with pytest.raises(UnreadableValue, match=f"^current_ir of lift.sessions, id {session.session_id},"):
            dict(session.current_ir)
        assert sessions.update_session(session.session_id, {"current_ir": {}}).current_ir == {}


def test_a_snapshot_that_cannot_be_read_is_not_used(database_url: str, owner: Owner) -> None:
    reducer = Reducer("Lead", lambda state, event: state | event.payload)
    store = EventStore(database_url, reducers=[reducer])
    store.append_many([NewEvent("LEAD_SCORED", "Lead", "a", {"n": n}, emitted_by="test") for n in range(100)])
    owner.execute("update engine.event_snapshots set state = '{\"n\": 1e6000}'")
    assert store.state("Lead", "a").state == {"n": 99}


@pytest.mark.parametrize("use", [
    lambda value: value["a"], lambda value: value.get("a"), lambda value: "a" in value, list, dict, len, bool, reversed,
], ids=["item", "get", "in", "list", "dict", "len", "bool", "reversed"])  # fmt: skip
def test_using_what_cannot_be_read_raises_and_carrying_it_does_not(use: Callable[[Any], object]) -> None:
    value = read(b'[1, "a", 1' + b"0" * 5000 + b"]")
    assert isinstance(value, Unreadable)
    with pytest.raises(UnreadableValue, match="a number of 5,001 digits") as raised:
        use(value)
    assert raised.value.text == value.text
    assert len(value.text) > 5000
    assert "00000" not in repr(value)
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value  # noqa: S301 - our own


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_LEVELS + "]" * MAX_LEVELS,
        '["' + "[{" * 5000 + '", "\\"' + "[" * 5000 + '"]',
        '["' + "9" * 9000 + '"]',
        "1" * 4300,
        "-1" + "0" * 400,
        "0." + "1" * 9000,
        "null",
    ],
    ids=["deep enough", "brackets in text", "digits in text", "long whole", "larger than floats", "long part", "null"],
)
def test_what_python_can_hold_is_read_as_it_is(text: str) -> None:
    assert not isinstance(read(text.encode()), Unreadable)


def test_the_deepest_that_is_written_is_read_and_compared(database_url: str, owner: Owner) -> None:
    deep: Any = "bottom"
    for _ in range(499):
        deep = {"a": deep}
    jobs = Jobs(database_url)
    jobs.create("writer", deep)
    taken = jobs.take("writer")
    assert taken
    assert taken.data == deep
    assert jobs.progress(taken, deep).progress == deep
    assert jobs.complete(taken, taken.data).result == deep
    inner = deep["a"]["a"]
    event = NewEvent(ASSESSED, AGGREGATE, "acme", {"health_score": 1, "signals": inner}, emitted_by="test")
    EventStore(database_url).append(event)
    assert replay(database_url).rebuild("client_health").written == 1
    assert replay(database_url).compare("client_health").is_same
