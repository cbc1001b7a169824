"""The event store: append, read, trace, state at any event, follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID

import psycopg

from signalbox_client import checking
from signalbox_client.connection import Database, Source
from signalbox_client.errors import BadArgument, RefusedByDatabase
from signalbox_client.events import states
from signalbox_client.events.errors import EventNotFound, WrongSequence
from signalbox_client.events.event import Event, NewEvent, aggregate
from signalbox_client.events.positions import Position
from signalbox_client.events.reading import read_pages
from signalbox_client.events.reducers import Reducer, Reducers
from signalbox_client.events.states import AggregateState, read_state
from signalbox_client.events.subscription import Subscription, checked_filters, present
from signalbox_client.events.tracing import Trace, trace_of

MAX_AT_ONCE = 10_000

Aggregate = tuple[str, str]


class EventStore:
    """The engine's event log through one database; an address, a connection and a pool will do (see `Database`).

    With reducers, it keeps a snapshot at every hundredth event it appends to their aggregate types.
    """

    def __init__(self, source: Source | Database, *, reducers: Reducers | Iterable[Reducer] = ()) -> None:
        self._database = Database.of(source)
        self._reducers = reducers if isinstance(reducers, Reducers) else Reducers(reducers)

    def append(self, event: NewEvent, *, expected_sequence: int | None = None) -> Event:
        """Append one event and give it back with its number.

        `expected_sequence` is the newest number the caller has seen of the aggregate (0: none yet); None appends
        wherever it stands. Raises WrongSequence where somebody was faster, BadArgument, and what `Database` raises.
        """
        if not isinstance(event, NewEvent):
            raise BadArgument("event", f"must be a NewEvent, not {type(event).__name__}.")
        return self.append_many([event], expected_sequence=expected_sequence)[0]

    def append_many(
        self,
        events: Iterable[NewEvent],
        *,
        expected_sequence: int | Mapping[Aggregate, int] | Mapping[tuple[str, UUID], int] | None = None,
    ) -> list[Event]:
        """Append events in the order given, all or none, in one round trip where that is possible.

        `expected_sequence` as in `append` where all are of one aggregate, or by aggregate (type, id). At most 10,000.
        Raises as `append`.
        """
        given = _checked_events(events)
        columns = _columns(given, _expected(given, expected_sequence))
        if not given:
            return []
        try:
            appended = [Event(**row) for row in self._database.at_once("events.append", **columns)]
        except (RefusedByDatabase, psycopg.DatabaseError) as error:
            cause = error.__cause__ if isinstance(error, RefusedByDatabase) else error
            meant = WrongSequence.told_by(cause) if isinstance(cause, psycopg.Error) else None
            if meant:
                raise meant from error
            raise
        states.snapshots_after(self._database, self._reducers, appended)
        return appended

    def stream(
        self, aggregate_type: str, aggregate_id: UUID | str, *, from_sequence: int = 1, to_sequence: int | None = None
    ) -> Iterator[Event]:
        """The events of one aggregate in order, both ends included, read page by page as they are taken."""
        named = aggregate(aggregate_type, aggregate_id)
        first = checking.whole_number("from_sequence", from_sequence, least=1)
        last = None if to_sequence is None else checking.whole_number("to_sequence", to_sequence, least=0)
        return read_pages(self._database, named, first, last)

    def sequence(self, aggregate_type: str, aggregate_id: UUID | str) -> int:
        """The newest sequence number of an aggregate, 0 where it has no events."""
        named = aggregate(aggregate_type, aggregate_id)
        row = self._database.at_once("events.find_sequence", aggregate_type=named[0], aggregate_id=named[1])[0]
        return int(row["newest"])

    def event(self, event_id: UUID | str) -> Event:
        """One event. Raises EventNotFound."""
        rows = self._database.at_once("events.find_event", event_id=checking.identifier("event_id", event_id))
        if not rows:
            raise EventNotFound
        return Event(**rows[0])

    def correlated(self, correlation_id: UUID | str, *, limit: int = 10_000) -> list[Event]:
        """The events of one correlation in the order of time, the first `limit` of them."""
        named = checking.identifier("correlation_id", correlation_id)
        wanted = checking.whole_number("limit", limit, least=1)
        return self._rows("events.read_correlation", correlation_id=named, limit=wanted)

    def effects(self, event_id: UUID | str, *, limit: int = 10_000) -> list[Event]:
        """The events that one event caused directly, in whatever correlation, the first `limit` of them."""
        named = checking.identifier("event_id", event_id)
        return self._rows("events.read_effects", event_id=named, limit=checking.whole_number("limit", limit, least=1))

    def trace(self, correlation_id: UUID | str, *, limit: int = 10_000) -> Trace:
        """One correlation as a tree of causes and effects, made of its first `limit` events."""
        named = checking.identifier("correlation_id", correlation_id)
        checking.whole_number("limit", limit, least=1, most=checking.MAX_BIGINT - 1)
        events = self.correlated(named, limit=limit + 1)
        return trace_of(named, events[:limit], is_complete=len(events) <= limit)

    def state(self, aggregate_type: str, aggregate_id: UUID | str, *, at_sequence: int | None = None) -> AggregateState:
        """What an aggregate's events add up to, after event `at_sequence` or the newest.

        Raises ReducerFailed, and without a reducer UnreadableValue.
        """
        named = aggregate(aggregate_type, aggregate_id)
        at = None if at_sequence is None else checking.whole_number("at_sequence", at_sequence, least=0)
        return read_state(self._database, self._reducers, named, at)

    def snapshot(
        self, aggregate_type: str, aggregate_id: UUID | str, *, at_sequence: int | None = None
    ) -> AggregateState:
        """Keep the state after event `at_sequence` or the newest, in place of what another version of the reducer kept.

        Raises BadArgument for a type without a reducer and an aggregate without events, and ReducerFailed.
        """
        named = aggregate(aggregate_type, aggregate_id)
        reducer = self._reducers.find(named[0])
        if not reducer:
            raise BadArgument("aggregate_type", f"{aggregate_type} has no reducer, so there is no state to keep.")
        at = self.state(aggregate_type, aggregate_id, at_sequence=at_sequence)
        if not at.sequence_number:
            raise BadArgument("aggregate_id", f"{aggregate_id} has no events, so there is no state to keep.")
        states.keep_state(self._database, reducer, named, at.sequence_number, at.state, replace=True)
        return at

    def catch_up(self, *, limit: int = 1000) -> list[tuple[str, str, int]]:
        """Make the snapshots that are missing, where others appended without a reducer or its version has changed:
        type, id and sequence number of each. Raises ReducerFailed after making all that can be made."""
        return list(
            states.catch_up(self._database, self._reducers, limit=checking.whole_number("limit", limit, least=1))
        )

    def subscribe(
        self,
        start: Position | str | Literal["beginning", "now"] = "now",
        *,
        event_types: Collection[str] | None = None,
        aggregate_types: Collection[str] | None = None,
        correlation_ids: Collection[UUID | str] | None = None,
        session_ids: Collection[UUID | str] | None = None,
    ) -> Subscription:
        """Follow the log from the beginning, from now on, or from a position that was kept (also as its text).

        A filter that is left out lets everything pass; an event's session is `session_id` in its payload or metadata.
        Raises BadArgument, NoPositions.
        """
        filters = checked_filters(event_types, aggregate_types, correlation_ids, session_ids)
        return Subscription(self._database, self._position(start), filters)

    def close(self) -> None:
        """Close the connection, where this store was given an address."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, name: str, **parameters: Any) -> list[Event]:
        return [Event(**row) for row in self._database.at_once(name, **parameters)]

    def _position(self, start: object) -> Position:
        if isinstance(start, Position):
            return start.checked("start")
        if start == "beginning":
            return Position()
        return present(self._database) if start == "now" else Position.parse(start, "start")


def _checked_events(events: object) -> list[NewEvent]:
    given: list[NewEvent] = checking.listed("events", events, "NewEvent")
    for place, event in enumerate(given):
        if not isinstance(event, NewEvent):
            raise BadArgument(f"events[{place}]", f"must be a NewEvent, not {type(event).__name__}.")
    if len(given) > MAX_AT_ONCE:
        raise BadArgument("events", f"has {len(given)} events; {MAX_AT_ONCE} are the most at once.")
    return given


def _expected(events: list[NewEvent], given: object) -> dict[Aggregate, int]:
    """The expected sequence by aggregate, checked."""
    touched = {event.aggregate for event in events}
    if given is None:
        return {}
    if isinstance(given, Mapping):
        by_name = {_as_text(named): number for named, number in given.items()}
        for named in by_name:
            if named not in touched:
                raise BadArgument("expected_sequence", f"names {named!r}, to which nothing is appended.")
        return {named: checking.whole_number("expected_sequence", number) for named, number in by_name.items()}
    if len(touched) > 1:
        raise BadArgument("expected_sequence", "must be given by aggregate where events of several are appended.")
    return dict.fromkeys(touched, checking.whole_number("expected_sequence", given))


def _as_text(named: Any) -> Any:
    """The name of an aggregate with its id as text; anything else as it is."""
    match named:
        case (str(kind), UUID() as name):
            return kind, str(name)
    return named


def _columns(events: list[NewEvent], expected: dict[Aggregate, int]) -> dict[str, list[Any]]:
    """The events as the columns of the statement; only the first of an aggregate carries what was expected."""
    waiting = dict(expected)
    return {
        "event_types": [event.event_type for event in events],
        "aggregate_types": [event.aggregate_type for event in events],
        "aggregate_ids": [event.aggregate[1] for event in events],
        "payloads": [event.payload_json for event in events],
        "emitters": [event.emitted_by for event in events],
        "correlation_ids": [event.correlation_id for event in events],
        "causation_ids": [event.causation_id for event in events],
        "metadata": [event.metadata_json for event in events],
        "confidences": [event.confidence for event in events],
        "expected": [waiting.pop(event.aggregate, None) for event in events],
        "timestamps": [event.timestamp for event in events],
    }
