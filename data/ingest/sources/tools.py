"""What is known of tools by their names, inputs and results."""

from __future__ import annotations

from typing import Any

from data.ingest.staging.escaping import as_text, without_bulk

UNKNOWN = "unknown"  # the tool of a result whose call is in no log
QUESTIONS = frozenset({"ExitPlanMode", "AskUserQuestion"})  # calls that ask a person, whatever comes of them
SKILL = "Skill"  # the call that begins one
_REJECTED = "The user doesn't want to proceed with this tool use"  # how a transcript says that a person said no

_AGENT_TOOLS = frozenset({"Task", "Agent"})
_FILE_TOOLS = {
    "Read": "file_path",
    "Edit": "file_path",
    "Write": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
    "NotebookRead": "notebook_path",
}


def type_of(name: str) -> str:
    """`mcp` for a tool of an MCP server, `subagent` for one that starts an agent, else `builtin`."""
    if name.startswith("mcp__"):
        return "mcp"
    return "subagent" if name in _AGENT_TOOLS else "builtin"


def file_of(name: str, given: Any) -> str | None:
    """The file that a call with this input reads or writes; None for tools that work on no single file."""
    field = _FILE_TOOLS.get(name)
    if field is None or not isinstance(given, dict):
        return None
    return as_text(given.get(field))


def is_rejection(text: str | None) -> bool:
    """Whether an error says that a person refused the call."""
    return text is not None and text.startswith(_REJECTED)


def result_of(told: Any, content: Any, *, failed: bool) -> Any:
    """What came of a call: the structured result where there is one, else the content; the text of an error stands
    in error_message already."""
    if told is not None and not (failed and isinstance(told, str)):
        return without_bulk(told)
    return None if failed else without_bulk({"content": content})
