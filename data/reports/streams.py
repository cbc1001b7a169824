"""One aggregate at any of its events: what it was then, what each event changed, and by what it was folded."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data import database, reducers
from data.access import Actor
from data.arguments import checked
from data.database import Unit
from data.errors import NotFound
from signalbox_client import json_values
from signalbox_client.events import SNAPSHOT_EVERY, Event, Reducer, ReducerFailed
from signalbox_client.projections import PROJECTIONS

SNAPSHOTS_EVERY = SNAPSHOT_EVERY  # events, as whoever appends with a reducer keeps them
WINDOW = 25  # events around the one asked for
MOST_FOLDED = 2000  # events before the window; more would freeze the page

State = dict[str, Any]


@dataclass(frozen=True)
class About:
    """A stream in numbers, as far as the viewer sees it."""

    events: int
    first_number: int
    last_number: int
    first_at: datetime | None
    last_at: datetime | None

    @property
    def missing(self) -> int:
        """Numbers between 1 and the newest that no event has."""
        return self.last_number - self.events


@dataclass(frozen=True)
class Step:
    """An event and the fields of the state that it changed; None where the state is not known."""

    event: Event
    changed: tuple[str, ...] | None


@dataclass(frozen=True)
class StreamAt:
    """A stream at one of its numbers. `event` is the one of that number, None where the number is missing.

    `before` and `after` are the states around it, None where `problem` says why they are not known. `reducer` is the
    label of what folded them, None for merged payloads, `unmerged` of which are no objects and were left out;
    `began_after` is the snapshot (with a reducer) or the number after which folding began, None for the very beginning;
    `folded` events came after it.
    """

    about: About
    at: int
    event: Event | None
    steps: tuple[Step, ...]
    reducer: str | None
    began_after: int | None
    folded: int
    before: State | None
    after: State | None
    problem: str | None
    unmerged: int = 0


@checked()
def read_stream(actor: Actor, *, aggregate_type: str, aggregate_id: str, at: int | None = None) -> StreamAt:
    """An aggregate's state around event `at` (None: the newest), with the events around it.

    Reads the newest usable snapshot and at most MOST_FOLDED events before the window. Raises NotFound where there is
    no event, or none that the viewer may see.
    """
    named = {"aggregate_type": aggregate_type, "aggregate_id": aggregate_id}
    reducer = reducers.used().find(aggregate_type)
    with database.reading(actor) as unit:
        row = unit.row("streams.read_stream", **named)
        if row is None:
            raise NotFound("There is no event of this aggregate, or none that you may see.")
        about = About(**row)
        number = min(max(at or about.last_number, 1), about.last_number)
        first = (number - 1) // WINDOW * WINDOW + 1
        began = _begin(unit, named, reducer, first)
        is_near = first - 1 - (began[1] or 0) <= MOST_FOLDED
        begin_after = began[1] if is_near else first - 1 - MOST_FOLDED if reducer is None else first - 1
        last = min(first + WINDOW - 1, about.last_number)
        rows = unit.rows("streams.list_events", **named, first=(begin_after or 0) + 1, last=last)
    events = [Event(**row) for row in rows]
    if reducer and not is_near:
        return _unfolded(about, number, events, reducer, _too_far(began[1], first))
    return _folded(about, number, first, events, reducer, began[0], begin_after)


def stream_types() -> dict[str, str]:
    """The projections of which a row's key is the id of its stream, each with the type of aggregate."""
    return {one.name: one.aggregate_type for one in PROJECTIONS if one.key_column == "id"}


def _begin(unit: Unit, named: dict[str, str], reducer: Reducer | None, first: int) -> tuple[State, int | None]:
    """Where folding begins: the newest usable snapshot before a number, or the state before everything."""
    if reducer is None:
        return {}, None
    found = unit.row("streams.find_snapshot", **named, reducer=reducer.label, at=first - 1)
    if found is None or not isinstance(found["state"], dict):
        return reducer.beginning(), None
    return found["state"], found["sequence_number"]


def _folded(
    about: About,
    at: int,
    first: int,
    events: Sequence[Event],
    reducer: Reducer | None,
    state: State,
    began_after: int | None,
) -> StreamAt:
    """Fold the events one by one, keeping the states around the one asked for; after one that fails none is known."""
    steps: list[Step] = []
    now: State | None = state
    before: State | None = state
    after: State | None = state
    folded, unmerged, problem, event = 0, 0, None, None
    for one in events:
        following, failure = _after(reducer, now, one)
        if one.sequence_number <= at:
            event = one if one.sequence_number == at else None
            before, after = now if event else following, following
            folded, problem = folded + 1, problem or failure
            unmerged += reducer is None and not isinstance(one.payload, dict)
        if one.sequence_number >= first:
            steps.append(Step(one, _changed(now, following)))
        now = following
    label = reducer.label if reducer else None
    began = began_after or None
    return StreamAt(about, at, event, tuple(steps), label, began, folded, before, after, problem, unmerged)


def _after(reducer: Reducer | None, state: State | None, event: Event) -> tuple[State | None, str | None]:
    """The state after an event, or None and why it cannot be told."""
    if state is None:
        return None, None
    if reducer is None:
        return (state | event.payload if isinstance(event.payload, dict) else state), None
    try:
        # A copy: a reducer that changes what it is given must not change the state before.
        return reducer.after(copy.deepcopy(state), event), None
    except ReducerFailed as error:
        return None, error.sentence


def _changed(before: State | None, after: State | None) -> tuple[str, ...] | None:
    """The fields that differ, in the order of the state after."""
    if before is None or after is None:
        return None
    names = dict.fromkeys([*after, *before])
    return tuple(
        name
        for name in names
        if (name in before) != (name in after) or not json_values.is_same(before.get(name), after.get(name))
    )


def _unfolded(about: About, at: int, events: Sequence[Event], reducer: Reducer, problem: str) -> StreamAt:
    event = next((one for one in events if one.sequence_number == at), None)
    steps = tuple(Step(one, None) for one in events)
    return StreamAt(about, at, event, steps, reducer.label, None, 0, None, None, problem)


def _too_far(snapshot: int | None, first: int) -> str:
    lies = (
        f"The newest snapshot before lies {first - 1 - snapshot:,} events back" if snapshot else "There is no snapshot"
    )
    return (
        f"{lies}, and at most {MOST_FOLDED:,} events are folded here. EventStore.catch_up of signalbox_client makes the"
        " snapshots that are missing."
    )
