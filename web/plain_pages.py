"""Pages that need neither Streamlit nor a script: sign-in, sign-out, and the answers of the gate to people."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Scope

from web.gate.origins import header

_STYLE = (Path(__file__).parent / "assets" / "plain.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# A signal with its upper lamp lit; as the icon of the tab filled, so that it can be told at 16 pixels on any colour.
# The icon is part of the page: a browser asks for /favicon.ico otherwise.
_MARK = (
    '<svg viewBox="0 0 28 28" aria-hidden="true"><rect class="frame" x="8" y="2" width="12" height="19" rx="6" '
    'stroke-width="2"/><circle class="lit" cx="14" cy="8" r="3"/><circle class="frame" cx="14" cy="15" r="2.5" '
    'stroke-width="1.5"/><path class="frame" d="M14 21v5M9 26h10" stroke-width="2"/></svg>'
)
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='1.5 1.5 25 25'%3E"
    "%3Crect x='8' y='2' width='12' height='19' rx='6' fill='%2359626d'/%3E"
    "%3Ccircle cx='14' cy='8' r='3' fill='%237aa7ff'/%3E%3Ccircle cx='14' cy='15' r='2.5' fill='%231b1f24'/%3E"
    "%3Cpath d='M14 21v5M9 26h10' stroke='%2359626d' stroke-width='2'/%3E%3C/svg%3E"
)


def page(title: str, body: str, *, status: int = 200) -> Response:
    """A whole page around `body`, which is HTML with everything foreign escaped already."""
    html = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="{ICON}"><style>{_STYLE}</style></head>'
        f'<body><main><div class="mark">{_MARK}<h1>Signalbox</h1></div>{body}</main></body></html>'
    )
    headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
    return HTMLResponse(html, status_code=status, headers=headers)


def refusal(scope: Scope, status: int, sentence: str) -> Response:
    """One sentence that says why there is no other answer: as a page for people, as text for programs."""
    if "text/html" not in (header(scope["headers"], b"accept") or ""):
        return PlainTextResponse(f"{sentence}\n", status_code=status, headers={"cache-control": "no-store"})
    body = f'<p class="lead">{escape(sentence)}</p><p><a href="/">To the first page</a></p>'
    return page("Signalbox", body, status=status)
