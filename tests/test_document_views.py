"""Views and functions that the documents promise to whoever asks the database directly: their figures, by policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import database
from data.access import Actor
from tests import recorded

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
AT = datetime(2026, 10, 5, 23, 30, tzinfo=UTC)


def seen_by(actor: Actor, text: str, *parameters: Any) -> list[dict[str, Any]]:
    with database.reading(actor) as unit:
        return unit.connection.execute(text.encode(), parameters).fetchall()


def lift_session(owner: Owner, person: Actor, status: str, at: datetime = AT) -> UUID:
    session_id = uuid4()
    owner.execute(
        "insert into lift.sessions (id, user_id, status, created_at, updated_at) values (%s, %s, %s, %s, %s)",
        (session_id, person.user_id, status, at, at),
    )
    return session_id


def draft(owner: Owner, session_id: UUID, person: Actor, number: int, **given: Any) -> None:
    values = {"syntax": True, "ast": None, "model": None, "cost": None, "at": AT} | given
    metrics = {"model": values["model"], "cost_usd": values["cost"]}
    owner.execute(
        "insert into lift.session_drafts (session_id, user_id, draft_number, code, syntax_valid, ast_valid,"
        " llm_metrics, created_at) values (%s, %s, %s, 'x', %s, %s, %s, %s)",
        (session_id, person.user_id, number, values["syntax"], values["ast"],
         Jsonb({key: value for key, value in metrics.items() if value is not None}), values["at"]),
    )  # fmt: skip


@pytest.fixture
def drafted(owner: Owner, people: People) -> UUID:
    member = people["member"]
    session_id = lift_session(owner, member, "finalized")
    draft(owner, session_id, member, 1, ast=True, model="small", cost=0.25)
    draft(owner, session_id, member, 2, syntax=False, ast=False, model="small", cost=0.5)
    draft(owner, session_id, member, 3, syntax=None, model="small", at=AT + timedelta(hours=1))
    draft(owner, session_id, member, 4)
    lift_session(owner, member, "error")
    lift_session(owner, people["other"], "active")
    return session_id


def test_rates_of_drafts_count_what_was_checked_by_day_and_model(people: People, drafted: UUID) -> None:
    rows = seen_by(people["member"], "select * from analytics.draft_validation_stats order by day_utc, model")
    assert [tuple(row.values()) for row in rows] == [
        (datetime(2026, 10, 5, tzinfo=UTC), "(unknown model)", 1, 1, 1, 0, 0),
        (datetime(2026, 10, 5, tzinfo=UTC), "small", 2, 2, 1, 2, 1),
        (datetime(2026, 10, 6, tzinfo=UTC), "small", 1, 0, 0, 0, 0),
    ]
    assert not seen_by(people["other"], "select * from analytics.draft_validation_stats")


def test_analytics_of_people_are_their_own_and_a_managers_everybodys(people: People, drafted: UUID) -> None:
    text = (
        "select user_id, sessions, finalized_sessions, lost_sessions, drafts::int, priced_drafts::int, cost_usd "
        "from analytics.user_analytics order by sessions desc"
    )
    own = (people["member"].user_id, 2, 1, 1, 4, 2, 0.75)
    assert [tuple(row.values()) for row in seen_by(people["member"], text)] == [own]
    others = (people["other"].user_id, 1, 0, 0, 0, 0, None)
    assert [tuple(row.values()) for row in seen_by(people["manager"], text)] == [own, others]


def test_recent_activity_is_the_hundred_sessions_that_changed_last(owner: Owner, people: People) -> None:
    ids = [lift_session(owner, people["member"], "active", AT + timedelta(minutes=number)) for number in range(103)]
    rows = seen_by(people["manager"], "select session_id from analytics.recent_activity")
    assert [row["session_id"] for row in rows] == ids[:2:-1]


def test_stats_of_jobs_count_what_the_viewer_sees(owner: Owner, people: People) -> None:
    mine = people["member"].user_id
    for status, seconds in (("completed", 60), ("completed", 120), ("failed", 5)):
        recorded.job(owner, AT, status=status, user_id=mine, started=AT, completed=AT + timedelta(seconds=seconds))
    recorded.job(owner, AT, status="pending", user_id=people["other"].user_id)
    row = seen_by(people["member"], "select * from analytics.job_stats")[0]
    assert (row["total_jobs"], row["completed_jobs"], row["failed_jobs"], row["pending_jobs"]) == (3, 2, 1, 0)
    assert row["avg_processing_time"] == 90
    assert seen_by(people["manager"], "select total_jobs from analytics.job_stats") == [{"total_jobs": 4}]


def test_a_stream_is_given_from_one_number_to_another_both_included(owner: Owner, people: People) -> None:
    for number in range(1, 6):
        owner.execute("select engine.append_event(%s, 'Lead', '7', '{}', 'sales', %s)", (f"STEP_{number}", uuid4()))
    text = "select event_type from engine.get_event_stream('Lead', '7', %s, %s)"
    for first, last, steps in ((2, 4, [2, 3, 4]), (4, None, [4, 5]), (1, 1, [1]), (6, None, [])):
        found = seen_by(people["admin"], text, first, last)
        assert [row["event_type"] for row in found] == [f"STEP_{number}" for number in steps]
