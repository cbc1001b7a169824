"""Sessions of agents: the list inside its filters, how many each filter value would leave, how many began when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked

SORTS = ("when", "duration", "prompts", "calls", "errors", "cost")
HAS = (
    "errors",
    "refusals",
    "notifications",
    "waiting",
    "compactions",
    "subagents",
    "unpriced",
    "unphased",
    "stateless",
)


@dataclass(frozen=True)
class Chosen:
    """Which sessions are looked at; None is no filter. `search` is written as in a web search; what that
    passes over, such as "the" or an emoji, is looked for letter by letter when it stands alone. `now` is what the last
    24 hours of `has` "waiting" are counted from; None is the database's own time."""

    start: datetime | None = None
    end: datetime | None = None
    untimed: bool = False
    project: str | None = None
    status: str | None = None
    model: str | None = None
    has: str | None = None
    search: str | None = None
    now: datetime | None = None

    @property
    def unsummed(self) -> tuple[str, ...]:
        """The filters that stored sums do not know, in words: with one of them the sessions themselves are counted."""
        return ("content",) * (self.has is not None) + ("words of prompts",) * (self.search is not None)


@checked()
def count_facets(actor: Actor, *, chosen: Chosen) -> dict[str, dict[str, int]]:
    """How many sessions each value of project, status, model and has would leave, other filters applied; of has all but
    "waiting", which `count_waiting` counts, and "unpriced" only where it is chosen."""
    asked = asdict(chosen)
    with database.reading(actor) as unit:
        if chosen.unsummed:
            rows = unit.rows("sessions.found.count_facets", **asked)
        else:
            of_sums = {name: asked[name] for name in ("start", "end", "untimed", "project", "status", "model")}
            rows = unit.rows("sessions.count_facets", **of_sums)
            rows += [{"filter": "has", **row} for row in unit.rows("sessions.count_has", **of_sums)]
    facets: dict[str, dict[str, int]] = {"project": {}, "status": {}, "model": {}, "has": {}}
    for row in rows:
        facets[row["filter"]][row["value"]] = row["sessions"]
    return facets


@checked()
def count_waiting(actor: Actor, *, chosen: Chosen, now: datetime) -> int:
    """How many sessions has "waiting" would leave at `now`, other filters applied."""
    asked = asdict(chosen) | {"now": now}
    del asked["has"]
    with database.reading(actor) as unit:
        found: int = unit.value("sessions.count_waiting", **asked)
    return found


@checked()
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
    asked = asdict(chosen)
    if chosen.unsummed:
        name = "sessions.found.count_started"
    else:
        name = "sessions.count_started"
        del asked["has"], asked["search"], asked["now"]
        asked["coarsest"] = rollups.coarsest(bucket, zone, chosen.start, chosen.end)
    with database.reading(actor) as unit:
        return unit.frame(
            name,
            **asked,
            previous_start=previous_start,
            previous_end=previous_end,
            bucket=bucket,
            zone=zone,
        )


@checked(sort=SORTS)
def list_page(
    actor: Actor, *, chosen: Chosen, sort: str, downwards: bool, most: int, skipped: int = 0
) -> list[dict[str, Any]]:
    """Some sessions in order with their counts and costs; each row says how many there are in all."""
    with database.reading(actor) as unit:
        return unit.rows(
            "sessions.listing.list_page",
            **asdict(chosen),
            sort=sort,
            downwards=downwards,
            most=most,
            skipped=skipped,
        )
