"""What is broken on purpose, once each, so that the checks of the console have something to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.demo.engine.health import status_of
from data.demo.engine.projections import EVENTS_PER_SNAPSHOT
from data.demo.engine.records import Event

_MISSING = 3
_WRONGLY_ADDED = 24.0


def with_gap(events: Sequence[Event], aggregate_type: str) -> list[Event]:
    """Without one event in the middle of the one stream of this type; what it caused follows from its own cause."""
    lost = next(e for e in events if e.aggregate_type == aggregate_type and e.sequence_number == _MISSING)
    return [
        replace(event, causation_id=lost.causation_id) if event.causation_id == lost.event_id else event
        for event in events
        if event is not lost
    ]


def lagging(snapshots: list[tuple[object, ...]], stream: Sequence[Event]) -> list[tuple[object, ...]]:
    """Those snapshots of a stream that leave the newest more than a hundred events behind its end."""
    kept = (len(stream) - 1) // EVENTS_PER_SNAPSHOT - 1
    return snapshots[:kept]


def differing(row: tuple[object, ...]) -> tuple[object, ...]:
    """A row of engine.client_health whose score and status are not what its event says."""
    score = float(str(row[3]))
    wrong = round(score + _WRONGLY_ADDED if score < 70 else score - _WRONGLY_ADDED, 1)
    return (*row[:3], wrong, status_of(wrong), *row[5:])
