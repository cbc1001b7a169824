"""Columns of values to the bytes of COPY's text format: no row objects, so a million rows cost seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Column = Iterable[str]

NULL = "\\N"
UNKNOWN_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Block:
    """Rows ready for COPY: the named query that copies them in, their bytes, and how many they are."""

    query: str
    data: bytes
    rows: int


def block(query: str, count: int, columns: Sequence[Column]) -> Block:
    """Columns of `count` values each, already escaped, as one block. A column may be an endless repeat()."""
    if not count:
        return Block(query, b"", 0)
    lines = "\n".join(map("\t".join, zip(*columns, strict=False)))
    return Block(query, f"{lines}\n".encode(), count)


def same(value: str) -> repeat[str]:
    """A column that holds one value in every row."""
    return repeat(value)


def glue(*parts: Column) -> list[str]:
    """Texts put together row by row."""
    return list(map("".join, zip(*parts, strict=False)))


def escaped(text: str) -> str:
    """Text as COPY wants it."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def document(value: Any) -> str:
    """A value as JSON, escaped for COPY."""
    return escaped(json.dumps(value, ensure_ascii=False))


def pool(texts: Iterable[str]) -> Texts:
    """Texts to be picked from by arrays of positions."""
    listed = list(texts)
    pooled = np.empty(len(listed), dtype=object)
    pooled[:] = listed
    return pooled


def uuids(random: np.random.Generator, count: int) -> list[str]:
    """Random ids (version 4), 32 hexadecimal digits each."""
    raw = random.integers(0, 256, (count, 16), dtype=np.uint8)
    raw[:, 6] = raw[:, 6] & 0x0F | 0x40
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    digits = raw.tobytes().hex()
    return [digits[start : start + 32] for start in range(0, 32 * count, 32)]


def hyphened(digits: str) -> str:
    """An id of 32 digits as people and text columns write it."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def tokens(random: np.random.Generator, count: int) -> list[str]:
    """Random tokens of 24 hexadecimal digits, as the ids that a model's service gives out."""
    digits = random.bytes(12 * count).hex()
    return [digits[start : start + 24] for start in range(0, 24 * count, 24)]


def times(at_ms: Integers) -> list[str]:
    """Milliseconds since 1970 as UTC timestamps; UNKNOWN_TIME becomes null."""
    written: list[str] = np.datetime_as_string(at_ms.astype("datetime64[ms]"), unit="ms").tolist()
    if (at_ms == UNKNOWN_TIME).any():
        return [NULL if text == "NaT" else text for text in written]
    return written


def numbers(values: Integers) -> list[str]:
    """Whole numbers as text."""
    return list(map(str, values.tolist()))


def numbers_or_null(values: Integers, known: Flags) -> list[str]:
    """Whole numbers as text, null where not known."""
    return [str(value) if is_known else NULL for value, is_known in zip(values.tolist(), known.tolist(), strict=True)]


def chosen(flags: Flags, yes: str, no: str) -> list[str]:
    """One of two texts by a flag."""
    return [yes if flag else no for flag in flags.tolist()]


def lognormal(random: np.random.Generator, median: Floats | float, spread: Floats | float, count: int) -> Floats:
    """Durations as they are in life: many short, few long. `spread` is the sigma of the logarithm."""
    return np.asarray(median) * np.exp(np.asarray(spread) * random.standard_normal(count))
