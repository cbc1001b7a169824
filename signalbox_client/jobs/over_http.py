"""The jobs client over HTTP, with supabase-py: as a service with a secret key, or as the person signed in."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.jobs import arguments
from signalbox_client.jobs.client import lost, unreadable
from signalbox_client.jobs.records import CANCELLABLE, RETRYABLE, Job, JobNotFound, WrongTransition
from signalbox_client.json_values import Unreadable, parsed
from signalbox_client.over_http import Client, Schema, Taken, answer

CANDIDATES = 20  # looked at together; each is asked for with the condition that it is still pending
MAX_TRIED = 100  # what was tried in vain stands in the address of the next request
_PLAIN = "id,user_id,agent_identifier,status,error_message,created_at,updated_at,started_at,completed_at"
_JSON = "job_data::text,result::text"


class SupabaseJobs:
    """Jobs through a project's HTTP interface; the schema `agents` has to be among its exposed schemas.

    Does what `Jobs` does, except that lost workers are not found: that takes the database's clock. Every method raises
    BadArgument for what cannot be used, and DatabaseUnavailable, NotAllowed, SchemaNotExposed, TookTooLong,
    RefusedByDatabase.
    """

    def __init__(self, client: Client) -> None:
        self._agents = Schema(client, "agents")

    def create(
        self,
        agent: str,
        data: Mapping[str, Any] | None = None,
        *,
        user_id: UUID | str | None = None,
        job_id: UUID | str | None = None,
    ) -> Job:
        """Ask an agent for work: a pending job with its input `data` (a JSON object), for whom it is done.

        With a `job_id` of the caller's own, asking twice makes one job. As the person signed in, `user_id` has to be
        that person's. Raises BadArgument where the id is that of another job.
        """
        owner = checking.optional_identifier("user_id", user_id)
        written = None if data is None else checking.json_object("data", data)
        row = {
            "id": str(checking.optional_identifier("job_id", job_id) or uuid4()),
            "user_id": str(owner) if owner else None,
            "agent_identifier": checking.text("agent", agent),
            "job_data": None if written is None else json.loads(written),
        }
        try:
            return Job.of(self._agents.insert("jobs", row, _PLAIN) | {"job_data": row["job_data"], "result": None})
        except Taken:
            found = self._read(str(row["id"]))
            if found is None or not arguments.is_asked(found, agent, owner, written):
                raise BadArgument("job_id", "is the id of another job.") from None
            return found

    def get(self, job_id: UUID | str) -> Job:
        """One job as it is now. Raises JobNotFound."""
        found = self._read(checking.identifier("job_id", job_id))
        if found is None:
            raise JobNotFound
        return found

    def take(self, agent: str | Sequence[str] | None = None) -> Job | None:
        """Start the oldest pending job (of these agents, or of any) and return it; None where there is none.

        No two workers are ever given the same one: each is asked for on condition that it is still pending. A job whose
        input is more than Python can hold fails with that reason, and the next one is taken.
        """
        names = arguments.agents_of(agent)
        tried: list[str] = []  # taken by others meanwhile, or not ours to take
        while len(tried) <= MAX_TRIED:
            request = self._agents.table("jobs").select("id").eq("status", "pending")
            if names is not None:
                request = request.in_("agent_identifier", names)
            if tried:
                request = request.not_.in_("id", tried)
            pending = answer(request.order("created_at").order("id").limit(CANDIDATES))
            for candidate in pending:
                tried.append(candidate["id"])
                changed = self._change(candidate["id"], {"status": "running"}, status="pending")
                now = self._read(candidate["id"]) if changed else None
                if changed and now:
                    job = Job.of(changed | {"job_data": now.data, "result": now.result})
                    if not isinstance(job.data, Unreadable):
                        return job
                    self.fail(job, unreadable(job.data))
            if not pending:
                return None
        return None

    def progress(self, job: Job, progress: Any) -> Job:
        """Report how far this attempt is (any JSON value); it is a sign of life, too. Raises as `Jobs.progress`."""
        value = json.loads(checking.json_text("progress", progress))
        return self._report(job, {"result": {"progress": value}}, "running")

    def complete(self, job: Job, result: Any = None) -> Job:
        """End this attempt with what came of it (any JSON value). Saying so twice is as good as once."""
        value = json.loads(arguments.optional_json("result", result) or "null")
        return self._report(job, {"status": "completed", "result": value, "error_message": None}, "completed")

    def fail(self, job: Job, error_message: str, result: Any = None) -> Job:
        """End this attempt with the reason why it failed, and what there is of a result."""
        value = json.loads(arguments.optional_json("result", result) or "null")
        said = arguments.error_text(error_message)
        return self._report(job, {"status": "failed", "result": value, "error_message": said}, "failed")

    def cancel(self, job_id: UUID | str) -> Job:
        """Cancel a job that is pending or running. Raises WrongTransition, JobNotFound."""
        return self._move(job_id, {"status": "cancelled"}, CANCELLABLE)

    def retry(self, job_id: UUID | str) -> Job:
        """Put a job that failed or was cancelled back into the queue. Raises WrongTransition, JobNotFound."""
        return self._move(job_id, {"status": "pending", "error_message": None, "result": None}, RETRYABLE)

    def _read(self, job_id: UUID | str) -> Job | None:
        row = self._agents.find("jobs", f"{_PLAIN},{_JSON}", id=str(job_id))
        return Job.of(parsed(row, "agents.jobs", ("job_data", "result"))) if row else None

    def _change(self, job_id: UUID | str, changes: Mapping[str, Any], **expected: str) -> dict[str, Any] | None:
        """The changed row without its JSON, None where it is not as expected."""
        request = self._agents.table("jobs").update(dict(changes)).eq("id", str(job_id)).match(expected)
        return next(iter(answer(request.select(_PLAIN))), None)

    def _report(self, job: Job, changes: Mapping[str, Any], status: str) -> Job:
        attempt = arguments.taken(job)
        started = attempt.started_at.isoformat() if attempt.started_at else ""
        done = self._change(attempt.job_id, changes, status="running", started_at=started)
        if done:
            return Job.of(done | {"job_data": attempt.data, "result": changes["result"]})
        now = self.get(attempt.job_id)
        told = {"status": now.status, "result": now.result, "error_message": now.error_message}
        if told == dict(changes) and now.started_at == attempt.started_at:
            return now  # asked again because the first answer was not heard
        raise lost(attempt, now, status)

    def _move(self, job_id: UUID | str, changes: Mapping[str, Any], possible: Collection[str]) -> Job:
        wanted = checking.identifier("job_id", job_id)
        request = self._agents.table("jobs").update(dict(changes)).eq("id", str(wanted))
        done = answer(request.in_("status", list(possible)).select("id"))
        now = self.get(wanted)
        if done:
            return now
        raise WrongTransition(now.job_id, now.status, str(changes["status"]))
