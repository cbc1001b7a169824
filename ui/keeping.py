"""A store of answers: bounded in bytes, each computed once however many ask for it, and valid while its tables stand.

Streamlit's cache wants the whole key before it computes. Which tables an answer rests on is known only afterwards, and
it is valid as long as the versions of just those are what they were.
"""

from __future__ import annotations

import pickle
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum
from typing import Any
from uuid import UUID

OVERHEAD_BYTES = 512  # of an entry beside its answer, key and versions: the objects that hold them, places in tables

Versions = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer as it is kept, and the versions of the tables it rests on, read before it."""

    pickled: bytes
    rests_on: Versions

    def holds(self, versions: Versions) -> bool:
        """Whether nothing that it rests on has another version."""
        return all(versions.get(name) == version for name, version in self.rests_on.items())

    def size_under(self, key: Hashable) -> int:
        """In bytes, with its key; an answer is often smaller than what it is kept under."""
        return len(self.pickled) + held_bytes(key) + held_bytes(self.rests_on) + OVERHEAD_BYTES


@dataclass(eq=False)
class _Flight:
    """A computation under way; who comes meanwhile waits for it."""

    versions: Versions
    generation: int
    landed: threading.Event = field(default_factory=threading.Event)
    answer: Answer | None = None
    error: Exception | None = None


class Store:
    """The answers of this process. What was asked for longest ago goes first when `max_bytes` are full.

    `before_waiting` is called by whoever is about to wait for the computation of somebody else.
    """

    def __init__(self, max_bytes: int, before_waiting: Callable[[], None] = lambda: None) -> None:
        self._max_bytes = max_bytes
        self._before_waiting = before_waiting
        self._guard = threading.Lock()
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._flights: dict[Hashable, _Flight] = {}
        self._generation = 0
        self.size = 0

    def __len__(self) -> int:
        return len(self._answers)

    def answer(
        self, key: Hashable, versions: Versions, compute: Callable[[], tuple[Any, Collection[str]]]
    ) -> tuple[Any, Collection[str]]:
        """What `compute` gives, an own copy for each caller, and the names of the tables that it rests on.

        `compute` returns both; `versions` must have been read before. Raises what it raises, which is not kept: only
        those who asked while it ran, at the same versions, get the same error.
        """
        while True:
            with self._guard:
                kept = self._answers.get(key)
                if kept is not None and kept.holds(versions):
                    self._answers.move_to_end(key)
                    break
                flight = self._flights.get(key)
                if flight is None:
                    flight = self._flights[key] = _Flight(versions, self._generation)
                    is_mine = True
                else:
                    is_mine = False
            if is_mine:
                return self._fly(key, flight, compute)
            self._before_waiting()
            flight.landed.wait()
            if flight.versions == versions:
                if flight.error is not None:
                    raise flight.error
                if flight.answer is not None:
                    kept = flight.answer
                    break
        return pickle.loads(kept.pickled), kept.rests_on.keys()  # noqa: S301 - our own bytes, from this process

    def _fly(
        self, key: Hashable, flight: _Flight, compute: Callable[[], tuple[Any, Collection[str]]]
    ) -> tuple[Any, Collection[str]]:
        try:
            result, names = compute()
            rests_on = {name: flight.versions[name] for name in names}
            flight.answer = Answer(pickle.dumps(result, pickle.HIGHEST_PROTOCOL), rests_on)
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._guard:
                del self._flights[key]
                if flight.answer is not None and flight.generation == self._generation:
                    self._keep(key, flight.answer)
            flight.landed.set()
        return result, names

    def _keep(self, key: Hashable, answer: Answer) -> None:
        if replaced := self._answers.pop(key, None):
            self.size -= replaced.size_under(key)
        if (size := answer.size_under(key)) > self._max_bytes:
            return
        self._answers[key] = answer
        self.size += size
        while self.size > self._max_bytes:
            last, oldest = self._answers.popitem(last=False)
            self.size -= oldest.size_under(last)

    def clear(self) -> None:
        """Forget everything; what is being computed now is given to those who wait, and not kept either."""
        with self._guard:
            self._answers.clear()
            self._generation += 1
            self.size = 0


def held_bytes(value: object) -> int:
    """What a key or versions hold in memory, parts included; a part that several share is counted for each."""
    if isinstance(value, type):
        return 0
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        parts = (part for pair in value.items() for part in pair)
    elif isinstance(value, tuple | frozenset):
        parts = value
    return sys.getsizeof(value) + sum(map(held_bytes, parts))


_CLOCKS = (datetime, time)
_PLAIN = (str, int, float, bytes, UUID, date, timedelta, Enum, type(None))


def as_key(value: object) -> Hashable:
    """A value as part of a key: equal only for values of one type that no reader could tell apart.

    Raises TypeError for what has no value of its own, such as a connection.
    """
    kind = type(value)
    if isinstance(value, _CLOCKS):
        # Equal moments may stand in different zones, and a reader may ask for the day.
        return kind, value.isoformat(), str(value.tzinfo), value.fold
    if isinstance(value, tzinfo):
        return kind, str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return kind, tuple(as_key(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, Mapping):
        return kind, tuple((as_key(name), as_key(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return kind, tuple(as_key(each) for each in value)
    if isinstance(value, set | frozenset):
        return kind, frozenset(as_key(each) for each in value)
    if isinstance(value, _PLAIN):
        return kind, value
    raise TypeError(f"{kind.__name__} cannot be part of a key.")
