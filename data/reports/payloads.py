"""JSON that the payloads of events shall contain, as somebody typed it. Pure."""

from __future__ import annotations

import json

from signalbox_client.errors import BadArgument


def parse_payload(text: str) -> str:
    """The JSON that payloads shall contain, from what somebody typed. Raises ValueError where it is none.

    Payloads are objects, so nothing but an object can be in one at its top.
    """
    given = json.loads(text, parse_constant=_refuse)
    match given:
        case dict():
            written = json.dumps(given, ensure_ascii=False, allow_nan=False)
        case _:
            raise ValueError("it is no object")
    if "\\u0000" in written or any("\ud800" <= character <= "\udfff" for character in written):
        raise ValueError("it holds a character that the database cannot store")
    return written


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def parseable(argument: str, value: str) -> None:
    """The check of an argument that holds such JSON. Raises BadArgument."""
    try:
        parse_payload(value)
    except (TypeError, ValueError, RecursionError):
        raise BadArgument(argument, "must be a JSON object, as its text.") from None
