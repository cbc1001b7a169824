"""What the clients of jobs accept, checked before anything is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from signalbox_client import checking, json_values
from signalbox_client.errors import BadArgument
from signalbox_client.jobs.records import Job

MAX_ERROR_CHARACTERS = 100_000
LONGEST_SILENCE = timedelta(days=36_525)


def agents_of(agent: str | Sequence[str] | None) -> list[str] | None:
    """The agents to take jobs for: one, several, or None for any."""
    if agent is None:
        return None
    if isinstance(agent, str):
        return [checking.text("agent", agent)]
    if not isinstance(agent, Sequence) or not agent:
        raise BadArgument("agent", "must be the name of an agent, several names, or None for any agent.")
    return [checking.text("agent", name) for name in agent]


def seconds_of(lost_after: timedelta | None) -> float | None:
    """After how many seconds without a sign of life a running job counts as lost; None never."""
    if lost_after is None:
        return None
    if not isinstance(lost_after, timedelta):
        raise BadArgument("lost_after", f"must be a timedelta or None, not {type(lost_after).__name__}.")
    if not timedelta(0) < lost_after <= LONGEST_SILENCE:
        raise BadArgument("lost_after", f"must be longer than nothing and at most {LONGEST_SILENCE.days} days.")
    return lost_after.total_seconds()


def taken(job: object) -> Job:
    """A job as `take` gave it."""
    if not isinstance(job, Job):
        raise BadArgument("job", f"must be a job as take() gave it, not {type(job).__name__}.")
    if job.started_at is None:
        raise BadArgument("job", "has not been taken: only the worker that took a job reports on it.")
    return job


def is_asked(job: Job, agent: str, user_id: UUID | None, data: str | None) -> bool:
    """Whether a job is the one asked for: of that agent, for that person, with that input (as JSON)."""
    return (job.agent, job.user_id) == (agent, user_id) and json_values.is_same(
        job.data, None if data is None else json.loads(data)
    )


def error_text(value: object) -> str:
    """Why a job failed."""
    return checking.text("error_message", value, longest=MAX_ERROR_CHARACTERS)


def optional_json(argument: str, value: Any) -> str | None:
    """A JSON value as text; None stays SQL's null."""
    return None if value is None else checking.json_text(argument, value)
