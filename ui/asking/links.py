"""Addresses inside the console: every figure leads to the rows behind it with the filters in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from ui.drawing.markup import Child, Markup, tag
from ui.navigation import FIRST

Value = str | int | float | bool | datetime | tuple[str, ...] | None


def href(page: str, parameters: Mapping[str, Value] | None = None, /, **more: Value) -> str:
    """The address of a page with parameters; None is left out, times are ISO 8601 with offset, several texts stand as
    often as there are."""
    path = "/" if page in ("", FIRST.url_path) else f"/{page}"
    given = {**(parameters or {}), **more}
    query = urlencode([(name, text) for name, value in given.items() for text in _texts(value)])
    return f"{path}?{query}" if query else path


def go(content: Child, page: str, parameters: Mapping[str, Value] | None = None, /, **more: Value) -> Markup:
    """A link to a page of the console that opens without loading the document anew."""
    return go_to(content, href(page, parameters, **more))


def go_to(content: Child, address: str, class_: str = "", title: str | None = None) -> Markup:
    """A link to an address made by `href`. The class is what the page's script listens for."""
    return tag("a", content, href=address, class_=f"sb-go {class_}".strip(), title=title)


def _texts(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, datetime):
        return (value.isoformat(),)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)
