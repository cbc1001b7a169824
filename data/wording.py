"""How figures are said in sentences, on the command line and on the pages alike. Pure."""

from __future__ import annotations


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 session, 1,812 sessions."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
