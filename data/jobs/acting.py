"""What an admin does to one job: cancel it, or put it back into the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from data import adoption, audit, database
from data.access import Actor
from data.arguments import checked
from data.database import Unit
from data.errors import Conflict, NotAllowed, NotFound
from data.jobs.reading import STATUSES
from signalbox_client.connection import Work
from signalbox_client.jobs import CANCELLABLE, RETRYABLE, acts
from signalbox_client.json_values import Unreadable

_TABLE = "agents.jobs"


class JobMoved(Conflict):
    """This job is no longer in the state you saw, so nothing was changed. Look at it again."""


@dataclass(frozen=True)
class JobReceipt:
    """What an act did: the job, its agent, the states before and after."""

    job_id: UUID
    agent: str
    before: str
    after: str


@checked(expected=STATUSES)
def cancel(actor: Actor, job_id: UUID, expected: str) -> JobReceipt:
    """Cancel a job that is still in the state the actor saw, pending or running; the clock of the job stops.

    Nothing stops an agent that does not look at its job. Raises WrongArgument, NotAllowed, NotFound, JobMoved.
    """
    actor.must("operate_jobs")
    with adoption.explained(actor, _TABLE), database.writing(actor) as unit:
        before = acts.cancel(Work(unit.connection), job_id, [expected])
        if before is None:
            raise _moved(unit, job_id, "cancelled", CANCELLABLE)
        audit.record(unit, actor, "cancelled a job", _target(job_id), _detail(before))
    return JobReceipt(job_id, before["agent"], before["status"], "cancelled")


@checked(expected=STATUSES)
def retry(actor: Actor, job_id: UUID, expected: str) -> JobReceipt:
    """Put a job that failed or was cancelled, and still is as the actor saw it, back into the queue.

    Its error, result and times belong to the attempt that is over: they move into the audit log.
    Raises WrongArgument, NotAllowed, NotFound, JobMoved.
    """
    actor.must("operate_jobs")
    with adoption.explained(actor, _TABLE), database.writing(actor) as unit:
        before = acts.retry(Work(unit.connection), job_id, [expected])
        if before is None:
            raise _moved(unit, job_id, "retried", RETRYABLE)
        audit.record(unit, actor, "retried a job", _target(job_id), _detail(before))
    return JobReceipt(job_id, before["agent"], before["status"], "pending")


def _target(job_id: UUID) -> str:
    return f"job:{job_id}"


def _detail(before: dict[str, Any]) -> dict[str, Any]:
    """What the job was before, for the audit log; what was not there is left out."""
    return {name: _written(value) for name, value in before.items() if value is not None}


def _written(value: Any) -> Any:
    if isinstance(value, Unreadable):
        return value.text
    return value.isoformat() if isinstance(value, datetime) else value


def _moved(unit: Unit, job_id: UUID, wanted: str, possible: Sequence[str]) -> NotFound | NotAllowed | JobMoved:
    """Why a job was not there to be cancelled or retried: what it is now, and who made it so where that is known; or
    policies of an adopted table that let it be seen and not changed."""
    now = unit.row("jobs.find_state", job_id=job_id)
    if now is None:
        return NotFound("There is no such job, or it is not yours to see.")
    if not now["is_changeable"]:
        return NotAllowed(f"The policies of its table let you see this job, not change it, so it was not {wanted}.")
    since = f"since {now['updated_at']:%H:%M:%S} UTC on {now['updated_at']:%Y-%m-%d}"
    if now["actor_email"] and abs((now["updated_at"] - now["occurred_at"]).total_seconds()) < 1:
        sentence = f"{now['actor_email']} was faster and {now['action']}: it is {now['status']} {since}."
    else:
        sentence = f"This job is {now['status']} {since}."
    if now["status"] in possible:
        return JobMoved(f"{sentence} That is not what you saw, so it was not {wanted}; look at it again.")
    return JobMoved(f"{sentence} So it was not {wanted}; nothing was changed.")
