"""Events of the engine as objects, and as rows: few enough to be drawn one by one, in readable steps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import numpy as np

from data.demo.columns import NULL, Block, block, document, escaped, hyphened, times, uuids

Payload = dict[str, Any]
_IDS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ids are 32 digits, `at_ms` is in milliseconds since 1970."""

    event_id: str
    event_type: str
    correlation_id: str
    causation_id: str | None
    aggregate_type: str
    aggregate_id: str
    sequence_number: int
    payload: Payload
    emitted_by: str
    confidence: float | None
    at_ms: int


class Chance:
    """Everything that is drawn by chance for one part of the demo: numbers and ids, from one seed."""

    def __init__(self, random: np.random.Generator) -> None:
        """Draw from `random`, which is the part's own."""
        self.draw = Random(int(random.integers(0, 1 << 62)))
        self._random = random
        self._ids: list[str] = []

    def new_id(self) -> str:
        """A random id of 32 digits."""
        if not self._ids:
            self._ids = uuids(self._random, _IDS_AT_ONCE)
        return self._ids.pop()

    def confidence(self) -> float:
        """How sure an agent is: mostly rather, seldom hardly."""
        return round(self.draw.betavariate(9, 2), 2)

    def lasting_ms(self, median_minutes: float, spread: float = 0.6) -> int:
        """A duration around a median, in milliseconds."""
        return 1_000 + int(median_minutes * 60_000 * self.draw.lognormvariate(0, spread))


@dataclass
class Happenings:
    """The events of one correlation as they come about; what would lie beyond `until_ms` never happens."""

    chance: Chance
    correlation_id: str
    until_ms: int
    events: list[Event] = field(default_factory=list)
    _numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def tell(
        self,
        event_type: str,
        stream: tuple[str, str],
        payload: Payload,
        *,
        by: str,
        at_ms: int,
        cause: Event | None = None,
        confidence: float | None = None,
    ) -> Event | None:
        """Append an event to a stream (aggregate type and id); None where the demo ends before it."""
        if at_ms > self.until_ms:
            return None
        self._numbers[stream] += 1
        event = Event(
            self.chance.new_id(),
            event_type,
            self.correlation_id,
            cause.event_id if cause else None,
            *stream,
            self._numbers[stream],
            payload,
            by,
            confidence,
            at_ms,
        )
        self.events.append(event)
        return event


def event_rows(events: Sequence[Event]) -> Block:
    """Events as rows of engine.events."""
    at = times(np.array([event.at_ms for event in events], dtype=np.int64))
    return block(
        "demo.copy_engine_events",
        len(events),
        [
            [event.event_id for event in events],
            [event.event_type for event in events],
            [event.correlation_id for event in events],
            [event.causation_id or NULL for event in events],
            [event.aggregate_type for event in events],
            [event.aggregate_id for event in events],
            [str(event.sequence_number) for event in events],
            [document(event.payload) for event in events],
            ["{}"] * len(events),
            [event.emitted_by for event in events],
            [NULL if event.confidence is None else str(event.confidence) for event in events],
            at,
            at,
        ],
    )


def rows(query: str, values: Iterable[Sequence[object]]) -> Block:
    """Rows of plain values as a block: None is null, dicts and lists are JSON, all else is text."""
    lines = ["\t".join(map(_written, row)) for row in values]
    return Block(query, "".join(f"{line}\n" for line in lines).encode(), len(lines))


def _written(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict | list):
        return escaped(json.dumps(value, ensure_ascii=False))
    return str(value)


def stamp(at_ms: int) -> str:
    """A moment as projections write it: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def stamp_or_none(at_ms: int | None) -> str | None:
    """A moment as projections write it, None where it is not known."""
    return None if at_ms is None else stamp(at_ms)


def written_id(digits: str) -> str:
    """An id as payloads and aggregates write it."""
    return hyphened(digits)
