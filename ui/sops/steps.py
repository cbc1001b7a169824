"""Steps of a procedure or of a run as documents hold them: ours, and whatever other systems write. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
    """One step. `is_human` is None where it does not say who takes it; `rest` is all else it says, as JSON text."""

    number: int
    name: str | None
    kind: str | None
    agent: str | None
    started_at: datetime | None
    completed_at: datetime | None
    outcome: str | None
    note: str | None
    rest: str | None

    @property
    def is_human(self) -> bool | None:
        """Whether a person takes it."""
        return self.kind.lower() == "human" if self.kind else None

    @property
    def is_taken_by_a_person(self) -> bool:
        """Whether a person took it: with neither an outcome nor an end it still waits for one."""
        return bool(self.is_human) and (self.outcome is not None or self.completed_at is not None)

    @property
    def took_ms(self) -> float | None:
        """How long it took, in milliseconds; None where that cannot be told."""
        return calendar.took_ms(self.started_at, self.completed_at)


def steps_of(document: Any) -> list[Step]:
    """The steps of a document in their order; what is no list is one step, what is no object is a name."""
    if document is None:
        return []
    return [_step(number, one) for number, one in enumerate(document if isinstance(document, list) else [document], 1)]


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
