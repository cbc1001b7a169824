"""Work items (as the issue tracker “beads” writes them) as jobs."""

from __future__ import annotations

from typing import Any

from data.ingest.staging.escaping import as_text
from data.ingest.staging.keys import key_of
from data.ingest.staging.rows import Job, Rows

_STATUS = {"open": "pending", "in_progress": "running", "closed": "completed", "tombstone": "cancelled"}
_WORDS = {"id": "id", "title": "title", "issue_type": "type", "status": "status"}
_TAKEN = ("priority", "description", "labels", "dependencies", "original_type")
_OUTCOME = ("close_reason", "delete_reason")


def take(rows: Rows, line: int, item: dict[str, Any]) -> str:
    """Stage one item as a job; the status it got. Raises nothing: what is missing stays empty.

    A status that is none of the four known (`blocked` for instance) waits, and keeps its name in the job's data.
    """
    status = _STATUS.get(item["status"], "pending")
    data = {"kind": "work_item"}
    data |= {name: item[field] for field, name in _WORDS.items() if field in item}
    data |= {field: item[field] for field in _TAKEN if field in item}
    moment = rows.times.moment
    created = moment(item.get("created_at"))
    ended = item.get("closed_at") or (item.get("deleted_at") if status == "cancelled" else None)
    agents = (as_text(item.get(field)) for field in ("assignee", "owner", "created_by"))
    job = Job(
        job_id=key_of("work_item", item["id"], str(item.get("created_at"))),
        agent=next((agent for agent in agents if agent), "unknown"),
        status=status,
        created_at=created,
        started_at=moment(item.get("started_at")),
        completed_at=moment(ended) if status in ("completed", "cancelled") else None,
        updated_at=moment(item.get("updated_at")) or created,
        data=data,
        result={field: item[field] for field in _OUTCOME if item.get(field)} or None,
    )
    rows.add_job(line, job)
    return status
