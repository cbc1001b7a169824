"""State of an aggregate at any of its events: the newest usable snapshot, and the events after it folded upon it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from signalbox_client import checking
from signalbox_client.connection import Database
from signalbox_client.errors import BadArgument, SignalboxError
from signalbox_client.events.errors import ReducerFailed
from signalbox_client.events.event import Event
from signalbox_client.events.reading import read_pages
from signalbox_client.events.reducers import Reducer, Reducers, State
from signalbox_client.json_values import Unreadable

log = logging.getLogger("signalbox_client.events")

SNAPSHOT_EVERY = 100


@dataclass(frozen=True)
class AggregateState:
    """What the events of an aggregate add up to, after the event with `sequence_number` (0: it has none yet).

    `reducer` is the label of what folded it, None where no reducer is registered for the type: then `state` is the
    payloads merged, later keys over earlier ones, and `unmerged` counts payloads that are no objects and were left out.
    `snapshot_sequence` is where folding began, `folded` how many events came after it.
    """

    aggregate_type: str
    aggregate_id: str
    sequence_number: int
    state: State
    reducer: str | None
    snapshot_sequence: int | None
    folded: int
    unmerged: int = 0


def read_state(
    database: Database, reducers: Reducers, aggregate: tuple[str, str], at_sequence: int | None
) -> AggregateState:
    """The state after event `at_sequence`, or after the newest. Raises ReducerFailed, UnreadableValue."""
    reducer = reducers.find(aggregate[0])
    state, began = _begin(database, reducer, aggregate, at_sequence)
    newest, folded, unmerged = began or 0, 0, 0
    for event in read_pages(database, aggregate, newest + 1, at_sequence):
        newest, folded = event.sequence_number, folded + 1
        if reducer:
            state = reducer.after(state, event)
        elif isinstance(event.payload, Unreadable):
            event.payload.refuse()
        elif isinstance(event.payload, dict):
            state |= event.payload
        else:
            unmerged += 1
    return AggregateState(*aggregate, newest, state, reducer.label if reducer else None, began, folded, unmerged)


def keep_snapshots(
    database: Database, reducer: Reducer, aggregate: tuple[str, str], from_sequence: int, to_sequence: int
) -> int:
    """Keep the state at every hundredth event from one sequence number to another; how many there were.

    Raises ReducerFailed.
    """
    first = -(-from_sequence // SNAPSHOT_EVERY) * SNAPSHOT_EVERY
    if first > to_sequence:
        return 0
    state, began = _begin(database, reducer, aggregate, first)
    kept = 0
    if began == first:  # another writer was here
        kept, first = 1, first + SNAPSHOT_EVERY
    for event in read_pages(database, aggregate, (began or 0) + 1, to_sequence // SNAPSHOT_EVERY * SNAPSHOT_EVERY):
        state = reducer.after(state, event)
        if event.sequence_number >= first and event.sequence_number % SNAPSHOT_EVERY == 0:
            keep_state(database, reducer, aggregate, event.sequence_number, state, replace=False)
            kept += 1
    return kept


def keep_state(
    database: Database, reducer: Reducer, aggregate: tuple[str, str], sequence: int, state: State, *, replace: bool
) -> None:
    """Store a state as a snapshot; where another version's lies there, `replace` decides."""
    try:
        written = checking.json_object("state", state)
    except BadArgument as error:
        raise ReducerFailed(
            f"{reducer.label} made a state of {' '.join(aggregate)} that is no JSON: {error}"
        ) from error
    database.at_once(
        "snapshots.put" if replace else "snapshots.add",
        aggregate_type=aggregate[0],
        aggregate_id=aggregate[1],
        sequence_number=sequence,
        state=written,
        reducer=reducer.label,
    )


def snapshots_after(database: Database, reducers: Reducers, appended: list[Event]) -> None:
    """The snapshots that newly appended events make due. Events count once they are appended, so a reducer that fails
    is logged and not raised; `EventStore.catch_up` makes what is missing."""
    by_aggregate: dict[tuple[str, str], list[int]] = {}
    for event in appended:
        by_aggregate.setdefault(event.aggregate, []).append(event.sequence_number)
    for aggregate, numbers in by_aggregate.items():
        reducer = reducers.find(aggregate[0])
        if not reducer or numbers[-1] // SNAPSHOT_EVERY * SNAPSHOT_EVERY < numbers[0]:
            continue
        try:
            keep_snapshots(database, reducer, aggregate, numbers[0], numbers[-1])
        except (SignalboxError, psycopg.Error):
            log.warning("no snapshot was made", exc_info=True, extra={"reducer": reducer.label})


def catch_up(database: Database, reducers: Reducers, *, limit: int) -> Iterator[tuple[str, str, int]]:
    """Make the snapshots that are missing; yields the type, the id and the sequence number of each.

    An aggregate whose reducer fails keeps none of the others back: it is raised for at the end.
    """
    failed: ReducerFailed | None = None
    due = database.at_once(
        "snapshots.list_due",
        aggregate_types=[reducer.aggregate_type for reducer in reducers],
        reducers=[reducer.label for reducer in reducers],
        every=SNAPSHOT_EVERY,
        limit=limit,
    )
    for row in due:
        aggregate = (row["aggregate_type"], row["aggregate_id"])
        reducer = reducers.find(aggregate[0])
        if reducer:
            at_sequence = row["sequence_number"] // SNAPSHOT_EVERY * SNAPSHOT_EVERY
            try:
                at = read_state(database, reducers, aggregate, at_sequence)
                keep_state(database, reducer, aggregate, at.sequence_number, at.state, replace=True)
            except ReducerFailed as error:
                failed = failed or error
            else:
                yield *aggregate, at.sequence_number
    if failed:
        raise failed


def _begin(
    database: Database, reducer: Reducer | None, aggregate: tuple[str, str], at_sequence: int | None
) -> tuple[State, int | None]:
    if reducer is None:
        return {}, None
    found: list[dict[str, Any]] = database.at_once(
        "snapshots.find_newest",
        aggregate_type=aggregate[0],
        aggregate_id=aggregate[1],
        reducer=reducer.label,
        at_sequence=at_sequence,
    )
    if not found or isinstance(found[0]["state"], Unreadable):  # the events themselves add up to it
        return reducer.beginning(), None
    return found[0]["state"], found[0]["sequence_number"]
