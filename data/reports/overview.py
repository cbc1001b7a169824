"""What the first page tells: what waits for somebody, what happened against the period before, what is fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from data import backup, database, rollups
from data.access import Actor
from data.arguments import checked

MOST_PROBLEMS = 50
MOST_SESSIONS = 500  # of a project, whose happenings are looked for session by session


@checked()
def read_attention(actor: Actor, *, now: datetime) -> dict[str, Any]:
    """How much waits for somebody at `now` (cut to the minute by the caller), with the oldest of each.

    `first_problems` are records that imports could not read, the latest first: path, line (None: the whole file),
    reason; at most MOST_PROBLEMS. `backup_*` tell of the newest whole backup, of the newest
    there is where none is whole; `backup_lacking_at` is when the newest was made that lacks tables. Null for whom it is
    not.
    """
    asked = {"now": now, "most_problems": MOST_PROBLEMS, "machinery": list(backup.MACHINERY)}
    with database.reading(actor) as unit:
        return unit.row("overview.read_attention", **asked) or {}


@checked()
def read_attention_of(actor: Actor, *, project: str, now: datetime) -> dict[str, Any]:
    """The same of what belongs to a project, which are the questions and notifications of its sessions.

    `seen_waiting` is how many questions wait in all that the viewer may see.
    """
    with database.reading(actor) as unit:
        return unit.row("overview.project.read_attention", project=project, now=now) or {}


@checked()
def read_activity(
    actor: Actor,
    *,
    start: datetime | None,
    end: datetime | None,
    untimed: bool,
    previous_start: datetime | None,
    previous_end: datetime | None,
    bucket: str,
    zone: str,
    project: str | None = None,
) -> list[dict[str, Any]]:
    """Sessions, prompts, finished jobs and runs of procedures, costs: is_current, bucket (null in the period before),
    kind, happened, amount in US dollars. Each thing counts in one slice, so the rows of a kind may be added up.

    Rows of the kind "actions" are of the agent `name` each: windows as happened, actions as amount, escalations. Those
    of the kind "project" are the sessions of the project `name`, whichever is asked for. Of a `project` there are
    sessions and costs alone.
    """
    asked: dict[str, Any] = {
        "coarsest": rollups.coarsest(bucket, zone, start, end),
        "start": start,
        "end": end,
        "untimed": untimed,
        "previous_start": previous_start,
        "previous_end": previous_end,
        "bucket": bucket,
        "zone": zone,
    }
    with database.reading(actor) as unit:
        if project is not None:
            return unit.rows("overview.project.read_activity", **asked, project=project)
        return unit.rows("overview.read_activity", **asked, agent=None, source=None)


@checked()
def read_calls(
    actor: Actor,
    *,
    start: datetime | None,
    end: datetime | None,
    untimed: bool,
    previous_start: datetime | None,
    previous_end: datetime | None,
    bucket: str,
    zone: str,
    project: str | None = None,
) -> list[dict[str, Any]]:
    """Calls by outcome: per tool in both periods (is_slice false), and per slice of time (is_slice true)."""
    with database.reading(actor) as unit:
        return unit.rows(
            "overview.read_calls" if project is None else "overview.project.read_calls",
            coarsest=rollups.coarsest(bucket, zone, start, end),
            tool=None,
            project=project,
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            bucket=bucket,
            zone=zone,
        )


@checked()
def list_newest(actor: Actor, *, most: int = 10) -> list[dict[str, Any]]:
    """The last happenings that matter, newest first."""
    with database.reading(actor) as unit:
        return unit.rows("overview.newest.list_newest", most=most)


@checked()
def list_newest_of(actor: Actor, *, project: str, most: int = 10) -> list[dict[str, Any]]:
    """The same of a project, looked for in its MOST_SESSIONS newest sessions."""
    with database.reading(actor) as unit:
        return unit.rows("overview.project.list_newest", project=project, most=most, most_sessions=MOST_SESSIONS)
