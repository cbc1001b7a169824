"""Events of the engine: how many of which kind, the list of them page by page, one correlation as a tree of causes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd

from data import database, rollups
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound
from data.reports.coverage import Coverage
from data.reports.payloads import parse_payload, parseable
from signalbox_client.events import Event
from signalbox_client.events.tracing import trace_of

__all__ = [
    "KIND_SORTS",
    "MOST_IDS",
    "MOST_KINDS",
    "MOST_TRACED",
    "Counts",
    "Event",
    "Kind",
    "Page",
    "TraceLine",
    "Traced",
    "count_kinds",
    "find_event",
    "is_broad",
    "list_events",
    "parse_payload",
    "read_buckets",
    "read_coverage",
    "read_trace",
]

# What types can be sorted by, and the column of the query that it is.
KIND_SORTS = {
    "events": "events", "type": "value", "change": "change", "confidence": "confidence", "when": "last_at",
}  # fmt: skip
MOST_KINDS = 200  # values of a kind on the page; the export has them all
MOST_IDS = 5000  # picked one by one; a payload that more events contain is looked for in all of them
MOST_TRACED = 1000  # events of one correlation on the page


@dataclass(frozen=True)
class Kind:
    """Events with one type, type of aggregate or emitter; `change` is by which share of the previous ones there are
    more, None where there were none; `decisions` are those with a `confidence`, of which it is the mean."""

    value: str
    events: int
    previous_events: int
    change: float | None
    decisions: int
    confidence: float | None
    last_at: datetime | None


@dataclass(frozen=True)
class Counts:
    """Events of a period and the one before, by `types`, `aggregates` and `emitters`, the most frequent first, each
    over what the other filters leave.

    `events` and `previous_events` are of all filters, as are the `emitters_present` in the period. `type_count` types
    are in either period, `types_present` in this one, however many of them are listed. `is_from_rows`: the events
    themselves were counted, because of a filter that stored sums do not know.
    """

    events: int
    previous_events: int
    type_count: int
    types_present: int
    emitters_present: int
    types: tuple[Kind, ...]
    aggregates: tuple[Kind, ...]
    emitters: tuple[Kind, ...]
    is_from_rows: bool = False


def read_coverage(actor: Actor) -> Coverage:
    """From when to when there are events. Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        row = unit.row("events.read_coverage") or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])


@checked(payload=parseable)
def is_broad(actor: Actor, *, payload: str) -> bool:
    """Whether so many events contain a JSON value that readers had better look at all (their `broad`)."""
    with database.reading(actor) as unit:
        return bool(unit.value("events.is_broad", payload=payload, most=MOST_IDS))


@checked(payload=parseable)
def count_kinds(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    event_type: str | None = None,
    aggregate: str | None = None,
    aggregate_id: str | None = None,
    emitter: str | None = None,
    payload: str | None = None,
    broad: bool = False,
) -> Counts:
    """Events from `start` up to `end` (None is open) against the period before. `payload` is JSON they contain; that
    and `aggregate_id` are looked for in the events themselves, everything else is read from stored sums."""
    asked: dict[str, Any] = {
        "start": start,
        "end": end,
        "untimed": untimed,
        "previous_start": previous_start,
        "previous_end": previous_end,
        "event_type": event_type,
        "aggregate": aggregate,
        "emitter": emitter,
        "limit": MOST_KINDS,
        "kind": None,
    }
    is_from_rows = _is_from_rows(aggregate_id, payload)
    with database.reading(actor) as unit:
        if is_from_rows:
            found = {"aggregate_id": aggregate_id, "payload": payload, "broad": broad}
            rows = unit.rows("events.found.list_kinds", **asked, **found)
        else:
            rows = unit.rows("events.list_kinds", **asked)
    held: dict[str, list[Kind]] = {"type": [], "aggregate": [], "emitter": [], "total": []}
    whole = {row["kind"]: row for row in rows}
    for row in rows:
        held[row["kind"]].append(Kind(**{name: row[name] for name in Kind.__dataclass_fields__}))
    total = whole.get("total", {})
    return Counts(
        total.get("kind_events", 0),
        total.get("kind_previous_events", 0),
        whole.get("type", {}).get("kind_values", 0),
        whole.get("type", {}).get("kind_present", 0),
        total.get("kind_present", 0),
        tuple(held["type"]),
        tuple(held["aggregate"]),
        tuple(held["emitter"]),
        is_from_rows,
    )


def _is_from_rows(aggregate_id: str | None, payload: str | None) -> bool:
    return aggregate_id is not None or payload is not None


@checked(payload=parseable)
def read_buckets(
    actor: Actor,
    *,
    types: Sequence[str],
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    unit: str = "day",
    zone: str = "UTC",
    event_type: str | None = None,
    aggregate: str | None = None,
    aggregate_id: str | None = None,
    emitter: str | None = None,
    payload: str | None = None,
    broad: bool = False,
) -> pd.DataFrame:
    """Per `unit` (hour, day, week, month) of the zone and type: bucket, event_type ("other" beyond `types`), events."""
    asked: dict[str, Any] = {
        "types": list(types),
        "start": start,
        "end": end,
        "untimed": untimed,
        "unit": unit,
        "zone": zone,
        "event_type": event_type,
        "aggregate": aggregate,
        "emitter": emitter,
    }
    with database.reading(actor) as reading:
        if _is_from_rows(aggregate_id, payload):
            found = {"aggregate_id": aggregate_id, "payload": payload, "broad": broad}
            return reading.frame("events.found.list_buckets", **asked, **found)
        return reading.frame("events.list_buckets", **asked, coarsest=rollups.coarsest(unit, zone, start, end))


@dataclass(frozen=True)
class Page:
    """A page of events, the newest first, and whether there are newer and older ones."""

    rows: list[dict[str, Any]]
    has_newer: bool
    has_older: bool


@checked(payload=parseable)
def list_events(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    event_type: str | None = None,
    aggregate: str | None = None,
    aggregate_id: str | None = None,
    emitter: str | None = None,
    payload: str | None = None,
    broad: bool = False,
    place: tuple[datetime, UUID] | None = None,
    upwards: bool = False,
    limit: int = 25,
) -> Page:
    """Events older than the one at `place` (its time and id), or with `upwards` newer ones; without a place the newest,
    or with `upwards` the oldest. The columns are those of the query `events.list_newest`."""
    asked: dict[str, Any] = {
        "start": start,
        "end": end,
        "untimed": untimed,
        "event_type": event_type,
        "aggregate": aggregate,
        "aggregate_id": aggregate_id,
        "emitter": emitter,
        "payload": payload,
        "broad": broad,
        "place_at": place[0] if place else None,
        "place_id": place[1] if place else None,
        "limit": limit + 1,
    }
    with database.reading(actor) as unit:
        if upwards:
            rows = unit.rows("events.list_oldest", **asked)
        else:
            rows = unit.rows("events.list_newest", **asked, correlation=None)
    has_more, shown = len(rows) > limit, rows[:limit]
    if upwards:
        return Page(shown[::-1], has_more, place is not None)
    return Page(shown, place is not None, has_more)


@dataclass(frozen=True)
class TraceLine:
    """An event of a correlation and how deep it lies below the one that began it."""

    depth: int
    event: Event


@dataclass(frozen=True)
class Traced:
    """A correlation, causes before their effects. `outside` are causes in other correlations by their ids; a cause
    that is in neither cannot be found. `is_complete`: whether these are all its events."""

    lines: tuple[TraceLine, ...]
    outside: dict[UUID, dict[str, Any]]
    is_complete: bool


@checked()
def read_trace(actor: Actor, *, correlation: UUID) -> Traced:
    """The events of a correlation, MOST_TRACED at most, by what caused what. Raises NotFound where there are none."""
    with database.reading(actor) as unit:
        rows = unit.rows("events.list_correlated", correlation=correlation, limit=MOST_TRACED + 1)
        events = [Event(**row) for row in rows[:MOST_TRACED]]
        known = {event.event_id for event in events}
        causes = {event.causation_id for event in events} - known - {None}
        found = unit.rows("events.find_events", ids=list(causes)) if causes else []
    if not events:
        raise NotFound("There is no event of this correlation, or none that you may see.")
    trace = trace_of(correlation, events, is_complete=len(rows) <= MOST_TRACED)
    lines = tuple(TraceLine(depth, event) for depth, event in trace.walk())
    return Traced(lines, {row["event_id"]: row for row in found}, trace.is_complete)


@checked()
def find_event(actor: Actor, *, event_id: UUID) -> dict[str, Any]:
    """Where an event lies: aggregate_type, aggregate_id, sequence_number, correlation_id. Raises NotFound."""
    with database.reading(actor) as unit:
        row = unit.row("events.find_events", ids=[event_id])
    if row is None:
        raise NotFound("There is no such event, or it is not yours to see.")
    return row
