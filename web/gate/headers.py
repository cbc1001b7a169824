"""Headers: what a request may not bring in, and what every answer carries."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope

from web.gate.paths import Kind

COOKIE = "sb_session"  # nginx balances by it: hash $cookie_sb_session
SESSION_HEADER = b"x-signalbox-session"  # server.trustedUserHeaders makes it st.user["sid"]
CONNECTION_HEADER = b"x-signalbox-connection"  # ui/live.py finds by it which sessions somebody looks at
_OWN_PREFIX = b"x-signalbox-"

# As tried with every element that pages use: inline styles are the one thing that Streamlit cannot do without.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# For what people made or exported: even opened on its own it runs nothing.
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def session_token(headers: list[tuple[bytes, bytes]]) -> str | None:
    """The session cookie of a request; None when there is none or more than one."""
    found = [
        value.strip()
        for name, line in headers
        if name.lower() == b"cookie"
        for key, _, value in (part.partition("=") for part in line.decode("latin-1").split(";"))
        if key.strip() == COOKIE
    ]
    return found[0] if len(found) == 1 else None


def session_cookie(token: str, *, scheme: str, lifetime_s: int) -> str:
    """The Set-Cookie line for a session; an empty token takes the cookie away."""
    cookie: SimpleCookie = SimpleCookie()
    cookie[COOKIE] = token
    morsel = cookie[COOKIE]
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "Lax"
    morsel["max-age"] = lifetime_s if token else 0
    morsel["secure"] = scheme in ("https", "wss")
    try:
        return morsel.OutputString()
    except CookieError as error:  # pragma: no cover - our own tokens are plain
        raise ValueError("A session token cannot be written into a cookie.") from error


def cleaned(scope: Scope, session_hash: str | None, connection_id: str | None = None) -> list[tuple[bytes, bytes]]:
    """The headers of a request as what lies behind the gate may see them.

    Ours are set by us alone, and the cookie stays here: page code gets the hash, never the token.
    """
    kept: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        plain = name.lower()
        if plain.replace(b"_", b"-").startswith(_OWN_PREFIX):
            continue
        if plain == b"cookie":
            others = [part for part in value.split(b";") if part.split(b"=")[0].strip() != COOKIE.encode()]
            if not others:
                continue
            kept.append((name, b";".join(others).strip()))
        else:
            kept.append((name, value))
    if session_hash:
        kept.append((SESSION_HEADER, session_hash.encode()))
    if connection_id:
        kept.append((CONNECTION_HEADER, connection_id.encode()))
    return kept


def secure(message: Message, path: str, kind: Kind) -> None:
    """Add to the start of an answer what every answer carries, without replacing what it says itself."""
    headers = MutableHeaders(raw=message["headers"])
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("content-security-policy", FILE_POLICY if kind is Kind.STREAM else PAGE_POLICY)
    if not path.startswith(("/static/", "/app/static/", "/component/")):
        # Whatever is no public part of the program belongs to one person and to this moment.
        headers["cache-control"] = headers.get("cache-control", "no-store").replace("no-cache", "no-store")
