"""How agents did: actions without a person, escalations, confidence, jobs, tools, cost, against the period before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked
from data.reports.coverage import Coverage
from data.reports.performance import Performance, ToolCalls

# What agents can be sorted by, and the column of the query that it is.
SORTS = {
    "escalations": "escalations", "automated": "automation_rate", "actions": "actions", "confidence": "confidence",
    "done": "jobs_completed", "failed": "jobs_failed", "cost": "cost_usd",
}  # fmt: skip


def read_coverage(actor: Actor) -> Coverage:
    """From when to when agents are on record; `untimed_of` windows, the actions and escalations that these hold, and
    jobs. Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        row = unit.row("agents.read_coverage") or {}
    without = {name: row[f"untimed_{name}"] for name in ("windows", "actions", "escalations", "jobs")}
    untimed = without["windows"] + without["jobs"]
    return Coverage(row["first_at"], row["last_at"], untimed, row["holds_rows"], row["raw_from"], untimed_of=without)


@checked()
def read_agents(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    source: str | None = None,
) -> tuple[Performance, ...]:
    """Each agent from `start` up to `end` (None is open), or its windows without a time, against the period before.

    With a `source` only agents with windows from there; jobs have none and count whole.
    """
    with database.reading(actor) as unit:
        rows = unit.rows(
            "agents.list_agents",
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            agent=None,
            source=None,
            of_source=source,
        )
    return tuple(Performance(**{field.name: row[field.name] for field in fields(Performance)}) for row in rows)


@checked()
def read_sources(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    agent: str | None = None,
) -> dict[str, int]:
    """Where the windows of a period come from, each source with how many."""
    with database.reading(actor) as unit:
        rows = unit.rows("agents.list_sources", start=start, end=end, untimed=untimed, agent=agent, source=None)
    return {row["value"]: row["windows"] for row in rows}


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
    source: str | None = None,
) -> pd.DataFrame:
    """Per `unit` (hour, day, week, month) of the zone: bucket, windows, actions, rated_actions, automated,
    escalations, decisions, confidence_sum, cost_usd, completed and failed jobs."""
    with database.reading(actor) as reading:
        return reading.frame(
            "agents.list_buckets",
            coarsest=rollups.coarsest(unit, zone, start, end),
            start=start,
            end=end,
            untimed=untimed,
            unit=unit,
            zone=zone,
            agent=agent,
            source=source,
        )


@checked()
def read_tool_calls(
    actor: Actor,
    *,
    agents: Sequence[str],
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
) -> dict[str, ToolCalls]:
    """Calls of tools of those of the `agents` that events name, in the period or the one before; no others."""
    if not agents:
        return {}
    with database.reading(actor) as unit:
        rows = unit.rows(
            "agents.calls.list_tool_calls",
            agents=list(agents),
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
        )
    return {row["agent"]: ToolCalls(**{field.name: row[field.name] for field in fields(ToolCalls)}) for row in rows}
