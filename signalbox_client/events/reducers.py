"""Reducers: what folds the events of an aggregate into its state, one per aggregate type, each with a version."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.events.errors import ReducerFailed
from signalbox_client.events.event import Event

State = dict[str, Any]
Fold = Callable[[State, Event], State]


@dataclass(frozen=True)
class Reducer:
    """How an aggregate type's events add up. `fold(state, event)` gives the state after the event, a JSON object.

    Change `version` whenever the same events would add up to something else: snapshots made by another are not used.
    """

    aggregate_type: str
    fold: Fold
    version: str = "1"
    name: str = ""
    initial: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checking.text("aggregate_type", self.aggregate_type)
        checking.text("version", self.version)
        if not callable(self.fold):
            raise BadArgument("fold", "must be a function of a state and an event.")
        checking.json_object("initial", self.initial)
        if self.name == "":
            object.__setattr__(self, "name", self.aggregate_type.lower())
        checking.text("name", self.name)

    @property
    def label(self) -> str:
        """Its name and version, as snapshots carry it."""
        return f"{self.name}@{self.version}"

    def beginning(self) -> State:
        """The state before the first event, a copy of its own each time."""
        return copy.deepcopy(dict(self.initial))

    def after(self, state: State, event: Event) -> State:
        """The state after one more event. Raises ReducerFailed naming the event, with what went wrong as its cause."""
        of_what = f"event {event.sequence_number} ({event.event_type}) of {' '.join(event.aggregate)}"
        place = f"{self.label} cannot fold {of_what}"
        try:
            folded = self.fold(state, event)
        except Exception as error:
            raise ReducerFailed(f"{place}: {type(error).__name__}: {error}") from error
        if not isinstance(folded, dict):
            raise ReducerFailed(f"{place}: it gave a {type(folded).__name__}, not a dictionary.")
        return folded


class Reducers:
    """The reducers of a program, by aggregate type."""

    def __init__(self, reducers: Iterable[Reducer] = ()) -> None:
        self._by_type: dict[str, Reducer] = {}
        for place, reducer in enumerate(checking.listed("reducers", reducers, "Reducer")):
            self._take(f"reducers[{place}]", reducer)

    def add(self, reducer: Reducer) -> None:
        """Take one more. Raises BadArgument where its aggregate type has one already."""
        self._take("reducer", reducer)

    def register(
        self, aggregate_type: str, *, version: str = "1", name: str = "", initial: Mapping[str, Any] | None = None
    ) -> Callable[[Fold], Fold]:
        """As a decorator of the folding function; arguments as of `Reducer`."""

        def take(fold: Fold) -> Fold:
            self.add(Reducer(aggregate_type, fold, version, name, {} if initial is None else initial))
            return fold

        return take

    def find(self, aggregate_type: str) -> Reducer | None:
        """The reducer of a type, None where there is none."""
        return self._by_type.get(aggregate_type)

    def __iter__(self) -> Iterator[Reducer]:
        return iter(self._by_type.values())

    def _take(self, argument: str, reducer: object) -> None:
        if not isinstance(reducer, Reducer):
            raise BadArgument(argument, f"must be a Reducer, not {type(reducer).__name__}.")
        if reducer.aggregate_type in self._by_type:
            raise BadArgument(argument, f"is the second one for {reducer.aggregate_type}.")
        self._by_type[reducer.aggregate_type] = reducer
