"""Runs of procedures one by one, and all that is tied to one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound

STATUSES = ("failed", "running", "cancelled", "completed")
ENDED = "ended"  # what one may ask for beside a status: completed or failed, which rates are taken over
STATELESS = "stateless"  # likewise: none of STATUSES, as an adopted table may have it
SORTS = ("hurt", "when", "took", "cost", "people")
MAX_HAPPENINGS = 200  # of one run; the page of events has them all


@checked(sort=SORTS)
def read_executions(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    sop: str | None = None,
    status: str | None = None,
    agent: str | None = None,
    step: str | None = None,
    open_before: datetime | None = None,
    sort: str = "hurt",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Runs one by one by SORTS, what is not known last: execution_id, sop_id, sop_version, status, agent, current_step,
    started_at, completed_at, cycle_ms, automation_rate (of its counts), stored_automation_rate, human_interventions,
    estimated_cost_usd, error_message, title (its own, as that of an imported epic).
    `status` may be ENDED or STATELESS; `step` takes those in which a person stepped in there, `open_before` those that
    began before it and are open."""
    with database.reading(actor) as unit:
        return unit.rows(
            "sop_runs.list_executions",
            start=start,
            end=end,
            untimed=untimed,
            sop=sop,
            status=status,
            agent=agent,
            step=step,
            open_before=open_before,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked()
def read_buckets(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    unit: str = "day",
    zone: str = "UTC",
    sop: str | None = None,
    status: str | None = None,
    agent: str | None = None,
    step: str | None = None,
    open_before: datetime | None = None,
) -> pd.DataFrame:
    """The runs that `read_executions` gives over all its pages per procedure, agent and `unit` (hour, day, week,
    month) of the zone: sop_id, agent, bucket (null for those without a time), executions, one column per status."""
    with database.reading(actor) as reading:
        return reading.frame(
            "sop_runs.list_buckets",
            start=start,
            end=end,
            untimed=untimed,
            unit=unit,
            zone=zone,
            sop=sop,
            status=status,
            agent=agent,
            step=step,
            open_before=open_before,
        )


@checked()
def read_execution(actor: Actor, *, execution_id: UUID) -> dict[str, Any]:
    """One run with its steps. Raises NotFound where there is none, or it is not the actor's to see."""
    with database.reading(actor) as unit:
        row = unit.row("sop_runs.find_execution", execution_id=execution_id)
    if row is None:
        raise NotFound("There is no such run of a procedure, or it is not yours to see.")
    return row


@checked()
def read_happenings(actor: Actor, *, correlation_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """The engine's events and the questions to people of one correlation in the order of time: kind (event; question
    when it was asked, question over when it was decided or ran out), item_id, occurred_at, what, who, subject, detail,
    happened. At most MAX_HAPPENINGS events."""
    with database.reading(actor) as unit:
        return unit.rows("sop_runs.list_happenings", correlation_id=correlation_id, now=now, most=MAX_HAPPENINGS)
