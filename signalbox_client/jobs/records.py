"""A job as its clients see it, the states it can be in, and what can be wrong with asking for another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from signalbox_client.errors import SignalboxError
from signalbox_client.json_values import Unreadable

Status = Literal["pending", "running", "completed", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("pending", "running", "completed", "failed", "cancelled")

# Which states lead into which by which act.
CANCELLABLE: tuple[Status, ...] = ("pending", "running")
RETRYABLE: tuple[Status, ...] = ("failed", "cancelled")


class JobNotFound(SignalboxError):
    """There is no such job, or it is not yours to see."""


class WrongTransition(SignalboxError):
    """The job is in a state from which it cannot get there; nothing was changed."""

    def __init__(self, job_id: UUID, status: str, wanted: str, reason: str = "") -> None:
        self.job_id = job_id
        self.status = status
        self.wanted = wanted
        super().__init__(f"Job {job_id} is {status}, so it cannot become {wanted}{reason}; nothing was changed.")


class AttemptLost(WrongTransition):
    """Another worker has taken this job since; what this one did of it does not count."""


@dataclass(frozen=True)
class Job:
    """One job. `started_at` tells attempts apart: a job that was taken again started again.

    While it runs, `progress` is what its worker reported last; once it is over, `result` is what came of it. Where
    `data` or `result` is more than Python can hold, an `Unreadable` stands there.
    """

    job_id: UUID
    user_id: UUID | None
    agent: str
    status: Status
    data: Any
    result: Any
    error_message: str | None
    created_at: datetime | None
    updated_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def progress(self) -> Any:
        """What the worker of a running job reported last, None before it did."""
        if self.status == "running" and isinstance(self.result, Unreadable):
            return self.result
        if self.status != "running" or not isinstance(self.result, dict):
            return None
        return self.result.get("progress")

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The job of a row of agents.jobs, from the driver or as JSON."""
        return cls(
            job_id=UUID(str(row["id"])),
            user_id=UUID(str(row["user_id"])) if row["user_id"] else None,
            agent=row["agent_identifier"],
            status=row["status"],
            data=row["job_data"],
            result=row["result"],
            error_message=row["error_message"],
            created_at=moment_of(row["created_at"]),
            updated_at=moment_of(row["updated_at"]),
            started_at=moment_of(row["started_at"]),
            completed_at=moment_of(row["completed_at"]),
        )


def moment_of(value: datetime | str | None) -> datetime | None:
    """A time from the driver as it is, from JSON parsed."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
