"""What a report to export consists of, and how its filters are read from a link. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from data import calendar
from data.access import Actor
from data.database.copying import Order
from data.errors import SignalboxError

MAX_VALUES = 100  # of one filter
MAX_CHARACTERS = 1000  # of one value
MAX_DIGITS = 10
_MAX_EXPONENT = 1000  # PostgreSQL holds numbers of 131,072 digits

Reader = Callable[[list[str]], Any]


class BadFilter(SignalboxError):
    """A filter of this link cannot be read."""


@dataclass(frozen=True)
class Report:
    """Something that can be exported: `query` is the named query with its columns in the order of the file,
    `filters` maps each of the query's parameters to the reader of its text. A filter that is not given is None.
    `found_query` answers in its place where one of the filters `found_by` is given, which stored sums do not know.
    `rows` looks up for whoever asks what no query can, which the query then takes as `rows`.
    `needs` is the action that whoever takes the file must be allowed. The columns `left_out` tell a page how many rows
    there are on all pages; a file holds them all. `sorts` maps what a page sorts its rows by to the column of the query
    that it is, where the page holds all rows and its query sorts them one way alone.
    """

    query: str
    sentence: str
    filters: Mapping[str, Reader]
    found_query: str | None = None
    rows: Callable[[Actor], list[dict[str, Any]]] | None = None
    needs: str = "export_rows"
    found_by: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    sorts: Mapping[str, str] = field(default_factory=dict)

    def query_for(self, parameters: Mapping[str, Any]) -> str:
        """The name of the query that answers for these parameters."""
        is_found = any(parameters.get(name) is not None for name in self.found_by)
        return self.found_query if self.found_query and is_found else self.query

    def looked_up(self, actor: Actor, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with the rows, where these are looked up. Raises what `rows` raises."""
        if self.rows is None:
            return dict(parameters)
        return {**parameters, "rows": json.dumps(self.rows(actor), default=str)}

    def order_of(self, parameters: Mapping[str, Any]) -> Order | None:
        """The column that these parameters sort by and whether downwards, which it is unless they say otherwise; None
        leaves the rows as the query gives them."""
        asked = parameters.get("sort") if self.sorts else None
        return (self.sorts[asked], parameters["downwards"] is not False) if asked else None

    def parse(self, given: Mapping[str, list[str]]) -> dict[str, Any]:
        """The parameters of the query and the order, from a query string. Raises BadFilter naming the filter."""
        readers = {**self.filters, **(order(*self.sorts) if self.sorts else {})}
        for name in given:
            if name not in readers:
                known = ", ".join(sorted(readers)) or "none"
                raise BadFilter(f"This export has no filter “{name[:40]}”. It has: {known}.")
        return _closed({name: _read(name, reader, given.get(name, [])) for name, reader in readers.items()})


def _closed(parameters: dict[str, Any]) -> dict[str, Any]:
    """A span that is given one end alone has the calendar's other one: a time that no period can name is in none."""
    start, end = parameters.get("start"), parameters.get("end")
    if (start is None) == (end is None):
        return parameters
    return {**parameters, "start": start or calendar.FIRST, "end": end or calendar.END}


def _read(name: str, reader: Reader, values: list[str]) -> Any:
    filled = [value for value in values if value != ""]
    if not filled:
        return None
    if len(filled) > MAX_VALUES or any(len(value) > MAX_CHARACTERS for value in filled):
        raise BadFilter(f"The filter “{name}” is too long.")
    if any("\0" in value for value in filled):
        raise BadFilter(f"The filter “{name}” cannot be read: it holds a character that no text has.")
    try:
        return reader(filled)
    except ValueError as error:
        raise BadFilter(f"The filter “{name}” cannot be read: {error}.") from None


def text(values: list[str]) -> str:
    """One text as it is."""
    return _one(values)


def texts(values: list[str]) -> list[str]:
    """Several texts, any of which may match."""
    return values


def moment(values: list[str]) -> datetime:
    """A date or a time in ISO 8601; without an offset it is UTC."""
    value = _one(values)
    try:
        read = datetime.fromisoformat(value)
        # In UTC, and refused here where that is before the first year or after the last one.
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("it is not a time such as 2026-11-20 or 2026-11-20T12:00:00+01:00") from None


def identifier(values: list[str]) -> UUID:
    """One id."""
    try:
        return UUID(_one(values))
    except ValueError:
        raise ValueError("it is not an id") from None


def json_object(values: list[str]) -> str:
    """One JSON object, as text."""
    value = _one(values)
    try:
        read = json.loads(value, parse_float=_number)
    except RecursionError:
        read = None
    except ValueError:
        raise ValueError('it is not JSON such as {"client_id": "nordlicht-versand"}') from None
    if not isinstance(read, dict) or "\\u0000" in value:
        raise ValueError("it is not a JSON object")
    return value


def _number(written: str) -> float:
    exponent = written.lower().partition("e")[2].lstrip("+-0")
    if len(exponent) > len(str(_MAX_EXPONENT)) or int(exponent or 0) > _MAX_EXPONENT:
        raise ValueError("it holds a number that is too large")
    return float(written)


def whole_number(values: list[str]) -> int:
    """One whole number from 0, of rows or of seconds that a time can be shifted by."""
    value = _one(values)
    if not (value.isascii() and value.isdecimal()) or len(value) > MAX_DIGITS:
        raise ValueError("it is not a whole number")
    return int(value)


def flag(values: list[str]) -> bool:
    """`true` or `false`."""
    value = _one(values)
    if value not in ("true", "false"):
        raise ValueError("it is neither true nor false")
    return value == "true"


def one_of(*choices: str) -> Reader:
    """A reader of one of these words."""

    def read(values: list[str]) -> str:
        value = _one(values)
        if value not in choices:
            raise ValueError(f"it is none of {', '.join(choices)}")
        return value

    return read


def _one(values: list[str]) -> str:
    if len(values) > 1:
        raise ValueError("it is given more than once")
    return values[0]


def order(*choices: str) -> dict[str, Reader]:
    """The order of a page: by what, downwards unless told otherwise; without one, as the page opens."""
    return {"sort": one_of(*choices), "downwards": flag}


# What most reports take: a span of time, or what has no time; the period before beside it; a page of a list.
SPAN = {"start": moment, "end": moment}
PERIOD = SPAN | {"untimed": flag}
COMPARED = PERIOD | {"previous_start": moment, "previous_end": moment}
PAGE = {"limit": whole_number, "offset": whole_number}
