"""The difference between two JSON values, line by line."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from ui import page
from ui.drawing.markup import Markup, join, tag
from ui.wording.sentences import plural

_CONTEXT_LINES = 3
_MOST_LINES = 1500  # of a difference; what is more is said
_KINDS = {"+": "added", "-": "removed", "@": "place"}


def difference(before: Any, after: Any) -> Iterator[str]:
    """The lines of a unified difference of two JSON values, without its header. None is an empty text."""
    lines = difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=_CONTEXT_LINES)
    yield from (line for line in lines if not line.startswith(("---", "+++")))


def draw(lines: Sequence[str]) -> None:
    """How many lines were added and removed, and the lines with their surroundings."""
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    page.note(f"{plural(added, 'line')} added, {plural(removed, 'line')} removed.")
    st.html(tag("pre", join(*(_line(line) for line in lines[:_MOST_LINES]), between="\n"), class_="sb-difference"))
    if len(lines) > _MOST_LINES:
        page.note(f"{plural(len(lines) - _MOST_LINES, 'more line')} not shown.")


def _lines(value: Any) -> list[str]:
    return [] if value is None else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def _line(line: str) -> Markup:
    kind = _KINDS.get(line[:1], "same")
    return tag("span", line, class_=f"sb-line-{kind}")
