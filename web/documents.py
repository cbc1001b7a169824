"""The document of every page: Streamlit's index.html, served by us, so that it is never cached, carries our script in
the place of its inline one, and answers only under the addresses of pages that exist."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from data.access import Actor
from web.gate.connections import ACTOR
from web.gate.paths import SCRIPT_PATH, STYLE_PATH, is_page
from web.plain_pages import ICON, refusal

ZONE_COOKIE = "sb_zone"  # gate.js leaves the browser's time zone in it, for the documents that come after this one

GetReady = Callable[[Actor, str, Mapping[str, str], str | None], None]

_SCRIPT = Path(__file__).parent / "assets" / "gate.js"

# What is replaced in the packaged document, each exactly once but the last. An upgrade of Streamlit may change it:
# then the server refuses to start rather than to serve a page without the gate's script.
_INLINE_SCRIPT = re.compile(r"<script>\s*window\.prerenderReady = false\s*</script>")
_ICON = re.compile(r'<link rel="shortcut icon" href="\./favicon\.png" />')
_AGENT_LINK = re.compile(r'<link rel="service-desc"[^>]*>')
_UNUSED_FONT = re.compile(r'<link\s+rel="preload"\s+href="\./static/media/SourceSans[^>]*/>')  # Streamlit's own
_END = re.compile(r"</body>")
_TITLE = re.compile(r"<title>Streamlit</title>")
_NO_SCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RELATIVE = '"./'

# Parts of Streamlit's program that it loads when the first of their elements comes, which on our pages is at once. They
# are read while the page still waits for its server. A hint: one that an upgrade renames is left out.
_EARLY = (
    "Html",
    "purify.es",
    "Selectbox",
    "useMenuTrigger",
    "useLoadMoreSentinel",
    "useSyncComboBoxEnterTargetFocus",
    "useFormValidation",
    "Input",
    "Button",
)


class DocumentChanged(RuntimeError):
    """Streamlit's index.html is not the one that the console knows how to change."""


def adapted(html: str, script_address: str = SCRIPT_PATH, style_address: str = "", early: Collection[str] = ()) -> str:
    """The packaged document with our script, icon, title and style sheet, and absolute addresses.

    `early` are the addresses of programs that every page asks for later. Raises DocumentChanged.
    """
    hints = "".join(f'<link rel="modulepreload" href="{address}">' for address in early)
    # After everything in the head, so that it has the last word over Streamlit's own rules, as far as they weigh alike.
    sheet = f'<link rel="stylesheet" href="{style_address}">' if style_address else ""
    for pattern, replacement in (
        (_INLINE_SCRIPT, f'<script src="{script_address}"></script>'),
        (_ICON, f'<link rel="shortcut icon" href="{ICON}" />'),
        (_AGENT_LINK, ""),
        (_TITLE, "<title>Signalbox</title>"),
        (_UNUSED_FONT, hints),
        (_END, f"{sheet}</body>"),
        (
            _NO_SCRIPT,
            "<noscript><p>Signalbox draws its pages with JavaScript: allow it for this site.</p></noscript>",
        ),
    ):
        html, count = pattern.subn(replacement, html)
        if count != 1:
            raise DocumentChanged(f"Streamlit's index.html has {count} times what is expected once: {pattern.pattern}")
    html = _COMMENT.sub("", html).strip()
    if _RELATIVE not in html or re.search(r"<script(?![^>]*\bsrc=)", html):
        raise DocumentChanged("Streamlit's index.html has other scripts or addresses than the console knows.")
    return html.replace(_RELATIVE, '"/')


def routes(
    static_directory: Path,
    pages: Callable[[], Collection[str]],
    first: str,
    style_sheet: str = "",
    get_ready: GetReady | None = None,
) -> list[Route]:
    """The routes of the documents, of gate.js, of the style sheet and of the icon.

    `static_directory` is where Streamlit keeps its index.html, `first` the name of the page at "/". `get_ready` hears
    of each document that somebody is given: who, the page's name, its query, and the zone the browser said it is in.
    """
    script = _SCRIPT.read_text(encoding="utf-8")
    script_address, style_address = _address(SCRIPT_PATH, script), _address(STYLE_PATH, style_sheet)
    packaged = (static_directory / "index.html").read_text(encoding="utf-8")
    programs = static_directory / "static" / "js"
    early = [f"/static/js/{path.name}" for name in _EARLY for path in programs.glob(f"{name}.*.js")]
    document = adapted(packaged, script_address, style_address if style_sheet else "", early)

    async def serve_document(request: Request) -> Response:
        if not is_page(request.url.path, pages()):
            return refusal(request.scope, 404, "There is nothing here under that address.")
        if request.url.path == f"/{first}":
            # Streamlit gives its first page the address without a name.
            return RedirectResponse("/" + (f"?{request.url.query}" if request.url.query else ""), status_code=303)
        if get_ready and (actor := request.scope.get(ACTOR)) and request.method == "GET":
            name = request.url.path.removeprefix("/") or first
            get_ready(actor, name, request.query_params, request.cookies.get(ZONE_COOKIE))
        return HTMLResponse(document, headers={"cache-control": "no-store"})

    async def serve_script(request: Request) -> Response:
        return Response(script, media_type="text/javascript", headers=_kept(request, script_address))

    async def serve_style(request: Request) -> Response:
        return Response(style_sheet, media_type="text/css", headers=_kept(request, style_address))

    async def serve_icon(_: Request) -> Response:
        # Kept by the browser: the shell names it at every run.
        kept = {"cache-control": "private, max-age=86400"}
        return Response(unquote(ICON.partition(",")[2]), media_type="image/svg+xml", headers=kept)

    return [
        Route(SCRIPT_PATH, serve_script, methods=["GET"]),
        Route(STYLE_PATH, serve_style, methods=["GET"]),
        Route("/favicon.png", serve_icon, methods=["GET"]),  # ui/shell.py names it; Streamlit's program as well
        Route("/", serve_document, methods=["GET"]),
        Route("/{page}", serve_document, methods=["GET"]),
    ]


def _address(path: str, text: str) -> str:
    """Where a text is served for good: another one has another address."""
    return f"{path}?look={hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _kept(request: Request, address: str) -> dict[str, str]:
    """That browsers keep what they ask for under its own address; a console of another version may have had the one
    that they ask under."""
    is_own = f"{request.url.path}?{request.url.query}" == address
    return {"cache-control": "private, max-age=31536000, immutable" if is_own else "no-store"}
