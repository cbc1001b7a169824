"""What a record is, told by its fields and never by the name of its file."""

from __future__ import annotations

from typing import Any, Literal

from data.ingest.sources.checkpoints import is_checkpoint

Kind = Literal["transcript", "hooks", "status_lines", "work_items", "checkpoints"]

KIND_NAMES: dict[Kind, str] = {
    "transcript": "Claude Code transcript",
    "hooks": "hook events",
    "status_lines": "status lines",
    "work_items": "work items",
    "checkpoints": "checkpoints",
}

_OTHER_IDS = ("uuid", "leafUuid", "messageId")  # of entries that name no session


def kind_of(record: Any) -> Kind | None:
    """The kind of source the record comes from; None when it is none that can be imported."""
    if not isinstance(record, dict):
        return None
    if isinstance(record.get("type"), str) and (
        isinstance(record.get("sessionId"), str) or any(isinstance(record.get(name), str) for name in _OTHER_IDS)
    ):
        return "transcript"
    if isinstance(record.get("session_id"), str):
        if isinstance(record.get("hook_event_name"), str) or _is_chronicle_event(record):
            return "hooks"
        if is_status(record):
            return "status_lines"
    if is_status(record.get("input_data")):
        return "status_lines"
    if _is_work_item(record):
        return "work_items"
    if is_checkpoint(record):
        return "checkpoints"
    return None


def is_status(value: Any) -> bool:
    """Whether `value` is what a status line command is given: a session with its model and cost."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("session_id"), str)
        and "hook_event_name" not in value
        and (isinstance(value.get("cost"), dict) or isinstance(value.get("model"), dict))
    )


def _is_chronicle_event(record: dict[str, Any]) -> bool:
    """An event as Chronicle keeps it: the payload stands in `data`, the name of the event beside it."""
    return isinstance(record.get("event_type"), str) and isinstance(record.get("data"), dict)


def _is_work_item(record: dict[str, Any]) -> bool:
    named = all(isinstance(record.get(name), str) for name in ("id", "title", "status"))
    return named and ("issue_type" in record or ("priority" in record and "created_at" in record))
