"""What readers and acts are asked with, checked by the names and types of their parameters before anything else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from functools import partial, wraps
from types import NoneType
from typing import Any, Literal, ParamSpec, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.access import Actor
from data.errors import WrongUse
from signalbox_client import checking
from signalbox_client.errors import BadArgument

P = ParamSpec("P")
R = TypeVar("R")

# Raises BadArgument with the name of the argument where it cannot hold the value.
Check = Callable[[str, Any], object]

UNITS = ("hour", "day", "week", "month")
MOST = 9_999_999_999  # rows, or seconds that a time can be shifted by
_PERIODS = (("start", "end"), ("previous_start", "previous_end"))


class WrongArgument(WrongUse):
    """An argument cannot be used as it is; nothing was read or changed."""

    def __init__(self, argument: str, reason: str) -> None:
        self.argument = argument
        super().__init__(f"{argument} {reason}")


def checked(**known: Collection[str] | Check) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a reader or an act refuse with WrongArgument what it cannot honour, before it does anything.

    What an argument can hold follows from its type, and for `unit`, `bucket`, `zone` and periods from its name; `known`
    are the words that an argument may be, or a check of its own. A type that nobody can check is a TypeError here.
    """

    def refusing(function: Callable[P, R]) -> Callable[P, R]:
        checks = _checks_of(function, known)
        names = tuple(inspect.signature(function).parameters)

        @wraps(function)
        def ask(*args: P.args, **named: P.kwargs) -> R:
            try:
                _must_hold(checks, {**dict(zip(names, args, strict=False)), **named})
            except BadArgument as error:
                raise WrongArgument(error.argument, error.reason) from None
            return function(*args, **named)

        return ask

    return refusing


def _must_hold(checks: Mapping[str, Check], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name in checks:
            checks[name](name, value)
    for first, last in _PERIODS:
        start, end = given.get(first), given.get(last)
        if start is not None and end is not None and start > end:
            raise BadArgument(first, f"lies after {last}: a period runs forwards.")


def _checks_of(asked: Callable[..., Any], known: Mapping[str, Collection[str] | Check]) -> dict[str, Check]:
    """The check of each parameter of a function, or of each field of a dataclass."""
    hints = {name: hint for name, hint in get_type_hints(asked).items() if name != "return"}
    if unknown := known.keys() - hints.keys():
        raise TypeError(f"{asked.__qualname__} has no parameter {', '.join(sorted(unknown))}.")
    return {name: _check_of(name, hint, known.get(name)) for name, hint in hints.items()}


def _check_of(name: str, hint: Any, known: Collection[str] | Check | None) -> Check:
    kinds = get_args(hint) if NoneType in get_args(hint) else (hint,)
    [kind] = [each for each in kinds if each is not NoneType]
    if callable(known):
        check: Check = known
    elif known is not None:
        check = partial(checking.one_of, choices=known)
    else:
        check = _BY_NAME.get(name) or _by_kind(kind)
    return partial(_or_nothing, check) if NoneType in kinds else check


def _by_kind(kind: Any) -> Check:
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if get_origin(kind) is Literal:
        return partial(checking.one_of, choices=get_args(kind))
    if kind is Actor:
        return partial(_instance, kind=Actor)
    if isinstance(kind, type) and is_dataclass(kind):
        return partial(_fields, kind=kind, checks=_checks_of(kind, {}))
    raise TypeError(f"Nobody can check arguments of the type {kind}.")


def _or_nothing(check: Check, argument: str, value: object) -> None:
    if value is not None:
        check(argument, value)


def _instance(argument: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise BadArgument(argument, f"must be of the type {kind.__name__}, not {type(value).__name__}.")


def _fields(argument: str, value: object, kind: type, checks: Mapping[str, Check]) -> None:
    _instance(argument, value, kind)
    _must_hold(checks, vars(value))


def _texts(argument: str, value: object) -> None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise BadArgument(argument, "must be a list of texts.")
    for each in value:
        _text(argument, each)


def _place(argument: str, value: object) -> None:
    """The time and the id of a row: as rows have it, so that every time will do that has a zone."""
    match value:
        case (datetime() as when, UUID()) if when.utcoffset() is not None:
            return
    raise BadArgument(argument, "must be a time with its zone, and an id.")


def _zone(argument: str, value: object) -> None:
    _text(argument, value)
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError for the name of a folder of zones
        raise BadArgument(argument, "must be the name of a time zone, such as Europe/Berlin.") from None


_text = partial(checking.text, longest=None, may_be_empty=True)
_unit = partial(checking.one_of, choices=UNITS)
_BY_NAME: dict[str, Check] = {"unit": _unit, "bucket": _unit, "zone": _zone}
_BY_KIND: dict[Any, Check] = {
    bool: partial(_instance, kind=bool),
    int: partial(checking.whole_number, most=MOST),
    str: _text,
    UUID: partial(_instance, kind=UUID),
    datetime: checking.moment,
    Sequence[str]: _texts,
    tuple[datetime, UUID]: _place,
}
