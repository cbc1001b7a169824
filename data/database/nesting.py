"""JSON nested deeper than anybody reads, and than Python can take apart, is cut where pages read it. Pure but for the
loader; what is written, exported or merged is never cut."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
from psycopg.types.json import JsonbLoader, JsonLoader

MOST_LEVELS = 50  # indented, more would fill the screens that show some
INSTEAD = f"… nested deeper than {MOST_LEVELS} levels, which is not shown"

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def cut(text: bytes) -> bytes:
    """JSON as it is, with a sentence in place of each list and object that lies deeper than MOST_LEVELS."""
    if text.count(b"{") + text.count(b"[") <= MOST_LEVELS:
        return text
    kept: list[bytes] = []
    level, taken_up_to = 0, 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in _OPENING:
            level += 1
            if level == MOST_LEVELS + 1:
                kept.append(text[taken_up_to : found.start()])
        elif token in _CLOSING:
            if level == MOST_LEVELS + 1:
                kept.append(json.dumps(INSTEAD).encode())
                taken_up_to = found.end()
            level -= 1
    return b"".join([*kept, text[taken_up_to:]])


class _ShallowJsonLoader(JsonLoader):
    def load(self, data: Any) -> Any:
        return super().load(cut(bytes(data)))


class _ShallowJsonbLoader(JsonbLoader):
    def load(self, data: Any) -> Any:
        return super().load(cut(bytes(data)))


def read_shallow(cursor: psycopg.Cursor[Any]) -> None:
    """Have what this cursor reads cut."""
    cursor.adapters.register_loader("json", _ShallowJsonLoader)
    cursor.adapters.register_loader("jsonb", _ShallowJsonbLoader)
