"""The two acts on a job that are no worker's: cancelling it and putting it back into the queue.

The console's admins and the writers' client do them by this code alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from signalbox_client.connection import Work
from signalbox_client.jobs.records import CANCELLABLE, RETRYABLE


def cancel(work: Work, job_id: UUID, expected: Collection[str] = CANCELLABLE) -> dict[str, Any] | None:
    """Cancel a job that is pending or running, and in one of the `expected` states.

    Returns what it was before (agent, status, error_message, started_at, completed_at), None where it is not as
    expected; then nothing was changed.
    """
    return work.row("jobs.cancel", job_id=job_id, expected=list(expected))


def retry(work: Work, job_id: UUID, expected: Collection[str] = RETRYABLE) -> dict[str, Any] | None:
    """Put a job that failed or was cancelled, and is in one of the `expected` states, back into the queue, without the
    error and result of the attempt that is over.

    Returns what it was before (as `cancel`, and result), None where it is not as expected; then nothing was changed.
    """
    return work.row("jobs.retry", job_id=job_id, expected=list(expected))
