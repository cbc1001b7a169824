"""Events of the engine: counts by kind, searching payloads, turning pages, causes, state at any event of a stream."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import reducers
from data.access import Actor
from data.database import queries
from data.errors import NotFound
from data.reports import events, streams
from data.reports.events import Counts
from signalbox_client.events import Event, Reducer, Reducers
from tests.performed import engine_event

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=1)}
BEFORE: dict[str, Any] = {"previous_start": DAY - timedelta(days=1), "previous_end": DAY}


def client_event(
    owner: Owner, number: int, kind: str = "CLIENT_CONTACTED", client: str = "acme", **payload: Any
) -> UUID:
    """The event with a number of a client's stream, a minute after the one before."""
    return engine_event(
        owner,
        DAY + timedelta(minutes=number),
        kind,
        aggregate_type="Client",
        aggregate_id=client,
        sequence_number=number,
        payload={"client_id": client, **payload},
    )


def onboarded(owner: Owner, client: str = "acme") -> UUID:
    told = {"name": "Acme 🚀", "plan": "starter", "account_manager": "ann@example.com"}
    return client_event(owner, 1, "CLIENT_ONBOARDED", client, **told)


def snapshot(owner: Owner, number: int, state: Any, reducer: str | None = "client@1", client: str = "acme") -> None:
    owner.execute(
        "insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state, reducer)"
        " values ('Client', %s, %s, %s, %s)",
        (client, number, Jsonb(state), reducer),
    )


def state_of(people: People, at: int | None = None, role: str = "manager", client: str = "acme") -> streams.StreamAt:
    return streams.read_stream(people[role], aggregate_type="Client", aggregate_id=client, at=at)


# counts


def test_an_empty_database_has_no_event(people: People) -> None:
    manager = people["manager"]
    assert events.count_kinds(manager) == Counts(0, 0, 0, 0, 0, (), (), ())
    assert events.read_buckets(manager, types=()).empty
    assert events.list_events(manager) == events.Page([], has_newer=False, has_older=False)
    assert events.read_coverage(manager).holds_rows is False
    with pytest.raises(NotFound):
        events.read_trace(manager, correlation=uuid4())
    with pytest.raises(NotFound):
        state_of(people)


def test_events_are_counted_by_kind_against_the_period_before(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_event(owner, DAY - timedelta(microseconds=1), "A")
    engine_event(owner, DAY - timedelta(microseconds=1), "GONE", emitted_by="gone")
    engine_event(owner, DAY, "A", confidence=0.5)
    engine_event(owner, NOON, "A", emitted_by="other", confidence=1.0)
    engine_event(owner, NOON, "B", aggregate_type="Client")
    engine_event(owner, DAY + timedelta(days=1), "B")
    counts = events.count_kinds(people["manager"], **PERIOD, **BEFORE)
    assert (counts.events, counts.previous_events, counts.type_count) == (3, 2, 3)
    assert (counts.types_present, counts.emitters_present) == (2, 2)
    first, second, gone = counts.types
    assert (gone.value, gone.events, gone.previous_events) == ("GONE", 0, 1)
    assert (first.value, first.events, first.previous_events, first.last_at) == ("A", 2, 1, NOON)
    assert (first.decisions, first.confidence) == (2, 0.75)
    assert (second.value, second.events, second.previous_events) == ("B", 1, 0)
    assert {one.value: one.events for one in counts.aggregates} == {"Lead": 2, "Client": 1}
    assert {one.value: one.events for one in counts.emitters} == {"IntakeAgent": 2, "other": 1, "gone": 0}
    monkeypatch.setattr(events, "MOST_KINDS", 1)
    cut = events.count_kinds(people["manager"], **PERIOD, **BEFORE)
    assert (len(cut.types), cut.type_count, cut.types_present, cut.emitters_present) == (1, 3, 2, 2)


def test_a_type_narrows_everything_but_the_types(owner: Owner, people: People) -> None:
    engine_event(owner, NOON, "A", emitted_by="a")
    engine_event(owner, NOON, "B", emitted_by="b")
    counts = events.count_kinds(people["manager"], event_type="A")
    assert [one.value for one in counts.types] == ["A", "B"]
    assert [one.value for one in counts.emitters] == ["a"]
    assert counts.events == 1
    assert events.count_kinds(people["manager"], emitter="b").events == 1
    assert events.count_kinds(people["manager"], aggregate="Client").events == 0


def test_slices_count_the_types_asked_for_and_the_others_together(owner: Owner, people: People) -> None:
    for kind in ("A", "A", "B", "C"):
        engine_event(owner, NOON, kind)
    frame = events.read_buckets(people["manager"], types=("A",), **PERIOD)
    assert dict(zip(frame["event_type"], frame["events"], strict=True)) == {"A": 2, "other": 2}


# payloads


def test_payloads_are_searched_by_what_they_contain(owner: Owner, people: People) -> None:
    engine_event(owner, NOON, "A", payload={"client_id": "x", "signals": {"logins": 3, "tickets": 1}})
    engine_event(owner, NOON, "A", payload={"client_id": "y"})
    for wanted, found in (('{"client_id": "x"}', 1), ('{"signals": {"logins": 3}}', 1), ('{"client_id": 1}', 0)):
        payload = events.parse_payload(wanted)
        assert events.count_kinds(people["manager"], payload=payload).events == found
        assert len(events.list_events(people["manager"], payload=payload).rows) == found


def test_a_payload_that_many_events_contain_is_found_without_their_ids(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_IDS", 2)
    for client in ("x", "x", "x", "y"):
        engine_event(owner, NOON, "A", payload={"client_id": client})
    manager, x, y = people["manager"], '{"client_id": "x"}', '{"client_id": "y"}'
    assert (events.is_broad(manager, payload=x), events.is_broad(manager, payload=y)) == (True, False)
    for broad in (True, False):
        assert events.count_kinds(manager, payload=x, broad=broad).events == 3
        assert len(events.list_events(manager, payload=y, broad=broad).rows) == 1
        assert list(events.read_buckets(manager, types=(), payload=x, broad=broad)["events"]) == [3]


def test_searching_payloads_uses_their_index(owner: Owner) -> None:
    owner.execute("set enable_seqscan = off")
    plan = owner.execute(
        "explain select e.event_id from analytics.stg_engine__events as e where e.payload @> '{\"a\": 1}'"
    ).fetchall()
    assert "idx_events_payload_gin" in str(plan)


@pytest.mark.parametrize(
    "typed",
    ["refund", "[1]", "1", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', "{", "[" * 190],
)
def test_what_is_no_json_object_is_refused(typed: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        events.parse_payload(typed)


# pages


def test_pages_turn_both_ways_and_keep_the_order_of_events_of_the_same_time(owner: Owner, people: People) -> None:
    made = [engine_event(owner, NOON + timedelta(minutes=number // 5), "A") for number in range(11)]
    manager = people["manager"]

    def turn(**asked: Any) -> events.Page:
        return events.list_events(manager, limit=4, **asked)

    seen: list[UUID] = []
    found = turn()
    assert not found.has_newer
    while True:
        seen += [row["event_id"] for row in found.rows]
        if not found.has_older:
            break
        last = found.rows[-1]
        found = turn(place=(last["occurred_at"], last["event_id"]))
        assert found.has_newer
    assert seen == made[::-1], "those of one time as they were appended"
    oldest = turn(upwards=True)
    assert [row["event_id"] for row in oldest.rows] == seen[-4:]
    first = oldest.rows[0]
    assert not oldest.has_older
    newer = turn(upwards=True, place=(first["occurred_at"], first["event_id"]))
    assert [row["event_id"] for row in newer.rows] == seen[-8:-4]
    assert (newer.has_newer, newer.has_older) == (True, True)
    second = newer.rows[0]
    newest = turn(upwards=True, place=(second["occurred_at"], second["event_id"]))
    assert [row["event_id"] for row in newest.rows] == seen[:3]
    assert (newest.has_newer, newest.has_older) == (False, True)


@pytest.mark.parametrize(("name", "bound"), [("events.list_newest", "<="), ("events.list_oldest", ">=")])
def test_a_page_of_the_list_begins_at_its_place_in_the_index(owner: Owner, name: str, bound: str) -> None:
    """Also where row security stands before whatever could tell of rows."""
    query = queries.find(name)
    asked = dict.fromkeys(query.parameters) | {"place_at": NOON, "place_id": uuid4(), "limit": 26}
    owner.execute("set enable_seqscan = off; set enable_bitmapscan = off; set role authenticated")
    plan = [row["QUERY PLAN"] for row in owner.execute(f"explain {query.text}".encode(), asked).fetchall()]
    assert any("Index Cond" in line and f'"timestamp" {bound} \'{NOON.date()}' in line for line in plan), plan


def test_members_see_events_of_their_client_alone(owner: Owner, people: People) -> None:
    onboarded(owner)
    onboarded(owner, "other")
    mine = replace(people["member"], client_id="acme")
    assert events.count_kinds(mine).events == 1
    assert events.count_kinds(mine, payload='{"client_id": "other"}').events == 0
    assert events.count_kinds(mine, payload='{"client_id": "acme"}').events == 1
    assert [row["aggregate_id"] for row in events.list_events(mine).rows] == ["acme"]
    assert events.count_kinds(people["member"]).events == 0
    with pytest.raises(NotFound):
        streams.read_stream(mine, aggregate_type="Client", aggregate_id="other")


# causes


def test_a_trace_knows_depth_causes_outside_and_rings(owner: Owner, people: People) -> None:
    correlation = uuid4()
    outside = engine_event(owner, DAY, "OUTSIDE")
    ring, unknown = uuid4(), uuid4()

    def event(minute: int, kind: str, cause: UUID | None, **given: Any) -> UUID:
        columns = {"correlation_id": correlation, "causation_id": cause, **given}
        return engine_event(owner, NOON + timedelta(minutes=minute), kind, **columns)

    root = event(0, "ROOT", outside)
    effect = event(1, "EFFECT", root)
    event(2, "DEEPER", effect)
    event(3, "ORPHAN", unknown)
    other = event(5, "RING_B", ring)
    event(4, "RING_A", other, event_id=ring)
    found = events.read_trace(people["manager"], correlation=correlation)
    assert [(line.depth, line.event.event_type) for line in found.lines] == [
        (0, "ROOT"),
        (1, "EFFECT"),
        (2, "DEEPER"),
        (0, "ORPHAN"),
        (0, "RING_A"),
        (1, "RING_B"),
    ]
    assert found.outside[outside]["event_type"] == "OUTSIDE"
    assert unknown not in found.outside
    assert found.is_complete


def test_a_long_chain_of_causes_is_followed_as_far_as_shown(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_TRACED", 5)
    correlation, cause = uuid4(), None
    for minute in range(8):
        given = {"correlation_id": correlation, "causation_id": cause}
        cause = engine_event(owner, NOON + timedelta(minutes=minute), "A", **given)
    found = events.read_trace(people["manager"], correlation=correlation)
    assert [line.depth for line in found.lines] == [0, 1, 2, 3, 4]
    assert not found.is_complete


# streams


def test_the_state_at_an_event_is_folded_by_the_reducer_of_its_type(owner: Owner, people: People) -> None:
    onboarded(owner)
    client_event(owner, 2)
    client_event(owner, 3, "CLIENT_HEALTH_ASSESSED", health_score=82, status="healthy", risk_factors=["slow"])
    client_event(owner, 4, "SOMETHING_ELSE")
    newest = state_of(people)
    assert (newest.at, newest.reducer, newest.began_after, newest.folded) == (4, "client@1", None, 4)
    assert newest.before == newest.after
    assert [step.changed for step in newest.steps][1:] == [
        ("contacts", "last_contact_at"),
        ("status", "health_score", "risk_factors", "assessed_at"),
        (),
    ]
    third = state_of(people, 3)
    assert third.event is not None
    assert third.event.event_type == "CLIENT_HEALTH_ASSESSED"
    assert third.before is not None
    assert third.after is not None
    assert (third.before["health_score"], third.after["health_score"]) == (None, 82)
    assert third.after["contacts"] == 1
    assert [step.event.sequence_number for step in third.steps] == [1, 2, 3, 4]


def test_a_reducer_that_changes_what_it_is_given_does_not_change_the_state_before(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(state: dict[str, Any], event: Event) -> dict[str, Any]:
        state.setdefault("numbers", []).append(event.sequence_number)
        return state

    monkeypatch.setattr(reducers, "_used", Reducers([Reducer("Client", count)]))
    onboarded(owner)
    client_event(owner, 2)
    found = state_of(people, 2)
    assert (found.before, found.after) == ({"numbers": [1]}, {"numbers": [1, 2]})
    assert [step.changed for step in found.steps] == [("numbers",), ("numbers",)]


def test_folding_begins_at_the_newest_snapshot_of_this_reducer(owner: Owner, people: People) -> None:
    onboarded(owner)
    for number in range(2, 61):
        client_event(owner, number)
    snapshot(owner, 30, {"contacts": 1000})
    snapshot(owner, 40, {"contacts": 5}, reducer="client@0")
    snapshot(owner, 55, {"contacts": 7})
    found = state_of(people, 60)
    assert (found.began_after, found.folded) == (30, 30)
    assert found.after is not None
    assert found.after["contacts"] == 1030
    assert [step.event.sequence_number for step in found.steps] == list(range(51, 61))
    early = state_of(people, 10)
    assert (early.began_after, early.folded) == (None, 10)


def test_a_snapshot_of_another_shape_is_not_used(owner: Owner, people: People) -> None:
    onboarded(owner)
    for number in range(2, 31):
        client_event(owner, number)
    snapshot(owner, 20, ["no object"])
    found = state_of(people, 30)
    assert found.began_after is None
    assert found.after is not None
    assert found.after["contacts"] == 29


def test_payloads_are_merged_where_there_is_no_reducer(owner: Owner, people: People) -> None:
    for number, payload in enumerate(({"a": 1, "b": 1}, {"b": 2}, ["no object"], {"a": True, "c": 3}), start=1):
        engine_event(owner, NOON, "X", aggregate_id="lead", sequence_number=number, payload=payload)
    found = streams.read_stream(people["manager"], aggregate_type="Lead", aggregate_id="lead", at=3)
    assert found.reducer is None
    assert (found.before, found.after) == ({"a": 1, "b": 2}, {"a": 1, "b": 2})
    assert [step.changed for step in found.steps] == [("a", "b"), ("b",), (), ("a", "c")]


def test_a_missing_number_changes_nothing_and_is_counted(owner: Owner, people: People) -> None:
    onboarded(owner)
    client_event(owner, 2)
    client_event(owner, 4)
    found = state_of(people, 3)
    assert (found.about.missing, found.event) == (1, None)
    assert found.before == found.after
    assert found.after is not None
    assert found.after["contacts"] == 1
    assert state_of(people, 99).at == 4
    assert state_of(people, 0).at == 4


def test_an_event_that_cannot_be_folded_leaves_the_state_before_it(owner: Owner, people: People) -> None:
    onboarded(owner)
    client_event(owner, 2)
    client_event(owner, 3, "CLIENT_PLAN_CHANGED")  # says no plan
    client_event(owner, 4)
    before = state_of(people, 2)
    assert before.after is not None
    assert before.problem is None
    for at in (3, 4):
        broken = state_of(people, at)
        assert broken.after is None
        assert "cannot fold event 3 (CLIENT_PLAN_CHANGED) of Client acme" in str(broken.problem)
    assert [step.changed is None for step in before.steps] == [False, False, True, True]
    third = state_of(people, 3)
    assert third.before is not None


def test_a_stream_far_beyond_its_snapshots_is_shown_without_state(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_FOLDED", 30)
    onboarded(owner)
    for number in range(2, 91):
        client_event(owner, number)
        engine_event(owner, NOON, "X", aggregate_id="lead", sequence_number=number, payload={f"k{number}": 1})
    far = state_of(people, 80)
    assert far.after is None
    assert "at most 30 events are folded here" in str(far.problem)
    assert far.event is not None
    assert [step.event.sequence_number for step in far.steps] == list(range(76, 91))
    snapshot(owner, 50, {"contacts": 49})
    near = state_of(people, 80)
    assert near.after is not None
    assert near.after["contacts"] == 79
    merged = streams.read_stream(people["manager"], aggregate_type="Lead", aggregate_id="lead", at=80)
    assert merged.began_after == 45
    assert merged.after is not None
    assert (len(merged.after), merged.folded) == (35, 35)
