"""What says most: of a message the line, of a JSON text the value. Pure."""

from __future__ import annotations

import json
import re

from ui.wording import figures

# What tools and events are mostly about, in this order.
_NAMES = ("command", "file_path", "path", "pattern", "query", "url", "sql", "prompt", "error", "title", "description")
_EXIT = re.compile(r"Exit code \d+")
_TAGS = re.compile(rf"</?[a-z_]+>|{figures.COLOURS}")  # as analytics.error_group takes them out
_NOISE = re.compile(rf"{figures.WRAPPER}|{figures.COLOURS}")


def line(message: str | None, group: str = "", length: int = 120) -> str:
    """The line of a message that says more than its group: the first one, after a bare code of an exit the next."""
    told = _NOISE.sub("", (message or "").replace("\\n", "\n"))
    lines = [one.strip() for one in told.splitlines() if one.strip()]
    if len(lines) > 1 and _TAGS.sub("", lines[0]).rstrip(":") == group.rstrip(":"):
        return figures.shortened(lines[1], length)
    return figures.shortened(lines[0], length) if lines else ""


def error(message: str | None, length: int = 120) -> str:
    """A message in one line: after a bare code of an exit the line that says why."""
    first = line(message, length=length)
    is_bare = bool(_EXIT.fullmatch(first)) or first.endswith(":")
    why = line(message, first, length) if is_bare else first
    return first if why == first else figures.shortened(f"{first.rstrip(':')}: {why}", length)


def answers(note: str | None) -> dict[str, str] | None:
    """A note that holds questions with their answers, as some logs record them; None for any other."""
    try:
        given = json.loads(note or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or not given or not all(isinstance(one, str) for one in given.values()):
        return None
    return given


def value(text: str | None, length: int = 110) -> str:
    """The value of a JSON text that says most; the text itself where it is no JSON, such as when it was cut, or where
    none of its values says more than the others."""
    try:
        given = json.loads(text or "null")
    except (ValueError, RecursionError):
        given = text
    if isinstance(given, dict):
        texts = {name: one for name, one in given.items() if isinstance(one, str) and one}
        given = next((texts[name] for name in _NAMES if name in texts), None) or next(iter(texts.values()), given)
    if given in (None, {}, []):
        return ""
    return figures.as_written(given if isinstance(given, str) else text or "", length)
