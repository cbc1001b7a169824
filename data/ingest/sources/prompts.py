"""What stands in the text of user entries: prompts of a person, commands, interruptions, and what is neither."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from data.ingest.staging.sessions import SessionFacts

COMMANDS = ("<command-name>", "<command-message>")
_NOT_TYPED = ("<command-", "<local-command-", "<bash-")
_TASK = "<task-notification>"
_INTERRUPTED = "[Request interrupted"
_TASK_ID = re.compile(r"<task-id>([^<]{1,200})</task-id>")
_TASK_STATUS = re.compile(r"<status>([^<]{1,50})</status>")


def text_of(content: Any) -> str | None:
    """The text of a message's content: the string itself, or its text blocks, one per line; None without text."""
    if isinstance(content, str):
        return content or None
    if not isinstance(content, list):
        return None
    texts = [block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)]
    return "\n".join(texts) or None


def kind_of(entry: dict[str, Any], text: str | None) -> str:
    """What a user entry without tool results is; "prompt" only for what a person wrote to the agent."""
    if entry.get("isSidechain") is True:
        return "prompt_to_subagent"
    if entry.get("isMeta") is True:
        return "meta"
    if entry.get("isCompactSummary") is True:
        return "compact_summary"
    if text is None:
        return "without_text"
    return _kind_of_text(text)


def _kind_of_text(text: str) -> str:
    if text.startswith(COMMANDS):
        return "slash_command"
    if text.startswith(_INTERRUPTED):
        return "interruption"
    if text.startswith(_TASK):
        return "task_notification"
    return "command_output" if text.startswith(_NOT_TYPED) else "prompt"


def count_pictures(content: Any) -> int:
    """How many pictures came with a prompt."""
    if not isinstance(content, list):
        return 0
    return sum(1 for block in content if isinstance(block, dict) and block.get("type") == "image")


def take_task_notification(content: Any, session: SessionFacts, at: datetime | None) -> None:
    """Note how a task in the background ended, where `content` tells it."""
    if not isinstance(content, str) or not content.startswith(_TASK):
        return
    task, status = _TASK_ID.search(content), _TASK_STATUS.search(content)
    if task and status:
        session.saw_task_end(task[1], at, status[1])
