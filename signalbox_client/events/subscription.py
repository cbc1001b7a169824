"""Following the log from a position: every event that is committed comes once, however late its transaction ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import psycopg

from signalbox_client import checking
from signalbox_client.connection import Database
from signalbox_client.errors import RefusedByDatabase
from signalbox_client.events.errors import NoPositions, PositionUnknown
from signalbox_client.events.event import Event
from signalbox_client.events.positions import Position

T = TypeVar("T")

WINDOW = 1000  # positions looked at in one reading


@dataclass(frozen=True)
class Filters:
    """What a subscriber wants of the log; None lets everything pass, an empty collection nothing."""

    event_types: list[str] | None = None
    aggregate_types: list[str] | None = None
    correlation_ids: list[UUID] | None = None
    session_ids: list[str] | None = None


@dataclass(frozen=True)
class _Reading:
    """One look at the log: the events that passed, and what is known after it."""

    events: list[tuple[int, Event]] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)
    until_transaction: int = 0
    after: Position = field(default_factory=Position)
    is_last: bool = True


class Subscription:
    """Events in the order of their positions, late ones as soon as they are there.

    Within an aggregate the order is always that of its sequence numbers. Made by `EventStore.subscribe`; used by one
    thread, but `stop` may be called from any. `position` covers the events handed out so far, also while a loop is at
    one: keep it when the event is dealt with, and after a crash the events since then come again.
    """

    def __init__(self, database: Database, position: Position, filters: Filters) -> None:
        self._database = database
        self._filters = filters
        self._begun = position  # before the present reading
        self._reading = _Reading(after=position)
        self._handed_out = 0
        self._stop = threading.Event()

    @property
    def position(self) -> Position:
        """How far the events handed out so far lead; give it to `subscribe` to go on after them."""
        if self._handed_out == len(self._reading.events):
            return self._reading.after
        if not self._handed_out:
            return self._begun
        taken = [place for place, _ in self._reading.events[: self._handed_out]]
        return self._begun.after(taken).with_gaps(self._reading.holes, self._reading.until_transaction)

    def poll(self) -> list[Event]:
        """What is new, at most what a thousand positions hold; empty where there is nothing now. Counts as handed out.

        Raises PositionUnknown, NoPositions, and what the database raises.
        """
        events = [event for _, event in self._reading.events[self._handed_out :]]
        while not events:
            self._read()
            events = [event for _, event in self._reading.events]
            if self._reading.is_last:
                break
        self._handed_out = len(self._reading.events)
        return events

    def follow(self, *, every_s: float = 1.0) -> Iterator[Event]:
        """Every event there is and every one that comes, looking again each `every_s` seconds; ends after `stop`.

        Raises as `poll`. Lost connections raise, too: go on by calling it again.
        """
        pause_s = checking.number("every_s", every_s, least=0.01, most=3600)
        return self._following(pause_s)

    def stop(self) -> None:
        """End `follow` after the event it is at; a later `follow` goes on from there. Where none is going on, the next
        one ends at once: it may be about to begin in another thread."""
        self._stop.set()

    def _following(self, pause_s: float) -> Iterator[Event]:
        try:
            while not self._stop.is_set():
                if self._handed_out < len(self._reading.events):
                    self._handed_out += 1
                    yield self._reading.events[self._handed_out - 1][1]
                    continue
                self._read()
                if not self._reading.events and self._reading.is_last:
                    self._stop.wait(pause_s)
        finally:
            self._stop.clear()

    def _read(self) -> None:
        begun = self._reading.after
        try:
            edge, *rows = self._database.alone(
                "subscriptions.read_next",
                through=begun.through,
                firsts=[gap.first for gap in begun.gaps],
                lasts=[gap.last for gap in begun.gaps],
                window=WINDOW,
                event_types=self._filters.event_types,
                aggregate_types=self._filters.aggregate_types,
                correlation_ids=self._filters.correlation_ids,
                session_ids=self._filters.session_ids,
            )
        except (RefusedByDatabase, psycopg.ProgrammingError) as error:
            raise _meant(error) from error
        if not edge["is_known"]:
            raise PositionUnknown
        self._begun, self._reading, self._handed_out = begun, _understood(begun, edge, rows), 0


def present(database: Database) -> Position:
    """Where the log is now: what is committed from here on lies after it. Raises NoPositions."""
    try:
        edge = database.alone("subscriptions.find_present")[0]
    except (RefusedByDatabase, psycopg.ProgrammingError) as error:
        raise _meant(error) from error
    return Position(edge["through"]).with_gaps(_holes(edge), int(edge["next_transaction"]))


def checked_filters(event_types: Any, aggregate_types: Any, correlation_ids: Any, session_ids: Any) -> Filters:
    """Filters from what a caller gave. Raises BadArgument."""
    return Filters(
        _texts("event_types", event_types),
        _texts("aggregate_types", aggregate_types),
        _collection("correlation_ids", correlation_ids, checking.identifier),
        _collection("session_ids", session_ids, checking.name),
    )


def _texts(argument: str, values: Any) -> list[str] | None:
    return _collection(argument, values, checking.text)


def _collection(argument: str, values: Any, check: Callable[[str, object], T]) -> list[T] | None:
    return None if values is None else checking.collection(argument, values, check)


def _understood(begun: Position, edge: dict[str, Any], rows: list[dict[str, Any]]) -> _Reading:
    events = [(row["position"], _event(row)) for row in rows]
    holes = _holes(edge)
    until = int(edge["next_transaction"] or 0)
    late = edge["late_positions"] or []
    reached = begun.after([*late, edge["through"]])
    if len(late) == WINDOW:  # and perhaps more: nothing is settled before all of them were seen
        return _Reading(events, holes, until, reached, is_last=False)
    # Late ones were looked for in the very snapshot in which those transactions were over: no more of them can come.
    after = reached.settled(int(edge["oldest_running"])).with_gaps(holes, until)
    return _Reading(events, holes, until, after, is_last=edge["looked_at"] < WINDOW)


def _holes(edge: dict[str, Any]) -> list[tuple[int, int]]:
    return list(zip(edge["hole_firsts"] or [], edge["hole_lasts"] or [], strict=True))


_COLUMNS = tuple(Event.__dataclass_fields__)


def _event(row: dict[str, Any]) -> Event:
    return Event(**{name: row[name] for name in _COLUMNS})


def _meant(error: RefusedByDatabase | psycopg.Error) -> Exception:
    cause = error.__cause__ if isinstance(error, RefusedByDatabase) else error
    return NoPositions() if isinstance(cause, psycopg.errors.UndefinedColumn) else error
