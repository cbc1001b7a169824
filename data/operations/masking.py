"""Queries of others as they may be shown: shortened, and without the values in them, which may be anybody's secrets."""

from __future__ import annotations

from data.migration.tokens import Token, tokens

LONGEST = 240
HIDDEN = "…"


def masked(query: str) -> str:
    """One line in which every literal and comment has given way to an ellipsis; names stay. At most LONGEST long."""
    pieces = (_piece(token, query[token.start : token.end]) for token in tokens(query))
    line = " ".join("".join(pieces).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"


def _piece(token: Token, text: str) -> str:
    if token.kind == "comment":
        return " "
    is_name = token.kind == "quoted" and text.startswith('"')
    is_value = token.kind == "quoted" or text[0].isdigit()
    return HIDDEN if is_value and not is_name else text
