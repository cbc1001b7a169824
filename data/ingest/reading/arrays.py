"""Elements of JSON arrays, read through a window, so that an array of any size needs the memory of one element."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

WINDOW_BYTES = 1024 * 1024
LONGEST_ELEMENT = 64 * 1024 * 1024  # characters
_BETWEEN = re.compile(r"[\s,\ufeff]*")
_PADDING = re.compile(r"[\s,\0]*")
_NEXT_OBJECT = re.compile(r",\s*(?=\{)")
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_END = 64  # an error this close to the end of the window may only mean that the window ends there


class ArrayReader:
    """Reads the values of one stream of arrays (and of bare values between them), element by element."""

    def __init__(
        self,
        stream: BinaryIO,
        report: Callable[[int, str], None],
        recognise: Callable[[Any], bool],
        decoder: json.JSONDecoder,
    ) -> None:
        self.stream = stream
        self.report = report
        self.recognise = recognise
        self.decoder = decoder
        self.utf8 = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.text = ""
        self.position = 0
        self.ended = False
        self.line = 1  # of `counted`, which `position` may be ahead of
        self.counted = 0
        self.cut = False  # whether the end of the file inside a record was reported
        self.damaged = False  # whether the window holds bytes that are not UTF-8

    def values(self) -> Iterator[tuple[int, Any]]:
        """Yield (line where it begins, value) for every element, in order."""
        depth = 0
        while self._skip():
            first = self.text[self.position]
            if first == "[" and depth == 0:
                depth = 1
                self._advance(self.position + 1)
            elif first == "]":
                depth = 0
                self._advance(self.position + 1)
            elif first == "/":
                self._comment()
            elif first == "\0":
                self._padding()
            else:
                line = self.line
                for value in self._element():
                    yield line, value
        self._count_lines()
        if depth and not self.cut:
            self.report(self.line, "the file ends inside an array")

    def _comment(self) -> None:
        self.report(self.line, "a comment, not JSON")
        while (end := self.text.find("\n", self.position)) < 0:
            self._advance(len(self.text))
            if not self._more():
                return
        self._advance(end)

    def _padding(self) -> None:
        """Past characters that a file system left where nothing was written: no record, and in no record."""
        self.report(self.line, "NUL characters between records, not JSON")
        while found := _PADDING.match(self.text, self.position):
            self._advance(found.end())
            if self.position < len(self.text) or not self._more():
                return

    def _skip(self) -> bool:
        """Go to the next character that is neither space nor comma; whether there is one."""
        while True:
            found = _BETWEEN.match(self.text, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.text):
                self._count_lines()
                return True
            if not self._more():
                return False

    def _element(self) -> list[Any]:
        """The value at `position` as a list of one; none and a report, when it cannot be read."""
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.position)
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._more():
                    continue
                return self._broken(error)
            except RecursionError:
                self.report(self.line, "nested too deeply")
                self._leave(self.position + 1)
                return []
            if end == len(self.text) and not isinstance(value, dict | list | str) and self._more():
                continue  # a number may go on in the next window
            return self._whole(value, end)

    def _whole(self, value: Any, end: int) -> list[Any]:
        begin, line = self.position, self.line
        self.position = end
        if self.damaged and _UNDECODABLE.search(self.text, begin, end):
            self.report(line, "not UTF-8")
            return []
        return [value]

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        at_end = error.pos >= len(self.text) - _END or error.msg.startswith("Unterminated string")
        return at_end and len(self.text) - self.position < LONGEST_ELEMENT

    def _broken(self, error: json.JSONDecodeError) -> list[Any]:
        cut = self.ended and error.pos >= len(self.text) - _END
        reason = "the file ends in the middle of a record" if cut else f"not JSON: {said(error)}"
        if error.msg.startswith("Unterminated string") and self.ended:
            cut = True
            reason = "the file ends in the middle of a record, or a string in it never ends"
        self.cut = self.cut or cut
        line = self.line + self.text.count("\n", self.position, error.pos)
        self.report(line, f"{reason}, in the record that begins on line {self.line}")
        self._leave(self.position + 1)
        return []

    def _leave(self, start: int) -> None:
        """Go on at the next object behind `start` that can be read and can be a record, or to the end."""
        while True:
            if found := _NEXT_OBJECT.search(self.text, start):
                is_record, start = self._try_record(found.end())
                if is_record:
                    self._advance(start)
                    return
                continue
            # The comma may stand at the end of this window and its object in the next.
            self._advance(max(self.position, min(start, len(self.text)), len(self.text) - _END))
            start = 0
            if not self._more():
                self._advance(len(self.text))
                return

    def _try_record(self, position: int) -> tuple[bool, int]:
        """Whether a record begins at `position`; and `position` again, which moves when the window does."""
        while True:
            try:
                value, _ = self.decoder.raw_decode(self.text, position)
            except json.JSONDecodeError as error:
                behind = position - self.position
                if not self._may_go_on(error) or not self._more():
                    return False, position
                position = self.position + behind
            except RecursionError:
                return False, position
            else:
                return self.recognise(value), position

    def _advance(self, position: int) -> None:
        self.position = position
        self._count_lines()

    def _count_lines(self) -> None:
        """Bring `line` to where `position` is; once per element, since counting costs as much as reading."""
        self.line += self.text.count("\n", self.counted, self.position)
        self.counted = self.position

    def _more(self) -> bool:
        """Read on, forgetting what lies before `position`; whether there was more."""
        if self.ended:
            return False
        self._count_lines()
        raw = self.stream.read(max(WINDOW_BYTES, len(self.text) - self.position))
        self.ended = not raw
        added = self.utf8.decode(raw, final=self.ended)
        self.text = self.text[self.position :] + added
        self.position = self.counted = 0
        self.damaged = self.damaged or not _is_encodable(added)
        return bool(added)


def said(error: json.JSONDecodeError) -> str:
    """What is wrong, without the words that lead to a place: that is told as people count."""
    return error.msg.removesuffix(" at").removesuffix(" starting")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()  # many times as fast as searching
    except UnicodeEncodeError:
        return False
    return True
