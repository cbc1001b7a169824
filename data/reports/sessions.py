"""Sessions of agents: the list inside its filters, how many each filter value would leave, how many began when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from data import database
from data.access import Actor

SORTS = ("when", "duration", "prompts", "calls", "errors", "cost")
HAS = ("errors", "refusals", "notifications", "compactions", "subagents")


@dataclass(frozen=True)
class Chosen:
    """Which sessions are looked at; None is no filter. `search` is written as in a web search."""

    start: datetime | None = None
    end: datetime | None = None
    untimed: bool = False
    project: str | None = None
    status: str | None = None
    model: str | None = None
    has: str | None = None
    search: str | None = None


def count_facets(actor: Actor, *, chosen: Chosen) -> dict[str, dict[str, int]]:
    """How many sessions each value of project, status, model and has would leave, other filters applied."""
    with database.reading(actor) as unit:
        rows = unit.rows("sessions.count_facets", **asdict(chosen))
    facets: dict[str, dict[str, int]] = {"project": {}, "status": {}, "model": {}, "has": {}}
    for row in rows:
        facets[row["filter"]][row["value"]] = row["sessions"]
    return facets


def count_started(
    actor: Actor,
    *,
    chosen: Chosen,
    previous_start: datetime | None,
    previous_end: datetime | None,
    bucket: str,
    zone: str,
) -> pd.DataFrame:
    """Sessions per slice and status: is_current, bucket (null in the period before), status, sessions."""
    with database.reading(actor) as unit:
        return unit.frame(
            "sessions.count_started",
            **asdict(chosen),
            previous_start=previous_start,
            previous_end=previous_end,
            bucket=bucket,
            zone=zone,
        )


def list_page(
    actor: Actor, *, chosen: Chosen, sort: str, downwards: bool, most: int, skipped: int = 0
) -> list[dict[str, Any]]:
    """Some sessions in order with their counts and costs; each row says how many there are in all."""
    with database.reading(actor) as unit:
        return unit.rows(
            "sessions.list_page",
            **asdict(chosen),
            sort=sort,
            downwards=downwards,
            most=most,
            skipped=max(skipped, 0),
        )
