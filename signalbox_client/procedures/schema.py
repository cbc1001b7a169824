"""What a definition of a procedure has to look like; every problem with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.procedures.errors import Problem
from signalbox_client.procedures.places import FAULTY, Placed, Unreadable

STATUSES = ("draft", "active", "retired")
KINDS = ("agent", "human")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Found = Iterator[tuple[Placed, str]]
Check = Callable[[Placed], Found]


@dataclass(frozen=True)
class Definition:
    """A procedure as its file describes it; `document` is the whole of it."""

    sop_id: str
    title: str
    description: str | None
    status: str
    steps: list[dict[str, Any]]
    document: dict[str, Any]


def find_problems(path: str, root: Placed | None, faults: Iterable[Unreadable]) -> list[Problem]:
    """Everything that is wrong with a document, in the order of its lines; `faults` are what its reader found, which
    gave no `root` where the text is no document at all."""
    found = [Problem(path, fault.line, fault.column, fault.reason) for fault in faults]
    if root is not None:
        wrong = ((where, reason) for where, reason in _document(root) if where.value is not FAULTY)
        found += [Problem(path, where.line, where.column, reason) for where, reason in wrong]
    # What an alias stands for was looked at each time.
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.line, problem.column))


def definition_of(root: Placed) -> Definition:
    """The definition that a document without problems holds."""
    document = root.plain
    return Definition(
        document["sop_id"],
        document["title"],
        document.get("description"),
        document.get("status", "active"),
        document["steps"],
        document,
    )


def _document(root: Placed) -> Found:
    if not isinstance(root.value, dict):
        yield root, "a definition is a mapping with sop_id, title and steps"
        return
    required: dict[str, Check] = {"sop_id": _identifier, "title": _title, "steps": _steps}
    optional: dict[str, Check] = {"description": _text, "status": _one_of(STATUSES), "metadata": _mapping}
    yield from _members(root, required, optional)


def _steps(placed: Placed) -> Found:
    if not isinstance(placed.value, list) or not placed.value:
        yield placed, "steps must be a list of at least one step"
        return
    named: dict[str, int] = {}
    for step in placed.value:
        if not isinstance(step.value, dict):
            yield step, "a step is a mapping with step and kind"
            continue
        yield from _step(step)
        name = step.value.get("step")
        if name and isinstance(name[1].value, str):
            if name[1].value in named:
                yield name[1], f"the step {name[1].value} is there twice, first in line {named[name[1].value]}"
            named.setdefault(name[1].value, name[1].line)


def _step(placed: Placed) -> Found:
    required: dict[str, Check] = {"step": _identifier, "kind": _one_of(KINDS)}
    optional: dict[str, Check] = {
        "title": _title,
        "description": _text,
        "agent": _title,
        "approval_type": _title,
        "metadata": _mapping,
    }
    yield from _members(placed, required, optional)
    members = placed.value
    kind = members["kind"][1].value if "kind" in members else None
    if kind == "human" and "agent" in members:
        yield members["agent"][0], "a step that a person takes has no agent"
    if kind == "agent" and "agent" not in members:
        yield placed, "a step that an agent takes needs its agent"


def _members(placed: Placed, required: dict[str, Check], optional: dict[str, Check]) -> Found:
    for name in required:
        if name not in placed.value:
            yield placed, f"{name} is missing"
    checks = required | optional
    for name, (key, value) in placed.value.items():
        if name in checks:
            yield from checks[name](value)
        else:
            yield key, f"{name} is not known here; known are {', '.join(checks)}"


def _identifier(placed: Placed) -> Found:
    if not isinstance(placed.value, str) or not _ID.fullmatch(placed.value):
        yield placed, "must be a name of letters, digits, dots, hyphens and underscores, at most 100 of them"


def _title(placed: Placed) -> Found:
    yield from _stored(placed, checking.NAME_CHARACTERS)


def _text(placed: Placed) -> Found:
    yield from _stored(placed, None)


def _stored(placed: Placed, longest: int | None) -> Found:
    try:
        checking.text("This", placed.value, longest=longest)
    except BadArgument as error:
        yield placed, error.reason.rstrip(".")


def _one_of(choices: tuple[str, ...]) -> Check:
    def check(placed: Placed) -> Found:
        if placed.value not in choices:
            yield placed, f"must be one of {', '.join(choices)}"

    return check


def _mapping(placed: Placed) -> Found:
    if not isinstance(placed.value, dict):
        yield placed, "must be a mapping"
        return
    unstorable = list(_unstorable(placed))
    yield from unstorable
    if unstorable:
        return
    try:
        checking.json_object("metadata", placed.plain)
    except BadArgument as error:  # the whole of it is too large
        yield placed, error.sentence


def _unstorable(placed: Placed) -> Found:
    """Every key and value within that cannot be stored."""
    if isinstance(placed.value, dict):
        for key, value in placed.value.values():
            yield from _unstorable(key)
            yield from _unstorable(value)
    elif isinstance(placed.value, list):
        for value in placed.value:
            yield from _unstorable(value)
    elif placed.value is not FAULTY:
        try:
            checking.json_text("metadata", placed.value)
        except BadArgument as error:
            yield placed, error.reason.rstrip(".")
