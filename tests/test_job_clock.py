"""What the database itself keeps of agent jobs: the times of a job by its status, and the counts of a person's jobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data.access import Actor

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
ENDS = STATUSES[2:]
OTHER_DAY = datetime(2026, 3, 3, 8, tzinfo=UTC)


def make_job(owner: Owner, *path: str, user_id: UUID | None = None) -> UUID:
    """A job that was created pending a day ago and went through these states."""
    job_id = uuid4()
    owner.execute(
        "insert into agents.jobs (id, user_id, agent_identifier, created_at, updated_at)"
        " values (%s, %s, 'writer', now() - interval '1 day', now() - interval '1 day')",
        (job_id, user_id),
    )
    for status in path:
        become(owner, job_id, status)
    return job_id


def become(owner: Owner, job_id: UUID, status: str) -> None:
    owner.execute("update agents.jobs set status = %s where id = %s", (status, job_id))


def clock(owner: Owner, job_id: UUID) -> dict[str, Any]:
    query = "select started_at, completed_at, created_at, updated_at from agents.jobs where id = %s"
    row = owner.execute(query, (job_id,)).fetchone()
    assert row
    return dict(row)


def test_running_starts_the_clock_and_an_end_stops_it(owner: Owner) -> None:
    job_id = make_job(owner)
    assert (clock(owner, job_id)["started_at"], clock(owner, job_id)["completed_at"]) == (None, None)
    become(owner, job_id, "running")
    started = clock(owner, job_id)
    assert started["started_at"] > started["created_at"]
    assert started["completed_at"] is None
    become(owner, job_id, "completed")
    ended = clock(owner, job_id)
    assert ended["started_at"] == started["started_at"]
    assert ended["completed_at"] > ended["started_at"]


@pytest.mark.parametrize("end", ENDS)
def test_every_end_stops_the_clock_and_going_back_clears_it(owner: Owner, end: str) -> None:
    job_id = make_job(owner, "running", end)
    assert clock(owner, job_id)["completed_at"] is not None
    become(owner, job_id, "pending")
    assert (clock(owner, job_id)["started_at"], clock(owner, job_id)["completed_at"]) == (None, None)


def test_a_second_attempt_has_a_clock_of_its_own(owner: Owner) -> None:
    job_id = make_job(owner, "running", "failed")
    first = clock(owner, job_id)
    become(owner, job_id, "running")
    again = clock(owner, job_id)
    assert again["started_at"] > first["started_at"]
    assert again["completed_at"] is None


def test_an_attempt_whose_start_the_writer_gives_has_not_ended_either(owner: Owner) -> None:
    job_id = make_job(owner, "running", "failed")
    owner.execute("update agents.jobs set status = 'running', started_at = now() where id = %s", (job_id,))
    assert clock(owner, job_id)["completed_at"] is None
    become(owner, job_id, "failed")
    owner.execute("update agents.jobs set status = 'running', completed_at = %s where id = %s", (OTHER_DAY, job_id))
    assert clock(owner, job_id)["completed_at"] == OTHER_DAY  # who says when is believed


def test_cancelled_before_it_ran_never_started(owner: Owner) -> None:
    times = clock(owner, make_job(owner, "cancelled"))
    assert times["started_at"] is None
    assert times["completed_at"] is not None


def inserted(owner: Owner, **columns: object) -> dict[str, Any]:
    """The times of a job that is inserted with these columns, and `now` of that transaction."""
    query = sql.SQL(
        "insert into agents.jobs (agent_identifier, {}) values ('writer', {})"
        " returning created_at, started_at, completed_at, now() as now"
    ).format(sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(map(sql.Placeholder, columns)))
    row = owner.execute(query, columns).fetchone()
    assert row
    return dict(row)


def test_a_job_inserted_as_running_starts_as_it_is_created(owner: Owner) -> None:
    times = inserted(owner, status="running")
    assert (times["started_at"], times["completed_at"]) == (times["now"], None)


@pytest.mark.parametrize("end", ENDS)
def test_a_job_inserted_as_ended_ends_as_it_is_created_and_nobody_knows_when_it_started(owner: Owner, end: str) -> None:
    times = inserted(owner, status=end)
    assert (times["started_at"], times["completed_at"]) == (None, times["now"])


def test_a_job_inserted_as_waiting_has_no_clock(owner: Owner) -> None:
    times = inserted(owner, status="pending")
    assert (times["started_at"], times["completed_at"]) == (None, None)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("created_at", [None, OTHER_DAY])
def test_a_job_out_of_a_log_keeps_its_times_and_those_that_nobody_knows(
    owner: Owner, status: str, created_at: datetime | None
) -> None:
    times = inserted(owner, status=status, created_at=created_at)
    assert (times["created_at"], times["started_at"], times["completed_at"]) == (created_at, None, None)


@pytest.mark.parametrize("column", ["started_at", "completed_at"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_job_inserted_with_one_of_its_times_is_given_no_other(owner: Owner, status: str, column: str) -> None:
    times = inserted(owner, status=status, **{column: OTHER_DAY})
    other = {"started_at": "completed_at", "completed_at": "started_at"}[column]
    assert (times[column], times[other]) == (OTHER_DAY, None)


def test_times_that_a_writer_gives_are_kept(owner: Owner) -> None:
    job_id = make_job(owner)
    owner.execute(
        "update agents.jobs set status = 'running', started_at = '2026-11-01T10:00:00Z' where id = %s", (job_id,)
    )
    owner.execute(
        "update agents.jobs set status = 'failed', completed_at = '2026-11-01T10:05:00Z' where id = %s", (job_id,)
    )
    times = clock(owner, job_id)
    assert (times["started_at"].isoformat(), times["completed_at"].isoformat()) == (
        "2026-11-01T10:00:00+00:00",
        "2026-11-01T10:05:00+00:00",
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_change_that_is_none_of_the_status_moves_updated_at_alone(owner: Owner, status: str) -> None:
    job_id = make_job(owner, *(("running",) if status in {"completed", "failed"} else ()), status)
    before = clock(owner, job_id)
    owner.execute("update agents.jobs set result = '{}' where id = %s", (job_id,))
    after = clock(owner, job_id)
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == before


def stats(owner: Owner, asking: Actor, about: UUID) -> dict[str, int]:
    claims = json.dumps({"sub": str(asking.user_id), "role": "authenticated"})
    with owner.transaction():
        owner.execute(
            "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)", (claims,)
        )
        row = owner.execute("select agents.get_job_stats(%s) as stats", (about,)).fetchone()
    assert row
    return dict(row["stats"])


def test_job_stats_count_one_persons_jobs_by_status(owner: Owner, people: People) -> None:
    member, other = people["member"], people["other"]
    paths = ((), (), ("running",), ("running", "completed"), ("running", "failed"), ("cancelled",), ("cancelled",))
    for path in paths:
        make_job(owner, *path, user_id=member.user_id)
    make_job(owner, user_id=other.user_id)
    make_job(owner)
    expected = {"total": 7, "pending": 2, "running": 1, "completed": 1, "failed": 1, "cancelled": 2}
    assert stats(owner, member, member.user_id) == expected
    assert stats(owner, people["manager"], member.user_id) == expected
    assert stats(owner, other, member.user_id) == dict.fromkeys(expected, 0)
    assert stats(owner, other, uuid4()) == dict.fromkeys(expected, 0)


def test_nobody_without_an_account_asks_for_job_stats(owner: Owner) -> None:
    def ask() -> None:
        with owner.transaction():
            owner.execute("set local role anon")
            owner.execute("select agents.get_job_stats(%s)", (uuid4(),))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask()
