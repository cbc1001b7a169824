"""Steps of a procedure or of a run as documents hold them: ours, and whatever other systems write. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from data import calendar

_NAMES = ("step", "name", "title", "step_id", "id")
_KINDS = ("kind", "type", "actor")
_TIMES = ("started_at", "completed_at")
# The id of the call that a step was is of the log that it came from, and says nothing of the step.
_KNOWN = frozenset({*_NAMES, *_KINDS, *_TIMES, "agent", "outcome", "note", "call_id"})


@dataclass(frozen=True)
class Step:
    """One step. `is_human` is None where it does not say who takes it; `rest` is all else it says, as JSON text;
    `escalations` are the reasons ("" where none was told) for which an agent let a person help with it."""

    number: int
    name: str | None
    kind: str | None
    agent: str | None
    started_at: datetime | None
    completed_at: datetime | None
    outcome: str | None
    note: str | None
    rest: str | None
    escalations: tuple[str, ...] = ()

    @property
    def is_human(self) -> bool | None:
        """Whether a person takes it."""
        return self.kind.lower() == "human" if self.kind else None

    @property
    def is_taken_by_a_person(self) -> bool:
        """Whether a person took it: with neither an outcome nor an end it still waits for one."""
        return bool(self.is_human) and (self.outcome is not None or self.completed_at is not None)

    @property
    def interventions(self) -> int:
        """How often a person stepped in there."""
        return self.is_taken_by_a_person + len(self.escalations)

    @property
    def escalated(self) -> str | None:
        """That a person helped, and why; None where nobody did."""
        if not self.escalations:
            return None
        reasons = "; ".join(reason for reason in self.escalations if reason)
        times = "" if len(self.escalations) == 1 else f" {len(self.escalations)} times"
        return f"escalated to a person{times}{': ' if reasons else ''}{reasons}"

    @property
    def took_ms(self) -> float | None:
        """How long it took, in milliseconds; None where that cannot be told."""
        return calendar.took_ms(self.started_at, self.completed_at)


def steps_of(document: Any) -> list[Step]:
    """The steps of a document in their order; what is no list is one step, what is no object is a name."""
    if document is None:
        return []
    return [_step(number, one) for number, one in enumerate(document if isinstance(document, list) else [document], 1)]


def run_steps(run: Mapping[str, Any]) -> list[Step]:
    """The steps of a run with the escalations that its events tell, each at the last step of its name that had begun;
    one of a step that the run does not hold is a step at the end."""
    steps = steps_of(run["steps"])
    for told in run["escalations"] or ():
        name, at = _text(told.get("step")), _time(told.get("at"))
        places = [place for place, step in enumerate(steps) if step.name == name]
        begun = [place for place in places if at and (began := steps[place].started_at) and began <= at]
        if not places:
            steps.append(Step(len(steps) + 1, name, None, None, None, None, None, None, None))
        place = (begun or places or [-1])[-1]
        steps[place] = replace(steps[place], escalations=(*steps[place].escalations, _text(told.get("reason")) or ""))
    return steps


def _step(number: int, given: Any) -> Step:
    if not isinstance(given, Mapping):
        name = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        return Step(number, name, None, None, None, None, None, None, None)
    rest = {key: value for key, value in given.items() if key not in _KNOWN and value not in (None, "", [], {})}
    return Step(
        number,
        _first(given, _NAMES),
        _first(given, _KINDS),
        _text(given.get("agent")),
        _time(given.get("started_at")),
        _time(given.get("completed_at")),
        _text(given.get("outcome")),
        _text(given.get("note")),
        json.dumps(rest, ensure_ascii=False) if rest else None,
    )


def _first(given: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := _text(given.get(name)))), None)


def _text(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
