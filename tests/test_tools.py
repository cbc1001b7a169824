"""Tools: calls, what came of them, durations, kinds of errors, and what counts as worse than before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from data.reports import tools
from data.reports.tool_usage import ToolUsage

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=1)}
COMPARED: dict[str, Any] = PERIOD | {"previous_start": DAY - timedelta(days=1), "previous_end": DAY}
REFUSAL = "The user doesn't want to proceed with this tool use. The tool use was rejected."


def make_session(owner: Owner, project: str | None = "shop", user_id: UUID | None = None) -> UUID:
    session_pk = uuid4()
    owner.execute(
        "insert into chronicle.sessions (id, session_id, project_name, metadata) values (%s, %s, %s, %s)",
        (session_pk, str(session_pk), project, Jsonb({"user_id": str(user_id)} if user_id else {})),
    )
    return session_pk


def call(
    owner: Owner,
    session_pk: UUID,
    tool: str = "Bash",
    *,
    at: datetime | None = DAY + timedelta(hours=12),
    success: bool | None = True,
    error: str | None = None,
    ms: int | None = 100,
    answered: bool = True,
) -> None:
    """One call: its pre row, and its post row where it was answered."""
    call_id = uuid4()
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, call_id, created_at, parameters)"
        " values (%s, %s, 'pre', %s, %s, %s)",
        (session_pk, tool, call_id, at, Jsonb({"command": "make"})),
    )
    if answered:
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, call_id, created_at, success,"
            " error_message, execution_time_ms) values (%s, %s, 'post', %s, %s, %s, %s, %s)",
            (session_pk, tool, call_id, at, success, error, ms),
        )


def test_an_empty_database_has_no_calls_and_no_rates(people: People) -> None:
    usage = tools.read_usage(people["manager"], **COMPARED)
    assert (usage.total.calls, usage.total.failure_rate, usage.total.p95_ms) == (0, None, None)
    assert usage.tools == ()
    assert tools.read_errors(people["manager"], **PERIOD) == tools.Errors((), 0)
    assert tools.read_buckets(people["manager"], **PERIOD).empty
    assert tools.read_calls(people["manager"], **PERIOD) == []


def test_rates_are_taken_over_known_outcomes_alone(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session)
    call(owner, session, success=False, error="Exit code 1")
    call(owner, session, success=False, error=REFUSAL)
    call(owner, session, success=None)
    call(owner, session, answered=False)
    total = tools.read_usage(people["manager"], **PERIOD).total
    assert (total.calls, total.succeeded, total.failed, total.refused) == (5, 1, 1, 1)
    assert (total.unknown, total.unanswered) == (2, 1)
    assert total.failure_rate == 0.5


def test_only_pre_rows_give_no_rate_at_all(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for _ in range(3):
        call(owner, session, answered=False)
    [bash] = tools.read_usage(people["manager"], **PERIOD).tools
    assert (bash.calls, bash.known, bash.failure_rate, bash.p50_ms) == (3, 0, None, None)


def test_percentiles_are_over_timed_calls_and_not_averaged(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for ms in (100, 200, 300, None):
        call(owner, session, "Read", ms=ms)
    call(owner, session, "Bash", ms=10_000)
    usage = tools.read_usage(people["manager"], **PERIOD)
    read = next(tool for tool in usage.tools if tool.tool_name == "Read")
    assert (read.timed, read.average_ms, read.total_ms) == (3, 200, 600)
    assert (read.p50_ms, read.p95_ms, usage.total.p50_ms) == pytest.approx((200, 290, 250), rel=0.01)
    assert (usage.total.calls, usage.total.tool_name) == (5, None)


def test_what_fails_most_stands_first_then_what_takes_longest(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session, "Fast", ms=1)
    call(owner, session, "Slow", ms=9000)
    call(owner, session, "Broken", success=False, ms=1)
    names = [tool.tool_name for tool in tools.read_usage(people["manager"], **PERIOD).tools]
    assert names == ["Broken", "Slow", "Fast"]


def test_periods_do_not_overlap_and_untimed_calls_are_apart(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session, at=DAY)
    call(owner, session, at=DAY - timedelta(microseconds=1), success=False)
    call(owner, session, at=DAY + timedelta(days=1))
    call(owner, session, at=None)
    total = tools.read_usage(people["manager"], **COMPARED).total
    assert (total.calls, total.previous_calls, total.previous_failed) == (1, 1, 1)
    assert tools.read_usage(people["manager"], untimed=True).total.calls == 1
    assert tools.read_usage(people["manager"]).total.calls == 4
    assert list(tools.read_buckets(people["manager"], untimed=True)["calls"]) == []


def test_a_tool_called_only_before_is_still_named(owner: Owner, people: People) -> None:
    call(owner, make_session(owner), "Gone", at=DAY - timedelta(hours=1))
    [gone] = tools.read_usage(people["manager"], **COMPARED).tools
    assert (gone.tool_name, gone.calls, gone.previous_calls) == ("Gone", 0, 1)


def test_filters_narrow_every_reader(owner: Owner, people: People) -> None:
    call(owner, make_session(owner, "shop"), "Bash", success=False, error="Exit code 2")
    call(owner, make_session(owner, "site"), "Read", success=False, error="no such file")
    call(owner, make_session(owner, None), "Read")
    reader = people["manager"]
    assert tools.read_usage(reader, project="shop", **PERIOD).total.calls == 1
    assert [tool.tool_name for tool in tools.read_usage(reader, tool="Read", **PERIOD).tools] == ["Read"]
    assert list(tools.read_buckets(reader, project="site", **PERIOD)["failed"]) == [1]
    assert [group.tool_name for group in tools.read_errors(reader, project="site", **PERIOD).shown] == ["Read"]
    assert [row["tool_name"] for row in tools.read_calls(reader, project="shop", **PERIOD)] == ["Bash"]
    assert tools.count_facets(reader, **PERIOD) == {
        "tool": {"Read": 2, "Bash": 1},
        "project": {"(no project)": 1, "shop": 1, "site": 1},
        "outcome": {"failed": 2, "succeeded": 1, "known": 3, "timed": 3},
    }


@pytest.mark.parametrize(
    ("error", "group"),
    [
        ("Exit code 127\n(eval):1: command not found: tree", "Exit code 127"),
        ("<tool_use_error>Sibling tool call errored</tool_use_error>", "Sibling tool call errored"),
        ("Hook failed:\\n\\n[FORMAT] not formatted", "Hook failed:"),
        ("File content (806.5KB) exceeds (256KB)", "File content (NKB) exceeds (NKB)"),
        ("ENOENT: no such file, open '/home/ada/x.py'", "ENOENT: no such file, open “…”"),
        ("cannot read C:\\Users\\ada\\x.txt and/or ./y", "cannot read … and/or …"),
        ("No task found with ID: ac27727", "No task found with ID: …"),
        ("GET https://example.com/a?b=1 gave 503", "GET … gave N"),
        ("\x1b[31mred\x1b[0m\nand more", "red"),
        ("   ", "(no message recorded)"),
        (None, "(no message recorded)"),
    ],
)
def test_errors_of_one_kind_make_one_group(owner: Owner, people: People, error: str | None, group: str) -> None:
    call(owner, make_session(owner), success=False, error=error)
    [found] = tools.read_errors(people["manager"], **PERIOD).shown
    assert (found.group, found.cases, found.example) == (group, 1, error)


def test_what_a_person_refused_is_no_kind_of_failure(owner: Owner, people: People) -> None:
    call(owner, make_session(owner), success=False, error=REFUSAL)
    assert tools.read_errors(people["manager"], **PERIOD) == tools.Errors((), 0)


def test_groups_count_their_cases_and_show_the_newest(owner: Owner, people: People) -> None:
    session, other = make_session(owner), make_session(owner)
    for hour in (3, 9, 6):
        at = DAY + timedelta(hours=hour)
        call(owner, session if hour < 9 else other, success=False, error=f"no row {hour} here", at=at)
    call(owner, session, "Read", success=False, error="no row 1 here")
    errors = tools.read_errors(people["manager"], **PERIOD)
    assert [(group.tool_name, group.cases) for group in errors.shown] == [("Bash", 3), ("Read", 1)]
    first = errors.shown[0]
    assert (first.example, first.session_pk, first.last_at) == ("no row 9 here", str(other), DAY + timedelta(hours=9))
    assert errors.groups == 2
    rows = tools.read_calls(people["manager"], tool="Bash", error_group="no row N here", **PERIOD)
    assert [row["error_message"] for row in rows] == ["no row 9 here", "no row 6 here", "no row 3 here"]


def test_calls_say_what_went_in_and_can_be_sorted_by_time_taken(owner: Owner, people: People) -> None:
    session = make_session(owner)
    for hour, ms in ((1, 500), (2, None), (3, 10)):
        call(owner, session, at=DAY + timedelta(hours=hour), ms=ms)
    call(owner, session, at=None, ms=99)
    call(owner, session, at=DAY, answered=False)
    rows = tools.read_calls(people["manager"])
    assert [row["duration_ms"] for row in rows] == [10, None, 500, None, 99]
    assert {row["parameters"] for row in rows} == {'{"command": "make"}'}
    assert {row["session_pk"] for row in rows} == {session}
    assert [row["is_answered"] for row in rows] == [True, True, True, False, True]
    slowest = tools.read_calls(people["manager"], sort="duration", limit=3)
    assert [row["duration_ms"] for row in slowest] == [500, 99, 10]
    fastest = tools.read_calls(people["manager"], sort="duration", downwards=False)
    assert [row["duration_ms"] for row in fastest] == [10, 99, 500, None, None]
    oldest = tools.read_calls(people["manager"], downwards=False)
    assert [row["duration_ms"] for row in oldest] == [None, 500, None, 10, 99]
    unknown = tools.read_calls(people["manager"], outcome="unknown")
    assert [row["is_answered"] for row in unknown] == [False]
    for asked, expected in (
        ({}, [10, 500, 99]),
        ({"downwards": False}, [500, 10, 99]),
        ({"sort": "duration"}, [500, 99, 10]),
        ({"sort": "duration", "downwards": False}, [10, 99, 500]),
        ({"untimed": True}, [99]),
    ):
        timed = tools.read_calls(people["manager"], outcome="timed", **asked)
        assert [row["duration_ms"] for row in timed] == expected, asked
    assert len(tools.read_calls(people["manager"], limit=2, offset=4)) == 1


def test_members_see_calls_of_their_own_sessions_in_every_reader(owner: Owner, people: People) -> None:
    mine = make_session(owner, "mine", people["member"].user_id)
    theirs = make_session(owner, "theirs", people["other"].user_id)
    call(owner, mine, "Mine", success=False, error="mine")
    call(owner, theirs, "Theirs", success=False, error="theirs")
    member = people["member"]
    assert [tool.tool_name for tool in tools.read_usage(member, **PERIOD).tools] == ["Mine"]
    assert [group.group for group in tools.read_errors(member, **PERIOD).shown] == ["mine"]
    assert [row["tool_name"] for row in tools.read_calls(member, **PERIOD)] == ["Mine"]
    assert tools.count_facets(member, **PERIOD) == {
        "tool": {"Mine": 1},
        "project": {"mine": 1},
        "outcome": {"failed": 1, "known": 1, "timed": 1},
    }
    assert list(tools.read_buckets(member, **PERIOD)["calls"]) == [1]
    assert tools.read_usage(people["manager"], **PERIOD).total.calls == 2


def test_buckets_split_calls_by_outcome_in_the_viewers_days(owner: Owner, people: People) -> None:
    session = make_session(owner)
    call(owner, session, at=DAY - timedelta(minutes=30))
    call(owner, session, at=DAY + timedelta(minutes=30), success=False, error=REFUSAL)
    whole: dict[str, Any] = {"start": DAY - timedelta(days=1), "end": DAY + timedelta(days=1)}
    frame = tools.read_buckets(people["manager"], unit="day", zone="Asia/Kolkata", **whole)
    assert frame[["calls", "succeeded", "failed", "refused", "unknown"]].to_numpy().tolist() == [[2, 1, 0, 1, 0]]
    assert len(tools.read_buckets(people["manager"], unit="hour", **whole)) == 2


def usage_of(**given: Any) -> ToolUsage:
    nothing: dict[str, Any] = dict.fromkeys(ToolUsage.__dataclass_fields__, 0)
    return ToolUsage(**(nothing | {"tool_name": "Bash", "tool_type": "builtin"} | given))


@pytest.mark.parametrize(
    ("now", "before", "worse", "better"),
    [
        ((188, 1624), (101, 1549), True, False),
        ((101, 1549), (188, 1624), False, True),
        ((6, 94), (5, 95), False, False),
        ((9, 10), (0, 19), False, False),
        ((0, 50), (0, 50), False, False),
        ((50, 0), (50, 0), False, False),
    ],
)
def test_a_rate_is_worse_only_beyond_chance(
    now: tuple[int, int], before: tuple[int, int], worse: bool, better: bool
) -> None:
    usage = usage_of(failed=now[0], succeeded=now[1], previous_failed=before[0], previous_succeeded=before[1])
    assert (usage.fails_more_often, usage.fails_less_often) == (worse, better)


def test_slower_needs_enough_timed_calls_and_a_second_more() -> None:
    enough = {"timed": 50, "previous_timed": 50}
    assert usage_of(p95_ms=4000.0, previous_p95_ms=2000.0, **enough).is_slower
    assert not usage_of(p95_ms=4000.0, previous_p95_ms=2000.0, timed=49, previous_timed=50).is_slower
    assert not usage_of(p95_ms=900.0, previous_p95_ms=100.0, **enough).is_slower
    assert not usage_of(p95_ms=11_000.0, previous_p95_ms=10_000.0, **enough).is_slower


@pytest.mark.parametrize("view", ["tool_calls", "tool_facts"])
def test_no_plan_reads_all_answers_to_find_that_of_one_call(owner: psycopg.Connection[DictRow], view: str) -> None:
    """As an anti-join it could, and did for every session of a list at ten million events."""
    counting = sql.SQL("explain select count(*) from {}").format(sql.Identifier("analytics", view))
    plan = owner.execute(counting).fetchall()
    assert "Anti" not in "".join(row["QUERY PLAN"] for row in plan)


def test_no_plan_reads_all_events_to_find_those_of_a_few_calls(owner: psycopg.Connection[DictRow]) -> None:
    """Joined as tables it could, and did for every piece of a period that is counted live."""
    owner.execute("set enable_nestloop = off")
    plan = owner.execute("explain select count(*) from analytics.agent_call_facts").fetchall()
    assert "Index Cond: (id = tool_events.event_id)" in "".join(row["QUERY PLAN"] for row in plan)
