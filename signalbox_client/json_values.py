"""Stored JSON as Python's values. What Python cannot hold is no error while rows are read, so that one such value keeps
nobody from the others: an `Unreadable` stands in its place, and whoever uses it is told which value it is, and why."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import accumulate
from typing import Any, NoReturn

import psycopg
from psycopg.adapt import Loader

from signalbox_client.checking import MAX_JSON_DEPTH
from signalbox_client.errors import UnreadableValue

MAX_LEVELS = MAX_JSON_DEPTH + 10  # what was written may have been put into something

STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_STRING = re.compile(STRING, re.DOTALL)
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_PERHAPS_TOO_LARGE = re.compile(rb"\d{309}|[eE]\+?\d{3}")  # for a float, or even for a whole number
_KEYS = ("id", "event_id", "key")  # columns that tell rows apart; else the first one does


@dataclass(frozen=True)
class Unreadable:
    """A stored JSON value that Python cannot hold: which one it is, why, and its text, so that nothing is lost.

    Using it as the value that it stands for raises UnreadableValue with all three.
    """

    text: str = field(repr=False)
    reason: str
    place: str = "A JSON value"

    def refuse(self, *_: object) -> NoReturn:
        """Raises UnreadableValue."""
        raise UnreadableValue(self.place, self.reason, self.text)

    __getitem__ = __contains__ = __iter__ = __len__ = __bool__ = __or__ = __ror__ = refuse

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # how Python asks what an object can do
            raise AttributeError(name)
        self.refuse()


class _Refused(ValueError):
    """Why a text was not read."""


def read(text: bytes) -> Any:
    """The value of a JSON text, or an Unreadable."""
    if is_deeper(text, MAX_LEVELS):
        return Unreadable(text.decode(), f"it is nested deeper than {MAX_LEVELS} levels")
    try:
        if _PERHAPS_TOO_LARGE.search(text):
            return json.loads(text, parse_int=_whole, parse_float=_real)
        return json.loads(text)
    except _Refused as error:
        return Unreadable(text.decode(), str(error))
    except RecursionError:
        return Unreadable(text.decode(), "it is nested deeper than Python reads where it was asked for")


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON, as jsonb compares them: 1 and 1.0 are, 1 and true are not, and a large
    float is the whole number that it comes back as."""
    pairs = [(one, other)]  # and no call for each level, of which Python bears a thousand
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs += [(value, right[name]) for name, value in left.items()]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif isinstance(left, int | float) and isinstance(right, int | float):
            if _exact(left) != _exact(right):
                return False
        elif left != right:
            return False
    return True


def is_deeper(text: bytes, most: int) -> bool:
    """Whether lists and objects of a JSON text lie within each other more than `most` times."""
    if text.count(b"{") + text.count(b"[") <= most:
        return False
    brackets = _STRING.sub(b"", text).translate(None, _NO_BRACKET)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > most


def read_carefully(cursor: psycopg.Cursor[Any]) -> None:
    """Have JSON that this cursor reads go through `read`."""
    cursor.adapters.register_loader("json", _JsonLoader)
    cursor.adapters.register_loader("jsonb", _JsonLoader)


def name_places(rows: Collection[dict[str, Any]], where: str) -> None:
    """Have each Unreadable in these rows of `where` know its column and row."""
    for row in rows:
        for column, value in row.items():
            if type(value) is Unreadable:
                key = next((name for name in _KEYS if row.get(name) is not None), next(iter(row)))
                row[column] = replace(value, place=f"{column} of {where}, {key} {row[key]},")


def parsed(row: Mapping[str, Any], where: str, columns: Collection[str]) -> dict[str, Any]:
    """A row of `where` in which these columns came as JSON text, with their values."""
    read_row = {
        name: read(value.encode()) if name in columns and value is not None else value for name, value in row.items()
    }
    name_places([read_row], where)
    return read_row


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise _Refused(f"it holds a number of {len(digits.lstrip('-')):,} digits, more than Python reads") from None


def _real(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _Refused("it holds a number that is larger than any float")
    return number


def _exact(number: float) -> Decimal:
    return Decimal(repr(number) if isinstance(number, float) else number)


class _JsonLoader(Loader):
    def load(self, data: Any) -> Any:
        return read(bytes(data))
