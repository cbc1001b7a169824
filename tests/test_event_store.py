"""The event store: appending, expected sequences, races, streams, traces, snapshots and states."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.pq import Trace as MessageTrace
from psycopg.rows import DictRow

from signalbox_client import BadArgument, Database, EventStore, NewEvent, NotAllowed, Reducer, Reducers
from signalbox_client.events import Event, EventNotFound, ReducerFailed, WrongSequence
from tests.poolers import MODES, Mode, Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414

Owner = psycopg.Connection[DictRow]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def happened(what: str = "LEAD_SCORED", lead: str = "lead-1", **given: Any) -> NewEvent:
    return NewEvent(what, "Lead", lead, given.pop("payload", {}), emitted_by="intake", **given)


def added(state: dict[str, Any], event: Event) -> dict[str, Any]:
    """The sum of what came in, and how often: order and repetition both show."""
    return {
        "sum": state["sum"] + event.payload.get("n", 0),
        "events": state["events"] + 1,
        "last": event.sequence_number,
    }


ADDING = Reducer("Lead", added, initial={"sum": 0, "events": 0, "last": 0})


@pytest.fixture
def store(database_url: str) -> Iterator[EventStore]:
    with EventStore(database_url) as opened:
        yield opened


@pytest.fixture
def adding(database_url: str) -> Iterator[EventStore]:
    """A store with a reducer."""
    with EventStore(database_url, reducers=[ADDING]) as opened:
        yield opened


def test_an_event_comes_back_as_it_was_given(store: EventStore) -> None:
    correlation, cause = uuid4(), store.append(happened())
    payload = {"text": "grün ✓ \u2028 'quoted' \"x\" \\", "deep": [{"a": [1, 2.5, None, True]}], "big": 2**70}
    given = happened(
        payload=payload,
        correlation_id=correlation,
        causation_id=str(cause.event_id),
        metadata={"k": "v"},
        confidence=0.25,
        timestamp=AT,
    )
    event = store.append(given)
    assert store.event(event.event_id) == event
    assert (event.sequence_number, event.payload, event.metadata, event.timestamp) == (2, payload, {"k": "v"}, AT)
    assert (event.correlation_id, event.causation_id, event.confidence) == (correlation, cause.event_id, 0.25)


def test_an_event_joins_the_correlation_of_its_cause(store: EventStore) -> None:
    cause = store.append(happened())
    assert store.append(happened(causation_id=cause.event_id)).correlation_id == cause.correlation_id
    assert store.append(happened()).correlation_id != cause.correlation_id


def test_in_sql_an_event_joins_the_correlation_of_its_cause_too(store: EventStore, owner: Owner) -> None:
    cause, elsewhere, nowhere = store.append(happened()), uuid4(), uuid4()
    query = (
        "select (engine.append_event('X', 'T', '2', p_causation_id => %s, p_correlation_id => %s)).correlation_id as id"
    )
    given = [(cause.event_id, None), (cause.event_id, elsewhere), (nowhere, None)]
    joined, kept, none = (row["id"] for each in given for row in owner.execute(query, each))
    assert (joined, kept) == (cause.correlation_id, elsewhere)
    assert none not in (None, cause.correlation_id, elsewhere, nowhere)
    assert [event.event_type for _, event in store.trace(cause.correlation_id).walk()] == ["LEAD_SCORED", "X"]


def test_each_event_of_many_aggregates_is_looked_at_a_few_times_however_many_there_are(
    adding: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: Counter[str] = Counter()

    def counted(event: Event) -> tuple[str, str]:
        looks["aggregate"] += 1
        return event.aggregate_type, event.aggregate_id

    monkeypatch.setattr(Event, "aggregate", property(counted))
    adding.append_many([happened(lead=f"lead-{number}") for number in range(200)])
    assert 200 <= looks["aggregate"] <= 3 * 200


def test_many_are_appended_in_order_each_aggregate_counting_for_itself(store: EventStore) -> None:
    given = [happened(lead=lead, payload={"n": n}) for n, lead in enumerate("abacab")]
    events = store.append_many(given)
    assert [(e.aggregate_id, e.sequence_number, e.payload["n"]) for e in events] == [
        ("a", 1, 0), ("b", 1, 1), ("a", 2, 2), ("c", 1, 3), ("a", 3, 4), ("b", 2, 5),
    ]  # fmt: skip
    assert store.append_many([]) == []


def test_appending_is_one_round_trip(database_url: str, tmp_path: Any) -> None:
    """Counted as the messages go: all of ours before the first of the server's."""
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
        store = EventStore(connection)
        path = tmp_path / "messages"
        with path.open("w") as file:
            connection.pgconn.trace(file.fileno())
            connection.pgconn.set_trace_flags(MessageTrace.SUPPRESS_TIMESTAMPS)
            store.append_many([happened(), happened(lead="lead-2")])
            connection.pgconn.untrace()
    sides = [line.split("\t")[0] for line in path.read_text().splitlines()]
    turns = sum(1 for before, now in zip(["B", *sides], sides, strict=False) if (before, now) == ("B", "F"))
    assert turns == 1


def test_a_wrong_expected_sequence_is_refused_by_name_and_nothing_is_appended(store: EventStore) -> None:
    store.append_many([happened(), happened()], expected_sequence=0)
    with pytest.raises(WrongSequence, match="Lead lead-1 is at sequence 2, not at 1") as refused:
        store.append_many([happened(), happened()], expected_sequence=1)
    assert (refused.value.expected, refused.value.actual) == (1, 2)
    assert store.append(happened(), expected_sequence=2).sequence_number == 3
    expected = {("Lead", "lead-1"): 3, ("Lead", "lead-2"): 1}
    with pytest.raises(WrongSequence, match="lead-2"):
        store.append_many([happened(), happened(lead="lead-2")], expected_sequence=expected)
    assert (store.sequence("Lead", "lead-1"), store.sequence("Lead", "lead-2")) == (3, 0)


@pytest.mark.parametrize("level", [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE])
def test_an_old_snapshot_loses_by_the_same_name_and_its_transaction_goes_on(
    database_url: str, store: EventStore, level: psycopg.IsolationLevel
) -> None:
    with psycopg.connect(database_url) as mine:
        mine.isolation_level = level
        mine.execute("select count(*) from engine.events")
        store.append(happened())
        with pytest.raises(WrongSequence, match="snapshot"):
            EventStore(mine).append(happened())
        if level == psycopg.IsolationLevel.REPEATABLE_READ:
            assert EventStore(mine).append(happened(lead="lead-2")).sequence_number == 1
    assert store.sequence("Lead", "lead-1") == 1


def test_appending_in_sql_from_an_old_snapshot_is_a_serialization_failure(database_url: str, store: EventStore) -> None:
    """Which programs run their transaction again for; what they hold up to then stays behind a savepoint."""
    with psycopg.connect(database_url) as mine:
        mine.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        mine.execute("select count(*) from engine.events")
        store.append(happened())
        with pytest.raises(psycopg.errors.SerializationFailure), mine.transaction():
            mine.execute("select engine.append_event('X', 'Lead', 'lead-1')")
        mine.execute("select engine.append_event('X', 'Lead', 'lead-2')")
        mine.commit()
        mine.execute("select engine.append_event('X', 'Lead', 'lead-1')")
    assert (store.sequence("Lead", "lead-1"), store.sequence("Lead", "lead-2")) == (2, 1)


def test_a_number_that_an_unseen_event_has_is_refused_in_words(store: EventStore, owner: Owner) -> None:
    store.append(happened())
    owner.execute("create policy theirs on engine.events for insert to authenticated with check (true)")
    claims = json.dumps({"sub": str(uuid4()), "app_metadata": {"client_id": "quay"}})
    with owner.transaction():
        owner.execute("set local role authenticated")
        owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        with pytest.raises(
            psycopg.errors.UniqueViolation, match="number 1 of Lead lead-1 is taken by an event that is"
        ):
            owner.execute("select engine.append_event('X', 'Lead', 'lead-1', %s)", (json.dumps({"client_id": "quay"}),))
        raise psycopg.Rollback


def at_the_same_time(count: int, act: Callable[[int], None]) -> list[Exception]:
    """Run it in as many threads; what they raised."""
    raised: list[Exception] = []
    line = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            line.wait(30)
            act(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return raised


WRITERS = 20


@pytest.mark.parametrize("way", ["direct", *MODES])
def test_twenty_writers_of_one_aggregate_leave_no_gap(database_url: str, poolers: Poolers, way: str) -> None:
    url = (
        database_url if way == "direct" else poolers.url("session" if way == "session" else "transaction", database_url)
    )

    def write(number: int) -> None:
        with EventStore(url) as store:
            for round_ in range(3):
                store.append_many([happened(payload={"by": number, "n": round_}) for _ in range(2)])

    writers = 4 if way == "session" else WRITERS  # a session pooler lets no more in at a time
    assert at_the_same_time(writers, write) == []
    with EventStore(database_url) as store:
        events = list(store.stream("Lead", "lead-1"))
    assert [event.sequence_number for event in events] == list(range(1, writers * 6 + 1))
    assert set(Counter(event.payload["by"] for event in events).values()) == {6}


def test_of_writers_that_expect_the_same_sequence_one_wins(database_url: str) -> None:
    def write(_: int) -> None:
        with EventStore(database_url) as store:
            store.append(happened(), expected_sequence=0)

    raised = at_the_same_time(WRITERS, write)
    assert [type(error) for error in raised] == [WrongSequence] * (WRITERS - 1)


def test_writers_of_the_same_aggregates_in_other_orders_never_deadlock(database_url: str) -> None:
    leads = [f"lead-{number}" for number in range(8)]

    def write(number: int) -> None:
        turned = leads[number % 8 :] + leads[: number % 8]
        with EventStore(database_url) as store:
            for _ in range(10):
                store.append_many([happened(lead=lead) for lead in (turned if number % 2 else turned[::-1])])

    assert at_the_same_time(8, write) == []
    with EventStore(database_url) as store:
        assert {store.sequence("Lead", lead) for lead in leads} == {80}


def test_a_stream_is_read_from_and_to_with_pages_between(store: EventStore) -> None:
    store.append_many([happened(payload={"n": n}) for n in range(1, 1203)])
    assert [e.payload["n"] for e in store.stream("Lead", "lead-1")] == list(range(1, 1203))
    assert [e.sequence_number for e in store.stream("Lead", "lead-1", from_sequence=499, to_sequence=1001)] == list(
        range(499, 1002)
    )
    assert list(store.stream("Lead", "lead-1", from_sequence=1203)) == []
    assert list(store.stream("Lead", "lead-1", from_sequence=5, to_sequence=4)) == []


def test_a_correlation_is_traced_as_a_tree(store: EventStore) -> None:
    elsewhere = store.append(happened("ELSEWHERE"))
    correlation = uuid4()

    def add(what: str, cause: Event | None) -> Event:
        return store.append(happened(what, correlation_id=correlation, causation_id=cause and cause.event_id))

    root = add("ROOT", None)
    left, right = add("LEFT", root), add("RIGHT", root)
    add("LEFT_AGAIN", left)
    add("OUTSIDE", elsewhere)
    trace_ = store.trace(correlation)
    assert [(depth, event.event_type) for depth, event in trace_.walk()] == [
        (0, "ROOT"), (1, "LEFT"), (2, "LEFT_AGAIN"), (1, "RIGHT"), (0, "OUTSIDE"),
    ]  # fmt: skip
    assert [cause.event.event_type for cause in trace_.elsewhere] == ["OUTSIDE"]
    assert [event.event_type for event in store.effects(elsewhere.event_id)] == ["OUTSIDE"]
    assert trace_.is_complete
    short = store.trace(correlation, limit=2)
    assert (len(list(short.walk())), short.is_complete) == (2, False)
    assert right.causation_id == root.event_id


def test_events_that_cause_each_other_are_all_in_the_trace(owner: Owner, store: EventStore) -> None:
    correlation, ids = uuid4(), [uuid4() for _ in range(4)]
    for place, cause in enumerate((2, 0, 1, 2)):  # 0, 1 and 2 in a ring, 3 hangs on it
        owner.execute(
            "insert into engine.events (event_id, event_type, aggregate_type, aggregate_id, sequence_number,"
            " emitted_by, correlation_id, causation_id) values (%s, 'RING', 'Ring', 'r', %s, 'x', %s, %s)",
            (ids[place], place + 1, correlation, ids[cause]),
        )
    trace_ = store.trace(correlation)
    assert sorted(event.sequence_number for _, event in trace_.walk()) == [1, 2, 3, 4]
    assert [root.event.sequence_number for root in trace_.roots] == [1]


def test_a_long_chain_of_causes_is_walked(store: EventStore) -> None:
    correlation, cause = uuid4(), None
    ids: list[UUID] = []
    for _ in range(3):
        event = store.append(happened(correlation_id=correlation, causation_id=cause))
        ids.append(cause := event.event_id)
    first = store.event(ids[0])
    chain = [first]
    for number in range(5000):
        chain.append(replace(first, event_id=UUID(int=number + 1), causation_id=chain[-1].event_id))
    from signalbox_client.events.tracing import trace_of  # noqa: PLC0415

    assert max(depth for depth, _ in trace_of(correlation, chain, is_complete=True).walk()) == 5000


def snapshots(owner: Owner) -> list[tuple[int, str, Any]]:
    rows = owner.execute("select sequence_number, reducer, state from engine.event_snapshots order by 1").fetchall()
    return [(row["sequence_number"], row["reducer"], row["state"]) for row in rows]


def test_a_snapshot_is_kept_at_every_hundredth_event_and_no_other(owner: Owner, adding: EventStore) -> None:
    adding.append_many([happened(payload={"n": 1}) for _ in range(99)])
    assert snapshots(owner) == []
    adding.append(happened(payload={"n": 1}))
    assert snapshots(owner) == [(100, "lead@1", {"sum": 100, "events": 100, "last": 100})]
    adding.append_many([happened(payload={"n": 1}) for _ in range(250)])
    assert [(at, state["sum"]) for at, _, state in snapshots(owner)] == [(100, 100), (200, 200), (300, 300)]


def test_the_state_at_any_sequence_is_the_same_with_and_without_snapshots(owner: Owner, adding: EventStore) -> None:
    adding.append_many([happened(payload={"n": n}) for n in range(1, 251)])
    for at, began in ((0, None), (1, None), (99, None), (100, 100), (101, 100), (199, 100), (200, 200), (250, 200)):
        state = adding.state("Lead", "lead-1", at_sequence=at)
        assert (state.state["sum"], state.sequence_number, state.snapshot_sequence) == (at * (at + 1) // 2, at, began)
        assert (state.folded, state.reducer) == (at - (began or 0), "lead@1")
    newest = adding.state("Lead", "lead-1")
    owner.execute("delete from engine.event_snapshots")
    again = adding.state("Lead", "lead-1")
    assert (again.state, again.snapshot_sequence, again.folded) == (newest.state, None, 250)
    assert adding.state("Lead", "lead-1", at_sequence=9999).sequence_number == 250


def test_a_snapshot_of_another_version_is_not_used_and_can_be_replaced(
    owner: Owner, adding: EventStore, database_url: str
) -> None:
    adding.append_many([happened(payload={"n": 1}) for _ in range(120)])
    doubled = Reducer("Lead", lambda s, e: {"sum": s["sum"] + 2 * e.payload["n"]}, version="2", initial={"sum": 0})
    with EventStore(database_url, reducers=[doubled]) as newer:
        state = newer.state("Lead", "lead-1")
        assert (state.state, state.snapshot_sequence, state.reducer) == ({"sum": 240}, None, "lead@2")
        assert newer.catch_up() == [("Lead", "lead-1", 100)]
        assert newer.catch_up() == []
        assert snapshots(owner) == [(100, "lead@2", {"sum": 200})]
        assert newer.state("Lead", "lead-1").folded == 20
        kept = newer.snapshot("Lead", "lead-1")
    assert (kept.sequence_number, [at for at, _, _ in snapshots(owner)]) == (120, [100, 120])
    assert adding.state("Lead", "lead-1").state["sum"] == 120


def test_without_a_reducer_payloads_are_merged_and_it_says_so(owner: Owner, store: EventStore) -> None:
    store.append_many([happened(payload={"a": 1, "b": 1}), happened(payload={"b": 2})])
    owner.execute(  # beside the function, which takes no such payload
        "insert into engine.events (event_type, aggregate_type, aggregate_id, sequence_number, payload, emitted_by)"
        " values ('ODD', 'Lead', 'lead-1', 3, '[1]', 'x')"
    )
    state = store.state("Lead", "lead-1")
    assert (state.state, state.reducer, state.unmerged, state.folded) == ({"a": 1, "b": 2}, None, 1, 3)
    assert store.state("Lead", "lead-1", at_sequence=1).state == {"a": 1, "b": 1}
    assert store.state("Lead", "nobody").state == {}


def test_a_reducer_that_fails_never_costs_an_event(database_url: str, owner: Owner) -> None:
    def broken(_: dict[str, Any], event: Event) -> dict[str, Any]:
        raise KeyError(event.sequence_number)

    with EventStore(database_url, reducers=[Reducer("Lead", broken)]) as store:
        assert len(store.append_many([happened()] * 100)) == 100
        with pytest.raises(ReducerFailed, match=r"lead@1 cannot fold event 1 \(LEAD_SCORED\) of Lead lead-1: KeyError"):
            store.state("Lead", "lead-1")
    nothing = Reducer("Lead", lambda _state, _event: None)  # type: ignore[arg-type, return-value]
    with EventStore(database_url, reducers=[nothing]) as store, pytest.raises(ReducerFailed, match="NoneType"):
        store.state("Lead", "lead-1")
    moment = Reducer("Lead", lambda _state, event: {"at": event.timestamp})
    with (
        EventStore(database_url, reducers=[moment]) as store,
        pytest.raises(ReducerFailed, match=r"state\.at is a datetime"),
    ):
        store.snapshot("Lead", "lead-1")
    assert snapshots(owner) == []


def test_appending_within_a_transaction_of_the_caller_is_kept_or_lost_with_it(database_url: str, owner: Owner) -> None:
    with psycopg.connect(database_url) as mine:
        mine.execute("select 1")
        store = EventStore(mine, reducers=[ADDING])
        store.append_many([happened(payload={"n": 1})] * 100)
        with pytest.raises(WrongSequence):
            store.append(happened(), expected_sequence=3)
        assert store.append(happened()).sequence_number == 101
        mine.rollback()
        assert (store.sequence("Lead", "lead-1"), snapshots(owner)) == (0, [])


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("event_type", {"event_type": ""}),
    ("event_type", {"event_type": 5}),
    ("event_type", {"event_type": "x" * 201}),
    ("aggregate_type", {"aggregate_type": "  "}),
    ("aggregate_id", {"aggregate_id": "zero\0"}),
    ("aggregate_id", {"aggregate_id": "half \ud800"}),
    ("emitted_by", {"emitted_by": None}),
    ("payload", {"payload": [1]}),
    ("payload", {"payload": "text"}),
    (r"payload\.a\[1\]\.b", {"payload": {"a": [1, {"b": float("nan")}]}}),
    (r"payload\.when", {"payload": {"when": AT}}),
    ("payload has a key", {"payload": {5: 1}}),
    (r"payload\.a", {"payload": {"a": "\0"}}),
    ("metadata", {"metadata": None}),
    ("correlation_id", {"correlation_id": "no uuid"}),
    ("causation_id", {"causation_id": 7}),
    ("confidence", {"confidence": 1.5}),
    ("confidence", {"confidence": float("nan")}),
    ("confidence", {"confidence": True}),
    ("timestamp", {"timestamp": AT.replace(tzinfo=None)}),
    ("timestamp", {"timestamp": "2026-03-01"}),
]


@pytest.mark.parametrize(("argument", "given"), HOSTILE)
def test_what_cannot_be_stored_is_refused_by_argument(argument: str, given: dict[str, Any]) -> None:
    whole = {"event_type": "X", "aggregate_type": "Lead", "aggregate_id": "1", "emitted_by": "x"} | given
    with pytest.raises(BadArgument, match=f"^{argument}"):
        NewEvent(**whole)


def test_payloads_without_end_are_refused() -> None:
    ring: dict[str, Any] = {}
    ring["ring"] = [ring, ring]
    with pytest.raises(BadArgument, match="nested"):
        happened(payload=ring)
    with pytest.raises(BadArgument, match="larger than 64 MB"):
        happened(payload={"text": "x" * (65 * 1024 * 1024)})
    with pytest.raises(BadArgument, match="number has more than 4,300 digits"):
        happened(payload={"number": 10**5000})


def test_what_cannot_be_honoured_is_refused_before_anything_is_written(owner: Owner, store: EventStore) -> None:
    several = [happened(), happened(lead="lead-2")]
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("event must", lambda: store.append({"event_type": "X"})),  # type: ignore[arg-type]
        (r"events\[1\]", lambda: store.append_many([happened(), "x"])),  # type: ignore[list-item]
        ("events must", lambda: store.append_many(happened())),  # type: ignore[arg-type]
        ("events has 10001", lambda: store.append_many([happened()] * 10_001)),
        ("expected_sequence must", lambda: store.append(happened(), expected_sequence=-1)),
        ("expected_sequence must", lambda: store.append(happened(), expected_sequence="1")),  # type: ignore[arg-type]
        ("expected_sequence must be given by", lambda: store.append_many(several, expected_sequence=0)),
        ("expected_sequence names", lambda: store.append_many(several, expected_sequence={("Lead", "x"): 0})),
        ("from_sequence", lambda: store.stream("Lead", "1", from_sequence=0)),
        ("to_sequence", lambda: store.stream("Lead", "1", to_sequence=2**63)),
        ("aggregate_type", lambda: store.stream("", "1")),
        ("aggregate_id", lambda: store.sequence("Lead", "")),
        ("aggregate_id", lambda: store.state("Lead", None)),  # type: ignore[arg-type]
        ("at_sequence", lambda: store.state("Lead", "1", at_sequence=-1)),
        ("aggregate_type Lead has no reducer", lambda: store.snapshot("Lead", "1")),
        ("event_id", lambda: store.event("x")),
        ("event_id", lambda: store.effects("x")),
        ("correlation_id", lambda: store.correlated(None)),  # type: ignore[arg-type]
        ("correlation_id", lambda: store.trace("x")),
        ("limit", lambda: store.trace(uuid4(), limit=0)),
        ("limit", lambda: store.catch_up(limit=0)),
        ("source", lambda: EventStore(5)),  # type: ignore[arg-type]
        (r"reducers\[1\] is the second", lambda: EventStore("postgresql:///x", reducers=[ADDING, ADDING])),
        ("reducer must", lambda: Reducers().add(added)),  # type: ignore[arg-type]
        ("fold must", lambda: Reducer("Lead", None)),  # type: ignore[arg-type]
        ("initial", lambda: Reducer("Lead", added, initial={"x": AT})),
    ]
    for argument, act in wrong:
        with pytest.raises(BadArgument, match=f"^{argument}"):
            act()
    with pytest.raises(EventNotFound):
        store.event(uuid4())
    assert owner.execute("select count(*) from engine.events").fetchone() == {"count": 0}


def test_a_role_without_rights_is_told_so(database_url: str) -> None:
    with Database(database_url, settings={"role": "anon"}) as database, pytest.raises(NotAllowed, match="engine"):
        EventStore(database).append(happened())


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_store_works_through_a_pooler(database_url: str, poolers: Poolers, mode: Mode) -> None:
    with EventStore(poolers.url(mode, database_url), reducers=[ADDING]) as store:
        for _ in range(11):  # more often than the driver takes to prepare a statement
            store.append_many([happened(payload={"n": 1}) for _ in range(10)])
        event = next(store.stream("Lead", "lead-1"))
        assert store.state("Lead", "lead-1").state["sum"] == 110
        assert store.state("Lead", "lead-1").snapshot_sequence == 100
        assert store.trace(event.correlation_id).roots[0].event == event
        with pytest.raises(WrongSequence):
            store.append(happened(), expected_sequence=1)
