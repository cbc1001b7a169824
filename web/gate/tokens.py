"""Routes that carry a token of their own."""

from __future__ import annotations

from hmac import compare_digest

from starlette.types import Scope

from web.gate.origins import header


def carries_token(scope: Scope, token: str | None) -> bool:
    """Whether a request carries this bearer token, compared in constant time; never when none is set."""
    kind, _, given = (header(scope["headers"], b"authorization") or "").partition(" ")
    return token is not None and kind.lower() == "bearer" and compare_digest(given.encode(), token.encode())
