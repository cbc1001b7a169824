"""Rollups: stored sums and what changed since are together exactly what the tables say, for everybody who may read."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow

from data import jobs, rollups
from data.access import Actor
from data.command import main
from data.reports import agents, coverage, lift_sessions, overview, sessions, sops, tools
from data.reports import events as engine_events
from data.reports import people as whom
from tests.performed import engine_event, run, window
from tests.proofs.prove_rollups import COMPARISONS, STEPS, all_at_once, step_by_step
from tests.recorded import call as make_call
from tests.recorded import session as make_session
from tests.rolled_history import prepare

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)


def call(owner: Owner, session_pk: object, at: datetime | None, *, ms: int | None = 100, tool: str = "Read") -> None:
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, execution_time_ms, created_at)"
        " values (%s, %s, 'post', true, %s, %s)",
        (session_pk, tool, ms, at),
    )


@pytest.mark.parametrize("drops", [False, True])
def test_after_every_step_of_a_random_history_stored_and_live_are_equal(owner: Owner, drops: bool) -> None:
    step_by_step(owner, 20261120, STEPS // 10, drops=drops)


@pytest.mark.parametrize("drops", [False, True])
def test_writers_refreshers_and_readers_at_once(database_url: str, drops: bool) -> None:
    assert all_at_once(database_url, 20261120, COMPARISONS // 10, drops=drops) >= COMPARISONS // 10


def test_what_is_stored_is_not_computed_again(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    for number in range(4):
        call(owner, session_pk, DAY + timedelta(hours=number))
    rollups.finish("real")
    # Nobody could change the table like this: it shows that the figure comes from what is stored.
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.tool_events")
    assert tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=1)).total.calls == 4


def test_a_member_reads_own_rows_live_and_nothing_stored(owner: Owner, people: People) -> None:
    mine, other = people["member"], people["other"]
    for person, calls in ((mine, 3), (other, 5)):
        session_pk = make_session(owner, DAY, user_id=person.user_id)
        for number in range(calls):
            call(owner, session_pk, DAY + timedelta(minutes=number))
    rollups.finish("real")
    for person, calls in ((mine, 3), (other, 5), (people["manager"], 8), (people["admin"], 8)):
        assert tools.read_usage(person).total.calls == calls
        values = tools.count_facets(person)
        assert values["tool"] == {"Read": calls}
    assert rollups.read_states(mine) == []
    assert {state.subject for state in rollups.read_states(people["manager"])} == {
        "agent_windows",
        "approvals",
        "engine_events",
        "events",
        "jobs",
        "lift_drafts",
        "lift_sessions",
        "prompts",
        "sessions",
        "sop_runs",
        "tools",
    }


def test_a_late_answer_changes_the_quarter_of_the_call(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    call_id = "6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c11"
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, created_at, call_id)"
        " values (%s, 'Bash', %s, %s, %s, %s)"
    )
    owner.execute(insert, (session_pk, "pre", None, DAY, call_id))
    rollups.finish("real")
    assert tools.read_usage(people["manager"], start=DAY - timedelta(days=1)).total.unanswered == 1
    owner.execute(insert, (session_pk, "post", True, DAY + timedelta(hours=5), call_id))
    for _ in range(2):
        total = tools.read_usage(people["manager"], start=DAY - timedelta(days=1)).total
        assert (total.calls, total.unanswered, total.succeeded) == (1, 0, 1)
        rollups.finish("real")


def test_a_refresh_writes_what_changed_alone(owner: Owner, people: People) -> None:
    session_pk, other = make_session(owner, DAY), make_session(owner, DAY, project="other")
    for tool in ("Read", "Bash"):
        call(owner, session_pk, DAY, tool=tool)
        call(owner, other, DAY, tool=tool)
    rollups.finish("real")
    written = "select max(xmin::text::bigint) as last from analytics.tool_rollup where {}"
    untouched = written.format("tool_name = 'Read' or project_name = 'other'").encode()
    before = owner.execute(untouched).fetchone()
    call(owner, session_pk, DAY, ms=300, tool="Bash")
    rollups.finish("real")
    assert owner.execute(untouched).fetchone() == before
    assert {one.tool_name: one.calls for one in tools.read_usage(people["manager"]).tools} == {"Read": 2, "Bash": 3}
    rows = owner.execute("select distinct level, calls from analytics.tool_rollup where tool_name = 'Bash'").fetchall()
    assert {(row["level"], row["calls"]) for row in rows} == {(w, n) for w in (1, 4, 96, 768) for n in (1, 2, 3)}


def test_by_project_half_hours_are_stored(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY, project="shop")
    for minutes in (20, 40):
        call(owner, session_pk, DAY + timedelta(minutes=minutes))
    rollups.finish("real")
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.tool_events")
    buckets = tools.read_buckets(people["manager"], unit="hour", zone="Asia/Kolkata", project="shop")
    assert list(buckets["calls"]) == [1, 1]


def test_rows_without_a_time_are_stored_too(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, None)
    call(owner, session_pk, None)
    call(owner, session_pk, DAY)
    owner.execute("update chronicle.tool_events set created_at = 'infinity' where created_at is not null")
    rollups.finish("real")
    assert tools.read_usage(people["manager"], untimed=True).total.calls == 2
    assert tools.read_usage(people["manager"]).total.calls == 2
    assert tools.read_usage(people["manager"], start=DAY).total.calls == 0


def test_rows_without_a_time_are_counted_in_what_is_stored(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY, user_id=people["member"].user_id)
    add = (
        "insert into chronicle.events (session_id, event_type, data, timestamp) values (%s, 'session_start', '{}', %s)"
    )
    for at in (None, None, DAY):
        owner.execute(add, (session_pk, at))
        call(owner, session_pk, at)
    rollups.finish("real")
    for person in ("manager", "member", "other"):
        found = coverage.read_coverage(people[person])
        expected = 0 if person == "other" else 2
        assert (found["events"].untimed, found["tools"].untimed) == (expected, expected)
    # Nobody could change the tables like this: it shows that the figures come from what is stored, and whose do not.
    owner.execute("alter table chronicle.events disable trigger user")
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.events")
    owner.execute("delete from chronicle.tool_events")
    for person, expected in (("manager", 2), ("member", 0)):
        found = coverage.read_coverage(people[person])
        assert (found["events"].untimed, found["tools"].untimed) == (expected, expected)


def test_the_newest_time_of_a_kind_is_that_of_a_row_which_is_still_there(owner: Owner, people: People) -> None:
    prepare(owner)
    events = [engine_event(owner, DAY + timedelta(hours=hours), "A") for hours in (0, 5, 5.1, 9, 200)]
    engine_event(owner, DAY + timedelta(hours=7), "B")
    rollups.finish("real")
    for event_id, hours in zip(reversed(events), (9, 5.1, 5, 0), strict=False):
        owner.execute("delete from engine.events where event_id = %s", (event_id,))
        for asked in ({}, {"start": DAY - timedelta(days=30)}, {"emitter": "IntakeAgent"}):
            last = {kind.value: kind.last_at for kind in engine_events.count_kinds(people["manager"], **asked).types}
            assert last == {"A": DAY + timedelta(hours=hours), "B": DAY + timedelta(hours=7)}
        if hours == 5.1:
            rollups.finish("real")


def test_events_are_counted_one_by_one_only_where_sums_know_nothing(owner: Owner, people: People) -> None:
    for number in range(3):
        engine_event(owner, DAY + timedelta(minutes=number), "A", aggregate_id=str(number), payload={"n": number % 2})
    rollups.finish("real")
    cases: tuple[tuple[dict[str, Any], int, bool], ...] = (
        ({}, 3, False),
        ({"event_type": "A", "aggregate": "Lead", "emitter": "IntakeAgent"}, 3, False),
        ({"aggregate_id": "1"}, 1, True),
        ({"payload": '{"n": 0}'}, 2, True),
    )
    for asked, events, is_from_rows in cases:
        counts = engine_events.count_kinds(people["manager"], **asked)
        assert (counts.events, counts.is_from_rows) == (events, is_from_rows)
        assert engine_events.read_buckets(people["manager"], types=["A"], **asked)["events"].sum() == events


def test_a_member_counts_the_events_of_the_own_client_live(owner: Owner, people: People) -> None:
    owner.execute(
        'update auth.users set raw_app_meta_data = \'{"client_id": "acme"}\' where id = %s', (people["member"].user_id,)
    )
    mine = replace(people["member"], client_id="acme")
    for client, number in (("acme", 1), ("acme", 2), ("other", 1)):
        engine_event(owner, DAY, "A", aggregate_id=client, sequence_number=number, payload={"client_id": client})
    for _ in range(2):
        for person, events in ((mine, 2), (people["other"], 0), (people["manager"], 3)):
            assert engine_events.count_kinds(person).events == events
            assert engine_events.read_buckets(person, types=["A"])["events"].sum() == events
        rollups.finish("real")


def test_a_run_counts_at_its_end_and_as_started_at_its_beginning(owner: Owner, people: People) -> None:
    row = run(owner, DAY + timedelta(days=3), started_at=DAY, cycle_time_hours=None, estimated_cost=0.25)
    rollups.finish("real")

    def on(day: int) -> tuple[int, int, int, float | None]:
        start = DAY + timedelta(days=day)
        found = sops.read_procedures(people["manager"], start=start, end=start + timedelta(days=1)).total
        return found.started, found.executions, found.completed, found.average_ms

    for _ in range(2):
        assert on(0) == (1, 0, 0, None)
        assert on(3) == (0, 1, 1, 3 * 86_400_000)
        rollups.finish("real")
    for statement, first, last in (
        ("update engine.sop_executions set started_at = started_at + interval '1 day' where id = %s", (0, 0), (0, 1)),
        ("update engine.sop_executions set started_at = started_at - interval '1 day' where id = %s", (1, 0), (0, 1)),
        ("update engine.sop_executions set completed_at = null, status = 'running' where id = %s", (1, 1), (0, 0)),
        ("delete from engine.sop_executions where id = %s", (0, 0), (0, 0)),
    ):
        owner.execute(statement, (row,))
        for _ in range(2):
            assert (on(0)[:2], on(3)[:2]) == (first, last)
            rollups.finish("real")


def test_what_is_stored_of_runs_is_not_computed_again_and_members_read_their_own(owner: Owner, people: People) -> None:
    for number in range(3):
        run(owner, DAY, user_id=people["member" if number else "other"].user_id, agent_id="x" if number else None)
    rollups.finish("real")
    owner.execute("alter table engine.sop_executions disable trigger user")
    owner.execute("update engine.sop_executions set status = 'failed'")
    for person, completed, failed in (("manager", 3, 0), ("member", 0, 2), ("other", 0, 1)):
        found = sops.read_procedures(people[person]).total
        assert (found.completed, found.failed) == (completed, failed)
        buckets = sops.read_buckets(people[person])
        assert (buckets["completed"].sum(), buckets["failed"].sum()) == (completed, failed)
    assert sops.read_procedures(people["manager"]).agents() == {"x": 2}
    assert sops.read_procedures(people["other"]).agents() == {}


def test_runs_with_times_and_amounts_that_are_none_stop_no_refresher(owner: Owner, people: People) -> None:
    run(owner, DAY, cycle_time_hours=float("nan"), estimated_cost="NaN")
    run(owner, DAY, cycle_time_hours=float("inf"), estimated_cost="Infinity")
    run(owner, DAY, cycle_time_hours=1e300, estimated_cost=1)
    run(owner, DAY, "x" * 2000 + "🚦" * 2000, agent_id="y" * 5000)
    run(owner, None, started_at="infinity", completed_at="-infinity")
    for _ in range(2):
        total = sops.read_procedures(people["manager"]).total
        assert (total.executions, total.timed, total.average_ms) == (5, 4, 2 * 3_600_000)
        assert (total.cost_usd, total.priced) == (1, 1)
        rollups.finish("real")
    assert all(state.is_built for state in rollups.read_states(people["manager"]))


def test_figures_are_whole_while_a_rollup_is_being_built(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    for days in range(60):
        call(owner, session_pk, DAY - timedelta(days=days))
    passes = 0
    while True:
        assert tools.read_usage(people["manager"]).total.calls == 60
        assert tools.read_usage(people["manager"], start=DAY - timedelta(days=33)).total.calls == 34
        done = rollups.refresh("real")
        passes += 1
        if done and not done.is_unfinished:
            break
    assert passes > 5, "built in pieces"


def test_an_adopted_table_is_read_live(owner: Owner, people: People) -> None:
    call(owner, make_session(owner, DAY), DAY)
    rollups.finish("real")
    owner.execute(
        "insert into signalbox.adopted_tables values ('chronicle', 'tool_events', 'public', 'tool_events', 'pointed')"
    )
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.tool_events")
    assert tools.read_usage(people["manager"]).total.calls == 0


@pytest.mark.usefixtures("people")
def test_an_adopted_system_at_rest_costs_no_write(owner: Owner) -> None:
    owner.execute(
        "insert into signalbox.adopted_tables values ('chronicle', 'tool_events', 'public', 'tool_events', 'pointed')"
    )
    version = "select xmin::text as version from signalbox.rollup_state where subject = 'tools'"
    rollups.refresh("real")
    before = owner.execute(version).fetchone()
    rollups.refresh("real")
    assert owner.execute(version).fetchone() == before


def test_times_from_another_world_stop_neither_the_refresher_nor_a_page(owner: Owner, people: People) -> None:
    for created, started, completed in (
        (DAY, "4713-01-01 BC", "290000-01-01"),
        ("4713-01-01 BC", "290000-01-01", DAY),
        (DAY, DAY, DAY + timedelta(minutes=2)),
    ):
        owner.execute(
            "insert into agents.jobs (agent_identifier, status, created_at, started_at, completed_at)"
            " values ('a', 'completed', %s, %s, %s)",
            (created, started, completed),
        )
    for _ in range(2):
        summary = jobs.read_summary(people["manager"], now=DAY)
        assert (summary.completed, summary.timed, summary.p50_ms) == (3, 1, 120_000)
        rollups.finish("real")


def test_the_overview_has_a_day_of_the_viewers_zone_in_one_slice(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    kathmandu_midnight = DAY + timedelta(hours=18, minutes=15)
    for at in (kathmandu_midnight - timedelta(seconds=1), kathmandu_midnight, kathmandu_midnight + timedelta(hours=23)):
        call(owner, session_pk, at)
    rollups.finish("real")
    rows = overview.read_calls(
        people["manager"],
        start=DAY - timedelta(days=2),
        end=DAY + timedelta(days=4),
        untimed=False,
        previous_start=None,
        previous_end=None,
        bucket="day",
        zone="Asia/Kathmandu",
    )
    slices = sorted((row for row in rows if row["is_slice"]), key=lambda row: row["bucket"])
    assert [row["calls"] for row in slices] == [1, 2]


@pytest.mark.parametrize(
    ("unit", "zone", "widest"),
    [
        ("day", "UTC", rollups.widths.DAY),
        ("hour", "UTC", rollups.widths.HOUR),
        ("day", "Europe/Paris", rollups.widths.HOUR),
        ("month", "America/New_York", rollups.widths.HOUR),
        ("day", "Asia/Kolkata", rollups.widths.QUARTER),
        ("hour", "Asia/Kathmandu", rollups.widths.QUARTER),
        ("day", "Europe/London", rollups.widths.HOUR),
    ],
)
def test_stored_rows_fit_into_the_buckets_of_the_zone(unit: str, zone: str, widest: int) -> None:
    assert rollups.coarsest(unit, zone, DAY - timedelta(days=365), DAY) == widest


def test_london_in_winter_reads_days() -> None:
    assert rollups.coarsest("day", "Europe/London", DAY, DAY + timedelta(days=30)) == rollups.widths.DAY


_NASTY = st.one_of(
    st.integers(0, 100),
    st.integers(0, 2**31 - 1),
    st.sampled_from([0, 1, 2, 999, 1000, 60_000, 2**31 - 1]),
    st.floats(0, 22).map(lambda power: int(math.exp(min(power, 21)))),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(_NASTY, min_size=1, max_size=60), fraction=st.sampled_from([0.0, 0.05, 0.5, 0.9, 0.95, 0.99, 1.0])
)
def test_percentiles_are_within_one_per_cent(owner: Owner, values: list[int], fraction: float) -> None:
    row = owner.execute(
        """
        with given_values as (select v::float8 as v from unnest(%(values)s::bigint[]) as u (v)),
        classes as (select analytics.histogram_key(v) as key, count(*) as counted from given_values group by 1)
        select
            (select percentile_cont(%(fraction)s) within group (order by v) from given_values) as exact,
            analytics.histogram_percentile(
                (select array_agg(key order by key) from classes),
                (select array_agg(counted order by key) from classes),
                %(fraction)s, (select min(v) from given_values), (select max(v) from given_values)
            ) as stored
        """,
        {"values": values, "fraction": fraction},
    ).fetchone()
    assert row is not None
    assert abs(row["stored"] - row["exact"]) <= 0.01 * row["exact"] + 1e-9


def test_the_command_stores_what_waits_and_says_what_it_could_not(
    owner: Owner, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    call(owner, make_session(owner, DAY), DAY)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SIGNALBOX_HOME", str(tmp_path))
    for slots in (0, 2, 0):
        assert main(["rollup", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"refreshed_slots": slots, "failures": {}}
        left = owner.execute("select count(*) as marks from signalbox.change_log").fetchone()
        assert left == {"marks": 0}
        if not slots:
            call(owner, make_session(owner, None), DAY)
    owner.execute("alter table analytics.tool_rollup add constraint full_up check (calls < 0) not valid")
    assert main(["rollup"]) == 1
    assert "The sums of tools could not be stored: 23514 " in capsys.readouterr().out


def test_one_subject_that_fails_stops_no_other(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    call(owner, session_pk, DAY)
    owner.execute("alter table analytics.session_rollup add constraint full_up check (sessions < 0)")
    rollups.finish("real")
    states = {state.subject: state for state in rollups.read_states(people["manager"])}
    assert {subject for subject, state in states.items() if not state.is_built} == {"sessions"}
    assert states["sessions"].failed_at is not None
    assert set(rollups.list_failures("real")) == {"sessions"}
    assert "full_up" in str(states["sessions"].failure)
    assert states["tools"].failure is None
    first = states["sessions"].failed_at
    make_session(owner, DAY)
    call(owner, session_pk, DAY)
    chosen = sessions.Chosen(start=DAY, end=DAY + timedelta(days=1))
    for _ in range(2):
        assert sessions.count_facets(people["manager"], chosen=chosen)["project"] == {"shop": 2}
        assert tools.read_usage(people["manager"]).total.calls == 2
        rollups.finish("real")
    assert {state.failed_at for state in rollups.read_states(people["manager"])} == {None, first}
    owner.execute("alter table analytics.session_rollup drop constraint full_up")
    rollups.finish("real")
    assert rollups.list_failures("real") == {}
    assert all(state.is_built for state in rollups.read_states(people["manager"]))
    assert sessions.count_facets(people["manager"], chosen=chosen)["project"] == {"shop": 2}


def test_calls_of_a_subagent_count_for_its_type_once_that_is_told(owner: Owner, people: People) -> None:
    session_pk = make_session(owner, DAY)
    make_call(owner, session_pk, DAY, agent_id="run-1")
    make_call(owner, session_pk, DAY, agent_id="run-2", agent_type="Explore")
    make_call(owner, session_pk, DAY, sidechain=True)
    names = ("Explore", "unknown", "claude-code", "run-2")
    told: dict[str, Any] = {"start": DAY - timedelta(days=1), "end": DAY + timedelta(days=9)}

    def calls(*agents_asked: str) -> dict[str, int]:
        found = agents.read_tool_calls(people["manager"], agents=agents_asked, **told)
        return {agent: one.calls for agent, one in found.items()}

    for _ in range(2):
        assert calls("Explore", "unknown", "claude-code") == {"Explore": 1, "unknown": 2}
        assert calls(*names) == {"run-2": 1, "unknown": 2}
        rollups.finish("real")
    call_id = "6f1c4a52-0d2c-4b7e-9a58-0b5f6f1f3c11"
    insert = (
        "insert into chronicle.tool_events (session_id, tool_name, tool_type, phase, success, created_at, call_id,"
        " parameters, result) values (%s, 'Task', 'subagent', %s, true, %s, %s, %s, %s)"
    )
    later = DAY + timedelta(days=3)
    owner.execute(insert, (session_pk, "pre", later, call_id, json.dumps({"subagent_type": "Explore"}), None))
    owner.execute(insert, (session_pk, "post", later, call_id, None, json.dumps({"agentId": "run-1"})))
    for _ in range(2):
        assert calls("Explore", "unknown", "claude-code") == {"Explore": 2, "unknown": 1}
        rollups.finish("real")
    owner.execute("update chronicle.events set metadata = metadata - 'sidechain'")
    earlier = {"start": told["end"], "end": None, "previous_start": told["start"], "previous_end": told["end"]}
    for _ in range(2):
        assert calls("Explore", "unknown", "claude-code") == {"Explore": 2, "claude-code": 1}
        found = agents.read_tool_calls(people["manager"], agents=names, **earlier)
        assert {agent: (one.calls, one.previous_calls) for agent, one in found.items()} == {
            "Explore": (0, 1), "claude-code": (0, 1), "run-2": (0, 1),
        }  # fmt: skip
        rollups.finish("real")


def test_what_is_stored_of_agents_is_not_computed_again_and_members_read_their_own(
    owner: Owner, people: People
) -> None:
    for number in range(3):
        window(owner, DAY + timedelta(hours=number), "x", user_id=people["member" if number else "other"].user_id)
    make_call(owner, make_session(owner, DAY, user_id=people["member"].user_id), DAY, agent_type="x")
    rollups.finish("real")
    owner.execute(
        "alter table engine.agent_metrics disable trigger user; alter table chronicle.tool_events disable trigger user"
    )
    owner.execute("update engine.agent_metrics set actions_total = 20; delete from chronicle.tool_events")
    for person, actions in (("manager", 30), ("member", 40), ("other", 20)):
        [one] = agents.read_agents(people[person])
        assert one.actions == actions
        assert agents.read_buckets(people[person])["actions"].sum() == actions
        found = agents.read_tool_calls(people[person], agents=("x",))
        assert {name: calls.calls for name, calls in found.items()} == ({"x": 1} if person == "manager" else {})


def test_the_newest_thing_of_a_person_is_one_that_is_still_there(owner: Owner, people: People) -> None:
    member = people["member"].user_id
    kept = [make_session(owner, DAY + timedelta(hours=hours), user_id=member) for hours in (0, 5, 5.1, 9)]
    row = owner.execute(
        "insert into agents.jobs (user_id, agent_identifier, status, created_at) values (%s, 'x', 'pending', %s)"
        " returning id",
        (member, DAY + timedelta(hours=200)),
    ).fetchone()
    assert row is not None
    rollups.finish("real")
    cases: tuple[dict[str, Any], ...] = ({}, {"start": DAY - timedelta(days=30)})
    steps: list[tuple[str, UUID, float]] = [("delete from agents.jobs where id = %s", row["id"], 9)]
    deletes = zip(reversed(kept), (5.1, 5, 0), strict=False)
    steps += [("delete from chronicle.sessions where id = %s", session_pk, hours) for session_pk, hours in deletes]
    for statement, gone, hours in steps:
        owner.execute(statement, (gone,))
        for asked in cases:
            [one] = whom.read_people(people["manager"], **asked)
            assert one.last_active_at == DAY + timedelta(hours=hours)
        if hours == 5.1:
            rollups.finish("real")


def test_amounts_that_are_none_stop_no_refresher_of_agents_and_drafts(owner: Owner, people: People) -> None:
    window(owner, DAY, total_cost="NaN")
    window(owner, DAY + timedelta(hours=2), total_cost="Infinity")
    window(owner, None, "y" * 5000, source="s" * 5000, total_cost=0.5)
    window(owner, None, window_start="-infinity", window_end="infinity")
    row = owner.execute(
        "insert into lift.sessions (user_id, created_at) values (%s, 'infinity') returning id",
        (people["member"].user_id,),
    ).fetchone()
    assert row is not None
    for number, latency in enumerate(("1e300", "1e-300", "100", '"much"', "-1e400"), start=1):
        owner.execute(
            "insert into lift.session_drafts (session_id, user_id, draft_number, code, llm_metrics, created_at)"
            " values (%s, %s, %s, 'x', %s, %s)",
            (row["id"], people["member"].user_id, number, f'{{"latency_ms": {latency}, "cost_usd": {latency}}}', DAY),
        )
    for _ in range(2):
        found = agents.read_agents(people["manager"])
        assert sum(one.windows for one in found) == 4
        assert [one.cost_usd for one in found if one.priced_windows] == [0.5]
        [validity] = lift_sessions.list_validation(people["manager"])
        assert (validity["drafts"], validity["priced"], validity["latency_p50_ms"]) == (5, 1, 100)
        rollups.finish("real")
    assert rollups.list_failures("real") == {}
