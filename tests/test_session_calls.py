"""Which sessions made most calls: what is stored and what changed since are together what the tables say."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.database import queries
from data.reports import sessions
from tests import dropped_history, rolled_history
from tests.recorded import call
from tests.rolled_times import BASE, some_time

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
# Where two made as many calls, that with the lower key comes first, whichever way they are sorted. So one call more or
# less of ONE changes its place among the others, of which each made one call more than the one before.
ONE, OTHERS = UUID(int=1), [UUID(int=number) for number in range(2, 9)]


STEPS = 400  # of which the tests take a seeded tenth, and the proofs all


@pytest.fixture
def made(owner: Owner, people: People) -> None:
    for session_pk in (ONE, *OTHERS):
        user = people["member"].user_id if session_pk in (ONE, OTHERS[2]) else people["other"].user_id
        owner.execute(
            "insert into chronicle.sessions (id, session_id, started_at, metadata)"
            " values (%s, %s, %s, jsonb_build_object('user_id', %s::text))",
            (session_pk, str(session_pk), DAY - timedelta(days=40), user),
        )
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, created_at)"
        " select s.id, 'Bash', 'post', true, %s from unnest(%s::uuid[]) with ordinality as s (id, number),"
        " generate_series(2, number) as n",
        (DAY - timedelta(days=3), OTHERS),
    )


def row(owner: Owner, session_pk: UUID | None, phase: str, at: datetime | None, call_id: UUID | None = None) -> None:
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, created_at, call_id)"
        " values (%s, 'A', %s, %s, %s)",
        (session_pk, phase, at, call_id),
    )


def compare(owner: Owner, where: str = "", **chosen: object) -> dict[str, int]:
    """The list is in the order of the file, which counts every call, both ways; how many calls each session made."""
    asked: dict[str, object] = dict.fromkeys(("start", "end", "project", "status", "model", "has", "search", "now"))
    for downwards in (True, False):
        values = {"untimed": False, "sort": "calls", "downwards": downwards, "most": None, "skipped": 0}
        page = owner.execute(queries.find("sessions.listing.list_page").text, asked | values | chosen).fetchall()
        known = owner.execute(queries.find("sessions.listing.export_sessions").text, asked | values | chosen).fetchall()
        assert [one["session_key"] for one in page] == [one["session_id"] for one in known], f"{where}: {chosen}"
    return {one["session_key"]: one["calls"] for one in page}


def check(owner: Owner, calls: int) -> None:
    """The list is in order, and ONE made so many calls."""
    assert compare(owner)[str(ONE)] == calls


@pytest.mark.parametrize("drops", [False, True])
def test_after_every_change_of_calls_the_order_is_that_of_the_tables(owner: Owner, drops: bool) -> None:
    step_by_step(owner, STEPS // 10, drops=drops)


def step_by_step(owner: Owner, steps: int, *, drops: bool) -> None:
    """So many steps of a random history of calls, with retention or without."""
    chance = random.Random(f"calls {drops}")
    (dropped_history if drops else rolled_history).prepare(owner)
    for _ in range(60):
        rolled_history.change_calls(owner, chance)
    found = 0
    for step in range(steps):
        kind = chance.random()
        if drops and kind < 0.04:
            dropped_history.drop(owner, chance)
        elif kind < 0.25:
            owner.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 3, 500)),))
        elif kind < 0.255:
            owner.execute("truncate chronicle.tool_events")
        else:
            rolled_history.change_calls(owner, chance)
        found += sum(compare(owner, f"step {step}").values())
        start, end = sorted((some_time(chance) or BASE, some_time(chance) or BASE))
        compare(owner, f"step {step}", start=start, end=chance.choice((end, None)), project=chance.choice((None, "a")))
    assert found > steps * 20, "there was much to compare"


def stored(owner: Owner, session_pk: UUID = ONE) -> dict[int | None, int]:
    """What is stored of a session: how many calls in the quarters after DAY, and in that of no time (None)."""
    rows = owner.execute(
        "select slot, calls from analytics.session_call_rollup where session_pk = %s", (session_pk,)
    ).fetchall()
    first = int(DAY.timestamp() // 900)
    return {one["slot"] - first if one["slot"] > -(2**31) else None: one["calls"] for one in rows}


def at_once_and_stored(owner: Owner, calls: int, quarters: dict[int | None, int]) -> None:
    check(owner, calls)
    rollups.finish("real")
    assert stored(owner) == quarters
    check(owner, calls)


@pytest.mark.usefixtures("made")
def test_an_answer_counts_in_its_own_quarter_and_its_beginning_no_more(owner: Owner) -> None:
    call_ids = [UUID(int=100 + number) for number in range(3)]
    for call_id in call_ids:
        row(owner, ONE, "pre", DAY, call_id)
    at_once_and_stored(owner, 3, {0: 3})
    row(owner, ONE, "post", DAY + 5 * QUARTER, call_ids[0])
    at_once_and_stored(owner, 3, {0: 2, 5: 1})
    row(owner, ONE, "post", DAY + 7 * QUARTER, call_ids[0])
    at_once_and_stored(owner, 4, {0: 2, 5: 1, 7: 1})
    owner.execute("delete from chronicle.tool_events where call_id = %s and phase = 'post'", (call_ids[0],))
    at_once_and_stored(owner, 3, {0: 3})
    row(owner, ONE, "pre", DAY, None)  # a beginning that nothing could answer is no call
    at_once_and_stored(owner, 3, {0: 3})


@pytest.mark.usefixtures("made")
def test_a_call_that_moved_to_another_session_counts_there(owner: Owner) -> None:
    call_id = UUID(int=100)
    row(owner, ONE, "post", DAY)
    row(owner, ONE, "pre", DAY, call_id)
    at_once_and_stored(owner, 2, {0: 2})
    for session_pk, calls, of_other in ((OTHERS[1], 0, 2), (None, 0, 0), (ONE, 2, 0)):
        owner.execute("update chronicle.tool_events set session_id = %s where tool_name = 'A'", (session_pk,))
        at_once_and_stored(owner, calls, {0: calls} if calls else {})
        assert stored(owner, OTHERS[1]).get(0, 0) == of_other


@pytest.mark.usefixtures("made")
def test_calls_that_went_by_the_hundred_are_taken_off(owner: Owner) -> None:
    for at in (DAY, DAY + 9 * QUARTER):
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, created_at)"
            " select %s, 'A', 'post', %s from generate_series(1, 150)",
            (ONE, at),
        )
    row(owner, ONE, "post", DAY + QUARTER)
    at_once_and_stored(owner, 301, {0: 150, 1: 1, 9: 150})
    owner.execute(
        "delete from chronicle.tool_events where id in"
        " (select id from chronicle.tool_events where created_at = %s limit 148)",
        (DAY,),
    )
    owner.execute("delete from chronicle.tool_events where created_at = %s", (DAY + 9 * QUARTER,))
    at_once_and_stored(owner, 3, {0: 2, 1: 1})


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("at", [None, "-infinity", "infinity", "70000-01-01"])
def test_calls_without_a_time_count_too(owner: Owner, at: str | None) -> None:
    statement = (
        "insert into chronicle.tool_events (session_id, tool_name, phase, created_at) values (%s, 'A', 'post', %s)"
    )
    rollups.finish("real")
    for calls in (1, 2):
        owner.execute(statement, (ONE, at))
        at_once_and_stored(owner, calls, {None: calls})
    owner.execute("update chronicle.tool_events set created_at = %s where tool_name = 'A'", (DAY,))
    at_once_and_stored(owner, 2, {0: 2})


@pytest.mark.usefixtures("made")
def test_an_emptied_table_holds_no_calls(owner: Owner) -> None:
    row(owner, ONE, "post", DAY)
    at_once_and_stored(owner, 1, {0: 1})
    owner.execute("truncate chronicle.tool_events")
    row(owner, ONE, "post", DAY + QUARTER)
    at_once_and_stored(owner, 1, {1: 1})
    assert {calls for one in OTHERS for calls in stored(owner, one).values()} == set()


def without_triggers(owner: Owner, statement: str) -> None:
    """Nobody could change the table like this: it shows that a figure comes from what is stored."""
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute(statement.encode())
    owner.execute("alter table chronicle.tool_events enable trigger user")


def most(actor: Actor, **chosen: object) -> list[UUID]:
    asked = sessions.Chosen(**chosen)  # type: ignore[arg-type]  # as a page asks
    rows = sessions.list_page(actor, chosen=asked, sort="calls", downwards=True, most=9)
    return [UUID(one["session_pk"]) for one in rows]


@pytest.mark.usefixtures("made")
def test_managers_read_what_is_stored_members_and_adopted_tables_the_calls(owner: Owner, people: People) -> None:
    row(owner, ONE, "post", DAY)
    rollups.finish("real")
    without_triggers(owner, "delete from chronicle.tool_events")
    of_before = [*reversed(OTHERS[2:]), ONE, *OTHERS[1::-1]]
    assert most(people["manager"]) == of_before
    assert most(people["manager"], start=DAY - timedelta(days=50)) == of_before
    assert most(people["member"]) == [ONE, OTHERS[2]], "as many calls, which are none any more"
    call(owner, ONE, DAY)
    assert most(people["manager"]) == [*reversed(OTHERS[3:]), ONE, OTHERS[2], *OTHERS[1::-1]]
    owner.execute(
        "insert into signalbox.adopted_tables (system, table_name, source_schema, source_table, mode)"
        " values ('chronicle', 'tool_events', 'x', 'x', 'pointed')"
    )
    assert most(people["manager"]) == [ONE, *OTHERS]


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("change", [None, "delete from chronicle.tool_events where tool_name = 'A'"])
def test_dropped_calls_count_no_more_and_late_ones_do(owner: Owner, change: str | None) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days in (33, 31, 30, 1):
        row(owner, ONE, "post", today - timedelta(days=days))
    row(owner, ONE, "post", None)
    rollups.finish("real")
    check(owner, 5)
    if change:
        owner.execute(change.encode())
    owner.execute("update signalbox.retention set keep_raw_days = 30")
    rollups.drop_all("real")
    kept = 0 if change else 3
    for _ in range(2):
        check(owner, kept)
        rollups.finish("real")
        assert sum(stored(owner).values()) == kept
        row(owner, ONE, "post", today - timedelta(days=40))
        check(owner, kept + 1)
        rollups.finish("real")
        check(owner, kept + 1)
        rollups.drop_all("real")


@pytest.mark.usefixtures("made")
def test_the_order_is_whole_while_calls_are_being_stored(owner: Owner) -> None:
    for days in range(0, 60, 12):
        row(owner, ONE, "post", DAY - timedelta(days=days))
    row(owner, ONE, "post", None)
    seen = set()
    while True:
        check(owner, 6)
        seen.add(sum(stored(owner).values()))
        done = rollups.refresh("real")
        if done and not done.is_unfinished:
            break
    check(owner, 6)
    assert len(seen) > 2
