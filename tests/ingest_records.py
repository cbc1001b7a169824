"""Made-up records of one session, for tests that need a log of their own: entries of transcripts, hooks, work items."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SESSION = "77777777-aaaa-4bbb-8ccc-000000000007"
REFUSAL = "The user doesn't want to proceed with this tool use. The tool use was rejected."


def hook(name: str, **more: Any) -> dict[str, Any]:
    """A hook payload of the session, without a time."""
    return {"session_id": SESSION, "cwd": "/home/ada/bay", "hook_event_name": name, **more}


def entry(kind: str, second: int, uuid: str, **more: Any) -> dict[str, Any]:
    """An entry of the session's transcript, so many seconds after 8 o'clock on 3 March 2026."""
    at = f"2026-03-03T08:{second // 60:02d}:{second % 60:02d}.000Z"
    return {"type": kind, "sessionId": SESSION, "uuid": uuid, "timestamp": at, "cwd": "/home/ada/bay", **more}


def typed(second: int, text: Any, **more: Any) -> dict[str, Any]:
    """What a person wrote, or what stands in the log as if."""
    return entry("user", second, f"typed-{second}", message={"role": "user", "content": text}, **more)


def called(second: int, use_id: str, name: str, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A tool call."""
    block = {"type": "tool_use", "id": use_id, "name": name, "input": given}
    return entry("assistant", second, f"call-{use_id}", message={"role": "assistant", "content": [block]}, **more)


def answered(second: int, use_id: str, content: Any, *, failed: bool = False, **more: Any) -> dict[str, Any]:
    """The result of a tool call."""
    block = {"type": "tool_result", "tool_use_id": use_id, "content": content, "is_error": failed}
    return entry("user", second, f"result-{use_id}", message={"role": "user", "content": [block]}, **more)


def reply(second: int, message_id: str, model: str, **usage: int) -> dict[str, Any]:
    """A line of a model's reply with its tokens."""
    message = {"id": message_id, "model": model, "role": "assistant", "content": [], "usage": usage}
    return entry("assistant", second, f"reply-{message_id}-{second}", message=message)


def item(name: str, status: str = "open", **more: Any) -> dict[str, Any]:
    """A work item."""
    told = {"id": name, "title": f"Item {name}", "status": status, "issue_type": "task", "priority": 1}
    return {**told, "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:00:00Z", **more}


def write(path: Path, records: Iterable[dict[str, Any]]) -> Path:
    """A file with one record per line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
