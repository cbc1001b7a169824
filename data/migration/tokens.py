"""Reads SQL text into the few kinds of token that matter for finding where a statement ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["space", "comment", "quoted", "word", "open", "close", "semicolon", "other"]

# Every repetition is possessive: no input, however broken, makes the search go back and try again.
_TOKEN = re.compile(
    r"""
      (?P<space>\s++)
    | (?P<comment>--[^\r\n]*+)
    | (?P<block_comment>/\*)
    | (?P<escape_string>[eE]'(?:[^'\\]++|\\.|'')*+'?            # E'..': a backslash takes the next one along,
          (?:[^\S\r\n]*+[\r\n]\s*+'(?:[^'\\]++|\\.|'')*+'?)*+)  # also where it continues on later lines
    | (?P<string>'(?:[^']++|'')*+'?)
    | (?P<identifier>"(?:[^"]++|"")*+"?)
    | (?P<dollar>\$(?:[^\W\d]\w*+)?\$)
    | (?P<word>[^\W\d][\w$]*+)
    | (?P<number>\d[\w.]*+)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<semicolon>;)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

_KINDS: dict[str, Kind] = {
    "space": "space",
    "comment": "comment",
    "block_comment": "comment",
    "escape_string": "quoted",
    "string": "quoted",
    "identifier": "quoted",
    "dollar": "quoted",
    "word": "word",
    "open": "open",
    "close": "close",
    "semicolon": "semicolon",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL text: what it is and which characters it spans (`end` is exclusive)."""

    kind: Kind
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """Every character of `text` in exactly one token. What is not closed reaches to the end of the text."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # noqa: S101 - the last alternative takes any character
        group = match.lastgroup or "other"
        end = match.end()
        if group == "block_comment":
            end = _end_of_comment(text, end)
        elif group == "dollar":
            end = _end_of_dollar_quote(text, match.group(), end)
        yield Token(_KINDS.get(group, "other"), position, end)
        position = end


def _end_of_comment(text: str, position: int) -> int:
    """Block comments nest in PostgreSQL."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            return len(text)
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def _end_of_dollar_quote(text: str, tag: str, position: int) -> int:
    closing = text.find(tag, position)
    return len(text) if closing < 0 else closing + len(tag)
