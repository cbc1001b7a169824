"""Values with their places in a file: what a schema check needs to name a line and a column."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # in the library, not in its type stubs
from typing import Any, Final

from signalbox_client import checking

MAX_DEPTH = 100

_SPACE = re.compile(r"[ \t\n\r]*")
_ATOM = re.compile(r"[^\s,\]}:\"\[{]+")
FAULTY: Final = object()  # stands for a value that is told among the faults of its document
TOO_LONG = f"a number of more than {checking.MAX_DIGITS:,} digits, which Python does not read; put text into quotes"


@dataclass(frozen=True)
class Placed:
    """A value and where it begins. `value` is text, number, bool, None, FAULTY, a list of Placed, or a dict of
    text to (Placed key, Placed value)."""

    value: Any
    line: int
    column: int

    @property
    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: inner.plain for name, (_, inner) in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain for inner in self.value]
        return None if self.value is FAULTY else self.value


class Unreadable(Exception):
    """A file that is no JSON or no YAML, and where it stops being so; or one thing in it that cannot be taken."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        self.reason, self.line, self.column = reason, line, column
        super().__init__(reason)


def read_json(text: str, faults: list[Unreadable]) -> Placed:
    """A JSON document with places. What is wrong and lets the rest be read joins `faults`. Raises Unreadable."""
    return _Json(text, faults).document()


class _Json:
    """Reads one JSON text. The standard reader keeps no places, so this one walks and leaves the atoms to it."""

    def __init__(self, text: str, faults: list[Unreadable]) -> None:
        self.text = text
        self.faults = faults
        self.at = 0
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def document(self) -> Placed:
        value = self.next_value(0)
        self.skip()
        if self.at < len(self.text):
            raise self.wrong("there is more after the end of the document")
        return value

    def next_value(self, depth: int) -> Placed:
        self.skip()
        if depth > MAX_DEPTH:
            raise self.wrong(f"nested more than {MAX_DEPTH} levels deep")
        line, column = self.place(self.at)
        first = self.text[self.at : self.at + 1]
        if first == "{":
            return Placed(self.members(depth), line, column)
        if first == "[":
            return Placed(self.items(depth), line, column)
        return Placed(self.quoted() if first == '"' else self.atom(), line, column)

    def members(self, depth: int) -> dict[str, tuple[Placed, Placed]]:
        found: dict[str, tuple[Placed, Placed]] = {}
        while self.goes_on("{", "}", is_first=not found):
            self.skip()
            if self.text[self.at : self.at + 1] != '"':
                raise self.wrong("a key in double quotes is expected")
            line, column = self.place(self.at)
            name = self.quoted()
            if name in found:
                self.faults.append(Unreadable(f"the key {name} is there twice", line, column))
            self.skip()
            if self.text[self.at : self.at + 1] != ":":
                raise self.wrong("a colon is expected after the key")
            self.at += 1
            found.setdefault(name, (Placed(name, line, column), self.next_value(depth + 1)))
        return found

    def items(self, depth: int) -> list[Placed]:
        found: list[Placed] = []
        while self.goes_on("[", "]", is_first=not found):
            found.append(self.next_value(depth + 1))
        return found

    def goes_on(self, opening: str, closing: str, *, is_first: bool) -> bool:
        """Whether another element follows; steps over what opens, parts and closes."""
        if is_first:
            self.at += len(opening)
        self.skip()
        here = self.text[self.at : self.at + 1]
        if here == closing:
            self.at += 1
            return False
        if is_first:
            return True
        if here != ",":
            raise self.wrong(f"a comma or {closing} is expected")
        self.at += 1
        return True

    def quoted(self) -> str:
        try:
            value, self.at = scanstring(self.text, self.at + 1, True)
        except json.JSONDecodeError as error:
            raise Unreadable(error.msg[0].lower() + error.msg[1:], error.lineno, error.colno) from None
        return str(value)

    def atom(self) -> Any:
        found = _ATOM.match(self.text, self.at)
        if not found:
            raise self.wrong("a value is expected")
        try:
            value = json.loads(found[0], parse_constant=_refuse)
        except ValueError:
            is_number = re.fullmatch(r"-?[0-9]+", found[0])
            self.faults.append(self.wrong(TOO_LONG if is_number else f"{found[0][:40]} is no JSON value"))
            value = FAULTY
        self.at = found.end()
        return value

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.lines, at)
        return line, at - self.lines[line - 1] + 1

    def wrong(self, reason: str) -> Unreadable:
        return Unreadable(reason, *self.place(self.at))


def _refuse(constant: str) -> None:
    raise ValueError(constant)
