"""What the tables of the projections hold: a check for each column, and readers of what payloads tell.

A check takes the name of a column and a value and gives the value as it is stored. Raises BadArgument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.events import Event

Check = Callable[[str, object], Any]

_KINDS = {bool: "a truth value", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


def text(column: str, value: object) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise BadArgument(column, f"must be text, not {kind(value)}.")
    return checking.text(column, value, longest=None, may_be_empty=True)


def number(least: float, most: float | None = None) -> Check:
    """A finite number within limits."""

    def check(column: str, value: object) -> Any:
        checking.number(column, value, least=least, most=most)
        return value

    return check


def whole(least: int, most: int = checking.MAX_BIGINT) -> Check:
    """An integer within limits."""
    return lambda column, value: checking.whole_number(column, value, least=least, most=most)


def word(*choices: str) -> Check:
    """One of these words."""

    def check(column: str, value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            said = f"{value[:40]!r}" if isinstance(value, str) else kind(value)
            raise BadArgument(column, f"must be one of {', '.join(choices)}, not {said}.")
        return value

    return check


def document(column: str, value: object) -> Any:
    """Any JSON value but null."""
    if value is None:
        raise BadArgument(column, "is null.")
    return value


def listed(column: str, value: object) -> list[Any]:
    """A JSON list."""
    if not isinstance(value, list):
        raise BadArgument(column, f"must be a list, not {kind(value)}.")
    return value


def amount(column: str, value: object) -> Decimal:
    """What something cost, nothing at least."""
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise BadArgument(column, f"must be an amount, nothing at least, not {value}.")
    return value


def optional(check: Check) -> Check:
    """As that check has it, or nothing at all."""
    return lambda column, value: None if value is None else check(column, value)


def payload_of(event: Event) -> Mapping[str, Any]:
    """What an event tells. Raises BadArgument where that is no object."""
    told = event.payload
    if isinstance(told, str | int | float | list | None):
        raise BadArgument("payload", f"must be an object, not {kind(told)}.")
    return told  # type: ignore[no-any-return]  # an object, or an Unreadable, which says so itself


def count_of(told: Mapping[str, Any], name: str, default: int) -> int:
    """How many of something a payload tells of."""
    return checking.whole_number(name, told.get(name, default))


def cost_of(told: Mapping[str, Any], name: str) -> Decimal | None:
    """What a payload says that something cost, None where it does not say."""
    given = told.get(name)
    if given is None:
        return None
    try:
        return Decimal(str(given))
    except InvalidOperation:
        raise BadArgument(name, f"must be an amount, not {kind(given)}.") from None


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "null" if value is None else type(value).__name__)
