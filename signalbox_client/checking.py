"""Checks of arguments, before anything is written: each says which argument cannot be used, and why."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard, TypeVar
from uuid import UUID

from signalbox_client.errors import BadArgument

T = TypeVar("T")

MAX_JSON_BYTES = 64 * 1024 * 1024  # a jsonb value ends at 256 MB; long before that an event is no event any more
MAX_JSON_DEPTH = 500
MAX_JSON_VALUES = 2_000_000  # counted as they are written: a list that is there ten times counts ten times
MAX_DIGITS = 4_300  # of a whole number
MAX_BIGINT = 2**63 - 1
NAME_CHARACTERS = 200  # what is indexed has to fit into a page of an index, four bytes a character

_TOO_LARGE = 10**MAX_DIGITS
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


def text(argument: str, value: object, *, longest: int | None = NAME_CHARACTERS, may_be_empty: bool = False) -> str:
    """A text that PostgreSQL can store: no zero character, no half a surrogate pair, `longest` characters at most."""
    if not isinstance(value, str):
        raise BadArgument(argument, f"must be text, not {type(value).__name__}.")
    if not value.strip() and not may_be_empty:
        raise BadArgument(argument, "is empty.")
    if longest is not None and len(value) > longest:
        raise BadArgument(argument, f"has {len(value)} characters; {longest} are the most.")
    _storable(argument, value)
    return value


def optional_text(argument: str, value: object, *, longest: int | None = NAME_CHARACTERS) -> str | None:
    """As `text`, or None."""
    return None if value is None else text(argument, value, longest=longest)


def name(argument: str, value: object, *, longest: int = NAME_CHARACTERS) -> str:
    """What something is called: as `text`, or a UUID, which is taken as its text."""
    return text(argument, str(value) if isinstance(value, UUID) else value, longest=longest)


def optional_name(argument: str, value: object) -> str | None:
    """As `name`, or None."""
    return None if value is None else name(argument, value)


def identifier(argument: str, value: object) -> UUID:
    """A UUID, given as one or as its text."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            pass
    raise BadArgument(argument, "must be a UUID.")


def optional_identifier(argument: str, value: object) -> UUID | None:
    """As `identifier`, or None."""
    return None if value is None else identifier(argument, value)


def is_whole_number(value: object, *, least: int | None = None, most: int = MAX_BIGINT) -> TypeGuard[int]:
    """Whether it is an integer (True and False are not) from `least` to `most`."""
    return (
        isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least) and value <= most
    )


def whole_number(argument: str, value: object, *, least: int = 0, most: int = MAX_BIGINT) -> int:
    """An integer from `least` to `most`."""
    if not is_whole_number(value, least=least, most=most):
        limit = f"at least {least}" if most == MAX_BIGINT else f"from {least} to {most}"
        raise BadArgument(argument, f"must be a whole number, {limit}.")
    return value


def number(argument: str, value: object, *, least: float | None = None, most: float | None = None) -> float:
    """A finite number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise BadArgument(argument, "must be a finite number.")
    if (least is not None and value < least) or (most is not None and value > most):
        wanted = " and ".join(
            word
            for word in (
                f"at least {least:g}" if least is not None else "",
                f"at most {most:g}" if most is not None else "",
            )
            if word
        )
        raise BadArgument(argument, f"must be {wanted}, not {value:g}.")
    return float(value)


def fraction(argument: str, value: object) -> float:
    """A number from 0 to 1."""
    return number(argument, value, least=0, most=1)


def moment(argument: str, value: object) -> datetime:
    """A time with its zone: without one it would mean another moment on another machine."""
    if not isinstance(value, datetime):
        raise BadArgument(argument, f"must be a datetime, not {type(value).__name__}.")
    if value.utcoffset() is None:
        raise BadArgument(argument, "has no time zone; give one, datetime.now(UTC) for instance.")
    # Further out the server could store it, and nobody could read it again: its zone may move it past the last year.
    try:
        is_readable = _FIRST_MOMENT <= value.astimezone(UTC) <= _LAST_MOMENT
    except OverflowError:
        is_readable = False
    if not is_readable:
        raise BadArgument(argument, f"must lie between the years {_FIRST_MOMENT.year} and {_LAST_MOMENT.year}.")
    return value


def one_of(argument: str, value: object, choices: Collection[str]) -> str:
    """One of the words in `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise BadArgument(argument, f"must be one of {', '.join(choices)}.")
    return value


def flag(argument: str, value: object) -> bool:
    """True or False, and nothing that counts as one."""
    if not isinstance(value, bool):
        raise BadArgument(argument, f"must be True or False, not {type(value).__name__}.")
    return value


def collection(argument: str, values: object, check: Callable[[str, object], T]) -> list[T]:
    """Several values, each as `check` takes it. A text is one value, and what a mapping holds is its own business."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise BadArgument(argument, f"must be a collection, a list for instance, not {type(values).__name__}.")
    return [check(argument, value) for value in values]


def listed(argument: str, values: object, of: str) -> list[Any]:
    """Several things in their order, whose kind `of` is called; a text or a mapping is none, not even an empty one."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise BadArgument(argument, f"must be a list of {of}, not {type(values).__name__}.")
    return list(values)


def json_object(argument: str, value: object) -> str:
    """An object (a mapping with text keys) as the JSON text of it; what JSON or PostgreSQL cannot hold is refused."""
    if not isinstance(value, Mapping):
        raise BadArgument(argument, f"must be an object (a mapping with text keys), not {type(value).__name__}.")
    return json_text(argument, value)


def json_text(argument: str, value: object) -> str:
    """Any JSON value as its text; what JSON or PostgreSQL cannot hold is refused, by its place in the value."""
    _walk(argument, value)
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=dict)
    except (ValueError, RecursionError) as error:
        raise BadArgument(argument, f"cannot be written as JSON: {error}.") from None
    if len(written) > MAX_JSON_BYTES // 4 and len(written.encode()) > MAX_JSON_BYTES:
        raise BadArgument(argument, f"is larger than {MAX_JSON_BYTES // 1024 // 1024} MB.")
    return written


def _walk(argument: str, root: object) -> None:
    """Look at every value once, without recursion, and name the place of what cannot be stored."""
    waiting: list[tuple[str, object, int]] = [(argument, root, 0)]
    seen = 0
    while waiting:
        place, value, depth = waiting.pop()
        seen += 1
        if seen > MAX_JSON_VALUES:
            raise BadArgument(argument, f"holds more than {MAX_JSON_VALUES} values.")
        if depth > MAX_JSON_DEPTH:
            raise BadArgument(argument, f"is nested more than {MAX_JSON_DEPTH} levels deep.")
        if isinstance(value, Mapping):
            for key, inner in value.items():
                if not isinstance(key, str):
                    raise BadArgument(place, f"has a key that is no text but {type(key).__name__}.")
                _storable(place, key)
                waiting.append((f"{place}.{key}" if depth < 8 else place, inner, depth + 1))
        elif isinstance(value, list | tuple):
            waiting.extend(
                (f"{place}[{index}]" if depth < 8 else place, inner, depth + 1) for index, inner in enumerate(value)
            )
        else:
            _check_scalar(place, value)


def _check_scalar(place: str, value: object) -> None:
    if isinstance(value, str):
        _storable(place, value)
    elif isinstance(value, int):
        if abs(value) >= _TOO_LARGE:
            raise BadArgument(place, f"has more than {MAX_DIGITS:,} digits, which Python would not read again.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadArgument(place, f"is {value}, which JSON does not know.")
    elif value is not None:
        raise BadArgument(place, f"is a {type(value).__name__}, which JSON does not know.")


def _storable(argument: str, value: str) -> None:
    if "\0" in value:
        raise BadArgument(argument, "has a zero character, which PostgreSQL cannot store.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadArgument(argument, "has half of a surrogate pair, which is no character.") from None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False
