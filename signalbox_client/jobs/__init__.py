"""The jobs client: ask an agent for work, take the next job, report on it, end it, cancel it, try again."""

from signalbox_client.jobs.client import Jobs
from signalbox_client.jobs.records import (
    CANCELLABLE,
    RETRYABLE,
    STATUSES,
    AttemptLost,
    Job,
    JobNotFound,
    Status,
    WrongTransition,
)

__all__ = [
    "CANCELLABLE",
    "RETRYABLE",
    "STATUSES",
    "AttemptLost",
    "Job",
    "JobNotFound",
    "Jobs",
    "Status",
    "WrongTransition",
]
