"""Kinds of errors: stored, and read live where a failure changed, they are what the tables say at every moment."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.reports import tools
from tests.recorded import session as make_session
from tests.rolled_history import Connection, change_calls, compare_errors, prepare
from tests.rolled_times import BASE, some_time

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)


def fail(
    owner: Owner, session_pk: object, at: datetime | None, message: str | None = "boom", *, tool: str = "Bash"
) -> UUID:
    row = owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message, created_at)"
        " values (%s, %s, 'post', false, %s, %s) returning id",
        (session_pk, tool, message, at),
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def kinds(person: Actor, **asked: Any) -> dict[str, tuple[int, datetime | None, str | None]]:
    """How often each kind came, when last, and what its newest case said."""
    found = tools.read_errors(person, **asked).shown
    return {one.group: (one.cases, one.last_at, one.example) for one in found}


def stored(owner: Owner) -> list[dict[str, Any]]:
    """What is stored but not below the quarter of an hour, over all projects."""
    return owner.execute(
        "select level, error_group, cases, last_at from analytics.error_rollup where not is_by_project"
        " order by error_group, level, slot"
    ).fetchall()


def without_triggers(owner: Owner, statement: str) -> None:
    """Nobody could change the table like this: it shows that a figure comes from what is stored."""
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute(statement.encode())
    owner.execute("alter table chronicle.tool_events enable trigger user")


def some_windows(chance: random.Random) -> list[dict[str, Any]]:
    """Periods whose ends may lie anywhere in a quarter of an hour, all time, and what has no time."""
    start, end = sorted((some_time(chance) or BASE, some_time(chance) or BASE))
    one: dict[str, Any] = {"start": chance.choice((start, None)), "end": chance.choice((end, None)), "untimed": False}
    every: dict[str, Any] = {"start": None, "end": None, "untimed": chance.random() < 0.2}
    return [one, every]


def test_after_every_change_of_calls_kinds_of_errors_are_those_of_the_tables(owner: Connection) -> None:
    chance = random.Random(20261122)
    prepare(owner)
    for _ in range(60):
        change_calls(owner, chance)
    found = 0
    for step in range(150):
        kind = chance.random()
        if kind < 0.2:
            owner.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 3, 500)),))
        elif kind < 0.21:
            owner.execute("truncate chronicle.tool_events")
        else:
            change_calls(owner, chance)
        for asked in some_windows(chance):
            narrowed = {
                "tool": chance.choice((None, None, "A")), "project": chance.choice((None, None, "a", "b")),
                "error_group": chance.choice((None, None, None, "boom")),
            }  # fmt: skip
            with owner.transaction():
                owner.execute("set transaction isolation level repeatable read")
                compare_errors(owner, asked | narrowed, f"step {step}")
        found += len(stored(owner))
    assert found > 150 * 10, "there was much to compare"


def test_kinds_come_from_what_is_stored_and_members_read_their_own(owner: Owner, people: People) -> None:
    mine = make_session(owner, DAY, project="shop", user_id=people["member"].user_id)
    other = make_session(owner, DAY, project="port", user_id=people["other"].user_id)
    for number, session_pk in enumerate((mine, other, other)):
        fail(owner, session_pk, DAY + timedelta(hours=number), f"No file /tmp/{number}/x")
    rollups.finish("real")
    without_triggers(owner, "update chronicle.tool_events set error_message = 'Exit code 1'")
    manager, text = people["manager"], "No file …"
    last = DAY + timedelta(hours=2)
    month: dict[str, Any] = {"start": DAY - timedelta(days=20), "end": DAY + timedelta(days=10)}
    for asked in ({}, month, {"tool": "Bash"}, {"project": "port"}, {"error_group": text}):
        cases = 2 if "project" in asked else 3
        assert kinds(manager, **asked) == {text: (cases, last, "Exit code 1")}
    assert kinds(manager, tool="Read") == kinds(manager, project="none") == kinds(manager, error_group="x") == {}
    for person, cases in (("member", 1), ("other", 2)):
        assert {group: one[0] for group, one in kinds(people[person], **month).items()} == {"Exit code 1": cases}


def test_the_newest_case_of_a_kind_is_one_that_is_still_there(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    made = [fail(owner, session_pk, DAY + timedelta(hours=hours), f"boom {hours}") for hours in (0, 5, 5.1, 9, 200)]
    rollups.finish("real")
    for call, hours in zip(reversed(made), (9, 5.1, 5, 0), strict=False):
        owner.execute("delete from chronicle.tool_events where id = %s", (call,))
        for asked in ({}, {"start": DAY - timedelta(days=30)}, {"start": DAY, "project": "shop"}):
            [(cases, last, example)] = kinds(people["manager"], **asked).values()
            assert (cases, last, example) == (made.index(call), DAY + timedelta(hours=hours), f"boom {hours}")
        if hours == 5.1:
            rollups.finish("real")
    assert {row["last_at"] for row in stored(owner)} >= {DAY, DAY + timedelta(hours=5.1)}
    rollups.finish("real")
    assert {(row["level"], row["cases"], row["last_at"]) for row in stored(owner)} == {
        (level, 1, DAY) for level in (1, 4, 96, 768)
    }


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_text_that_changed_counts_at_once_whatever_else_stayed(owner: Owner, people: People, refreshed: bool) -> None:
    session_pk = make_session(owner, DAY)
    changed = fail(owner, session_pk, DAY)
    fail(owner, session_pk, DAY + timedelta(days=1))
    rollups.finish("real")
    asked: dict[str, Any] = {"start": DAY - timedelta(days=9), "end": DAY + timedelta(days=9)}
    for statement, found in (
        ("update chronicle.tool_events set error_message = 'Exit code 2' where id = %s", {"boom": 1, "Exit code 2": 1}),
        ("update chronicle.tool_events set error_message = 'User rejected it' where id = %s", {"boom": 1}),
        ("update chronicle.tool_events set error_message = null where id = %s",
         {"boom": 1, "(no message recorded)": 1}),
        ("update chronicle.tool_events set success = true where id = %s", {"boom": 1}),
        ("update chronicle.tool_events set success = false where id = %s", {"boom": 1, "(no message recorded)": 1}),
        ("delete from chronicle.tool_events where id = %s", {"boom": 1}),
    ):  # fmt: skip
        owner.execute(statement.encode(), (changed,))
        if refreshed:
            rollups.finish("real")
            assert {row["error_group"]: row["cases"] for row in stored(owner) if row["level"] == 1} == found
        assert {group: one[0] for group, one in kinds(people["manager"], **asked).items()} == found


@pytest.mark.usefixtures("people")
def test_a_refresh_writes_the_kinds_that_changed_alone_however_many_there_are(owner: Owner) -> None:
    session_pk = make_session(owner, DAY, project="shop")
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message, created_at)"
        " select %s, 'Bash', 'post', false, translate(n::text, '0123456789', 'abcdefghij'), %s"
        " from generate_series(1, 3000) as n",
        (session_pk, DAY),
    )
    rollups.finish("real")
    written = "select count(*) as rows from analytics.error_rollup where xmin::text::bigint > %s"
    now = "select max(xmin::text::bigint) as newest from analytics.error_rollup"
    row = owner.execute(now.encode()).fetchone()
    assert row is not None
    for message in ("bab", "another"):
        fail(owner, session_pk, DAY + timedelta(minutes=20), message)
    rollups.finish("real")
    found = owner.execute(written.encode(), (row["newest"],)).fetchone()
    assert found == {"rows": 2 * 2 * 4}, "two kinds, over all projects and in one, at four levels"
    sizes = {one["level"]: 0 for one in stored(owner)}
    for one in stored(owner):
        sizes[one["level"]] += one["cases"]
    assert sizes == dict.fromkeys((1, 4, 96, 768), 3002)


def test_figures_of_kinds_are_whole_while_they_are_being_built_and_when_adopted(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    for days in range(0, 60, 3):
        fail(owner, session_pk, DAY - timedelta(days=days))
    while True:
        assert kinds(people["manager"])["boom"][0] == 20
        assert kinds(people["manager"], start=DAY - timedelta(days=33))["boom"][0] == 12
        done = rollups.refresh("real")
        if done and not done.is_unfinished:
            break
    owner.execute(
        "insert into signalbox.adopted_tables values ('chronicle', 'tool_events', 'public', 'tool_events', 'pointed')"
    )
    without_triggers(owner, "delete from chronicle.tool_events")
    assert kinds(people["manager"]) == {}


def test_what_failures_said_goes_with_their_rows(owner: Owner, people: People) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=30)
    session_pk = make_session(owner, first)
    for days in (-20, -9, -0.1, 1.1, 9):
        fail(owner, session_pk, first + timedelta(days=days))
    fail(owner, session_pk, first - timedelta(days=3), "Exit code 1")
    fail(owner, session_pk, None)
    rollups.finish("real")
    assert {group: one[0] for group, one in kinds(people["manager"]).items()} == {"boom": 6, "Exit code 1": 1}
    owner.execute("update signalbox.retention set keep_raw_days = 30")
    rollups.drop_all("real")
    for _ in range(2):
        last = first + timedelta(days=9)
        assert kinds(people["manager"], start=first - timedelta(days=25)) == {"boom": (2, last, "boom")}
        assert kinds(people["manager"]) == {"boom": (3, last, "boom")}
        assert {row["error_group"] for row in stored(owner)} == {"boom"}
        sizes = [sum(row["cases"] for row in stored(owner) if row["level"] == level) for level in (1, 4, 96, 768)]
        assert sizes == [3, 2, 2, 2], "what has no time is in no hour"
        fail(owner, session_pk, first - timedelta(days=5), "Exit code 2")
        assert kinds(people["manager"], end=first)["Exit code 2"][0] == 1
        rollups.finish("real")
        rollups.drop_all("real")
