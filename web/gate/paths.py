"""What each path is, seen by the gate: an allow-list, so that what Streamlit adds tomorrow is closed. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from urllib.parse import urlsplit


class Kind(Enum):
    """What the gate does with a path."""

    SIGN_IN = "the sign-in page: open to everybody"
    PROBE = "answers by itself: open, or closed by a token that it checks"
    FRESH = "ours or Streamlit's, for signed-in people, who are looked up at once"
    STREAM = "like FRESH, and broken off when the session ends"
    ASSET = "a part of a page, for signed-in people, who may have been looked up seconds ago"
    SCRAPE = "Streamlit's own figures: for admins and for the scrape token"
    UNKNOWN = "nothing"


SIGN_IN_PATH = "/login"
WEBSOCKET_PATH = "/_stcore/stream"
SCRIPT_PATH = "/gate.js"
STYLE_PATH = "/console.css"

_EXACT = {
    SIGN_IN_PATH: Kind.SIGN_IN,
    "/healthz": Kind.PROBE,
    "/metrics": Kind.PROBE,
    "/logout": Kind.FRESH,
    "/whoami": Kind.FRESH,
    SCRIPT_PATH: Kind.ASSET,
    STYLE_PATH: Kind.ASSET,
    "/favicon.png": Kind.ASSET,
    "/_stcore/health": Kind.ASSET,
    "/_stcore/host-config": Kind.ASSET,
    "/_stcore/metrics": Kind.SCRAPE,
}
# Without /_stcore/upload_file/, as no page takes files.
_PREFIXES = (
    ("/static/", Kind.ASSET),
    ("/app/static/", Kind.ASSET),
    ("/component/", Kind.ASSET),
    ("/_stcore/bidi-components/", Kind.ASSET),
    ("/media/", Kind.STREAM),
    ("/export/", Kind.STREAM),
)


def kind_of(path: str, pages: Collection[str]) -> Kind:
    """What a decoded request path is. `pages` are the url paths of the pages, without slashes; "" is the first."""
    if not _is_plain(path):
        return Kind.UNKNOWN
    if path in _EXACT:
        return _EXACT[path]
    if is_page(path, pages):
        return Kind.FRESH
    for prefix, kind in _PREFIXES:
        if path.startswith(prefix) and len(path) > len(prefix):
            return kind
    return Kind.UNKNOWN


def is_page(path: str, pages: Collection[str]) -> bool:
    """Whether a path is one of the console's pages."""
    return path == "/" or (path[1:] in pages and path[1:] != "" and path.startswith("/"))


def next_page(asked: str | None, pages: Collection[str]) -> str:
    """Where to go after signing in: the asked page with its parameters if it is one of ours, else the first page.

    Only a string with exactly one leading slash passes, without backslash or control character, so that no browser
    reads another host into it.
    """
    if not asked or len(asked) > 2000 or not asked.startswith("/") or asked.startswith("//"):
        return "/"
    if "\\" in asked or any(ord(character) < 33 or ord(character) == 127 for character in asked):
        return "/"
    try:
        parts = urlsplit(asked)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.fragment or not is_page(parts.path, pages):
        return "/"
    return asked


def _is_plain(path: str) -> bool:
    segments = path.split("/")
    return (
        path.startswith("/")
        and "\\" not in path
        and not any(ord(character) < 32 or ord(character) == 127 for character in path)
        and not any(segment in (".", "..") for segment in segments)
        and "" not in segments[1:-1]
    )
