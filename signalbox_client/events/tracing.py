"""One correlation as a tree: what caused what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from signalbox_client.events.event import Event


@dataclass(eq=False)
class Cause:
    """An event with the events that it caused, in the order of time."""

    event: Event
    effects: list[Cause] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class Trace:
    """The events of a correlation. `roots` have no cause, or one that is not among them (see `elsewhere`).

    `is_complete` is False where there are more events than were read.
    """

    correlation_id: UUID
    roots: tuple[Cause, ...]
    is_complete: bool

    @property
    def elsewhere(self) -> tuple[Cause, ...]:
        """Roots whose cause lies in another correlation, or cannot be seen."""
        return tuple(root for root in self.roots if root.event.causation_id)

    def walk(self) -> Iterator[tuple[int, Event]]:
        """Every event with its depth, causes before effects."""
        waiting = [(0, root) for root in reversed(self.roots)]
        while waiting:
            depth, cause = waiting.pop()
            yield depth, cause.event
            waiting.extend((depth + 1, effect) for effect in reversed(cause.effects))


def trace_of(correlation_id: UUID, events: Iterable[Event], *, is_complete: bool) -> Trace:
    """The tree of events given in the order of time. Events that cause each other in a ring hang on the earliest."""
    causes = {event.event_id: Cause(event) for event in events}
    roots = []
    for cause in causes.values():
        above = _above(causes, cause)
        if above is None:
            roots.append(cause)
        else:
            above.effects.append(cause)
    for ring in _rings(causes, roots):
        above = _above(causes, ring)
        if above:
            above.effects.remove(ring)
        roots.append(ring)
    return Trace(correlation_id, tuple(roots), is_complete)


def _above(causes: dict[UUID, Cause], cause: Cause) -> Cause | None:
    return causes.get(cause.event.causation_id) if cause.event.causation_id else None


def _rings(causes: dict[UUID, Cause], roots: list[Cause]) -> list[Cause]:
    """The earliest event of every ring, which no root leads to."""
    reached: set[UUID] = set()
    _reach(reached, roots)
    order = {event_id: place for place, event_id in enumerate(causes)}
    found = []
    for cause in causes.values():
        if cause.event.event_id in reached:
            continue
        passed: dict[UUID, None] = {}  # in this order
        here: Cause | None = cause
        while here and here.event.event_id not in passed:
            passed[here.event.event_id] = None
            here = _above(causes, here)
        ring = list(passed)[list(passed).index(here.event.event_id) :] if here else []
        earliest = causes[min(ring, key=order.__getitem__)]
        found.append(earliest)
        _reach(reached, [earliest])
    return found


def _reach(reached: set[UUID], begin: list[Cause]) -> None:
    waiting = list(begin)
    while waiting:
        cause = waiting.pop()
        if cause.event.event_id not in reached:
            reached.add(cause.event.event_id)
            waiting.extend(cause.effects)
