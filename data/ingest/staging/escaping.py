"""Values on their way into COPY: JSON and text as bytes, with what PostgreSQL refuses kept in a readable form."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import orjson

NULL = b"\\N"
_NUL_IN_JSON = b"\\u0000"
_REFUSED = re.compile("[\x00\ud800-\udfff]")
_NEEDS_QUOTING = re.compile(rb"[\\\t\n\r]")


class Escaper:
    """Turns values into fields of COPY's text format and counts the characters it had to rewrite.

    PostgreSQL keeps neither NUL nor half a surrogate pair: both are written as the six characters of their escape,
    \\u0000 for instance, so that a reader sees what was there.
    """

    def __init__(self) -> None:
        self.rewritten = 0

    def json(self, value: Any) -> bytes:
        """`value` as a jsonb field; None is SQL's null."""
        if value is None:
            return NULL
        raw = self.plain_json(value)
        return raw.replace(b"\\", b"\\\\") if b"\\" in raw else raw

    def plain_json(self, value: Any) -> bytes:
        """`value` as JSON that PostgreSQL accepts."""
        try:
            raw = orjson.dumps(value)
        except TypeError:  # half a surrogate pair, or an integer of more than 64 bits
            return self._rewritten_json(value)
        return self._rewritten_json(value) if _NUL_IN_JSON in raw else raw

    def text(self, value: str | None) -> bytes:
        """`value` as a text field; None is SQL's null."""
        if value is None:
            return NULL
        try:
            raw = value.encode()
        except UnicodeEncodeError:
            raw = self.readable(value).encode()
        if b"\x00" in raw:
            raw = self.readable(value).encode()
        return quoted(raw)

    def readable(self, value: str) -> str:
        """`value` with every refused character written as its escape."""
        rewritten, count = _REFUSED.subn(lambda match: f"\\u{ord(match[0]):04x}", value)
        self.rewritten += count
        return rewritten

    def _rewritten_json(self, value: Any) -> bytes:
        rewritten = self._rewrite(value)
        try:
            return orjson.dumps(rewritten)
        except TypeError:
            return json.dumps(rewritten, ensure_ascii=False).encode()

    def _rewrite(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.readable(value)
        if isinstance(value, dict):
            return {self.readable(key): self._rewrite(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._rewrite(item) for item in value]
        return value


def quoted(raw: bytes) -> bytes:
    """`raw` with what separates fields and lines in COPY's text format escaped."""
    if _NEEDS_QUOTING.search(raw) is None:
        return raw
    raw = raw.replace(b"\\", b"\\\\").replace(b"\t", b"\\t")
    return raw.replace(b"\n", b"\\n").replace(b"\r", b"\\r")


def canonical(value: Any) -> bytes:
    """`value` as JSON that is the same for equal values whatever the order of their keys."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


_BULK = 1_000  # characters; a shorter value is not worth leaving out
_WHOLE_FILES = frozenset({"originalFile", "originalFileContents"})


def without_bulk(value: Any, depth: int = 6) -> Any:
    """`value` without pictures in base64 and without the whole text of a file from before an edit, in place.

    What is left out leaves a note of its size; the edit itself stays, as old and new text and as a patch.
    """
    if depth == 0:
        return value
    if isinstance(value, dict):
        _leave_out(value)
        for item in value.values():
            if isinstance(item, dict | list):
                without_bulk(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                without_bulk(item, depth - 1)
    return value


def _leave_out(value: dict[str, Any]) -> None:
    for key in _WHOLE_FILES & value.keys():
        if isinstance(text := value[key], str) and len(text) > _BULK:
            value[key] = f"[{len(text)} characters of the file before the edit left out]"
    if isinstance(data := value.get("base64"), str) and len(data) > _BULK:
        value["base64"] = _picture_note(data)
    encoded = value.get("type") in ("base64", "image", "audio")
    if encoded and isinstance(data := value.get("data"), str) and len(data) > _BULK:
        value["data"] = _picture_note(data)


def _picture_note(data: str) -> str:
    return f"[{len(data)} characters of base64 left out]"


def readable(value: str) -> str:
    """`value` without characters that cannot be stored or printed, whoever counts them."""
    return Escaper().readable(value)


def as_object(value: Any) -> dict[str, Any]:
    """`value` where it is a JSON object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_text(value: Any) -> str | None:
    """`value` where it is a string that is not empty."""
    return value if isinstance(value, str) and value else None
