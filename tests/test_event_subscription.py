"""Following the log: nothing committed is missed, however late, nothing comes twice, and one can go on later."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from signalbox_client import BadArgument, Database, EventStore, InTransaction, NewEvent
from signalbox_client.events import NoPositions, Position, PositionUnknown, Subscription, subscription
from tests.poolers import MODES, Mode, Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414

Owner = psycopg.Connection[DictRow]


def happened(name: str, what: str = "TOLD", **given: Any) -> NewEvent:
    return NewEvent(what, "Lead", name, given.pop("payload", {}), emitted_by="test", **given)


@pytest.fixture
def store(database_url: str) -> Iterator[EventStore]:
    with EventStore(database_url) as opened:
        yield opened


def names(subscription_: Subscription) -> list[str]:
    return [event.aggregate_id for event in subscription_.poll()]


def test_an_event_whose_transaction_ends_late_is_not_missed(database_url: str, store: EventStore) -> None:
    """The slow writer's event has the earlier position, and is seen after the later one."""
    following = store.subscribe("beginning")
    with psycopg.connect(database_url) as slow:
        slow.execute("select 1")
        EventStore(slow).append(happened("slow"))
        store.append(happened("quick"))
        assert names(following) == ["quick"]
        store.append(happened("later"))
        assert names(following) == ["later"]
        kept = str(following.position)
        slow.commit()
    assert names(following) == ["slow"]
    assert names(following) == []
    assert names(store.subscribe(kept)) == ["slow"]


def test_a_subscriber_from_now_on_gets_what_was_under_way_and_nothing_older(
    database_url: str, store: EventStore
) -> None:
    store.append(happened("old"))
    with psycopg.connect(database_url) as slow:
        slow.execute("select 1")
        EventStore(slow).append(happened("under way"))
        store.append(happened("also old"))
        following = store.subscribe("now")
        store.append(happened("new"))
        assert names(following) == ["new"]
        slow.commit()
    assert names(following) == ["under way"]


def test_savepoints_and_transactions_that_append_late_are_not_missed(database_url: str, store: EventStore) -> None:
    """A transaction that has its number long before its event, and one that appends in a savepoint."""
    following = store.subscribe("beginning")
    with psycopg.connect(database_url) as early:
        early.execute("select pg_current_xact_id()")
        store.append(happened("quick"))
        assert names(following) == ["quick"]
        with early.transaction():
            EventStore(early).append(happened("early"))
        store.append(happened("quick again"))
        assert names(following) == ["quick again"]
        assert names(following) == []
        early.commit()
    assert names(following) == ["early"]


def test_a_gap_of_a_transaction_younger_than_the_event_after_it_is_kept(database_url: str, store: EventStore) -> None:
    """The newest transaction that has ended is older than the slow one: counting those that ended would forget it."""
    following = store.subscribe("beginning")
    with psycopg.connect(database_url) as older, psycopg.connect(database_url) as slow:
        older.execute("select pg_current_xact_id()")
        slow.execute("select pg_current_xact_id()")
        for connection, name in ((slow, "slow"), (older, "older")):  # without savepoints, which have numbers, too
            connection.execute("select engine.append_event('TOLD', 'Lead', %s)", (name,))
        older.commit()
        assert names(following) == ["older"]
        assert names(following) == []
        slow.commit()
    assert names(following) == ["slow"]


def test_a_gap_is_forgotten_once_nothing_can_fill_it(database_url: str, store: EventStore) -> None:
    following = store.subscribe("beginning")
    with psycopg.connect(database_url) as lost:
        lost.execute("select 1")
        EventStore(lost).append(happened("lost"))
        store.append(happened("kept"))
        assert names(following) == ["kept"]
        assert names(following) == []
        assert len(following.position.gaps) == 1
        lost.rollback()
    assert names(following) == []
    assert following.position == Position(2)


@pytest.mark.parametrize("seed", range(6))
def test_with_writers_that_commit_roll_back_and_wait_every_event_comes_once_and_in_order(
    database_url: str, store: EventStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Open transactions end in any order; they are read in small windows, from positions written down each time."""
    monkeypatch.setattr(subscription, "WINDOW", 3)
    chance = random.Random(seed)
    following = store.subscribe("beginning")
    got: list[tuple[str, int]] = []
    with ExitStack() as stack:
        lines = [stack.enter_context(psycopg.connect(database_url)) for _ in range(6)]
        for _ in range(120):
            line = chance.choice(lines)
            act = chance.random()
            if act < 0.5:
                line.execute("select 1")
                for _ in range(chance.randrange(1, 6)):
                    EventStore(line).append(happened(f"lead-{lines.index(line)}"))
            elif act < 0.65:
                line.commit()
            elif act < 0.75:
                line.rollback()
            else:
                events = following.poll()
                got += [(event.aggregate_id, event.sequence_number) for event in events]
                following = store.subscribe(str(following.position))
        for line in lines:
            line.commit()
    while events := following.poll():
        got += [(event.aggregate_id, event.sequence_number) for event in events]
    expected = [(f"lead-{n}", s) for n in range(6) for s in range(1, store.sequence("Lead", f"lead-{n}") + 1)]
    assert sorted(got) == expected
    assert sorted(got, key=lambda one: one[0]) == expected  # sorting is stable: each aggregate came in its own order
    following.poll()
    assert following.position.gaps == ()


def test_following_stops_and_goes_on_at_the_very_event(store: EventStore) -> None:
    store.append_many([happened(f"lead-{n}") for n in range(10)])
    following = store.subscribe("beginning")
    taken = []
    for event in following.follow(every_s=0.01):
        taken.append(event.aggregate_id)
        if len(taken) == 4:
            kept = str(following.position)
            following.stop()
    assert taken == [f"lead-{n}" for n in range(4)]
    assert names(store.subscribe(kept)) == [f"lead-{n}" for n in range(4, 10)]
    for event in following.follow(every_s=0.01):
        taken.append(event.aggregate_id)
        if len(taken) == 10:
            following.stop()
    assert taken == [f"lead-{n}" for n in range(10)]


def test_a_follower_waits_for_what_comes_and_another_thread_stops_it(database_url: str, store: EventStore) -> None:
    got: list[str] = []
    three, following = threading.Event(), EventStore(database_url).subscribe("beginning")

    def follow() -> None:
        for event in following.follow(every_s=0.01):
            got.append(event.aggregate_id)
            if len(got) == 3:
                three.set()

    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(3):
        store.append(happened(f"lead-{number}"))
    assert three.wait(60)
    following.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert got == ["lead-0", "lead-1", "lead-2"]


def test_filters_let_pass_what_was_asked_for(store: EventStore) -> None:
    correlation, session = uuid4(), str(uuid4())
    store.append_many(
        [
            happened("a", "SCORED"),
            happened("b", "TOLD", correlation_id=correlation),
            happened("c", payload={"session_id": session}),
            happened("d", metadata={"session_id": session}),
            NewEvent("TOLD", "Client", "e", emitted_by="x"),
        ]
    )

    def found(**filters: Any) -> list[str]:
        return names(store.subscribe("beginning", **filters))

    assert found() == ["a", "b", "c", "d", "e"]
    assert found(event_types=["SCORED", "OTHER"]) == ["a"]
    assert found(correlation_ids=[str(correlation)]) == ["b"]
    assert found(session_ids={session}) == found(session_ids=[UUID(session)]) == ["c", "d"]
    assert found(aggregate_types=("Client",)) == ["e"]
    assert found(event_types=["TOLD"], session_ids=[session]) == ["c", "d"]
    assert found(event_types=[]) == []


def test_a_filter_that_lets_little_pass_reads_on_to_the_end(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "WINDOW", 10)
    store.append_many([happened(f"lead-{n}", "RARE" if n == 95 else "OFTEN") for n in range(100)])
    following = store.subscribe("beginning", event_types=["RARE"])
    assert names(following) == ["lead-95"]
    assert names(following) == []
    assert following.position == Position(100)


@pytest.mark.parametrize("mode", MODES)
def test_following_works_through_a_pooler(database_url: str, poolers: Poolers, mode: Mode) -> None:
    with EventStore(poolers.url(mode, database_url)) as pooled, psycopg.connect(database_url) as slow:
        following = pooled.subscribe("now")
        slow.execute("select 1")
        EventStore(slow).append(happened("slow"))
        for number in range(8):
            pooled.append(happened(f"lead-{number}"))
            assert names(following) == [f"lead-{number}"]
        slow.commit()
        assert names(following) == ["slow"]


def test_a_position_of_another_database_is_known_as_such(store: EventStore) -> None:
    store.append(happened("one"))
    with pytest.raises(PositionUnknown):
        store.subscribe("7").poll()


def test_a_role_that_sees_a_part_of_the_log_gets_that_part(store: EventStore, database_url: str) -> None:
    store.append_many([happened(f"lead-{n}", payload={"client_id": "acme" if n % 2 else "other"}) for n in range(6)])
    claims = {"role": "authenticated", "request.jwt.claims": f'{{"sub": "{uuid4()}", "client_id": "acme"}}'}
    with Database(database_url, settings=claims) as database:
        following = EventStore(database).subscribe("beginning")
        assert names(following) == ["lead-1", "lead-3", "lead-5"]
        store.append(happened("next", payload={"client_id": "acme"}))
        assert names(following) == ["next"]
        names(following)
        assert following.position == Position(7)


def test_a_database_without_positions_says_so(owner: Owner, store: EventStore) -> None:
    owner.execute("alter table engine.events rename column position to place")
    with pytest.raises(NoPositions):
        store.subscribe("now")
    with pytest.raises(NoPositions):
        store.subscribe("beginning").poll()
    assert store.append(happened("works")).sequence_number == 1


def test_following_inside_a_transaction_of_ones_own_is_refused(database_url: str) -> None:
    """There it could not tell which transactions are over, and would miss events."""
    with psycopg.connect(database_url) as mine:
        mine.execute("select 1")
        with pytest.raises(InTransaction):
            EventStore(mine).subscribe("now")
        with pytest.raises(InTransaction):
            EventStore(mine).subscribe("beginning").poll()


def test_positions_survive_being_written_down() -> None:
    position = Position(90).with_gaps([(3, 5), (9, 9), (88, 99)], 777)
    assert str(position) == "90;3-5@777,9-9@777,88-90@777"
    assert Position.parse(str(position)) == position
    assert str(position.after([4, 91])) == "91;3-3@777,5-5@777,9-9@777,88-90@777"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x",
        "5;",
        "5;1-2",
        "5;1-2@",
        "5;4-3@9",
        "5;1-6@9",
        "5;3-4@9,1-2@9",
        "-1",
        "99999999999999999999",
        "5 ",
        None,
        7,
    ],
)
def test_what_is_no_position_is_refused(store: EventStore, written: Any) -> None:
    with pytest.raises(BadArgument, match=r"^start "):
        store.subscribe(written)


def test_filters_that_cannot_be_honoured_are_refused(store: EventStore) -> None:
    filters: dict[str, tuple[Any, ...]] = {
        "event_types": ("TOLD", 5, [5], [""]),
        "aggregate_types": ("Lead",),
        "correlation_ids": (["x"], "x"),
        "session_ids": ("x", [None]),
    }
    for argument, wrong in filters.items():
        for value in wrong:
            with pytest.raises(BadArgument, match=argument):
                store.subscribe("beginning", **{argument: value})
    for every_s in (0, -1, float("inf"), "1"):
        with pytest.raises(BadArgument, match="every_s"):
            store.subscribe("beginning").follow(every_s=every_s)  # type: ignore[arg-type]
