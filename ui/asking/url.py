"""Parameters of the URL that are ids, numbers, or true or false."""

from __future__ import annotations

from uuid import UUID

from ui import page
from ui.asking import filters
from ui.wording import figures

LARGEST = 99_999_999  # the number of a page, of an event in its stream, of days


def asked_identifier(name: str) -> UUID | None:
    """The id in the URL; what is none asks for nothing, and a note says so."""
    filters.say_refused(name)
    asked = filters.given(name)
    if asked is None:
        return None
    try:
        return UUID(asked)
    except ValueError:
        shown = figures.shortened(asked, 60)
        page.note(f"The address asks for the {name} “{shown}”, which is no id, so all are shown.")
        return None


def asked_number(name: str, *, otherwise: str | None = None) -> int | None:
    """A whole number from 0 in the URL, of larger ones LARGEST; None where there is none. Of what is none a note says
    so, where there are words
    for what is shown `otherwise`."""
    asked = filters.given(name) or ""
    if asked.isdecimal() and asked.isascii():
        return min(int(asked), LARGEST)
    if asked and otherwise:
        page.note(f"The address asks for “{name}={figures.shortened(asked, 60)}”, which is no number, so {otherwise}.")
    return None


def asked_flag(name: str) -> bool:
    """Whether the URL asks for it; what is neither true nor false asks for nothing, and a note says so."""
    return filters.asked_of(name, ("true", "false")) == "true"
