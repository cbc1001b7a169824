"""Rows that come, go, move or change count beside what is stored of their quarter of an hour, once, whatever comes
meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.reports import coverage, tools
from tests.recorded import session as make_session

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)


def call(owner: Owner, session_pk: object, at: datetime | None, *, ms: int | None = 100, tool: str = "Read") -> None:
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, execution_time_ms, created_at)"
        " values (%s, %s, 'post', true, %s, %s)",
        (session_pk, tool, ms, at),
    )


def changes(owner: Owner) -> list[tuple[int, int]]:
    """How calls of one kind differ from what is stored, with the slot; 0 where the slot is to be counted anew."""
    rows = owner.execute("select c.slot, c.sign from analytics.call_changes() as c order by 1, 2").fetchall()
    return [(row["slot"], row["sign"]) for row in rows]


def without_triggers(owner: Owner, statement: str) -> None:
    """Nobody could change the table like this: it shows that a figure comes from what is stored."""
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute(statement.encode())
    owner.execute("alter table chronicle.tool_events enable trigger user")


def calls_over_all(people: People) -> int:
    return tools.read_usage(people["manager"]).total.calls


@contextmanager
def a_pass_that_waits(owner: Owner, database_url: str, waiting: str) -> Iterator[None]:
    """A pass of the refresher by itself, held up while what `waiting` asks of the locks finds a row; it ends when the
    body, which has to let it go, is through."""
    with psycopg.connect(database_url, autocommit=True) as refresher, ThreadPoolExecutor(1) as pool:
        refreshed = pool.submit(refresher.execute, "select signalbox.refresh_rollups()")
        while not owner.execute(waiting.encode()).fetchall():
            assert not refreshed.done()
            time.sleep(0.01)
        yield
        refreshed.result()


def test_an_answer_that_was_there_changes_no_other_quarter(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    asked, answered = DAY, DAY + timedelta(hours=5)
    for phase, at in (("pre", asked), ("post", answered)):
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, created_at, call_id)"
            " values (%s, 'Bash', %s, %s, '6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c12')",
            (session_pk, phase, at),
        )
    slot = int(answered.timestamp()) // 900
    rollups.finish("real")
    call(owner, session_pk, answered)
    assert changes(owner) == [(slot, 1)]
    assert calls_over_all(people) == 2
    owner.execute("update chronicle.tool_events set tool_name = 'Grep' where tool_name = 'Read'")
    assert changes(owner) == [(slot, 1)]
    owner.execute("update chronicle.tool_events set tool_name = 'Grep' where tool_name = 'Bash'")
    assert changes(owner) == [(slot, -1), (slot, 1), (slot, 1)], "as it was, as it is, and the other one"
    assert calls_over_all(people) == 2


@pytest.mark.parametrize("refreshed", [False, True])
def test_rows_that_changed_do_not_have_their_quarter_counted_anew(
    owner: Owner, people: People, refreshed: bool
) -> None:
    session_pk, other = make_session(owner, DAY, project="shop"), make_session(owner, DAY, project="port")
    call(owner, session_pk, DAY, ms=100, tool="Changed")
    call(owner, session_pk, DAY, ms=200, tool="Moved")
    call(owner, session_pk, DAY, ms=400, tool="Deleted")
    call(owner, session_pk, DAY, ms=800, tool="Passed on")
    call(owner, session_pk, DAY, ms=1600, tool="Left alone")
    rollups.finish("real")
    if not refreshed:
        without_triggers(owner, "delete from chronicle.tool_events where tool_name = 'Left alone'")
    owner.execute("update chronicle.tool_events set success = false where tool_name = 'Changed'")
    owner.execute("update chronicle.tool_events set execution_time_ms = 110 where tool_name = 'Changed'")
    owner.execute("update chronicle.tool_events set created_at = created_at + '1 h' where tool_name = 'Moved'")
    owner.execute("delete from chronicle.tool_events where tool_name = 'Deleted'")
    owner.execute("update chronicle.tool_events set session_id = %s where tool_name = 'Passed on'", (other,))
    if refreshed:
        rollups.finish("real")
        assert changes(owner) == []
        without_triggers(owner, "delete from chronicle.tool_events")
    asked: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=30)}
    found = tools.read_usage(people["manager"], **asked)
    assert (found.total.calls, found.total.succeeded, found.total.failed, found.total.total_ms) == (4, 3, 1, 2710)
    assert {one.tool_name: (one.calls, one.p95_ms) for one in found.tools} == {
        "Changed": (1, 110), "Moved": (1, 200), "Passed on": (1, 800), "Left alone": (1, 1600),
    }  # fmt: skip
    for project, calls in (("shop", 3), ("port", 1)):
        assert tools.read_usage(people["manager"], project=project, **asked).total.calls == calls
    buckets = tools.read_buckets(people["manager"], unit="hour", zone="UTC", **asked)
    assert list(buckets["calls"]) == [3, 1]


def test_a_call_counts_by_its_answers_wherever_they_come_go_or_move(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    at = {"pre": DAY, "post": DAY + timedelta(hours=5), "again": DAY + timedelta(hours=9)}
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, tool_type, phase, success, created_at, call_id)"
        " values (%(session)s, 'Bash', %(which)s, %(phase)s, true, %(at)s, '6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c12')"
    )

    def add(which: str) -> None:
        phase = "pre" if which == "pre" else "post"
        owner.execute(insert, {"session": session_pk, "which": which, "phase": phase, "at": at[which]})

    steps = (
        (lambda: add("pre"), 1, 1),
        (lambda: add("post"), 1, 0),
        (lambda: add("again"), 2, 0),
        (lambda: owner.execute("delete from chronicle.tool_events where tool_type = 'post'"), 1, 0),
        (lambda: owner.execute("update chronicle.tool_events set created_at = created_at + '1 h'"), 1, 0),
        (lambda: owner.execute("update chronicle.tool_events set call_id = null where tool_type = 'again'"), 2, 1),
        (lambda: owner.execute("delete from chronicle.tool_events where tool_type = 'pre'"), 1, 0),
    )
    rollups.finish("real")
    for step, calls, unanswered in steps:
        step()
        total = tools.read_usage(people["manager"], start=DAY - timedelta(days=1)).total
        assert (total.calls, total.unanswered) == (calls, unanswered)
        assert all(sign for _, sign in changes(owner)), "nothing is counted anew"


@pytest.mark.parametrize("refreshed", [False, True])
def test_rows_that_were_added_do_not_have_their_quarter_counted_anew(
    owner: Owner, people: People, refreshed: bool
) -> None:
    session_pk = make_session(owner, DAY, project="shop")
    for _ in range(4):
        call(owner, session_pk, DAY, ms=100)
    rollups.finish("real")
    without_triggers(owner, "delete from chronicle.tool_events")
    call(owner, session_pk, DAY + timedelta(minutes=14), ms=300)
    if refreshed:
        rollups.finish("real")
        without_triggers(owner, "delete from chronicle.tool_events")
    for project in (None, "shop"):
        total = tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=30), project=project).total
        assert (total.calls, total.succeeded, total.total_ms) == (5, 5, 700)
        buckets = tools.read_buckets(people["manager"], unit="day", zone="UTC", project=project)
        assert list(buckets["calls"]) == [5]
    stored = owner.execute("select level, is_by_project, calls from analytics.tool_rollup").fetchall()
    assert {row["calls"] for row in stored} == {5 if refreshed else 4}
    assert len(stored) == 8


def test_many_rows_in_one_quarter_are_counted_with_it(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    rollups.finish("real")
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, phase, created_at)"
        " select %s, 'Bash', 'post', %s from generate_series(1, %s)"
    )
    owner.execute(insert, (session_pk, DAY, 100))
    slot = int(DAY.timestamp()) // 900
    assert changes(owner) == [(slot, 100)]
    owner.execute(insert, (session_pk, DAY, 1))
    assert changes(owner) == [(slot, 0)]
    owner.execute(insert, (session_pk, DAY + timedelta(hours=1), 101))
    assert changes(owner) == [(slot, 0), (slot + 4, 0)]
    assert calls_over_all(people) == 202


def test_very_many_calls_are_told_by_their_quarters_and_stay_the_calls_that_they_are(
    owner: Owner, people: People
) -> None:
    make_session(owner, DAY)
    for phase, begins in (("pre", DAY), ("post", DAY + timedelta(days=2))):
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, created_at, call_id)"
            " select s.id, 'Bash', %s, %s::timestamptz + n * interval '15 min', md5(n::text)::uuid"
            " from chronicle.sessions as s, generate_series(1, 110) as n",
            (phase, begins),
        )
    rollups.finish("real")
    versions = "select array_agg(v::text order by v.name) as known from signalbox.change_versions() as v"
    owner.execute("delete from chronicle.tool_events where phase = 'post'")
    owner.execute("update chronicle.sessions set project_name = 'port'")
    before = owner.execute(versions).fetchone()
    said = "select count(*) filter (where calls is not null) as calls, count(*) as slots from signalbox.change_log"
    for most_slots, slots in ((1, 110 + 110 - 1), (500, 0)):
        owner.execute("select signalbox.refresh_rollups(%s)", (most_slots,))
        assert owner.execute(said + " where source = 3").fetchone() == {"calls": 0, "slots": slots}
        assert owner.execute(versions).fetchone() == before
        found = tools.read_usage(people["manager"], project="port", start=DAY, end=DAY + timedelta(days=9)).total
        assert (found.calls, found.unanswered) == (110, 110)
    # None of it is looked up in the table any more.
    without_triggers(owner, "delete from chronicle.tool_events")
    found = tools.read_usage(people["manager"], project="port", start=DAY, end=DAY + timedelta(days=9)).total
    assert (found.calls, found.unanswered) == (110, 110)


def test_what_is_stored_by_the_way_is_not_stored_once_more(owner: Owner, people: People) -> None:
    older, _ = make_session(owner, DAY), make_session(owner, DAY + timedelta(days=1))
    rollups.finish("real")
    owner.execute("update chronicle.sessions set status = 'error'")
    owner.execute(
        "insert into signalbox.model_replies (message_id, session_id, model) values ('one', %s, 'any')", (older,)
    )
    # The newest slot is stored for its mark, the other one for the reply, which names the session.
    owner.execute("select signalbox.refresh_rollups(1)")
    assert owner.execute("select slot from signalbox.change_log where source = 1").fetchall() == []
    row = owner.execute(
        "select sum(sessions) as known from analytics.session_rollup where level = 1 and status = 'error'"
    )
    assert row.fetchone() == {"known": 2}


def test_a_call_that_moved_before_its_session_got_another_project_is_taken_off_the_right_one(
    owner: Owner, people: People
) -> None:
    session_pk = make_session(owner, DAY, project="shop")
    call(owner, session_pk, DAY)
    rollups.finish("real")
    owner.execute("update chronicle.tool_events set created_at = created_at + '1 h'")
    owner.execute("update chronicle.sessions set project_name = 'port'")
    for _ in range(2):
        for project, calls in (("shop", 0), ("port", 1)):
            found = tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=30), project=project)
            assert found.total.calls == calls
        rollups.finish("real")


def test_a_call_that_moves_after_its_answer_came_with_many_others_is_answered(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, phase, created_at, call_id)"
        " select %(session)s, 'Bash', %(phase)s, %(at)s,"
        " case when n = %(rows)s then '6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c12'::uuid end"
        " from generate_series(1, %(rows)s) as n"
    )
    owner.execute(insert, {"session": session_pk, "phase": "pre", "at": DAY, "rows": 1})
    rollups.finish("real")
    owner.execute(insert, {"session": session_pk, "phase": "post", "at": DAY + timedelta(hours=5), "rows": 104})
    owner.execute("update chronicle.tool_events set created_at = created_at + '1 h' where phase = 'pre'")
    for _ in range(2):
        total = tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=30)).total
        assert (total.calls, total.unanswered) == (104, 0)
        rollups.finish("real")


def test_a_call_without_a_time_loses_its_answer(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    for phase, at in (("pre", None), ("post", DAY)):
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, created_at, call_id)"
            " values (%s, 'Bash', %s, %s, '6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c12')",
            (session_pk, phase, at),
        )
    rollups.finish("real")
    owner.execute("delete from chronicle.tool_events where phase = 'post'")
    for _ in range(2):
        assert tools.read_usage(people["manager"], untimed=True).total.unanswered == 1
        assert coverage.read_coverage(people["manager"])["tools"].untimed == 1
        rollups.finish("real")


@pytest.mark.usefixtures("people")
def test_a_row_in_an_hour_that_is_read_live_is_not_told_beside_it(owner: Owner) -> None:
    session_pk = make_session(owner, DAY)
    call(owner, session_pk, DAY + timedelta(minutes=5))
    rollups.finish("real")
    slot = int(DAY.timestamp()) // 900
    owner.execute("insert into signalbox.change_log (source, slot) values (3, %s)", (slot,))
    for minutes in (20, 200):
        call(owner, session_pk, DAY + timedelta(minutes=minutes))
    told = (
        "select w.besides from analytics.rollup_windows('tools', %s, %s, finest => {}, with_changes => true) as w"
        " where w.kind = 'changed'"
    )
    window = (DAY, DAY + timedelta(days=1))
    for finest, besides in ((1, [slot]), (4, list(range(slot, slot + 4)))):
        [row] = owner.execute(told.format(finest).encode(), window).fetchall()
        assert sorted(row["besides"]) == besides


def test_a_row_that_comes_while_its_quarter_is_stored_counts_once(
    owner: Owner, people: People, database_url: str
) -> None:
    session_pk = make_session(owner, DAY)
    call(owner, session_pk, DAY)
    owner.execute(
        "create function public.wait_for_it() returns trigger language plpgsql as"
        " 'begin perform pg_advisory_lock_shared(7); return null; end'"
    )
    owner.execute(
        "create trigger wait_for_it before delete on analytics.tool_rollup"
        " for each statement execute function public.wait_for_it()"
    )
    owner.execute("select pg_advisory_lock(7)")
    waiting = "select from pg_locks where locktype = 'advisory' and objid = 7 and not granted"
    with a_pass_that_waits(owner, database_url, waiting):
        # The marks of this quarter are taken, and its rows not read yet.
        call(owner, session_pk, DAY + timedelta(minutes=5))
        owner.execute("select pg_advisory_unlock(7)")
    owner.execute("drop trigger wait_for_it on analytics.tool_rollup")
    for _ in range(2):
        assert tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=9)).total.calls == 2
        rollups.finish("real")


@pytest.mark.parametrize("moved_to", ["where rows were dropped", "no time", "elsewhere"])
def test_a_row_that_moves_while_it_is_added_counts_once(
    owner: Owner, people: People, database_url: str, moved_to: str
) -> None:
    today = datetime.now(UTC)
    times = {
        "where rows were dropped": today - timedelta(days=25),
        "no time": "infinity",
        "elsewhere": today - timedelta(days=3),
    }
    session_pk = make_session(owner, today)
    for days in (30, 20, 2, 1):
        call(owner, session_pk, today - timedelta(days=days))
    rollups.finish("real")
    owner.execute("update signalbox.retention set keep_raw_days = 10")
    rollups.drop_all("real")
    rollups.finish("real")
    call(owner, session_pk, today - timedelta(days=2), tool="Bash")
    with psycopg.connect(database_url) as holder:
        # A pass that has taken marks out of the log waits here until it may count them.
        holder.execute("update signalbox.change_totals set marks = marks where source = 3")
        waiting = "select from pg_locks where locktype = 'transactionid' and not granted"
        with a_pass_that_waits(owner, database_url, waiting):
            owner.execute(
                "update chronicle.tool_events set created_at = %s where tool_name = 'Bash'", (times[moved_to],)
            )
            holder.rollback()
    assert not rollups.list_failures("real")
    for _ in range(2):
        untimed = tools.read_usage(people["manager"], untimed=True).total.calls
        timed = tools.read_usage(people["manager"], start=today - timedelta(days=60), end=today).total.calls
        assert (timed, untimed) == ((4, 1) if moved_to == "no time" else (5, 0))
        rollups.finish("real")
