"""The intermediate representation of a task and how it is revised, one small change at a time."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from random import Random
from typing import Any

from data.demo.lift.tasks import Hole, Task

Representation = dict[str, Any]
Change = dict[str, Any]


@dataclass(frozen=True)
class Filled:
    """A hole and what it was filled with."""

    hole: Hole
    value: str
    method: str
    confidence: float | None


@dataclass(frozen=True)
class Revision:
    """The representation after a change; `by_person` says whether a person made it. The first has no changes."""

    representation: Representation
    summary: str
    changes: list[Change]
    by_person: bool
    filled: Filled | None = None


def revise(draw: Random, task: Task) -> list[Revision]:
    """All revisions of a session that goes to its end: holes are filled, sometimes twice, then details follow."""
    revisions = [Revision(_first_reading(task), "First reading of the prompt", [], False)]
    for hole in task.holes:
        if draw.random() < 0.12:
            wrong = draw.choice(hole.others)
            _fill(draw, revisions, hole, wrong, f"?{hole.name}", "llm")
            _fill(draw, revisions, hole, hole.answer, wrong, "user_selection")
        else:
            method = draw.choices(("user_selection", "llm", "default"), (5, 4, 1))[0]
            _fill(draw, revisions, hole, hole.answer, f"?{hole.name}", method)
    known = len(revisions[-1].representation["assertions"])
    for number, (predicate, reason) in enumerate(task.assertions[known:], known):
        added = {"predicate": predicate, "rationale": reason}
        _append(revisions, f"Add an assertion: {reason[0].lower()}{reason[1:]}",
                [{"op": "add", "path": f"/assertions/{number}", "value": added}], draw.random() < 0.4)  # fmt: skip
    for number, (name, _, described) in enumerate(task.parameters):
        if draw.random() < 0.3:
            change = {
                "op": "replace",
                "path": f"/signature/parameters/{number}/description",
                "from": "",
                "value": described,
            }
            _append(revisions, f"Describe {name}", [change], True)
    return revisions


def _fill(draw: Random, revisions: list[Revision], hole: Hole, value: str, before: str, method: str) -> None:
    changes: list[Change] = [{"op": "replace", "path": hole.place, "from": before, "value": value}]
    if before.startswith("?"):
        changes.append({"op": "remove", "path": "/intent/holes/0"})
    verb = "Fill" if before.startswith("?") else "Correct"
    confidence = round(draw.betavariate(8, 2), 2) if method == "llm" else None
    filled = Filled(hole, value, method, confidence)
    _append(revisions, f"{verb} the hole {hole.name}: {value}", changes, method == "user_selection", filled)


def _append(
    revisions: list[Revision], summary: str, changes: list[Change], by_person: bool, filled: Filled | None = None
) -> None:
    revised = copy.deepcopy(revisions[-1].representation)
    for change in changes:
        _apply(revised, change)
    revisions.append(Revision(revised, summary, changes, by_person, filled))


def _first_reading(task: Task) -> Representation:
    """What can be read out of the prompt at once: a signature, some of the assertions, and the holes."""
    needed = max((int(h.place.split("/")[2]) + 1 for h in task.holes if h.kind == "assertion"), default=1)
    parameters = [{"name": name, "type_hint": hint, "description": ""} for name, hint, _ in task.parameters]
    reading: Representation = {
        "intent": {
            "summary": task.summary,
            "rationale": "",
            "holes": [
                {"identifier": hole.name, "kind": hole.kind, "description": hole.description} for hole in task.holes
            ],
        },
        "signature": {"name": task.name, "parameters": parameters, "returns": task.returns},
        "effects": [{"description": effect} for effect in task.effects],
        "assertions": [{"predicate": p, "rationale": r} for p, r in task.assertions[:needed]],
        "metadata": {"language": "python", "origin": "prompt"},
    }
    for hole in task.holes:
        _apply(reading, {"op": "replace", "path": hole.place, "value": f"?{hole.name}"})
    return reading


def _apply(representation: Representation, change: Change) -> None:
    """One change as JSON Patch has it, for the paths that occur here."""
    *way, last = change["path"].strip("/").split("/")
    inner: Any = representation
    for part in way:
        inner = inner[int(part) if isinstance(inner, list) else part]
    if change["op"] == "remove":
        del inner[int(last)]
    elif change["op"] == "add":
        inner.insert(int(last), change["value"])
    else:
        inner[int(last) if isinstance(inner, list) else last] = change["value"]
