"""What a record must hold to be one of its kind, and the words in which one is refused."""

from __future__ import annotations

from typing import Any, cast

_NAMES: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class Misshapen(Exception):
    """Something is not in the shape of its kind; the sentence says which field, and what it is instead."""


def field(holder: dict[str, Any], name: str) -> Any:
    """What stands under that name. Raises Misshapen when nothing does."""
    if name not in holder:
        raise Misshapen(f"“{name}” is missing")
    return holder[name]


def text_field(holder: dict[str, Any], name: str) -> str:
    """The text under that name. Raises Misshapen when there is none."""
    if not isinstance(value := field(holder, name), str):
        raise Misshapen(f"“{name}” is {_NAMES[type(value)]}, not a text")
    return value


def object_field(holder: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under that name. Raises Misshapen when there is none."""
    if not isinstance(value := field(holder, name), dict):
        raise Misshapen(f"“{name}” is {_NAMES[type(value)]}, not an object")
    return cast("dict[str, Any]", value)
