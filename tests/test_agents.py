"""How agents did: sums, rates over what they count, the period before, what events tie to an agent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isinf
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import exports, rollups
from data.access import Actor
from data.reports import agent, agents
from data.reports.performance import Performance, ToolCalls, together
from tests import recorded
from tests.performed import engine_event, run, window

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=1)}
BEFORE: dict[str, Any] = {"previous_start": DAY - timedelta(days=1), "previous_end": DAY}


def only(people: People, role: str = "manager", **asked: Any) -> Performance:
    [one] = agents.read_agents(people[role], **{**PERIOD, **asked})
    return one


def test_an_empty_database_has_no_agent(people: People) -> None:
    manager = people["manager"]
    assert agents.read_agents(manager, **PERIOD) == ()
    assert agents.read_buckets(manager, **PERIOD).empty
    assert agents.read_sources(manager, **PERIOD) == {}
    assert agent.read_windows(manager, agent="nobody", **PERIOD) == []
    assert agent.read_activity(manager, agent="nobody", now=NOON, **PERIOD) == agent.Activity({}, {})
    assert agents.read_tool_calls(manager, agents=("nobody",), **PERIOD) == {}
    known = agents.read_coverage(manager)
    assert (known.first, known.last, known.untimed, known.holds_rows) == (None, None, 0, False)


def test_the_automation_rate_is_weighted_by_actions(owner: Owner, people: People) -> None:
    window(owner, NOON, actions_total=100, actions_automated=100, automation_rate=1.0)
    window(owner, NOON + timedelta(hours=2), actions_total=900, actions_automated=450, automation_rate=0.5)
    one = only(people)
    assert (one.rated_actions, one.automated, one.automation_rate) == (1000, 550.0, 0.55)


def test_a_rate_with_a_total_is_weighted_and_a_rate_without_is_counted_and_left_out(
    owner: Owner, people: People
) -> None:
    window(owner, NOON, actions_total=100, actions_automated=None, automation_rate=0.9)
    window(owner, NOON + timedelta(hours=2), actions_total=None, actions_automated=None, automation_rate=0.1)
    window(owner, NOON + timedelta(hours=4), actions_total=50, actions_automated=None, automation_rate=None)
    window(owner, NOON + timedelta(hours=6), actions_total=None, actions_automated=70)
    one = only(people)
    assert (one.windows, one.actions, one.rated_actions, one.countless_windows) == (4, 150, 100, 2)
    assert one.automation_rate == pytest.approx(0.9)
    [bucket] = agents.read_buckets(people["manager"], **PERIOD).to_dict("records")
    assert (bucket["rated_actions"], bucket["automated"]) == (100, 90.0)


def test_confidence_is_weighted_by_decisions(owner: Owner, people: People) -> None:
    window(owner, NOON, avg_confidence=1.0, confidence_count=1)
    window(owner, NOON + timedelta(hours=2), avg_confidence=0.5, confidence_count=3)
    window(owner, NOON + timedelta(hours=4), avg_confidence=0.1, confidence_count=None)
    window(owner, NOON + timedelta(hours=6), avg_confidence=None, confidence_count=7)
    one = only(people)
    assert (one.decisions, one.confidence, one.confidence_countless) == (4, 0.625, 1)


def test_a_window_counts_when_it_ended_from_the_start_up_to_not_including_the_end(owner: Owner, people: People) -> None:
    window(owner, DAY - timedelta(microseconds=1))
    window(owner, DAY)
    window(owner, DAY + timedelta(days=1) - timedelta(microseconds=1))
    window(owner, DAY + timedelta(days=1))
    window(owner, None)
    one = only(people, **BEFORE)
    assert (one.windows, one.previous_windows, one.began_before) == (2, 1, 1)
    earlier = only(people, previous_start=DAY - timedelta(days=1), previous_end=DAY - timedelta(microseconds=1))
    assert earlier.previous_windows == 0
    assert only(people, start=None, end=None, untimed=True).windows == 1
    assert agents.read_coverage(people["manager"]).untimed == 1


def test_estimated_costs_are_counted_among_the_priced_windows_of_the_period(owner: Owner, people: People) -> None:
    for hour, (cost, basis) in enumerate(
        [(1, "estimate"), (2, "partial estimate"), (4, "recorded"), (None, "not priced"), (None, "estimate")]
    ):
        window(owner, NOON + timedelta(hours=hour), total_cost=cost, metadata=Jsonb({"cost_basis": basis}))
    window(owner, NOON - timedelta(days=1), total_cost=8, metadata=Jsonb({"cost_basis": "estimate"}))
    one = only(people, **BEFORE)
    assert (one.cost_usd, one.priced_windows, one.estimated_windows, one.partly_estimated_windows) == (7, 3, 2, 1)


def test_the_period_before_is_summed_apart(owner: Owner, people: People) -> None:
    window(owner, NOON, total_cost=2, human_escalations=4)
    window(owner, NOON - timedelta(days=1), actions_total=20, actions_automated=10, total_cost=3, human_escalations=5)
    window(owner, NOON - timedelta(days=1, hours=3), avg_confidence=0.8, confidence_count=2)
    one = only(people, **BEFORE)
    assert (one.escalations, one.cost_usd, one.priced_windows) == (4, 2.0, 1)
    assert (one.previous_escalations, one.previous_cost_usd, one.previous_priced_windows) == (6, 3.0, 1)
    assert (one.previous_rated_actions, one.previous_automated, one.previous_confidence) == (30, 19.0, 0.8)


def test_jobs_count_by_their_agent_when_they_ended(owner: Owner, people: People) -> None:
    for status in ("completed", "completed", "failed", "cancelled"):
        recorded.job(owner, NOON, agent="writer", status=status, completed=NOON)
    recorded.job(owner, NOON, agent="writer", status="failed", completed=NOON - timedelta(days=1))
    one = only(people, **BEFORE)
    assert (one.agent, one.windows, one.jobs, one.jobs_completed, one.jobs_failed) == ("writer", 0, 4, 2, 1)
    assert (one.previous_jobs_failed, one.jobs_ended, one.is_present) == (1, 3, True)


def test_a_source_takes_its_windows_and_agents_alone(owner: Owner, people: People) -> None:
    window(owner, NOON, source="engine")
    window(owner, NOON, source="logs", actions_total=3, actions_automated=0)
    window(owner, NOON, agent="other", source="engine")
    recorded.job(owner, NOON, agent="writer", completed=NOON)
    manager = people["manager"]
    assert agents.read_sources(manager, **PERIOD) == {"engine": 2, "logs": 1}
    assert [one.agent for one in agents.read_agents(manager, **PERIOD)] == ["IntakeAgent", "other", "writer"]
    one = only(people, source="logs")
    assert (one.agent, one.actions, one.sources) == ("IntakeAgent", 3, "logs")
    assert one.windows_by_source == {"engine": 1, "logs": 1}, "whichever is asked for"


def test_windows_that_lie_over_each_other_are_said(owner: Owner, people: People) -> None:
    window(owner, NOON)
    window(owner, NOON + timedelta(hours=1))
    assert only(people).overlapping == 0
    window(owner, NOON + timedelta(hours=1), source="logs")
    assert only(people).overlapping == 0
    window(owner, NOON + timedelta(hours=1), window_start=NOON - timedelta(hours=1))
    assert only(people).overlapping == 3


def test_several_agents_together_are_sums(owner: Owner, people: People) -> None:
    window(owner, NOON, actions_total=100, actions_automated=100, total_cost=1)
    window(owner, NOON, agent="b", actions_total=300, actions_automated=0)
    total = together(agents.read_agents(people["manager"], **PERIOD))
    assert (total.rated_actions, total.automation_rate, total.cost_usd) == (400, 0.25, 1.0)
    assert together([]).cost_usd is None


NONE = together([])


@pytest.mark.parametrize(
    ("now", "before", "factor"),
    [
        ((60, 1000), (30, 1000), 2.0),
        ((40, 1000), (30, 1000), None),
        ((3, 10), (1, 10), None),
        ((1300, 10_000), (1000, 10_000), None),
        ((0, 500), (9, 500), None),
    ],
)
def test_an_agent_escalates_more_only_beyond_chance(
    now: tuple[int, int], before: tuple[int, int], factor: float | None
) -> None:
    one = replace(
        NONE,
        counted_escalations=now[0],
        actions=now[1],
        previous_counted_escalations=before[0],
        previous_actions=before[1],
    )
    assert one.escalation_factor == factor
    none_before = replace(
        one, counted_escalations=60, actions=1000, previous_actions=1000, previous_counted_escalations=0
    )
    assert isinf(none_before.escalation_factor or 0)


def test_more_escalations_than_actions_are_no_error() -> None:
    one = replace(NONE, counted_escalations=500, actions=100, previous_counted_escalations=150, previous_actions=100)
    assert one.escalation_factor == pytest.approx(500 / 150)


@pytest.mark.parametrize(("automated", "less"), [(800.0, True), (890.0, False), (900.0, False), (950.0, False)])
def test_automation_fell_only_beyond_chance_and_two_points(automated: float, less: bool) -> None:
    one = replace(NONE, rated_actions=1000, automated=automated, previous_rated_actions=1000, previous_automated=900.0)
    assert one.is_automated_less == less
    large = replace(one, rated_actions=10**6, automated=890_000.0, previous_rated_actions=10**6, previous_automated=9e5)
    assert not large.is_automated_less


def test_tool_calls_are_tied_by_what_events_say(owner: Owner, people: People) -> None:
    session = recorded.session(owner, NOON)
    recorded.call(owner, session, NOON)
    recorded.call(owner, session, NOON, success=False, error="boom")
    recorded.call(owner, session, NOON, success=False, error=recorded.REFUSAL)
    recorded.call(owner, session, NOON, agent_id="a1", agent_type="Explore")
    recorded.call(owner, session, NOON, agent_id="IntakeAgent", agent_type="Explore", success=None)
    recorded.call(owner, session, NOON, agent_id="a2", agent_type="Unlisted")
    recorded.call(owner, session, NOON + timedelta(days=2))
    names = ("claude-code", "Explore", "IntakeAgent", "writer")
    assert agents.read_tool_calls(people["manager"], agents=names, **PERIOD) == {
        "claude-code": ToolCalls(3, 1, 1, 0, 0, 0),
        "Explore": ToolCalls(1, 1, 0, 0, 0, 0),
        "IntakeAgent": ToolCalls(1, 0, 0, 0, 0, 0),
    }
    assert agents.read_tool_calls(people["manager"], agents=(), **PERIOD) == {}


def test_what_a_subagent_did_belongs_to_the_type_it_was_called_with(owner: Owner, people: People) -> None:
    session, elsewhere = recorded.session(owner, NOON), recorded.session(owner, NOON)
    for within in (session, elsewhere):
        recorded.call(owner, within, NOON, agent_id="a5bdbc1", sidechain=True)
    recorded.call(owner, session, NOON, sidechain=True)  # of an older log, which names no run
    recorded.call(owner, session, NOON, success=False, error="boom")
    task = recorded.call(owner, session, NOON, "Task", given={"subagent_type": "Explore"})
    owner.execute(
        "update chronicle.tool_events as t set tool_type = 'subagent',"
        """ result = case when phase = 'post' then '{"agentId": "a5bdbc1"}'::jsonb end"""
        " where call_id = (select c.call_id from chronicle.tool_events as c where c.event_id = %s)",
        (task,),
    )
    names = ("claude-code", "Explore", "unknown")
    assert agents.read_tool_calls(people["manager"], agents=names, **PERIOD) == {
        "claude-code": ToolCalls(2, 1, 1, 0, 0, 0),
        "Explore": ToolCalls(1, 1, 0, 0, 0, 0),
        "unknown": ToolCalls(2, 2, 0, 0, 0, 0),
    }
    assert agents.read_tool_calls(people["manager"], agents=("Explore",), **PERIOD) == {
        "Explore": ToolCalls(1, 1, 0, 0, 0, 0)
    }


# As plainly as the tables say it: answered calls between two times, by agent type or where their event comes from.
PLAIN_CALLS = """
    select
        coalesce(e.metadata ->> 'agent_type', e.source_app) as agent, count(*) as calls,
        count(*) filter (where t.success) as succeeded,
        count(*) filter (where not t.success and t.error_message not like %(refusal)s) as failed
    from chronicle.tool_events as t
    inner join chronicle.events as e on e.id = t.event_id
    where t.phase = 'post' and t.created_at >= %(start)s and t.created_at < %(end)s
    group by 1
"""


def test_the_failed_calls_of_an_agent_are_those_that_are_counted(owner: Owner, people: People) -> None:
    manager = people["manager"]
    session = recorded.session(owner, NOON)
    failed: dict[str, Any] = {"success": False, "error": "no"}
    for number in range(3):
        recorded.call(owner, session, NOON + timedelta(seconds=number), **failed)
    recorded.call(owner, session, NOON)
    recorded.call(owner, session, NOON, success=False, error=recorded.REFUSAL)
    recorded.call(owner, session, NOON, success=None)
    recorded.call(owner, session, None, **failed)
    recorded.call(owner, session, NOON, agent_id="r1", agent_type="reviewer", **failed)
    recorded.call(owner, session, NOON, agent_id="r2", **failed)
    recorded.call(owner, session, NOON, agent_id="r3", **failed)
    asking = recorded.call(owner, session, NOON, "Task", given={"subagent_type": "writer"})
    owner.execute(
        "update chronicle.tool_events set tool_type = 'subagent', result = case phase when 'post'"
        ' then \'{"agentId": "r2"}\'::jsonb end where call_id = (select call_id from chronicle.tool_events'
        " where event_id = %s)",
        (asking,),
    )
    names = ("claude-code", "reviewer", "writer", "unknown", "r1", "r3", "nobody")
    for span in (PERIOD, {}, {"untimed": True}):
        for name in names:
            counted = agents.read_tool_calls(manager, agents=(name,), **span)
            calls = agent.read_failed_calls(manager, agent=name, **span)
            assert len(calls) == (counted[name].failed if name in counted else 0), (name, span)
            assert {call["error_message"] for call in calls} <= {"no"}
    given = {name: len(agent.read_failed_calls(manager, agent=name)) for name in names}
    assert given == {"claude-code": 4, "reviewer": 1, "writer": 1, "unknown": 1, "r1": 1, "r3": 1, "nobody": 0}
    assert agent.read_failed_calls(people["other"], agent="claude-code") == []


def plain_calls(owner: Owner, start: datetime, end: datetime) -> dict[str, tuple[int, int, int]]:
    given = {"start": start, "end": end, "refusal": "The user doesn't want%"}
    rows = owner.execute(PLAIN_CALLS, given).fetchall()
    return {row["agent"]: (row["calls"], row["succeeded"], row["failed"]) for row in rows}


def test_calls_of_the_period_before_are_those_of_the_tables_stored_or_not(owner: Owner, people: People) -> None:
    session = recorded.session(owner, NOON)
    for hours in (-25, -13, -12, -3, 0, 1, 13):
        for number in range(3 + hours % 3):
            error = recorded.REFUSAL if number == 2 else "boom" if number == 1 else None
            recorded.call(owner, session, NOON + timedelta(hours=hours), success=error is None, error=error)
    for hours in (-20, -14, 2):
        recorded.call(owner, session, NOON + timedelta(hours=hours), agent_type="Explore")
    recorded.call(owner, session, NOON - timedelta(days=1), agent_type="gone")
    names = ("claude-code", "Explore", "gone", "writer")
    now = plain_calls(owner, PERIOD["start"], PERIOD["end"])
    before = plain_calls(owner, BEFORE["previous_start"], BEFORE["previous_end"])
    none = (0, 0, 0)
    plain = {name: ToolCalls(*now.get(name, none), *before.get(name, none)) for name in names if name != "writer"}
    assert (plain["Explore"], plain["gone"]) == (ToolCalls(1, 1, 0, 2, 2, 0), ToolCalls(0, 0, 0, 1, 1, 0))
    assert plain["claude-code"].previous_failed > 0
    for _ in range(2):
        assert agents.read_tool_calls(people["manager"], agents=names, **PERIOD, **BEFORE) == plain
        rollups.finish("real")


def test_the_activity_of_an_agent_is_counted_by_state_with_the_newest_of_each(owner: Owner, people: People) -> None:
    for status in ("approved", "rejected", "pending"):
        recorded.question(owner, NOON, status, agent="IntakeAgent", status=status)
    recorded.question(owner, NOON, "late", agent="IntakeAgent", expires=NOON + timedelta(hours=1))
    recorded.question(owner, NOON, "of another", agent="other")
    failed = run(owner, NOON, status="failed", error_message="no answer")
    run(owner, NOON + timedelta(hours=1))
    run(owner, NOON, agent_id="other")
    for number in range(3):
        engine_event(owner, NOON + timedelta(minutes=number), "LEAD_SCORED")
    recorded.job(owner, NOON, agent="IntakeAgent", status="failed", completed=NOON, error="boom")
    for hour in range(1, 10):
        recorded.job(owner, NOON, agent="IntakeAgent", completed=NOON + timedelta(hours=hour))
    seen = agent.read_activity(people["manager"], agent="IntakeAgent", now=NOON + timedelta(hours=2), **PERIOD)
    assert seen.counts == {
        "question": {"approved": 1, "rejected": 1, "pending": 1, "expired": 1},
        "execution": {"completed": 1, "failed": 1},
        "event": {"LEAD_SCORED": 3},
    }
    assert [row["state"] for row in seen.items["execution"]] == ["completed", "failed"]
    assert (seen.items["execution"][1]["item_id"], seen.items["execution"][1]["detail"]) == (failed, "no answer")
    assert [row["state"] for row in seen.items["job"]] == ["failed"] + ["completed"] * (agent.MOST_ITEMS - 1)
    earlier = agent.read_activity(people["manager"], agent="IntakeAgent", now=NOON, **PERIOD)
    assert earlier.counts["question"]["pending"] == 2


@pytest.mark.parametrize(
    ("sort", "downwards", "first"),
    [("when", True, 3), ("when", False, 1), ("escalations", True, 2), ("cost", False, 2), ("automated", False, 1)],
)
def test_windows_are_sorted_and_what_is_unknown_stands_last(
    owner: Owner, people: People, sort: str, downwards: bool, first: int
) -> None:
    window(owner, NOON, actions_total=10, actions_automated=1, human_escalations=0, total_cost=5)
    window(owner, NOON + timedelta(hours=1), actions_total=10, human_escalations=9, total_cost=1)
    window(owner, NOON + timedelta(hours=2), actions_total=None, actions_automated=None, human_escalations=2)
    rows = agent.read_windows(people["admin"], agent="IntakeAgent", **PERIOD, sort=sort, downwards=downwards)
    assert rows[0]["window_end"] == NOON + timedelta(hours=first - 1)
    if sort in ("cost", "automated"):
        assert rows[-1]["window_end"] == NOON + timedelta(hours=2)


def test_buckets_follow_the_days_of_the_viewers_zone(owner: Owner, people: People) -> None:
    window(owner, DAY - timedelta(minutes=30), total_cost=1)
    window(owner, DAY + timedelta(minutes=30), actions_automated=None)
    window(owner, None)
    recorded.job(owner, DAY, agent="x", status="failed", completed=DAY + timedelta(minutes=30))
    span: dict[str, Any] = {"start": DAY - timedelta(days=2), "end": DAY + timedelta(days=2)}
    berlin = agents.read_buckets(people["admin"], unit="day", zone="Europe/Berlin", **span)
    assert berlin[["windows", "actions", "rated_actions", "failed"]].to_numpy().tolist() == [[2, 20, 10, 1]]
    utc = agents.read_buckets(people["admin"], unit="day", zone="UTC", **span)
    assert (list(utc["windows"]), list(utc["failed"])) == ([1, 1], [0, 1])


def test_members_see_their_own_windows_and_jobs_in_every_reader(owner: Owner, people: People) -> None:
    member, other = people["member"], people["other"]
    window(owner, NOON, agent="mine", user_id=member.user_id)
    window(owner, NOON, agent="theirs", user_id=other.user_id)
    window(owner, NOON, agent="nobodys")
    recorded.job(owner, NOON, agent="my job", completed=NOON, user_id=member.user_id)
    recorded.job(owner, NOON, agent="their job", completed=NOON, user_id=other.user_id)
    assert [one.agent for one in agents.read_agents(member, **PERIOD)] == ["mine", "my job"]
    assert agents.read_sources(member, **PERIOD) == {"engine": 1}
    assert list(agents.read_buckets(member, **PERIOD)["windows"]) == [1]
    assert agent.read_windows(member, agent="theirs", **PERIOD) == []
    assert len(agents.read_agents(people["manager"], **PERIOD)) == 5


def test_the_exports_hold_what_the_page_shows(owner: Owner, people: People) -> None:
    window(owner, NOON, actions_total=10, actions_automated=9, avg_confidence=0.5, confidence_count=2)
    window(owner, NOON, agent="other", source="logs")
    window(owner, NOON - timedelta(days=2))
    span = {"start": [PERIOD["start"].isoformat()], "end": [PERIOD["end"].isoformat()]}

    def rows(name: str, **given: str) -> list[str]:
        asked = exports.parse(name, span | {key: [value] for key, value in given.items()})
        whole = b"".join(exports.stream(people["manager"], name, asked, "csv")).decode("utf-8-sig")
        assert exports.count(people["manager"], name, asked) == len(whole.splitlines()) - 1
        return whole.splitlines()

    assert len(rows("agents")) == 3
    [header, line] = rows("agents", agent="IntakeAgent")
    told = dict(zip(header.split(","), line.split(","), strict=True))
    assert (told["automation_rate"], told["confidence"], told["windows"]) == ("0.9", "0.5", "1")
    assert len(rows("agents", source="logs")) == 2
    assert len(rows("agent_windows", agent="IntakeAgent", sort="cost")) == 2
    assert len(rows("agent_windows")) == 3
