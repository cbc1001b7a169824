"""Splits a migration file into its statements, the way the Supabase CLI records them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from data.migration.tokens import Token, tokens

# Pages and commands read a whole folder each time; what a text says is the same as the last time.
TEXTS_KEPT = 512


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file. Comments in front of it belong to it; the semicolon behind it does not.

    `number` counts from 1. `start` is the offset of its first character in the file, `code_start` that of the
    first one past the comments, `line` the line of the latter. `words` are its bare words in lower case (none
    from comments, strings or quoted names). `is_comment`: there is nothing else in it, so nothing to run.
    """

    number: int
    text: str
    start: int
    code_start: int
    line: int
    words: tuple[str, ...]
    is_comment: bool


@dataclass(slots=True)
class _Body:
    """How deep we are in parentheses and in a `begin atomic ... end` body, where a semicolon ends nothing."""

    words: list[str] = field(default_factory=list)
    parentheses: int = 0
    blocks: int = 0
    first: int | None = None  # offset of the first character that is no blank
    code_start: int | None = None

    def feed(self, token: Token, text: str) -> None:
        if token.kind == "space":
            return
        if self.first is None:
            self.first = token.start
        if token.kind == "comment":
            return
        if self.code_start is None:
            self.code_start = token.start
        if token.kind == "open":
            self.parentheses += 1
        elif token.kind == "close":
            self.parentheses = max(0, self.parentheses - 1)
        elif token.kind == "word":
            self._word(text[token.start : token.end].lower())

    def _word(self, word: str) -> None:
        if self.blocks == 0:
            if word == "atomic" and self.words[-1:] == ["begin"] and self._creates_routine():
                self.blocks = 1
        elif word in ("begin", "case"):
            self.blocks += 1
        elif word == "end":
            self.blocks -= 1
        self.words.append(word)

    def _creates_routine(self) -> bool:
        head = self.words[:4]
        return head[:1] == ["create"] and ("function" in head or "procedure" in head)

    @property
    def is_open(self) -> bool:
        return self.parentheses > 0 or self.blocks > 0


@lru_cache(maxsize=TEXTS_KEPT)
def split(text: str) -> tuple[Statement, ...]:
    """The statements of `text` in order, without the blanks around them; one of blanks alone is left out."""
    found: list[Statement] = []
    start = 0
    body = _Body()
    for token in tokens(text):
        if token.kind == "semicolon" and not body.is_open:
            _add(found, text, start, token.start, body)
            start, body = token.end, _Body()
        else:
            body.feed(token, text)
    _add(found, text, start, len(text), body)
    return tuple(found)


def _add(found: list[Statement], text: str, start: int, end: int, body: _Body) -> None:
    if body.first is None:
        return
    code_start = body.first if body.code_start is None else body.code_start
    # Counted on from the statement before: from the beginning each time, a long file would take the square of it.
    line_before, counted_to = (found[-1].line, found[-1].code_start) if found else (1, 0)
    line = line_before + text.count("\n", counted_to, code_start)
    piece = text[start:end].strip()
    is_comment = body.code_start is None
    found.append(Statement(len(found) + 1, piece, body.first, code_start, line, tuple(body.words), is_comment))


def joined(pieces: Sequence[str]) -> tuple[str, int]:
    """The text of statements, each ended by a semicolon that no comment swallows, and how many of the pieces are
    statements and not comments alone."""
    ended, number = [], 0
    for piece in pieces:
        last = next((token for token in reversed(list(tokens(piece))) if token.kind != "space"), None)
        if last is None or all(statement.is_comment for statement in split(piece)):
            ended.append(piece)
            continue
        number += 1
        is_swallowed = last.kind == "comment" and piece.startswith("--", last.start)
        ended.append(f"{piece}\n;" if is_swallowed else f"{piece};")
    return "\n\n".join(ended), number


def says_the_same(text: str, recorded: Sequence[str]) -> bool:
    """Whether `text` is exactly the `recorded` statements, with nothing but blanks and semicolons between.

    Laying the recorded pieces along the text, and not comparing two lists, makes the answer independent of
    where another program's splitter chose to cut.
    """
    text = text.replace("\r\n", "\n")
    position = _end_of_gap(text, 0)
    for number, piece in enumerate(recorded):
        wanted = piece.replace("\r\n", "\n").strip()
        after_gap = _end_of_gap(text, position)
        if number and ";" not in text[position:after_gap]:
            return False
        if not text.startswith(wanted, after_gap):
            return False
        position = after_gap + len(wanted)
    return _end_of_gap(text, position) == len(text)


def _end_of_gap(text: str, position: int) -> int:
    while position < len(text) and (text[position] == ";" or text[position].isspace()):
        position += 1
    return position
