"""What agents were asked to do and what came of it; an admin cancels or retries one."""

from data.jobs.acting import JobMoved, JobReceipt, cancel, retry
from data.jobs.reading import (
    ENDED,
    LONG_RUNNING_S,
    STATELESS,
    STATUSES,
    FailureGroup,
    Failures,
    JobSummary,
    count_facets,
    read_acts,
    read_buckets,
    read_failures,
    read_job,
    read_jobs,
    read_summary,
)
from signalbox_client.jobs import CANCELLABLE, RETRYABLE

__all__ = [
    "CANCELLABLE",
    "ENDED",
    "LONG_RUNNING_S",
    "RETRYABLE",
    "STATELESS",
    "STATUSES",
    "FailureGroup",
    "Failures",
    "JobMoved",
    "JobReceipt",
    "JobSummary",
    "cancel",
    "count_facets",
    "read_acts",
    "read_buckets",
    "read_failures",
    "read_job",
    "read_jobs",
    "read_summary",
    "retry",
]
