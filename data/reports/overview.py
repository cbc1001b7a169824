"""What the first page tells: what waits for somebody, what happened against the period before, what is fresh."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from data import database, rollups
from data.access import Actor
from data.arguments import checked

MOST_PROBLEMS = 50


@checked()
def read_attention(actor: Actor, *, now: datetime) -> dict[str, Any]:
    """How much waits for somebody at `now` (cut to the minute by the caller), with the oldest of each.

    `first_problems` are records that imports could not read, the latest first: path, line (None: the whole file),
    reason; at most MOST_PROBLEMS. `backup_*` tell of the newest backup; null for whom it is not.
    """
    with database.reading(actor) as unit:
        return unit.row("overview.read_attention", now=now, most_problems=MOST_PROBLEMS) or {}


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
) -> list[dict[str, Any]]:
    """Sessions, prompts, finished jobs and runs of procedures, costs: is_current, bucket (null in the period before),
    kind, happened, amount in US dollars. Each thing counts in one slice, so the rows of a kind may be added up.

    Rows of the kind "actions" are of one `agent` each: windows as happened, actions as amount, escalations.
    """
    with database.reading(actor) as unit:
        return unit.rows(
            "overview.read_activity",
            coarsest=rollups.coarsest(bucket, zone, start, end),
            agent=None,
            source=None,
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            bucket=bucket,
            zone=zone,
        )


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
) -> list[dict[str, Any]]:
    """Calls by outcome: per tool in both periods (is_slice false), and per slice of time (is_slice true)."""
    with database.reading(actor) as unit:
        return unit.rows(
            "overview.read_calls",
            coarsest=rollups.coarsest(bucket, zone, start, end),
            tool=None,
            project=None,
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
