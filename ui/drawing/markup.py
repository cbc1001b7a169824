"""HTML that is safe by construction: whatever is not markup already is escaped, and links stay on this console."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


class Markup(str):
    """A piece of HTML made by this module; plain strings are text and get escaped."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What `st.html` takes as it is. In plain strings it looks for indented lines to mend, for longer than a page
        takes to be drawn, and would mend what stands in preformatted text."""
        return str(self)


Child = str | int | float | None
Attribute = str | int | float | bool | None

_EMPTY = frozenset({"br", "hr", "img", "input", "wbr"})


def tag(name: str, *children: Child, **attributes: Attribute) -> Markup:
    """An element with escaped attributes and children.

    `class_` stands for class, `data_copy` for data-copy; an attribute that is None or False is left out.
    Raises ValueError for a link that leaves the console.
    """
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    if name in _EMPTY:
        return Markup(opening)
    return Markup(f"{opening}{join(*children)}</{name}>")


def join(*children: Child, between: str = "") -> Markup:
    """Several pieces one after the other; None is nothing."""
    pieces = [child if isinstance(child, Markup) else escape(str(child)) for child in children if child is not None]
    return Markup(escape(between).join(pieces))


def enumerated(items: Sequence[Child]) -> Markup:
    """Pieces as people list them: a, b and c."""
    if len(items) < 2:
        return join(*items)
    return join(join(*items[:-1], between=", "), " and ", items[-1])


def span(text: Child, class_: str, title: str | None = None) -> Markup:
    """Text with a class of the style sheet."""
    return tag("span", text, class_=class_, title=title)


def code(typed: str) -> Markup:
    """What somebody may type, in the mono type: it is broken between its words alone, and never inside an option."""
    return tag("code", join(*(span(word, "sb-whole") for word in typed.split(" ")), between=" "))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = str(value)
    if name == "href" and (not text.startswith(("/", "?", "#")) or text.startswith(("//", "/\\"))):
        raise ValueError("Links of tables and cards stay on this console: they start with a single slash.")
    return f' {name}="{escape(text, quote=True)}"'
