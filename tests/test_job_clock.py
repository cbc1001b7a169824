"""What the database itself keeps of agent jobs: the times of a job by its status, and the counts of a person's jobs."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
ENDS = STATUSES[2:]


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


def test_cancelled_before_it_ran_never_started(owner: Owner) -> None:
    times = clock(owner, make_job(owner, "cancelled"))
    assert times["started_at"] is None
    assert times["completed_at"] is not None


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
