"""What agents were asked to do and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
ENDED = "ended"  # what one may ask for beside a status: completed or failed, as `JobSummary.ended` counts them
STATELESS = "stateless"  # likewise: none of STATUSES, as an adopted table may have it
LONG_RUNNING_S = 3600  # agent-jobs.md asks about jobs that run for more than an hour
MAX_GROUPS = 50  # kinds of failures on one screen; the export holds all
MAX_ACTS = 50  # of one job's timeline


@dataclass(frozen=True)
class JobSummary:
    """Jobs of a period by what became of them, against the period before, and what is open now.

    A job counts when it ended; while it is open, when it was created. Times in milliseconds: `p50_ms` and `p95_ms` over
    the `timed` completed jobs, `wait_p50_ms` from creation to start.
    """

    jobs: int
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int
    timed: int
    p50_ms: float | None
    p95_ms: float | None
    wait_p50_ms: float | None
    previous_jobs: int
    previous_completed: int
    previous_failed: int
    previous_timed: int
    previous_p95_ms: float | None
    pending_now: int
    running_now: int
    long_running_now: int
    running_untimed_now: int
    oldest_pending_at: datetime | None

    @property
    def finished(self) -> int:
        """Jobs that ended in the period, however."""
        return self.completed + self.failed + self.cancelled

    @property
    def stateless(self) -> int:
        """Jobs of an adopted table whose state is none of STATUSES, or not there."""
        return self.jobs - self.finished - self.pending - self.running

    @property
    def ended(self) -> int:
        """Jobs that came to an end by themselves: what rates are taken over."""
        return self.completed + self.failed

    @property
    def previous_ended(self) -> int:
        """The same of the period before."""
        return self.previous_completed + self.previous_failed


@dataclass(frozen=True)
class FailureGroup:
    """One kind of failure of one agent: `group` without what differs from case to case, `example` its
    newest text."""

    agent: str
    group: str
    cases: int
    last_at: datetime | None
    example: str | None
    newest_id: UUID


@dataclass(frozen=True)
class Failures:
    """The most frequent kinds of failures, and how many kinds there are."""

    shown: tuple[FailureGroup, ...]
    groups: int


@checked()
def read_summary(
    actor: Actor,
    *,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    agent: str | None = None,
    search: str | None = None,
    long_running_s: int = LONG_RUNNING_S,
) -> JobSummary:
    """Jobs from `start` up to `end` (None is open), or only those without a time; and what is open at `now`, from
    whatever time. Raises what `database.reading` raises, as every reader here.
    """
    asked = {
        "start": start,
        "end": end,
        "untimed": untimed,
        "previous_start": previous_start,
        "previous_end": previous_end,
        "agent": agent,
        "now": now,
        "long_s": long_running_s,
    }
    with database.reading(actor) as unit:
        row = (
            unit.row("jobs.found.summarise", **asked, search=search) if search else unit.row("jobs.summarise", **asked)
        )
    found = row or {}
    return JobSummary(**{field.name: found[field.name] for field in fields(JobSummary)})


@checked()
def read_buckets(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    unit: str = "day",
    zone: str = "UTC",
    agent: str | None = None,
    search: str | None = None,
) -> pd.DataFrame:
    """Jobs per `unit` (hour, day, week, month) of the zone: bucket, jobs, one column per status."""
    asked = {"start": start, "end": end, "untimed": untimed, "unit": unit, "zone": zone, "agent": agent}
    with database.reading(actor) as reading:
        if search:
            return reading.frame("jobs.found.list_buckets", **asked, search=search)
        return reading.frame("jobs.list_buckets", **asked, coarsest=rollups.coarsest(unit, zone, start, end))


@checked()
def read_jobs(
    actor: Actor,
    *,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    agent: str | None = None,
    status: str | None = None,
    search: str | None = None,
    error_group: str | None = None,
    long_running: bool = False,
    startless: bool = False,
    newest: bool = False,
    long_running_s: int = LONG_RUNNING_S,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Jobs one by one, what hurts first or the newest first: job_id, agent, status, title, error_message,
    created_at, started_at, completed_at, run_ms (up to `now` while it runs), is_long_running. The `status` is one of
    STATUSES, ENDED, or STATELESS; one that does not exist has no jobs. `startless` takes those that run and do not say
    since when."""
    if status is not None and status not in (*STATUSES, ENDED, STATELESS):
        return []
    with database.reading(actor) as unit:
        return unit.rows(
            "jobs.list_jobs",
            start=start,
            end=end,
            untimed=untimed,
            agent=agent,
            status=status,
            search=search,
            error_group=error_group,
            long_running=long_running,
            startless=startless,
            newest=newest,
            now=now,
            long_s=long_running_s,
            limit=limit,
            offset=offset,
        )


@checked()
def read_failures(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    agent: str | None = None,
    search: str | None = None,
    error_group: str | None = None,
) -> Failures:
    """The kinds of failures of jobs of a period, the most frequent first, at most MAX_GROUPS of them, or the one kind
    that is asked for, agent by agent."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "jobs.list_failures",
            start=start,
            end=end,
            untimed=untimed,
            agent=agent,
            search=search,
            error_group=error_group,
            limit=MAX_GROUPS,
        )
    shown = tuple(
        FailureGroup(row["agent"], row["error_group"], row["cases"], row["last_at"], row["example"], row["newest_id"])
        for row in rows
    )
    return Failures(shown, rows[0]["groups"] if rows else 0)


@checked()
def count_facets(
    actor: Actor,
    *,
    now: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    agent: str | None = None,
    status: str | None = None,
    search: str | None = None,
    error_group: str | None = None,
    long_running: bool = False,
    startless: bool = False,
    long_running_s: int = LONG_RUNNING_S,
) -> dict[str, dict[str, int]]:
    """How many jobs of the period each agent and each state would leave, the other filters applied, the most first;
    ENDED and STATELESS among the states. What stored sums do not know is counted job by job: a search, a kind of
    failure, what runs for long at `now` or does not say since when."""
    asked = {"start": start, "end": end, "untimed": untimed, "status": status}
    found = {"search": search, "error_group": error_group, "long_running": long_running, "startless": startless}
    with database.reading(actor) as unit:
        if any(found.values()):
            rows = unit.rows("jobs.found.count_facets", **asked, **found, agent=agent, now=now, long_s=long_running_s)
        else:
            rows = unit.rows("jobs.count_facets", **asked, agent=None, of_agent=agent)
    facets: dict[str, dict[str, int]] = {"agent": {}, "status": {}}
    for row in rows:
        if row["filter"] == "status" and row["value"] not in STATUSES:
            facets["status"][STATELESS] = facets["status"].get(STATELESS, 0) + row["jobs"]
        elif row["value"] is not None:  # an adopted table may lack the column
            facets[row["filter"]][row["value"]] = row["jobs"]
    if ended := sum(facets["status"].get(name, 0) for name in ("completed", "failed")):
        facets["status"][ENDED] = ended
    return facets


@checked()
def read_job(actor: Actor, *, job_id: UUID) -> dict[str, Any]:
    """One job with its data, result and error. Raises NotFound where there is none, or it is not the
    actor's to see."""
    with database.reading(actor) as unit:
        row = unit.row("jobs.find_job", job_id=job_id)
    if row is None:
        raise NotFound("There is no such job, or it is not yours to see.")
    return row


@checked()
def read_acts(actor: Actor, *, job_id: UUID) -> list[dict[str, Any]]:
    """What people did to a job (admins alone see that) and what the engine's stream says about it, the
    newest first: occurred_at, actor, happening, detail."""
    with database.reading(actor) as unit:
        return unit.rows("jobs.list_acts", job_id=job_id, limit=MAX_ACTS)
