"""What stands in the demo database: rows that hang together, end at the anchor, and show every state of things."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from data import approvals, demo, embedded
from data.database import queries
from data.identity.demo_accounts import ACCOUNTS
from tests.conftest import MIGRATIONS, Prepared

ANCHOR = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
EVENTS = 12_000
Rows = psycopg.Connection[DictRow]


@pytest.fixture(scope="module")
def made(server: embedded.Lease) -> Iterator[demo.Made]:
    yield demo.create(Prepared(server), MIGRATIONS, events=EVENTS, seed=7, anchor=ANCHOR, replace=True)
    demo.remove(server)


@pytest.fixture
def rows(made: demo.Made, server: embedded.Lease) -> Iterator[Rows]:
    with psycopg.connect(server.url(made.database), autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def one(rows: Rows, query: str, *pieces: object) -> object:
    """The one value of a query; {} in it stand for pieces of SQL written in this file."""
    written = sql.SQL(query).format(*(sql.SQL(str(piece)) for piece in pieces))
    found = rows.execute(written).fetchone()
    assert found is not None
    return next(iter(found.values()))


def test_every_table_gets_the_rows_that_the_receipt_names(made: demo.Made, rows: Rows) -> None:
    copied = {query.text.split()[1] for name, query in queries.all_queries().items() if name.startswith("demo.copy_")}
    assert set(made.rows) == copied
    for table, count in made.rows.items():
        assert count > 0, table
        assert one(rows, "select count(*) from {}", table) == count


def test_there_are_about_as_many_events_as_asked_for(made: demo.Made) -> None:
    assert abs(made.rows["chronicle.events"] - EVENTS) < 0.05 * EVENTS


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("chronicle.events", "timestamp"),
        ("chronicle.tool_events", "created_at"),
        ("signalbox.model_replies", "replied_at"),
        ("agents.jobs", "greatest(created_at, started_at, completed_at)"),
        ("engine.events", "timestamp"),
        ("engine.human_approvals", "greatest(created_at, decided_at)"),
        ("chronicle.sessions", "greatest(started_at, ended_at)"),
        ("engine.sop_executions", "greatest(started_at, completed_at)"),
    ],
)
def test_nothing_happens_after_the_anchor_and_the_newest_is_of_its_day(rows: Rows, table: str, column: str) -> None:
    newest = one(rows, "select max({}) from {}", column, table)
    assert isinstance(newest, datetime)
    assert ANCHOR - timedelta(hours=1) < newest <= ANCHOR
    oldest = one(rows, "select min({}) from {}", column, table)
    assert isinstance(oldest, datetime)
    assert timedelta(days=60) < ANCHOR - oldest < timedelta(days=91)


def test_each_result_follows_its_call_and_takes_its_words(rows: Rows) -> None:
    wrong = """
        select count(*) from chronicle.tool_events as post
        left join chronicle.tool_events as pre on pre.call_id = post.call_id and pre.phase = 'pre'
        where post.phase = 'post' and (pre.id is null or pre.session_id <> post.session_id
            or pre.tool_name <> post.tool_name or pre.created_at > post.created_at
            or (post.success is false) <> (post.error_message is not null))
    """
    assert one(rows, wrong) == 0
    assert one(rows, "select count(*) from chronicle.tool_events where phase = 'pre' and success is not null") == 0


def test_details_carry_the_time_and_session_of_their_event(rows: Rows) -> None:
    for table in ("tool_events", "prompt_events", "notification_events", "lifecycle_events"):
        wrong = """
            select count(*) from chronicle.{} as d inner join chronicle.events as e on e.id = d.event_id
            where e.timestamp is distinct from d.created_at or e.session_id <> d.session_id
        """
        assert one(rows, wrong, table) == 0, table


def test_some_events_have_no_time_and_their_sessions_have_none_either(rows: Rows) -> None:
    untimed = one(rows, "select count(*) from chronicle.events where timestamp is null")
    assert isinstance(untimed, int)
    assert 0 < untimed < 0.1 * EVENTS
    mixed = """
        select count(*) from chronicle.events as e inner join chronicle.sessions as s on s.id = e.session_id
        where (e.timestamp is null) <> (s.started_at is null)
    """
    assert one(rows, mixed) == 0


def test_outcomes_cover_success_failure_refusal_and_what_nobody_knows(rows: Rows) -> None:
    counted = rows.execute("select outcome, count(*) from analytics.tool_calls group by 1").fetchall()
    outcomes = {row["outcome"]: row["count"] for row in counted}
    assert set(outcomes) == {"succeeded", "failed", "refused", None}
    assert 0.01 < outcomes["failed"] / (outcomes["failed"] + outcomes["succeeded"]) < 0.12


def test_events_tie_calls_to_agents_and_an_agent_that_fails_has_calls_that_do(rows: Rows) -> None:
    counted = rows.execute(
        """
        select name, avg(is_failure::int)::float8 as failing from analytics.agent_call_facts
        where is_success or is_failure group by name
        """
    ).fetchall()
    failing = {row["name"]: row["failing"] for row in counted}
    measured = rows.execute("select distinct agent_id from engine.agent_metrics").fetchall()
    assert len(failing.keys() & {row["agent_id"] for row in measured}) >= 6
    assert failing["claude-code"] < 0.1
    assert failing["deploy-bot"] > 2 * failing["claude-code"]


def test_work_rests_at_weekends_and_at_night(rows: Rows) -> None:
    by_weekday = "select count(*) filter (where extract(isodow from started_at) {} 5) from chronicle.sessions"
    at_weekends, on_days = one(rows, by_weekday, ">"), one(rows, by_weekday, "<=")
    assert isinstance(at_weekends, int)
    assert isinstance(on_days, int)
    assert at_weekends * 5 < on_days


def test_the_accounts_of_the_sign_in_page_are_there_with_their_roles(rows: Rows) -> None:
    for account in ACCOUNTS:
        found = rows.execute(
            """
            select coalesce((select role from signalbox.members where user_id = u.id), 'member') as role
            from auth.users as u where id = %s
            """,
            (account.user_id,),
        ).fetchone()
        assert found == {"role": account.role}


def test_the_member_owns_some_sessions_and_jobs_but_not_all(rows: Rows) -> None:
    member = next(account.user_id for account in ACCOUNTS if account.role == "member")
    for query in (
        "select avg((coalesce(metadata ->> 'user_id', '') = '{}')::int)::float8 from chronicle.sessions",
        "select avg((coalesce(user_id::text, '') = '{}')::int)::float8 from agents.jobs",
    ):
        share = one(rows, query, member)
        assert isinstance(share, float)
        assert 0.03 < share < 0.5


def test_jobs_stand_in_every_state_and_some_run_for_over_an_hour(rows: Rows) -> None:
    states = {row["status"] for row in rows.execute("select distinct status::text from agents.jobs").fetchall()}
    assert states == {"pending", "running", "completed", "failed", "cancelled"}
    long = "select count(*) from agents.jobs where status = 'running' and started_at < '{}'"
    assert one(rows, long, ANCHOR - timedelta(hours=1)) not in (0, None)
    assert one(rows, "select count(*) from agents.jobs where (status = 'failed') <> (error_message is not null)") == 0
    assert one(rows, "select count(*) from agents.jobs where completed_at < started_at or started_at < created_at") == 0


def test_jobs_fail_for_many_reasons_and_for_want_of_a_decision_only_where_one_was_asked(rows: Rows) -> None:
    reasons = one(
        rows, "select count(distinct analytics.error_group(error_message)) from agents.jobs where status = 'failed'"
    )
    assert isinstance(reasons, int)
    assert reasons > 5
    wrong = """
        select count(*) from agents.jobs as j where j.error_message = 'Nobody decided in time' and not exists (
            select from engine.human_approvals as a
            where a.context ->> 'job_id' = j.id::text and a.status = 'expired'
        )
    """
    assert one(rows, wrong) == 0


def test_no_table_of_the_five_systems_is_empty(rows: Rows) -> None:
    tables = rows.execute(
        """
        select table_schema || '.' || table_name as name from information_schema.tables
        where table_schema in ('chronicle', 'engine', 'lift', 'agents', 'toolbox') and table_type = 'BASE TABLE'
        """
    ).fetchall()
    assert len(tables) > 20
    assert [row["name"] for row in tables if one(rows, "select not exists (select from {})", row["name"])] == []


def test_sessions_without_times_were_not_all_recorded_at_once(rows: Rows) -> None:
    sessions = one(rows, "select count(*) from chronicle.sessions where started_at is null")
    moments = one(rows, "select count(distinct created_at) from chronicle.sessions where started_at is null")
    assert sessions == moments
    assert sessions not in (0, 1)


def test_the_queue_holds_every_kind_one_soon_due_one_overdue_and_risky_ones(rows: Rows) -> None:
    waiting = rows.execute(
        "select approval_type, risk_level, reason, expires_at from engine.human_approvals where status = 'pending'"
    ).fetchall()
    assert {row["approval_type"] for row in waiting} == {"refund", "email", "deploy", "data_deletion"}
    assert {"low", "medium", "high", "critical"} <= {row["risk_level"] for row in waiting}
    assert all(row["reason"] and row["expires_at"] for row in waiting)
    assert any(row["expires_at"] < ANCHOR for row in waiting)
    assert any(timedelta(0) < row["expires_at"] - ANCHOR < timedelta(hours=1) for row in waiting)


def test_the_queue_holds_overdue_questions_after_the_console_has_closed_those_that_ran_out(rows: Rows) -> None:
    """It does so seconds after it starts; a day later they are still there."""
    for later in (timedelta(seconds=5), timedelta(hours=24)):
        overdue = rows.execute(
            """
            select from engine.human_approvals
            where status = 'pending' and created_at < %(now)s - make_interval(secs => %(overdue_s)s)
                and coalesce(expires_at > %(now)s, true)
            """,
            {"now": ANCHOR + later, "overdue_s": approvals.OVERDUE_S},
        ).fetchall()
        assert overdue, later


def test_one_question_comes_from_a_session_that_runs(rows: Rows) -> None:
    asked = rows.execute(
        """
        select a.title, s.project_name, s.status from engine.human_approvals as a
        inner join chronicle.sessions as s on s.id = a.session_id
        where a.status = 'pending'
        """
    ).fetchall()
    assert len(asked) == 1
    assert asked[0]["status"] == "active"
    assert asked[0]["project_name"] in asked[0]["title"]


def test_every_cause_in_the_engine_is_there_and_came_before(rows: Rows) -> None:
    uncaused = """
        select count(*) from engine.events as e left join engine.events as c on c.event_id = e.causation_id
        where e.causation_id is not null
            and (c.event_id is null or c.correlation_id <> e.correlation_id or c.timestamp > e.timestamp)
    """
    assert one(rows, uncaused) == 0


def test_a_question_of_a_job_names_its_event_and_its_stream_goes_on_from_there(rows: Rows) -> None:
    broken = """
        select count(*) from engine.human_approvals as a left join engine.events as e on e.event_id = a.event_id
        where not coalesce((a.metadata ->> 'imported')::boolean, false) and (
            e.event_id is null or e.aggregate_id <> a.id::text or e.correlation_id <> a.correlation_id
            or not exists (
                select from agents.jobs as j where j.id = (a.context ->> 'job_id')::uuid
                union all
                select from engine.sop_executions as x where x.id = (a.context ->> 'execution_id')::uuid
            )
        )
    """
    assert one(rows, broken) == 0
    next_number = """
        select (engine.append_event('HUMAN_APPROVAL_APPROVED', 'HumanApproval', a.id::text)).sequence_number
        from engine.human_approvals as a where a.status = 'pending' limit 1
    """
    with rows.transaction(force_rollback=True):
        assert one(rows, next_number) == 2


def test_some_sessions_record_their_cost_some_are_estimated_and_some_not_priced(rows: Rows) -> None:
    bases = {
        row["cost_basis"] for row in rows.execute("select distinct cost_basis from analytics.session_costs").fetchall()
    }
    assert {"recorded", "estimate", "not priced"} <= bases


def test_notifications_are_mostly_seen_and_prompts_can_be_searched(rows: Rows) -> None:
    unseen = one(rows, "select avg((not acknowledged)::int)::float8 from chronicle.notification_events")
    assert isinstance(unseen, float)
    assert 0 < unseen < 0.3
    found = (
        "select count(*) from chronicle.prompt_events where to_tsvector('english', prompt_text) @@ to_tsquery('refund')"
    )
    assert one(rows, found) not in (0, None)


def test_sessions_run_now_were_resumed_compacted_and_helped(rows: Rows) -> None:
    assert one(rows, "select count(*) from chronicle.sessions where status = 'active' and ended_at is null") not in (
        0,
        None,
    )
    for condition in (
        "event_type = 'compact_pre'",
        "data ->> 'source' = 'resume'",
        "metadata ? 'agent_id'",
    ):
        assert one(rows, "select count(*) from chronicle.events where {}", condition) not in (0, None), condition
