"""Records out of a file: one object per line, objects over several lines, or arrays, whatever the size of the file.

Nothing here knows what a record means. What cannot be read is reported with its line and reason, and the rest is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import orjson

from data.ingest.reading.arrays import ArrayReader, said

Report = Callable[[int, str], None]  # line (1 is the first), reason
Recognise = Callable[[Any], bool]

LONGEST_LINE_BYTES = 64 * 1024 * 1024
_LONGEST_OBJECT_LINES = 200_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FIRST_BYTES = 65_536
_MOST_DIGITS = 310  # of what a float can hold, with its sign; Python refuses to read a whole number of thousands


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _MOST_DIGITS else text


# As lenient as Python's own reader: NaN, Infinity and numbers too large for a float stay as their text.
DECODER = json.JSONDecoder(parse_constant=lambda name: name, parse_float=_finite, parse_int=_whole)

_FORGIVING = json.JSONDecoder(strict=False, parse_constant=str, parse_float=str, parse_int=str)  # of control characters


def read_records(
    stream: BinaryIO, report: Report, recognise: Recognise, several: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, Any]]:
    """Yield (line where it begins, value) for every JSON value of the stream, in order.

    `stream` is read from its start. `recognise` says whether a value can be a record: that is how reading goes on
    behind a broken element of an array, and it is asked of what a line that cannot be read begins with. `report` is
    called for everything that cannot be read, `several` with the line where two or more objects stand on one: all of
    them are read.
    """
    if _begins_array(stream):
        yield from ArrayReader(stream, report, recognise, DECODER).values()
    else:
        yield from _Lines(stream, report, recognise, several).values()


def _begins_array(stream: BinaryIO) -> bool:
    head = stream.read(_FIRST_BYTES).removeprefix(_BYTE_ORDER_MARK)
    stream.seek(0)
    for line in head.splitlines():
        text = line.strip(b" \t\r\n\0")
        if text and not text.startswith(b"//"):
            return text.startswith(b"[")
    return False


class _Lines:
    """Values of a file that is no array: mostly one object per line."""

    def __init__(self, stream: BinaryIO, report: Report, recognise: Recognise, several: Callable[[int], None]) -> None:
        self.stream = stream
        self.report = report
        self.recognise = recognise
        self.several = several
        self.line = 0  # of the line read last
        self.pushed_back: list[bytes] = []

    def values(self) -> Iterator[tuple[int, Any]]:
        loads = orjson.loads
        while raw := self._next():
            line = self.line
            try:
                yield line, loads(raw)
            except orjson.JSONDecodeError:
                text = raw.removeprefix(_BYTE_ORDER_MARK) if line == 1 else raw
                if text := text.strip():
                    for value in self._hard(text):
                        yield line, value

    def _next(self) -> bytes:
        if self.pushed_back:
            self.line += 1
            return self.pushed_back.pop()
        raw = self.stream.readline(LONGEST_LINE_BYTES)
        self.line += 1
        if len(raw) == LONGEST_LINE_BYTES and not raw.endswith(b"\n"):
            self.report(self.line, f"longer than {LONGEST_LINE_BYTES // 1024 // 1024} MiB")
            while (rest := self.stream.readline(LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            return b"\n"
        return raw

    def _hard(self, raw: bytes) -> list[Any]:
        """The values of a line that the fast reader refused; none, and a report, when there are none to be had."""
        line = self.line
        if raw.startswith(b"//"):
            self.report(line, "a comment, not JSON")
            return []
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            self.report(line, f"not UTF-8 (byte {error.start + 1} of the line)")
            return []
        values, reason, position = decode_all(text)
        if reason is None:
            if len(values) > 1:
                self.several(line)
            return values
        if not values and position >= len(text) and raw.startswith(b"{"):
            whole = self._over_several_lines(raw)
            if whole is not None:
                return [whole]
        self._look_into(text)
        self.report(line, reason)
        return []

    def _look_into(self, text: str) -> None:
        """Whether a line that cannot be read begins with a record all the same, with a comma behind it for instance."""
        with suppress(json.JSONDecodeError, RecursionError):
            self.recognise(_FORGIVING.raw_decode(text)[0])

    def _over_several_lines(self, first: bytes) -> Any:
        """The object that begins with `first` and goes on over the next lines; without one they are read again."""
        gathered = [first + b"\n"]
        size, wanted, whole = len(first), 2, None
        while whole is None and size < LONGEST_LINE_BYTES and len(gathered) < _LONGEST_OBJECT_LINES:
            while len(gathered) < wanted and (raw := self._next()):
                gathered.append(raw)
                size += len(raw)
            try:
                text = b"".join(gathered).decode()
                value, end = DECODER.raw_decode(text)
            except json.JSONDecodeError as error:
                if error.pos < len(text.rstrip()) or len(gathered) < wanted:
                    break
                wanted *= 2  # so that an object of any length is tried a few times only
            except (UnicodeDecodeError, RecursionError):
                break
            else:
                whole = value
                gathered = [part + b"\n" for part in text[end:].encode().split(b"\n")]
                if not gathered[-1].strip():
                    gathered.pop()
                if gathered and not gathered[0].strip():
                    gathered.pop(0)
        if whole is None:
            gathered.pop(0)
        self.line -= len(gathered)
        self.pushed_back.extend(reversed(gathered))
        return whole


def decode_all(text: str) -> tuple[list[Any], str | None, int]:
    """Every JSON value of `text`, written back to back; what is wrong with it (None: nothing) and where.

    Two objects on one line are both read. Anything else behind a value makes the whole line unreadable.
    """
    values: list[Any] = []
    position = 0
    text = text.strip()
    while position < len(text):
        try:
            value, position = DECODER.raw_decode(text, position)
        except json.JSONDecodeError as error:
            return values, f"not JSON: {said(error)}, character {error.pos + 1} of the line", error.pos
        except RecursionError:
            return values, "nested too deeply", position
        values.append(value)
        while position < len(text) and text[position].isspace():
            position += 1
    if len(values) > 1 and not all(isinstance(value, dict) for value in values):
        return [], "not JSON: more than one value, and not all of them objects", 0
    return values, None, position
