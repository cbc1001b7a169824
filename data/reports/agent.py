"""One agent: the windows behind its figures, and what it did beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data import database
from data.access import Actor
from data.arguments import checked
from data.reports.tools import SORTS as CALL_SORTS

WINDOW_SORTS = ("when", "escalations", "actions", "automated", "confidence", "cost")
MOST_ITEMS = 8  # of each kind on the page of one agent; the pages that they lead to have them all
MOST_TYPES = 12  # kinds of events on it


@checked(sort=WINDOW_SORTS)
def read_windows(
    actor: Actor,
    *,
    agent: str,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    source: str | None = None,
    sort: str = "when",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The windows behind one agent's figures by WINDOW_SORTS, what is not known last: source, window_start,
    window_end, actions_total, actions_automated, automation_rate (of its counts), stored_automation_rate,
    human_escalations, avg_confidence, confidence_count, cost_usd."""
    with database.reading(actor) as unit:
        return unit.rows(
            "agent.list_windows",
            agent=agent,
            start=start,
            end=end,
            untimed=untimed,
            source=source,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked(sort=CALL_SORTS)
def read_failed_calls(
    actor: Actor,
    *,
    agent: str,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    sort: str = "when",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """The failed calls that `agents.read_tool_calls` counts of one agent, as `tools.read_calls` has them."""
    with database.reading(actor) as unit:
        return unit.rows(
            "agents.calls.list_failed_calls",
            agent=agent,
            start=start,
            end=end,
            untimed=untimed,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@dataclass(frozen=True)
class Activity:
    """What one agent did: `counts` by kind (question, execution, event) and state, and the newest `items` by kind.

    An item has state, item_id, occurred_at, title, detail, correlation_id; jobs that failed stand first among jobs.
    """

    counts: dict[str, dict[str, int]]
    items: dict[str, list[dict[str, Any]]]


@checked()
def read_activity(
    actor: Actor,
    *,
    agent: str,
    now: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
) -> Activity:
    """Questions, runs of procedures, events and jobs of one agent in a period; what ran out before `now` is expired."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "agent.list_activity",
            agent=agent,
            now=now,
            start=start,
            end=end,
            untimed=untimed,
            most=MOST_ITEMS,
            most_types=MOST_TYPES,
        )
    counts: dict[str, dict[str, int]] = {}
    items: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["is_count"]:
            counts.setdefault(row["kind"], {})[row["state"]] = row["number"]
        else:
            items.setdefault(row["kind"], []).append(row)
    return Activity(counts, items)
