"""Every public reader and act refuses what it cannot honour, by the name of the argument, before it reads anything.

No database is open here: what gets past the checks meets another error, which none of these tests takes for a refusal.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest

import data.approvals
import data.jobs
import data.reports
from data.access import Actor
from data.approvals import Questions
from data.arguments import WrongArgument, checked
from data.errors import WrongUse
from data.identity import members
from data.reports.sessions import Chosen

EARLY, LATE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)
NAIVE = datetime(2026, 11, 1)  # noqa: DTZ001 - that is what is wrong with it
ADMIN = Actor(uuid4(), "admin@example.com", "admin", "real")
TEXTS = ["zero\0", "half \ud800", 5]
WORDS = ["", "Colour", 5]

# What an argument cannot be, by its type, and where that says too little, by its name. A type or a Literal that is not
# here fails the test of whoever has it.
WRONG_BY_TYPE: dict[str, list[Any]] = {
    "Actor": ["admin"],
    "Chosen": ["all"],
    "Decision": ["maybe", *WORDS],
    "Has": ["errors", *WORDS],
    "Kind": ["letter", *WORDS],
    "Questions": ["all"],
    "Role": ["owner", *WORDS],
    "Sequence[str]": ["bash", 5, ["zero\0"], [None]],
    "UUID": ["no-uuid", str(uuid4()), 5],
    "View": ["all", *WORDS],
    "bool": ["yes", 1],
    "datetime": [NAIVE, "2026-11-01", datetime.max.replace(tzinfo=UTC)],
    "int": [-1, 10**10, True, "25", 2.5],
    "str": TEXTS,
    "tuple[datetime, UUID]": [(NAIVE, uuid4()), (EARLY, "no-uuid"), (EARLY,), "now"],
}
WRONG_BY_NAME: dict[str, list[Any]] = {
    "bucket": ["minute", *WORDS],
    "expected": ["lost", *WORDS],
    "payload": ["{", "[]", '{"a": "\\u0000"}', *TEXTS],
    "sort": ["colour", *WORDS],
    "unit": ["minute", *WORDS],
    "zone": ["Mars/Base", "Europe", "../UTC", "", *TEXTS],
}
SOUND_BY_TYPE: dict[str, Any] = {
    "Actor": ADMIN,
    "Chosen": Chosen(),
    "Decision": "approved",
    "Questions": Questions(EARLY),
    "Role": "admin",
    "Sequence[str]": [],
    "UUID": uuid4(),
    "View": "decided",
    "bool": True,
    "datetime": EARLY,
    "int": 1,
    "str": "x",
}
SOUND_BY_NAME = {"bucket": "day", "expected": "failed", "payload": "{}", "sort": "when", "zone": "UTC"}

Function = Callable[..., Any]


def functions() -> Iterator[Function]:
    """Every public function of the rooms of readers and acts that somebody calls with arguments."""
    for room in (data.reports, data.jobs, data.approvals):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            module = import_module(found.name)
            for name, function in inspect.getmembers(module, inspect.isfunction):
                parameters = list(inspect.signature(function).parameters)
                if function.__module__ == found.name and not name.startswith("_") and parameters[:1] == ["actor"]:
                    yield function
    yield members.grant
    yield members.list_people


ASKED = [function for function in functions() if len(inspect.signature(function).parameters) > 1]


def type_of(parameter: inspect.Parameter) -> str:
    return str(parameter.annotation).removesuffix(" | None")


def sound(function: Function) -> dict[str, Any]:
    """Arguments that a function takes: those that it must have."""
    return {
        name: SOUND_BY_NAME.get(name, SOUND_BY_TYPE[type_of(parameter)])
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }


def refused(function: Function, **given: Any) -> str:
    """The argument that a function refuses."""
    arguments = sound(function) | given
    with pytest.raises(WrongUse) as error:
        function(arguments.pop("actor"), **arguments)
    assert isinstance(error.value, WrongArgument)
    assert error.value.sentence.startswith(f"{error.value.argument} ")
    return error.value.argument


@pytest.mark.parametrize("function", ASKED, ids=lambda function: f"{function.__module__}.{function.__name__}")
def test_what_an_argument_cannot_be_is_refused_by_its_name(function: Function) -> None:
    for name, parameter in inspect.signature(function).parameters.items():
        wrong = WRONG_BY_NAME.get(name) or WRONG_BY_TYPE[type_of(parameter)]
        for value in wrong if str(parameter.annotation).endswith(" | None") else [*wrong, None]:
            assert refused(function, **{name: value}).startswith(name), value


@pytest.mark.parametrize("before", ["", "previous_"])
def test_period_that_ends_before_it_begins_is_refused(before: str) -> None:
    start, end = f"{before}start", f"{before}end"
    having = [function for function in ASKED if {start, end} <= inspect.signature(function).parameters.keys()]
    assert having
    for function in having:
        assert refused(function, **{start: LATE, end: EARLY}) == start


_TOGETHER: dict[str, tuple[Any, dict[str, Any]]] = {
    "Chosen": (Chosen(), {"start": NAIVE, "untimed": None, "search": "zero\0", "has": 5}),
    "Questions": (Questions(EARLY), {"now": NAIVE, "untimed": None, "agent": "zero\0", "shown": "all", "outcome": "?"}),
}


@pytest.mark.parametrize("kind", _TOGETHER)
def test_filters_that_are_given_together_are_checked_one_by_one(kind: str) -> None:
    chosen, wrong = _TOGETHER[kind]
    having = [function for function in ASKED if f"chosen: '{kind}'" in str(inspect.signature(function))]
    assert having
    for function in having:
        for name, value in wrong.items():
            assert refused(function, chosen=replace(chosen, **{name: value})) == name
        assert refused(function, chosen=replace(chosen, start=LATE, end=EARLY)) == "start"


def test_what_can_be_honoured_gets_through_as_it_is() -> None:
    @checked(word=("a", "b"))
    def asked(
        actor: Actor, first: UUID, *, start: datetime, end: datetime, word: str = "none", limit: int | None = 5
    ) -> tuple[Any, ...]:
        return actor, first, start, end, word, limit

    first = uuid4()
    assert asked(ADMIN, first, start=EARLY, end=EARLY) == (ADMIN, first, EARLY, EARLY, "none", 5)
    assert asked(ADMIN, first, start=EARLY, end=LATE, word="b", limit=None) == (ADMIN, first, EARLY, LATE, "b", None)
    with pytest.raises(TypeError, match="nothing"):
        asked(ADMIN, first, start=EARLY, end=LATE, nothing=1)  # type: ignore[call-arg]  # that is what is wrong


def test_function_that_cannot_be_checked_is_none() -> None:
    def odd(actor: Actor, size: complex) -> None: ...

    with pytest.raises(TypeError, match="complex"):
        checked()(odd)
    with pytest.raises(TypeError, match="colour"):
        checked(colour=("red",))(odd)
