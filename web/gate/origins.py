"""Which Host names this console answers to, and which Origin may change something. Pure.

Streamlit's own check accepts any origin on loopback, whatever its port; cookies ignore ports. So the gate decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

# A proxy adds one of these. One-click sign-in is for the person at this machine, so a forwarded request is refused it.
FORWARDING_HEADERS = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The value of a header that may occur once; None when it is missing or occurs more than once."""
    values = [value for key, value in headers if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def host_name(host: str | None) -> str | None:
    """The name in a Host header, lower case, without port and brackets; None when it cannot be one."""
    if not host or any(character in host for character in "/@\\?# \t,"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError:
        return None
    return parts.hostname.rstrip(".") if parts.hostname else None


def is_loopback_name(host: str | None) -> bool:
    """Whether a Host header names this machine's own loopback."""
    return host_name(host) in LOOPBACK_NAMES


def is_served(host: str | None, names: Iterable[str]) -> bool:
    """Whether the console answers to this Host: loopback always, other names only when configured.

    A name of DNS that was turned to point here has an Origin equal to its Host; this is the check that stops it.
    `names` may carry a port, which then has to be equal too.
    """
    name = host_name(host)
    if name is None or host is None:
        return False
    return name in LOOPBACK_NAMES or any(wanted in (name, host.lower()) for wanted in names)


def is_own_origin(origin: str | None, scheme: str, host: str | None) -> bool:
    """Whether Origin equals scheme and Host of the request. A missing or opaque one is foreign."""
    if not origin or not host or scheme not in _SCHEMES:
        return False
    return origin.lower() == f"{_SCHEMES[scheme]}://{host.lower()}"


def differs_in_scheme_only(origin: str | None, host: str | None) -> bool:
    """Whether only http against https parts the two: the mark of a TLS proxy that the server was not told about."""
    return bool(origin and host and urlsplit(origin.lower()).netloc == host.lower())


def is_person_at_this_machine(headers: list[tuple[bytes, bytes]], scheme: str, client: tuple[str, int] | None) -> bool:
    """Whether a request comes from a browser on this machine: loopback client, Host and Origin, and no proxy between.

    The Host alone proves nothing: anybody who reaches the port can send one.
    """
    host = header(headers, b"host")
    forwarded = any(key.lower() in FORWARDING_HEADERS for key, _ in headers)
    return (
        not forwarded
        and client is not None
        and _is_loopback_address(client[0])
        and is_loopback_name(host)
        and is_own_origin(header(headers, b"origin"), scheme, host)
    )


def _is_loopback_address(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
