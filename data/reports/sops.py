"""How procedures ran: what became of them, how long they took, what ran without a person, where people stepped in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked
from data.reports import rates
from data.reports.coverage import Coverage
from data.reports.sop_runs import STATELESS, STATUSES

# What procedures can be sorted by, and the column of the query that it is.
SORTS = {
    "failed": "failed", "runs": "executions", "p50": "p50_ms", "p95": "p95_ms", "average": "average_ms",
    "automated": "automation_rate", "people": "interventions", "cost": "cost_usd",
}  # fmt: skip
MAX_STEPS = 30  # at which people stepped in, on one screen; the export holds all
MAX_VERSIONS = 20  # of one procedure
LEAST_DELAY_MS = 60_000
LEAST_SLOWER = 1.25  # a median that is a quarter longer, and a minute


@dataclass(frozen=True)
class Procedure:
    """Runs of one procedure, or of all together (`sop_id` None), in a period and in the one before.

    A run counts when it ended; while it is open, when it started. `started` are those that began in the period,
    whenever they ended. Times in milliseconds, over the `timed` completed runs; costs in US dollars, over the
    `priced` runs. `rated_actions` are actions of runs that say how many of them ran without a person (`automated`);
    `countless` runs say how much did, but not out of how many, and are in neither. `silent` runs, adopted or
    imported ones, do not say whether a person stepped in; `interventions` is None where none does.
    """

    sop_id: str | None
    title: str | None
    newest_version: int | None
    versions: int
    definition_status: str | None
    steps: int | None
    executions: int
    started: int
    completed: int
    failed: int
    cancelled: int
    running: int
    timed: int
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    actions: int
    rated_actions: int
    automated: float
    countless: int
    interventions: int | None
    stepped_in: int
    silent: int
    cost_usd: float | None
    priced: int
    previous_executions: int
    previous_completed: int
    previous_failed: int
    previous_timed: int
    previous_p50_ms: float | None
    previous_p95_ms: float | None
    previous_rated_actions: int
    previous_automated: float
    previous_interventions: int
    previous_cost_usd: float | None
    previous_priced: int

    @property
    def stateless(self) -> int:
        """Runs of an adopted table whose state is none that reports know, or not there."""
        return self.executions - self.completed - self.failed - self.cancelled - self.running

    @property
    def automation_rate(self) -> float | None:
        """Actions without a person as a share of those of which it is known, 0 to 1; None where of none."""
        return self.automated / self.rated_actions if self.rated_actions else None

    @property
    def ended(self) -> int:
        """Runs that came to an end by themselves: what rates are taken over."""
        return self.completed + self.failed

    @property
    def previous_ended(self) -> int:
        """The same of the period before."""
        return self.previous_completed + self.previous_failed

    @property
    def fails_more_often(self) -> bool:
        """Whether the rise of the share of failed runs is more than chance explains."""
        return rates.fails_more_often(self.failed, self.ended, self.previous_failed, self.previous_ended)

    @property
    def is_slower(self) -> bool:
        """Whether the typical run takes a quarter longer than before, with enough runs in both periods to say so."""
        if not rates.is_compared(self.timed, self.previous_timed):
            return False
        now, before = self.p50_ms or 0.0, self.previous_p50_ms or 0.0
        return now > LEAST_SLOWER * before and now - before >= LEAST_DELAY_MS

    @property
    def is_compared(self) -> bool:
        """Whether both periods hold enough runs to compare them."""
        return rates.is_compared(self.ended, self.previous_ended)


@dataclass(frozen=True)
class HumanStep:
    """A step at which people stepped in, `times` in `executions` runs; `outcomes` as words with how often each."""

    sop_id: str
    step_name: str | None
    times: int
    executions: int
    outcomes: str | None


@dataclass(frozen=True)
class HumanSteps:
    """The steps at which people stepped in most, how many there are, and how often people did at all of them."""

    shown: tuple[HumanStep, ...]
    steps: int
    interventions: int = 0


def read_coverage(actor: Actor) -> Coverage:
    """From when to when runs are on record. Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        row = unit.row("sops.read_coverage") or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])


@dataclass(frozen=True)
class Procedures:
    """All procedures together, and one by one with what hurts most first; `by_agent` are the runs of every agent by
    procedure, agent and state (STATELESS for one that reports do not know), whichever agent was asked for."""

    total: Procedure
    each: tuple[Procedure, ...]
    by_agent: tuple[tuple[str | None, str, str, int], ...] = ()

    def agents(self, sop: str | None = None, states: Collection[str] = ()) -> dict[str, int]:
        """Each agent with how many runs of a procedure and in one of these states, the busiest first; nothing given
        asks for nothing."""
        counts: Counter[str] = Counter()
        for procedure, agent, state, runs in self.by_agent:
            if sop in (None, procedure) and (not states or state in states):
                counts[agent] += runs
        return dict(counts.most_common())


@checked()
def read_procedures(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    agent: str | None = None,
) -> Procedures:
    """Runs from `start` up to `end` (None is open), or only those without a time, against the period before."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "sops.list_procedures",
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            agent=agent,
            sop=None,
            with_total=True,
        )
    found = [Procedure(**{field.name: row[field.name] for field in fields(Procedure)}) for row in rows]
    by_agent = tuple(
        (sop, agent, status if status in STATUSES else STATELESS, runs)
        for sop, agent, status, runs in rows[0]["agents"] or ()
    )
    return Procedures(found[0], tuple(found[1:]), by_agent)


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
    agent: str | None = None,
) -> pd.DataFrame:
    """Runs per `unit` (hour, day, week, month) of the zone: bucket, executions, one column per status."""
    with database.reading(actor) as reading:
        return reading.frame(
            "sops.list_buckets",
            start=start,
            end=end,
            untimed=untimed,
            unit=unit,
            zone=zone,
            sop=sop,
            agent=agent,
            coarsest=rollups.coarsest(unit, zone, start, end),
        )


@checked()
def read_human_steps(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    sop: str | None = None,
    agent: str | None = None,
) -> HumanSteps:
    """The steps at which people stepped in, the most frequent first, at most MAX_STEPS of them."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "sops.steps.list_human_steps", start=start, end=end, untimed=untimed, sop=sop, agent=agent, limit=MAX_STEPS
        )
    shown = tuple(HumanStep(**{field.name: row[field.name] for field in fields(HumanStep)}) for row in rows)
    return HumanSteps(shown, rows[0]["steps"], rows[0]["interventions"]) if rows else HumanSteps((), 0)


@checked()
def read_definitions(actor: Actor, *, sop: str) -> list[dict[str, Any]]:
    """The versions of one procedure, the newest first, at most MAX_VERSIONS: version, title, description, steps
    (whatever a document holds), status, created_at, updated_at."""
    with database.reading(actor) as unit:
        return unit.rows("sops.list_definitions", sop=sop, limit=MAX_VERSIONS)
