"""What the gate makes of addresses, names and origins, without a server."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from tests import own_loop
from web import documents
from web.gate import origins
from web.gate.headers import COOKIE, cleaned, session_cookie, session_token
from web.gate.paths import Kind, kind_of, next_page

PAGES = {"", "overview", "tools", "approvals"}


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/static/../_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/script-health-check",
        "/_stcore/",
        "/_stcore/upload_file/a/b",
        "/auth/login",
        "/auth/logout",
        "/oauth2callback",
        "/manifest.json",
        "/nonsense",
        "/tools/",
        "/tools/_stcore/health",
        "/static/",
        "/static\\..\\x",
        "/to\nols",
        "tools",
        "",
        "/index.html",
        "/static//x",
    ],
)
def test_unlisted_addresses_are_nothing(path: str) -> None:
    assert kind_of(path, PAGES) is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", Kind.FRESH),
        ("/approvals", Kind.FRESH),
        ("/login", Kind.SIGN_IN),
        ("/healthz", Kind.PROBE),
        ("/metrics", Kind.PROBE),
        ("/static/js/index.js", Kind.ASSET),
        ("/media/abc.png", Kind.STREAM),
        ("/export/tool_calls.csv", Kind.STREAM),
        ("/_stcore/metrics", Kind.SCRAPE),
    ],
)
def test_listed_addresses_have_their_kind(path: str, kind: Kind) -> None:
    assert kind_of(path, PAGES) is kind


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example",
        "https://evil.example/tools",
        "/\\evil.example",
        "\\\\evil.example",
        "/tools\r\nset-cookie: a=b",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/login",
        "/login?next=/tools",
        "/nonsense",
        "/export/tool_calls.csv",
        "/tools#x",
        "http:/tools",
        "",
        None,
        "/tools?" + "x" * 3000,
        "/[::1",
    ],
)
def test_next_goes_nowhere_but_to_our_pages(asked: str | None) -> None:
    assert next_page(asked, PAGES) == "/"


@pytest.mark.parametrize("asked", ["/", "/tools", "/tools?tool=Bash&start=2026-11-01T00%3A00%3A00%2B01", "/?a=//b"])
def test_next_keeps_our_pages_with_their_parameters(asked: str) -> None:
    assert next_page(asked, PAGES) == asked


@given(st.text())
def test_next_always_stays_on_this_host(asked: str) -> None:
    target = next_page(asked, PAGES)
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("host", "names", "is_served"),
    [
        ("127.0.0.1:8501", (), True),
        ("localhost", (), True),
        ("LOCALHOST:1", (), True),
        ("[::1]:8501", (), True),
        ("console.example", (), False),
        ("console.example", ("console.example",), True),
        ("Console.Example:443", ("console.example",), True),
        ("console.example:444", ("console.example:443",), False),
        ("127.0.0.1.evil.example", (), False),
        ("localhost@evil.example", (), False),
        ("evil.example#localhost", ("console.example",), False),
        ("localhost:99999999", (), False),
        ("", (), False),
        (None, (), False),
    ],
)
def test_only_known_names_are_served(host: str | None, names: tuple[str, ...], is_served: bool) -> None:
    assert origins.is_served(host, names) is is_served


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "is_own"),
    [
        ("http://127.0.0.1:8501", "http", "127.0.0.1:8501", True),
        ("https://console.example", "wss", "console.example", True),
        ("http://127.0.0.1:9999", "http", "127.0.0.1:8501", False),
        ("http://localhost:8501", "http", "127.0.0.1:8501", False),
        ("https://127.0.0.1:8501", "http", "127.0.0.1:8501", False),
        ("null", "http", "127.0.0.1:8501", False),
        (None, "ws", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8501", "http", None, False),
    ],
)
def test_an_origin_is_own_when_scheme_and_host_are_equal(
    origin: str | None, scheme: str, host: str | None, is_own: bool
) -> None:
    assert origins.is_own_origin(origin, scheme, host) is is_own


OWN = [(b"host", b"127.0.0.1:8501"), (b"origin", b"http://127.0.0.1:8501")]


@pytest.mark.parametrize(
    ("headers", "client", "is_here"),
    [
        (OWN, ("127.0.0.1", 5), True),
        (OWN, ("::1", 5), True),
        (OWN, ("192.0.2.7", 5), False),
        (OWN, None, False),
        ([*OWN, (b"x-forwarded-for", b"192.0.2.7")], ("127.0.0.1", 5), False),
        ([*OWN, (b"Forwarded", b"for=192.0.2.7")], ("127.0.0.1", 5), False),
        ([(b"host", b"console.example"), (b"origin", b"http://console.example")], ("127.0.0.1", 5), False),
        ([(b"host", b"127.0.0.1:8501")], ("127.0.0.1", 5), False),
        ([*OWN, (b"host", b"127.0.0.1:8501")], ("127.0.0.1", 5), False),
    ],
)
def test_the_person_at_this_machine_is_known_by_more_than_the_host(
    headers: list[tuple[bytes, bytes]], client: tuple[str, int] | None, is_here: bool
) -> None:
    assert origins.is_person_at_this_machine(headers, "http", client) is is_here


def test_what_lies_behind_the_gate_sees_neither_the_cookie_nor_forged_headers() -> None:
    scope = {
        "headers": [
            (b"cookie", b"a=1; sb_session=secret; b=2"),
            (b"X-Signalbox-Session", b"forged"),
            (b"x_signalbox_session", b"forged"),
            (b"accept", b"*/*"),
        ]
    }
    assert cleaned(scope, "hash") == [
        (b"cookie", b"a=1; b=2"),
        (b"accept", b"*/*"),
        (b"x-signalbox-session", b"hash"),
    ]
    assert cleaned({"headers": [(b"cookie", b"sb_session=secret")]}, None) == []


def test_two_session_cookies_are_none() -> None:
    """Another program on this host may have set one for a longer path; which of them is ours cannot be told."""
    assert session_token([(b"cookie", b"sb_session=one; sb_session=two")]) is None
    assert session_token([(b"cookie", b"x=y; sb_session=one")]) == "one"


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    plain = session_cookie("t", scheme="http", lifetime_s=60)
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=60", f"{COOKIE}=t"} <= set(plain.split("; "))
    assert "Secure" not in plain
    assert "Secure" in session_cookie("t", scheme="https", lifetime_s=60).split("; ")
    assert "Max-Age=0" in session_cookie("", scheme="http", lifetime_s=60)


def test_the_packaged_document_is_the_one_we_know_how_to_change() -> None:
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    changed = documents.adapted(html)
    assert changed.index("/gate.js") < changed.index('type="module"')
    assert "agent" not in changed
    assert '"./' not in changed


@pytest.mark.parametrize("spoilt", ["window.prerenderReady = false", '"./', "<title>Streamlit</title>"])
def test_a_document_that_an_upgrade_changed_is_refused(spoilt: str) -> None:
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    with pytest.raises(documents.DocumentChanged):
        documents.adapted(html.replace(spoilt, "something else"))


def test_streamlit_still_refreshes_by_the_name_that_the_gate_looks_for() -> None:
    """gate.js tells refreshing from other timers by this name in the bundle."""
    bundles = (Path(streamlit.__file__).parent / "static" / "static" / "js").glob("index.*.js")
    assert any("setInterval(()=>{this.widgetMgr.sendUpdateWidgetsMessage(" in path.read_text() for path in bundles)


def test_the_document_names_the_style_sheet_last_and_reads_the_programs_of_every_page_early() -> None:
    served = routes_of("body { margin: 0 }")
    document = served["/"]
    assert document.index('href="/console.css?look=') > document.index('<div id="root">')
    early = re.findall(r'<link rel="modulepreload" href="(/static/js/(\w+)\.[^"]*)">', document)
    assert {"Html", "Selectbox", "Button"} <= {name for _, name in early}
    static = Path(streamlit.__file__).parent / "static"
    assert all((static / address.removeprefix("/")).is_file() for address, _ in early)
    assert "SourceSans" not in document
    assert routes_of("other")["/"] != document, "another sheet has another address"
    assert served["/console.css"] == "body { margin: 0 }"


def routes_of(sheet: str) -> dict[str, str]:
    """What the document and the style sheet are, served to whoever came through the gate."""
    static = Path(streamlit.__file__).parent / "static"
    app = Starlette(routes=documents.routes(static, lambda: ("", "tools"), "overview", sheet))

    async def fetched() -> dict[str, str]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://console.test") as client:
            return {path: (await client.get(path)).text for path in ("/", "/console.css")}

    return own_loop.run(fetched())
