"""JSON that is nested deeper than anybody reads is cut where pages read it, and numbers too long for Python stay text.
Pure but for the loader; what is written, exported or merged stays as it is."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import psycopg
from psycopg.adapt import Loader

from signalbox_client.json_values import STRING, is_deeper

MOST_LEVELS = 50  # indented, more would fill the screens that show some
MOST_DIGITS = 300  # of a whole number; longer ones stay text, since Python refuses to write some thousands
INSTEAD = f"… nested deeper than {MOST_LEVELS} levels, which is not shown"

_TOKEN = re.compile(STRING + rb"|[\[\]{}]", re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def cut(text: bytes) -> bytes:
    """JSON as it is, with a sentence in place of each list and object that lies deeper than MOST_LEVELS."""
    if not is_deeper(text, MOST_LEVELS):
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


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= MOST_DIGITS else digits


def _real(digits: str) -> float | str:
    return float(digits) if math.isfinite(float(digits)) else digits


class _ShownJsonLoader(Loader):
    def load(self, data: Any) -> Any:
        return json.loads(cut(bytes(data)), parse_int=_whole, parse_float=_real)


def read_shallow(cursor: psycopg.Cursor[Any]) -> None:
    """Have what this cursor reads cut."""
    cursor.adapters.register_loader("json", _ShownJsonLoader)
    cursor.adapters.register_loader("jsonb", _ShownJsonLoader)
