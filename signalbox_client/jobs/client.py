"""Jobs over a connection to PostgreSQL: make one, take the next, report on it, end it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from signalbox_client import checking
from signalbox_client.acting import transaction_as
from signalbox_client.connection import Database, Source, Work
from signalbox_client.errors import BadArgument
from signalbox_client.jobs import acts, arguments
from signalbox_client.jobs.records import CANCELLABLE, RETRYABLE, AttemptLost, Job, JobNotFound, WrongTransition
from signalbox_client.json_values import Unreadable


class Jobs:
    """The jobs of a database, for those who ask for work and those who do it; safe to share between threads.

    `user_id` is the person to act as: row-level security then shows that person's jobs alone. Without one the jobs are
    those that the role of the connection may see, all of them for a service.

    Every method raises BadArgument for what cannot be used, and DatabaseUnavailable, NotAllowed, TookTooLong,
    RefusedByDatabase.
    """

    def __init__(self, source: Source | Database, *, user_id: UUID | str | None = None) -> None:
        self._database = Database.of(source)
        self._user_id = checking.optional_identifier("user_id", user_id)

    def create(
        self,
        agent: str,
        data: Mapping[str, Any] | None = None,
        *,
        user_id: UUID | str | None = None,
        job_id: UUID | str | None = None,
    ) -> Job:
        """Ask an agent for work: a pending job with its input `data` (a JSON object), for whom it is done.

        With a `job_id` of the caller's own, asking twice makes one job. Acting as a person, that person is `user_id`.
        Raises BadArgument where the id is that of another job.
        """
        wanted: dict[str, Any] = {
            "job_id": checking.optional_identifier("job_id", job_id) or uuid4(),
            "user_id": checking.optional_identifier("user_id", user_id) or self._user_id,
            "agent": checking.text("agent", agent),
            "data": None if data is None else checking.json_object("data", data),
        }
        with transaction_as(self._database, self._user_id) as work:
            if created := work.row("jobs.create", **wanted):
                return Job.of(created)
            row = work.row("jobs.find", job_id=wanted["job_id"])
        job = Job.of(row) if row else None
        if job is None or not arguments.is_asked(job, wanted["agent"], wanted["user_id"], wanted["data"]):
            raise BadArgument("job_id", "is the id of another job.")
        return job

    def get(self, job_id: UUID | str) -> Job:
        """One job as it is now. Raises JobNotFound."""
        wanted = checking.identifier("job_id", job_id)
        with transaction_as(self._database, self._user_id) as work:
            return _found(work, wanted)

    def take(self, agent: str | Sequence[str] | None = None, *, lost_after: timedelta | None = None) -> Job | None:
        """Start the oldest pending job (of these agents, or of any) and return it; None where there is none.

        No two workers are ever given the same one. With `lost_after`, a running job whose worker has reported nothing
        for that long is taken from it, so that work happens at least once, not exactly once. A job whose input is
        more than Python can hold fails with that reason, and the next one is taken.
        """
        wanted = {"agents": arguments.agents_of(agent), "lost_after_s": arguments.seconds_of(lost_after)}
        while True:
            with transaction_as(self._database, self._user_id) as work:
                row = work.row("jobs.take", **wanted)
                job = Job.of(row) if row else None
                if job is None or not isinstance(job.data, Unreadable):
                    return job
                key = {"job_id": job.job_id, "started_at": job.started_at}
                work.row("jobs.finish", **key, status="failed", result=None, error_message=unreadable(job.data))

    def progress(self, job: Job, progress: Any) -> Job:
        """Report how far this attempt is (any JSON value); it is a sign of life, too.

        Raises WrongTransition where the job was cancelled meanwhile (stop working then), AttemptLost where another
        worker has it, JobNotFound.
        """
        wanted = {"progress": checking.json_text("progress", progress)}
        return self._report(job, "jobs.report", "running", wanted)

    def complete(self, job: Job, result: Any = None) -> Job:
        """End this attempt with what came of it (any JSON value). Saying so twice is as good as once.

        Raises as `progress`.
        """
        wanted = {"result": arguments.optional_json("result", result), "error_message": None}
        return self._report(job, "jobs.finish", "completed", wanted)

    def fail(self, job: Job, error_message: str, result: Any = None) -> Job:
        """End this attempt with the reason why it failed, and what there is of a result. Raises as `progress`."""
        wanted = {
            "result": arguments.optional_json("result", result),
            "error_message": arguments.error_text(error_message),
        }
        return self._report(job, "jobs.finish", "failed", wanted)

    def cancel(self, job_id: UUID | str) -> Job:
        """Cancel a job that is pending or running. Its worker hears of it at its next report.

        Raises WrongTransition, JobNotFound.
        """
        wanted = checking.identifier("job_id", job_id)
        with transaction_as(self._database, self._user_id) as work:
            done = acts.cancel(work, wanted)
            return _moved(work, wanted, "cancelled", done is not None, CANCELLABLE)

    def retry(self, job_id: UUID | str) -> Job:
        """Put a job that failed or was cancelled back into the queue. Raises WrongTransition, JobNotFound."""
        wanted = checking.identifier("job_id", job_id)
        with transaction_as(self._database, self._user_id) as work:
            done = acts.retry(work, wanted)
            return _moved(work, wanted, "pending", done is not None, RETRYABLE)

    def _report(self, job: Job, statement: str, status: str, wanted: dict[str, Any]) -> Job:
        attempt = arguments.taken(job)
        key = {"job_id": attempt.job_id, "started_at": attempt.started_at}
        if statement == "jobs.finish":
            wanted = wanted | {"status": status}
        with transaction_as(self._database, self._user_id) as work:
            row = work.row(statement, **key, **wanted)
            if row is None and statement == "jobs.finish" and work.value("jobs.is_finished_so", **key, **wanted):
                row = work.row("jobs.find", job_id=attempt.job_id)
            if row is None:
                raise lost(attempt, _found(work, attempt.job_id), status)
        return Job.of(row)


def lost(attempt: Job, now: Job, wanted: str) -> WrongTransition:
    """Why an attempt may not report: the job is over, or somebody else's."""
    if now.status == "running":
        return AttemptLost(now.job_id, "running", wanted, " by this worker: another one has taken it since")
    return WrongTransition(attempt.job_id, now.status, wanted)


def unreadable(data: Unreadable) -> str:
    """What a job failed of that no worker can begin."""
    return f"This was not begun, as no worker can: its input cannot be read, for {data.reason}."


def _found(work: Work, job_id: UUID) -> Job:
    row = work.row("jobs.find", job_id=job_id)
    if row is None:
        raise JobNotFound
    return Job.of(row)


def _moved(work: Work, job_id: UUID, wanted: str, was_done: bool, possible: Sequence[str]) -> Job:
    now = _found(work, job_id)
    if was_done:
        return now
    if now.status in possible:  # seen, but not to be changed by this person
        raise WrongTransition(job_id, now.status, wanted, " by you: it is another person's")
    raise WrongTransition(job_id, now.status, wanted)
