"""Rows that are added to a quarter of an hour count beside what is stored of it, once, whatever comes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.reports import tools
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
    changed = "select c.slots, c.added_slots from analytics.changes_of('tools') as c"
    slot = int(answered.timestamp()) // 900
    rollups.finish("real")
    call(owner, session_pk, answered)
    assert owner.execute(changed).fetchone() == {"slots": [], "added_slots": [slot]}
    assert calls_over_all(people) == 2
    owner.execute("update chronicle.tool_events set tool_name = 'Grep' where tool_name = 'Read'")
    assert owner.execute(changed).fetchone() == {"slots": [slot], "added_slots": None}
    assert calls_over_all(people) == 2


@pytest.mark.parametrize("refreshed", [False, True])
def test_rows_that_were_added_do_not_have_their_quarter_counted_anew(
    owner: Owner, people: People, refreshed: bool
) -> None:
    session_pk = make_session(owner, DAY, project="shop")
    for _ in range(4):
        call(owner, session_pk, DAY, ms=100)
    rollups.finish("real")
    # Nobody could change the table like this: it shows that what is stored is added to.
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.tool_events")
    owner.execute("alter table chronicle.tool_events enable trigger user")
    call(owner, session_pk, DAY + timedelta(minutes=14), ms=300)
    if refreshed:
        rollups.finish("real")
        owner.execute("alter table chronicle.tool_events disable trigger user")
        owner.execute("delete from chronicle.tool_events")
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
    changed = (
        "select cardinality(c.slots) as slots, cardinality(c.added) as added from analytics.changes_of('tools') as c"
    )
    rollups.finish("real")
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, phase, created_at)"
        " select %s, 'Bash', 'post', %s from generate_series(1, %s)"
    )
    owner.execute(insert, (session_pk, DAY, 100))
    assert owner.execute(changed).fetchone() == {"slots": 0, "added": 100}
    owner.execute(insert, (session_pk, DAY, 1))
    assert owner.execute(changed).fetchone() == {"slots": 1, "added": None}
    owner.execute(insert, (session_pk, DAY + timedelta(hours=1), 101))
    assert owner.execute(changed).fetchone() == {"slots": 2, "added": None}
    assert calls_over_all(people) == 202


@pytest.mark.usefixtures("people")
def test_an_added_row_in_an_hour_that_is_read_live_is_not_told_beside_it(owner: Owner) -> None:
    session_pk = make_session(owner, DAY)
    for minutes in (5, 65):
        call(owner, session_pk, DAY + timedelta(minutes=minutes), tool="Bash")
    rollups.finish("real")
    owner.execute("update chronicle.tool_events set tool_name = 'Grep'")
    for minutes in (20, 200):
        call(owner, session_pk, DAY + timedelta(minutes=minutes))
    told = (
        "select w.kind, cardinality(w.added) as added from analytics.rollup_windows('tools', %s, %s, finest => {},"
        " with_added => true) as w where w.kind in ('live', 'added') order by 1"
    )
    window = (DAY, DAY + timedelta(days=1))
    for finest, added in ((1, 2), (4, 1)):
        rows = owner.execute(told.format(finest).encode(), window).fetchall()
        assert [row["added"] for row in rows if row["kind"] == "added"] == [added]


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
