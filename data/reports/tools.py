"""What agents' tools did: how often, how long, what failed and why, against the period before."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked
from data.reports.tool_usage import ToolUsage, Usage

SORTS = ("when", "duration")  # of single calls
MAX_GROUPS = 15  # kinds of errors on one screen; the export holds all


@dataclass(frozen=True)
class ErrorGroup:
    """One kind of failure of one tool: `group` without what differs from case to case, `example` its newest text.

    `session_pk` is the session of the newest case, `item_id` the happening there that it is.
    """

    tool_name: str
    group: str
    cases: int
    last_at: datetime | None
    example: str | None
    session_pk: str | None
    item_id: str | None


@dataclass(frozen=True)
class Errors:
    """The most frequent kinds of failures, and how many kinds there are."""

    shown: tuple[ErrorGroup, ...]
    groups: int


@checked()
def read_usage(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    tool: str | None = None,
    project: str | None = None,
) -> Usage:
    """Calls from `start` up to `end` (None is open), or only those without a time, against the period before.

    Tools that were called in neither are not there; those called only before have 0 calls. Raises what
    `database.reading` raises, as every reader here.
    """
    with database.reading(actor) as unit:
        rows = unit.rows(
            "tools.list_usage",
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            tool=tool,
            project=project,
            with_total=True,
        )
    return Usage(_usage_of(rows[0]), tuple(_usage_of(row) for row in rows[1:]))


def _usage_of(row: dict[str, Any]) -> ToolUsage:
    return ToolUsage(**{field.name: row[field.name] for field in fields(ToolUsage)})


@checked()
def read_buckets(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    unit: str = "day",
    zone: str = "UTC",
    tool: str | None = None,
    project: str | None = None,
    error_group: str | None = None,
) -> pd.DataFrame:
    """Calls per `unit` (hour, day, week, month) of the zone: bucket, calls, succeeded, failed, refused,
    unknown, timed, p95_ms. Buckets without calls are not there. `error_group` takes the failures of one kind, read
    from the rows: how long they took no rollup tells apart."""
    asked = {
        "start": start,
        "end": end,
        "untimed": untimed,
        "unit": unit,
        "zone": zone,
        "tool": tool,
        "project": project,
    }
    with database.reading(actor) as reading:
        if error_group is not None:
            return reading.frame("tools.list_buckets_of_errors", **asked, error_group=error_group)
        return reading.frame("tools.list_buckets", **asked, coarsest=rollups.coarsest(unit, zone, start, end))


@checked()
def read_errors(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    tool: str | None = None,
    project: str | None = None,
    error_group: str | None = None,
) -> Errors:
    """The kinds of failures of a period, the most frequent first, at most MAX_GROUPS of them, or the one kind that is
    asked for, tool by tool. Refusals are none."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "tools.list_errors",
            start=start,
            end=end,
            untimed=untimed,
            tool=tool,
            project=project,
            error_group=error_group,
            limit=MAX_GROUPS,
        )
    shown = tuple(
        ErrorGroup(
            row["tool_name"],
            row["error_group"],
            row["cases"],
            row["last_at"],
            row["example"],
            str(row["session_pk"]) if row["session_pk"] else None,
            row["item_id"],
        )
        for row in rows
    )
    return Errors(shown, rows[0]["groups"] if rows else 0)


@checked(sort=SORTS)
def read_calls(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    tool: str | None = None,
    project: str | None = None,
    outcome: str | None = None,
    error_group: str | None = None,
    sort: str = "when",
    downwards: bool = True,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Calls one by one by SORTS, what is not known last: tool_event_id, occurred_at, tool_name, outcome,
    is_answered, duration_ms, parameters (JSON text, cut), error_message (cut), session_pk, session_key,
    project_name. As the `outcome` asked for, "timed" takes those with a duration and
    "known" those that succeeded or failed, here and below."""
    with database.reading(actor) as unit:
        return unit.rows(
            "tools.calls.list_calls",
            start=start,
            end=end,
            untimed=untimed,
            tool=tool,
            project=project,
            outcome=outcome,
            error_group=error_group,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked()
def count_facets(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    tool: str | None = None,
    project: str | None = None,
    outcome: str | None = None,
    error_group: str | None = None,
) -> dict[str, dict[str, int]]:
    """How many calls of the period each value of tool, project and outcome would leave, the other filters applied, the
    most first. Of one kind of error the failed calls themselves are counted."""
    asked = {
        "start": start,
        "end": end,
        "untimed": untimed,
        "tool": tool,
        "project": project,
        "outcome": outcome,
    }
    facets: dict[str, dict[str, int]] = {"tool": {}, "project": {}, "outcome": {}}
    with database.reading(actor) as unit:
        if error_group is not None:
            rows = unit.rows("tools.facets.count_facets_of_errors", **asked, error_group=error_group)
        else:
            rows = unit.rows("tools.facets.count_facets", **asked)
    for row in rows:
        facets[row["filter"]][row["value"]] = row["calls"]
    return facets
