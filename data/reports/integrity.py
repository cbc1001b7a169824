"""Whether the engine's log is whole: numbers without gaps, snapshots that keep up, projections equal to a replay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from data import database, reducers
from data.access import Actor
from data.adoption import moving
from data.arguments import checked
from signalbox_client.events import SNAPSHOT_EVERY
from signalbox_client.projections import PROJECTIONS, Comparison, Replay

# What the writers' kit calls its reading statements, and what reads the same where the tables are.
_WHERE_THEY_ARE = {
    "projections.read_events": "integrity.read_events",
    "projections.read_human_approvals": "integrity.read_human_approvals",
    "projections.read_sop_executions": "integrity.read_sop_executions",
    "projections.read_client_health": "integrity.read_client_health",
    "projections.list_gone": "integrity.list_gone",
    "projections.count_unsourced_human_approvals": "integrity.count_unsourced_human_approvals",
    "projections.count_unsourced_sop_executions": "integrity.count_unsourced_sop_executions",
    "projections.count_unsourced_client_health": "integrity.count_unsourced_client_health",
}

__all__ = [
    "SNAPSHOT_EVERY",
    "Comparison",
    "Integrity",
    "compare_projection",
    "projection_names",
    "read_gaps",
    "read_integrity",
    "read_snapshot_lags",
]


@dataclass(frozen=True)
class Integrity:
    """The log in numbers, as far as the viewer sees it. `behind` counts aggregates whose newest usable snapshot is more
    than a hundred events old, among `with_reducer` that have a reducer; `most_behind` is None where there are none."""

    aggregates: int
    events: int
    with_gaps: int
    numbers_missing: int
    with_reducer: int
    behind: int
    most_behind: int | None


def read_integrity(actor: Actor) -> Integrity:
    """Gaps and snapshots over the whole log, in one query. Raises what `database.reading` raises."""
    with database.reading(actor) as unit:
        row = unit.row("integrity.count_aggregates", **_reducers(), behind=SNAPSHOT_EVERY)
    return Integrity(**_whole(row or {}))


@checked()
def read_gaps(actor: Actor, *, limit: int = 50) -> list[dict[str, Any]]:
    """Ranges of missing numbers: aggregate_type, aggregate_id, numbers_missing (of the range), first_missing,
    last_missing; the streams that miss most first."""
    with database.reading(actor) as unit:
        return [_whole(row) for row in unit.rows("integrity.list_gaps", limit=limit)]


@checked()
def read_snapshot_lags(actor: Actor, *, limit: int = 50) -> list[dict[str, Any]]:
    """Aggregates whose snapshots lag: aggregate_type, aggregate_id, sequence_number, snapshot_sequence (0: none),
    snapshots_by_other_versions, events_behind; the furthest first."""
    with database.reading(actor) as unit:
        found = unit.rows("integrity.list_snapshot_lags", **_reducers(), behind=SNAPSHOT_EVERY, limit=limit)
    return [_whole(row) for row in found]


def _whole(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose numerics are int: numbers of events may lie further apart than a bigint holds."""
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def projection_names() -> list[str]:
    """The projections that can be compared with a replay."""
    return [projection.name for projection in PROJECTIONS]


@checked()
def compare_projection(actor: Actor, name: str, *, limit: int = 50) -> Comparison:
    """A projection's rows against a replay of its events, as far as the viewer sees both and wherever both are kept.
    Reads every event of the projection: do it when somebody asks, not with each view.

    Columns that an adopted table lacks are `not_compared`, nor those that it got empty when it was moved here, in rows
    that hold nothing there; without the one that names the rows, nothing is. Where rows are missing, `limits` say which
    a table that was moved here cannot hold. Raises BadArgument for a name that is none.
    """
    sources, table = database.read_sources(actor), f"engine.{name}"
    lacking = sources.missing_columns.get(table, ())
    added = sources.added[table].columns if table in sources.added else ()
    key = PROJECTIONS.named(name).key_column
    if key in lacking:
        return Comparison(name, not_compared=(key,))
    with database.reading(actor) as unit:

        def read(query: str, **parameters: Any) -> list[dict[str, Any]]:
            rows = unit.rows(_WHERE_THEY_ARE[query], **parameters)
            if not (lacking or added) or query != f"projections.read_{name}":
                return rows
            return [
                {
                    column: value
                    for column, value in row.items()
                    if column not in lacking and not (value is None and column in added)
                }
                for row in rows
            ]

        found = Replay(unit.connection, PROJECTIONS, read=read).compare(name, limit=limit)
        if not found.missing:
            return found
        limits = moving.narrower(unit.connection, "engine", name)
        return replace(found, limits=tuple(each.why for each in limits))


def _reducers() -> dict[str, list[str]]:
    return {
        "aggregate_types": [reducer.aggregate_type for reducer in reducers.used()],
        "reducers": [reducer.label for reducer in reducers.used()],
    }
