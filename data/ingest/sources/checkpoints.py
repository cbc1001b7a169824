"""Checkpoints (as the session recorder “Entire” writes them with each commit) as jobs that have ended."""

from __future__ import annotations

from typing import Any

from data.ingest.staging.escaping import as_object, as_text
from data.ingest.staging.keys import key_of
from data.ingest.staging.rows import Job, Rows

_TAKEN = ("checkpoint_id", "session_id", "branch", "files_touched")
_ATTRIBUTION = ("attribution", "initial_attribution")  # who wrote the lines that were committed


def take(rows: Rows, line: int, checkpoint: dict[str, Any]) -> None:
    """Stage one checkpoint as a job. Raises nothing: what is missing stays empty.

    A checkpoint tells of one session when it was made and no more, so the job was created and ended then, and nobody
    knows when it started. Its `automation_rate` is the agent's share of the lines committed. It stays with the job: the
    rates of agents and procedures are of actions, and a checkpoint tells neither those nor what people were asked.
    """
    made_at = rows.times.moment(checkpoint.get("created_at"))
    data: dict[str, Any] = {"kind": "checkpoint", "title": _title(checkpoint)}
    data |= {field: checkpoint[field] for field in _TAKEN if field in checkpoint}
    data["imported"] = {"status": "completed", "ended_at": made_at.isoformat() if made_at else None}
    job = Job(
        job_id=key_of("checkpoint", checkpoint["checkpoint_id"], as_text(checkpoint.get("session_id")) or ""),
        agent=as_text(checkpoint.get("agent")) or "unknown",
        status="completed",
        created_at=made_at,
        started_at=None,
        completed_at=made_at,
        updated_at=made_at,
        data=data,
        result=_result(checkpoint) or None,
    )
    rows.add_job(line, job)


def is_checkpoint(record: dict[str, Any]) -> bool:
    """Whether `record` is a checkpoint of one session; the summary of all its sessions has no time of its own."""
    named = isinstance(record.get("checkpoint_id"), str) and "created_at" in record
    return named and any(field in record for field in ("files_touched", "token_usage", *_ATTRIBUTION))


def _title(checkpoint: dict[str, Any]) -> str:
    """What the job is called in lists: a checkpoint itself has no name."""
    branch = as_text(checkpoint.get("branch"))
    return f"Checkpoint {checkpoint['checkpoint_id']}" + (f" on {branch}" if branch else "")


def _result(checkpoint: dict[str, Any]) -> dict[str, Any]:
    told = next((checkpoint[field] for field in _ATTRIBUTION if checkpoint.get(field)), None)
    result = {"token_usage": checkpoint.get("token_usage"), "attribution": told}
    share = as_object(told).get("agent_percentage", checkpoint.get("agent_percentage"))
    if isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 100:
        result["automation_rate"] = share / 100
    return {name: value for name, value in result.items() if value is not None}
