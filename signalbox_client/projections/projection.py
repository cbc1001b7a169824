"""A projection: a table whose rows follow from events, and how one more event changes a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from signalbox_client import checking
from signalbox_client.errors import BadArgument, SignalboxError, UnreadableValue
from signalbox_client.events import Event
from signalbox_client.projections.checks import Check

Row = dict[str, Any]

_UNFIT = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, UnreadableValue)  # for what events hold


class ProjectionFailed(SignalboxError):
    """An event cannot be projected: its payload lacks what the projection needs, or the table does not hold it."""


@dataclass(frozen=True)
class Projection:
    """`name` is the table in schema engine; it takes events of `event_types` on aggregates of `aggregate_type`.

    `key_of(event)` names the row an event belongs to, the value of `key_column`. `fold(row, event)` gives the row
    after the event, with the columns that events tell of and no others; `row` is None before the first. A row without
    all `required` columns misses its beginning and cannot be made from events. `columns` checks what the table asks of
    a column: given its name and a value, each gives the value as it is stored, or raises BadArgument. `references` are
    the columns that name rows of other tables, which may be deleted. Raises BadArgument.
    """

    name: str
    aggregate_type: str
    event_types: frozenset[str]
    key_column: str
    key_of: Callable[[Event], str]
    fold: Callable[[Row | None, Event], Row]
    required: frozenset[str]
    columns: Mapping[str, Check] = field(default_factory=dict, kw_only=True)
    references: frozenset[str] = field(default=frozenset(), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("name", "aggregate_type", "key_column"):
            checking.text(name, getattr(self, name))
        for name in ("event_types", "required", "references"):
            texts = checking.collection(name, getattr(self, name), checking.text)
            object.__setattr__(self, name, frozenset(texts))
        for name in ("key_of", "fold"):
            if not callable(given := getattr(self, name)):
                raise BadArgument(name, f"must be a function, not {type(given).__name__}.")
        if not isinstance(self.columns, Mapping) or not all(callable(check) for check in self.columns.values()):
            raise BadArgument("columns", "must be a mapping of the names of columns to functions that check a value.")

    def key_for(self, event: Event) -> str:
        """The row that an event belongs to. Raises ProjectionFailed naming it."""
        try:
            key = self.key_of(event)
        except _UNFIT as error:
            raise self.failed(event, _why(error)) from error
        if not isinstance(key, str):
            raise self.failed(event, f"key_of gave no text but {type(key).__name__}")
        return key

    def after(self, row: Row | None, event: Event) -> Row:
        """The row after one more event. Raises ProjectionFailed naming it."""
        try:
            return self.fold(row, event)
        except _UNFIT as error:
            raise self.failed(event, _why(error)) from error

    def stored(self, column: str, value: Any, event: Event) -> Any:
        """A value as its column holds it, which this event told. Raises ProjectionFailed naming both."""
        if column not in self.columns:
            return value
        try:
            return self.columns[column](column, value)
        except BadArgument as error:
            raise self.failed(event, _why(error)) from error

    def failed(self, event: Event, reason: str) -> ProjectionFailed:
        """That this event cannot be projected, and why."""
        what = f"event {event.sequence_number} ({event.event_type}, {event.event_id}) of {' '.join(event.aggregate)}"
        return ProjectionFailed(f"{self.name} cannot take {what}: {reason}")


class Projections:
    """Projections by name. Raises BadArgument."""

    def __init__(self, projections: Iterable[Projection] = ()) -> None:
        self._by_name: dict[str, Projection] = {}
        for place, projection in enumerate(checking.listed("projections", projections, "Projection")):
            self._take(f"projections[{place}]", projection)

    def add(self, projection: Projection) -> None:
        """Take one more. Raises BadArgument where its name is taken, or it is none."""
        self._take("projection", projection)

    def named(self, name: object) -> Projection:
        """The projection of that name. Raises BadArgument naming those there are."""
        if not isinstance(name, str) or name not in self._by_name:
            raise BadArgument("name", f"must be one of {', '.join(self._by_name)}.")
        return self._by_name[name]

    def __iter__(self) -> Iterator[Projection]:
        return iter(self._by_name.values())

    def _take(self, argument: str, projection: object) -> None:
        if not isinstance(projection, Projection):
            raise BadArgument(argument, f"must be a Projection, not {type(projection).__name__}.")
        if projection.name in self._by_name:
            raise BadArgument(argument, f"is the second one called {projection.name}.")
        self._by_name[projection.name] = projection


def moment(value: Any) -> datetime | None:
    """A time in a payload, in UTC; one without a zone is taken for UTC."""
    if value is None:
        return None
    read = datetime.fromisoformat(value)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _why(error: Exception) -> str:
    match error:
        case BadArgument():
            return f"{error.argument} {error.reason.removesuffix('.')}"
        case UnreadableValue():
            return error.sentence.removesuffix(".")
        case KeyError(args=(str(name),)):
            return f"its payload has no {name}"
    return f"{type(error).__name__}: {error}"


def moment_of(told: Mapping[str, Any], name: str) -> datetime | None:
    """The time of that name in a payload. Raises BadArgument for what is none."""
    try:
        return moment(told.get(name))
    except (TypeError, ValueError, OverflowError):
        raise BadArgument(name, f"is no time: {str(told[name])[:40]!r}.") from None


def stamp(when: datetime | None) -> str | None:
    """A time as documents inside rows write it: ISO 8601 in UTC, with milliseconds."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="milliseconds")


def comparable(value: Any) -> Any:
    """A value of a row in the one form in which folded and stored ones are compared, and written as JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict | list | tuple):
        return json.loads(json.dumps(value, default=comparable))
    return value
