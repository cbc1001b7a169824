"""Clients: how they fare now and before, the history of one; chaos experiments and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from data import database
from data.access import Actor
from data.arguments import checked
from data.reports.coverage import Coverage

STATUSES = ("critical", "at_risk", "unknown", "healthy")
SORTS = ("worst", "client", "score", "change", "when", "assessments")
OUTCOMES = ("refuted", "inconclusive", "confirmed")
STATELESS, NO_OUTCOME = "stateless", "none"  # what one may ask for beside those of experiments: none that reports know
LEAST_FALL = 5.0  # points of a score; less is noise of an assessment
SLICES = 14  # of a trend


@checked()
def read_coverage(actor: Actor, *, client: str | None = None) -> Coverage:
    """From when to when clients were assessed; with a `client`, how many assessments of that one have no time. Raises
    what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        row = unit.row("clients.read_coverage", client=client) or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])


@dataclass(frozen=True)
class Standing:
    """Clients by how they stand at the end of a period, against how they stood before it began.

    `compared` have a score at both times; `fell` and `rose` moved by LEAST_FALL points or more; `fallen_client` fell
    furthest. `not_assessed` have no assessment in the period; `unsourced` of its `assessments` come from no event.
    """

    clients: int
    critical: int
    at_risk: int
    healthy: int
    unknown: int
    known_before: int
    previous_critical: int
    previous_at_risk: int
    previous_healthy: int
    previous_unknown: int
    not_assessed: int
    compared: int
    fell: int
    rose: int
    assessments: int
    unsourced: int
    fallen_client: str | None
    fallen_from: float | None
    fallen_to: float | None


@checked()
def count_clients(
    actor: Actor, *, start: datetime | None = None, end: datetime | None = None, search: str | None = None
) -> Standing:
    """How clients stand at `end` and stood before `start` (None is open: the newest assessment, nothing before)."""
    with database.reading(actor) as unit:
        row = unit.row("clients.count_clients", start=start, end=end, search=search, least_fall=LEAST_FALL)
    return Standing(**(row or {}))


@checked(sort=SORTS)
def list_clients(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    status: str | None = None,
    client: str | None = None,
    search: str | None = None,
    sort: str = "worst",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of clients by SORTS, with the columns of the query `clients.list_clients`."""
    with database.reading(actor) as unit:
        return unit.rows(
            "clients.list_clients",
            start=start,
            end=end,
            status=status,
            client=client,
            search=search,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked()
def read_trends(
    actor: Actor, *, clients: Sequence[str], start: datetime, end: datetime
) -> dict[str, list[float | None]]:
    """The newest score of each client in each of SLICES equal parts of a span; None where it was not assessed, and no
    entry for a client that never was."""
    with database.reading(actor) as unit:
        rows = unit.rows("clients.list_trends", clients=list(clients), start=start, end=end, slices=SLICES)
    trends: dict[str, list[float | None]] = {}
    for row in rows:
        trends.setdefault(row["client_id"], [None] * SLICES)[row["slice"]] = row["health_score"]
    return trends


@checked()
def read_scores(
    actor: Actor,
    *,
    client: str,
    start: datetime | None = None,
    end: datetime | None = None,
    unit: str = "day",
    zone: str = "UTC",
) -> pd.DataFrame:
    """Per `unit` (hour, day, week, month) of the zone the newest assessment: bucket, status, health_score."""
    with database.reading(actor) as reading:
        return reading.frame("clients.list_scores", client=client, start=start, end=end, unit=unit, zone=zone)


@checked()
def list_history(
    actor: Actor,
    *,
    client: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of assessments, of one client or of all: the newest first, or with `untimed` those without a time;
    with the columns of `clients.list_history`."""
    with database.reading(actor) as unit:
        return unit.rows(
            "clients.list_history",
            client=client,
            start=start,
            end=end,
            untimed=untimed,
            limit=limit,
            offset=offset,
        )


@dataclass(frozen=True)
class Executions:
    """Runs of procedures about one client: how many, and the newest `rows`."""

    executions: int
    failed: int
    running: int
    rows: list[dict[str, Any]]


@checked()
def read_executions(actor: Actor, *, client: str, limit: int = 10) -> Executions:
    """The runs of procedures about one client, with the columns of `clients.list_executions`."""
    with database.reading(actor) as unit:
        counts = unit.row("clients.count_executions", client=client) or {}
        rows = unit.rows("clients.list_executions", client=client, limit=limit, offset=0)
    return Executions(**counts, rows=rows)


def read_experiment_coverage(actor: Actor) -> Coverage:
    """From when to when there are chaos experiments."""
    with database.reading(actor) as unit:
        row = unit.row("clients.read_experiment_coverage") or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])


@dataclass(frozen=True)
class ExperimentCount:
    """Chaos experiments of one status, or STATELESS, and one outcome, or NO_OUTCOME."""

    status: str
    outcome: str
    experiments: int


@checked()
def count_experiments(
    actor: Actor, *, start: datetime | None = None, end: datetime | None = None
) -> tuple[ExperimentCount, ...]:
    """Chaos experiments that began (or were planned, before they began) in a period, by status and outcome."""
    with database.reading(actor) as unit:
        rows = unit.rows("clients.count_experiments", start=start, end=end)
    return tuple(ExperimentCount(**row) for row in rows)


@checked()
def list_experiments(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    status: str | None = None,
    outcome: str | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of chaos experiments, with the columns of `clients.list_experiments`."""
    with database.reading(actor) as unit:
        return unit.rows(
            "clients.list_experiments",
            start=start,
            end=end,
            status=status,
            outcome=outcome,
            limit=limit,
            offset=offset,
        )
