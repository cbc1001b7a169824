"""Records on their way into Chronicle: checked when they are made, held as JSON text, an id of their own on each."""

from __future__ import annotations

import sys
from collections.abc import ItemsView, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

from signalbox_client import checking
from signalbox_client.errors import BadArgument

Target = Literal["session_start", "session_end", "event", "tool", "prompt", "notification", "lifecycle"]

EVENT_TYPES = (
    "tool_pre_use",
    "tool_post_use",
    "user_prompt",
    "notification",
    "session_start",
    "session_stop",
    "compact_pre",
    "system_health",
)
ENDINGS = ("completed", "terminated", "error")
SEVERITIES = ("debug", "info", "warning", "error", "critical")
MAX_TEXT_CHARACTERS = 4_000_000
MAX_INTEGER = 2**31 - 1
KEY_CHARACTERS = 255  # of a session's key


@dataclass(frozen=True)
class Record:
    """An event of a session with its detail: what is written together or not at all. `rows` are JSON by target."""

    event_id: UUID
    session_key: str
    event_type: str
    rows: tuple[tuple[Target, str], ...] = field(repr=False)

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        return 400 + sum(sys.getsizeof(content) for _, content in self.rows)


def record(
    session_key: UUID | str,
    event_type: str,
    at: datetime,
    *,
    source_app: str | None,
    data: Mapping[str, Any],
    metadata: Mapping[str, Any] | None,
    details: Mapping[Target, Mapping[str, Any]] | None = None,
) -> Record:
    """An event at a time, with details for other tables as this module makes them. Raises BadArgument for what cannot
    be stored."""
    key = checking.name("key", session_key, longest=KEY_CHARACTERS)
    event_id = uuid4()
    event = {
        "id": str(event_id),
        "event_type": checking.one_of("event_type", event_type, EVENT_TYPES),
        "source_app": source_app,
        "timestamp": at.isoformat(),
        "data": _mapping("data", data),
        "metadata": {} if metadata is None else _mapping("metadata", metadata),
    }
    rows: list[tuple[Target, str]] = []
    for target, detail in _members("details", {} if details is None else details):
        checking.one_of("details", target, get_args(Target))
        members = dict(_members(f"details.{target}", detail))
        own = {"id": str(event_id), "created_at": at.isoformat()} if target in _DETAILS else {}
        rows.append((target, checking.json_text(event_type, own | members)))
    rows.insert(1 if rows and rows[0][0] == "session_start" else 0, ("event", checking.json_text(event_type, event)))
    return Record(event_id, key, event_type, tuple(rows))


_DETAILS = frozenset({"tool", "prompt", "notification", "lifecycle"})


def session_start(
    started_at: datetime,
    *,
    project_name: str | None,
    git_branch: str | None,
    git_commit: str | None,
    working_directory: str | None,
    environment: Mapping[str, Any] | None,
    user_id: UUID | str | None,
    metadata: Mapping[str, Any] | None,
    reason: str | None,
) -> dict[Target, Mapping[str, Any]]:
    """The row of a session that begins, with that change of state; it belongs to the person `user_id`, or to nobody."""
    about = dict(_mapping("metadata", {} if metadata is None else metadata))
    owner = checking.optional_identifier("user_id", user_id)
    if owner:
        if str(about.get("user_id", owner)) != str(owner):
            raise BadArgument("metadata.user_id", "names somebody else than user_id does.")
        about["user_id"] = str(owner)
    row = {
        "id": str(uuid4()),
        "project_name": checking.optional_text("project_name", project_name, longest=255),
        "git_branch": checking.optional_text("git_branch", git_branch, longest=255),
        "git_commit": checking.optional_text("git_commit", git_commit, longest=40),
        "working_directory": checking.optional_text("working_directory", working_directory, longest=4_096),
        "environment": None if environment is None else _mapping("environment", environment),
        "started_at": started_at.isoformat(),
        "metadata": about,
    }
    return {"session_start": row, "lifecycle": lifecycle_detail("session_start", None, "active", reason)}


def tool_detail(
    phase: Literal["pre", "post"],
    call_id: UUID,
    tool_name: str,
    *,
    tool_type: str | None,
    parameters: Any = None,
    result: Any = None,
    success: bool | None = None,
    error_message: str | None = None,
    execution_time_ms: int | None = None,
) -> dict[str, Any]:
    """One phase of a call of a tool."""
    if success is not None and not isinstance(success, bool):
        raise BadArgument("success", "must be True, False or None where it is not known.")
    took_ms = execution_time_ms
    return {
        "phase": phase,
        "call_id": str(call_id),
        "tool_name": checking.text("tool_name", tool_name, longest=255),
        "tool_type": checking.optional_text("tool_type", tool_type, longest=100),
        "parameters": _json("parameters", parameters),
        "result": _json("result", result),
        "success": success,
        "error_message": _long_text("error_message", error_message),
        "execution_time_ms": None
        if took_ms is None
        else checking.whole_number("execution_time_ms", took_ms, most=MAX_INTEGER),
    }


def prompt_detail(
    text: str, complexity_score: float | None, intent_classification: str | None, context_data: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a person asked."""
    return {
        "prompt_text": checking.text("text", text, longest=MAX_TEXT_CHARACTERS, may_be_empty=True),
        "prompt_length": len(text),
        "complexity_score": _real("complexity_score", complexity_score),
        "intent_classification": checking.optional_text("intent_classification", intent_classification, longest=100),
        "context_data": None if context_data is None else _mapping("context_data", context_data),
    }


def notification_detail(message: str, notification_type: str | None, severity: str) -> dict[str, Any]:
    """What the agent told its people."""
    return {
        "message": checking.text("message", message, longest=MAX_TEXT_CHARACTERS),
        "notification_type": checking.optional_text("notification_type", notification_type, longest=100),
        "severity": checking.one_of("severity", severity, SEVERITIES),
    }


def lifecycle_detail(
    lifecycle_type: str,
    previous_state: str | None = None,
    new_state: str | None = None,
    trigger_reason: str | None = None,
    context_snapshot: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A change of a session's state."""
    return {
        "lifecycle_type": checking.text("lifecycle_type", lifecycle_type, longest=50),
        "previous_state": checking.optional_text("previous_state", previous_state, longest=50),
        "new_state": checking.optional_text("new_state", new_state, longest=50),
        "trigger_reason": _long_text("trigger_reason", trigger_reason),
        "context_snapshot": None if context_snapshot is None else _mapping("context_snapshot", context_snapshot),
    }


def _mapping(argument: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    checking.json_object(argument, value)
    return value


def _members(argument: str, value: Mapping[Any, Any]) -> ItemsView[Any, Any]:
    """What a mapping holds; whether it can be stored is looked at when it is written."""
    if not isinstance(value, Mapping):
        raise BadArgument(argument, f"must be a mapping, not {type(value).__name__}.")
    return value.items()


def _json(argument: str, value: Any) -> Any:
    if value is not None:
        checking.json_text(argument, value)
    return value


def _real(argument: str, value: float | None) -> float | None:
    """A number as a column of four bytes holds it: one too small for that is 0."""
    if value is None:
        return None
    number = checking.number(argument, value, least=-1e30, most=1e30)
    return number if abs(number) > 1e-30 else 0.0


def _long_text(argument: str, value: str | None) -> str | None:
    if value is None:
        return None
    return checking.text(argument, value, longest=MAX_TEXT_CHARACTERS, may_be_empty=True)
