"""The gate as people meet it: cold links, signing in and out, several tabs, several people, foreign pages."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from data import embedded
from tests.browser.console import Console, running
from tests.browser.steps import sign_in, wait_until_idle

OpenPage = Callable[..., Page]
AT_ONCE_MS = 2_000


def on_sign_in(page: Page, timeout_ms: int = AT_ONCE_MS) -> None:
    """The page has become the sign-in page, and nothing of the old one is left."""
    page.wait_for_url(re.compile(r"/login(\?|$)"), timeout=timeout_ms)
    expect(page.locator("#email")).to_be_visible()
    assert page.locator('[data-testid="stApp"]').count() == 0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for consoles that are started one after another: what is new to each is its process."""
    return tmp_path_factory.mktemp("gate") / "home"


@pytest.mark.parametrize(
    ("role", "path", "sentence"),
    [
        ("member", "/approvals", "for the role admin"),
        ("admin", "/approvals", None),
    ],
)
def test_the_first_page_that_a_server_ever_shows_is_the_right_one(
    browser: Browser, home: Path, role: str, path: str, sentence: str | None
) -> None:
    """Streamlit's old way of finding pages runs one past the sign-in, but only as the first of a process."""
    with running(home) as fresh:
        page = browser.new_page()
        page.goto(fresh.url + path)
        on_sign_in(page)
        page.get_by_role("button", name=f"Sign in as the {role}").click()
        page.wait_for_url(fresh.url + path)
        wait_until_idle(page)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.get_by_text("Page not found").count() == 0
        if sentence:
            expect(page.get_by_text(sentence)).to_be_visible()
        assert page.url == fresh.url + path
        page.close()


def test_a_link_with_filters_survives_the_sign_in(open_page: OpenPage, console: Console) -> None:
    page = open_page(path="/tools?tool=Bash&project=a%20b")
    on_sign_in(page)
    page.get_by_role("button", name="Sign in as the manager").click()
    page.wait_for_url(console.url + "/tools?tool=Bash&project=a%20b")
    wait_until_idle(page)
    page.go_back()
    wait_until_idle(page)
    assert "/login" not in page.url, "Back does not lead to a form for people who are signed in"
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert f"sb_zone={zone}" in page.evaluate("document.cookie"), "by it the server gets the next page ready"


def test_an_address_that_does_not_exist_is_said_not_to(browser: Browser, console: Console) -> None:
    page = browser.new_page()
    sign_in(page, console, "member")
    answer = page.goto(console.url + "/nonsense")
    assert answer is not None
    assert answer.status == 404
    page.get_by_role("link", name="To the first page").click()
    wait_until_idle(page)
    page.close()


def test_signing_out_in_one_tab_ends_the_others_at_once(open_page: OpenPage, console: Console) -> None:
    first = open_page("manager", "/tools")
    second = first.context.new_page()
    second.goto(console.url + "/sessions")
    wait_until_idle(second)
    third = first.context.new_page()
    third.goto(console.url + "/logout")
    third.get_by_role("button", name="Sign out").click()
    for page in (first, second):
        on_sign_in(page)
    assert "next=%2Ftools" in first.url
    first.go_back()
    on_sign_in(first)


def test_a_session_that_another_process_ended_leaves_no_page_open(open_page: OpenPage, console: Console) -> None:
    page = open_page("member", "/sessions")
    in_database(
        console,
        "update signalbox.web_sessions set ended_at = now()"
        " where token_hash = (select token_hash from signalbox.web_sessions order by created_at desc limit 1)",
    )
    on_sign_in(page, timeout_ms=4_000)


def test_a_changed_role_shows_at_once(open_page: OpenPage, console: Console) -> None:
    page = open_page("member", "/approvals")
    expect(page.get_by_text("for the role admin")).to_be_visible()
    try:
        in_database(
            console,
            "insert into signalbox.members (user_id, role) select id, 'admin' from auth.users"
            " where email = 'member@demo.invalid' on conflict (user_id) do update set role = 'admin'",
        )
        expect(page.get_by_text("for the role admin")).to_have_count(0, timeout=15_000)
        wait_until_idle(page)
        assert page.url == console.url + "/approvals"
    finally:
        in_database(
            console,
            "delete from signalbox.members where user_id in"
            " (select id from auth.users where email = 'member@demo.invalid')",
        )


def test_two_people_in_one_browser_are_never_mixed_up(open_page: OpenPage, console: Console) -> None:
    first = open_page("admin", "/approvals")
    second = first.context.new_page()
    second.goto(console.url + "/logout")
    second.get_by_role("button", name="Sign out").click()
    on_sign_in(first)
    second.get_by_role("button", name="Sign in as the member").click()
    second.wait_for_url(console.url + "/")
    wait_until_idle(second)
    first.reload()
    wait_until_idle(first)
    expect(first.get_by_text("for the role admin")).to_be_visible()


def test_two_browsers_are_two_people(open_page: OpenPage) -> None:
    admin, member = open_page("admin", "/approvals"), open_page("member", "/approvals")
    expect(member.get_by_text("for the role admin")).to_be_visible()
    admin.reload()
    wait_until_idle(admin)
    assert admin.get_by_text("for the role admin").count() == 0


def test_the_form_works_without_scripts_and_from_the_keyboard(browser: Browser, console: Console) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(console.url + "/login")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type("admin@demo.invalid")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is not right.")
    expect(page.locator("#email")).to_have_value("admin@demo.invalid")
    page.get_by_role("button", name="Sign in as the member").click()
    page.wait_for_url(console.url + "/")
    assert "allow it for this site" in page.content()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_every_screen(open_page: OpenPage, width: int, scheme: str) -> None:
    page = open_page(path="/login", width=width, scheme=scheme)
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    background = page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 19, 24)"}[scheme]


def test_what_refreshes_by_itself_waits_while_nobody_sees_it(open_page: OpenPage) -> None:
    page = open_page("member")
    page.evaluate(
        """() => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.isHidden });
            window.isHidden = true; window.refreshed = 0; window.other = 0;
            setInterval(() => { /* this.widgetMgr.sendUpdateWidgetsMessage */ window.refreshed++ }, 20);
            setInterval(() => { window.other++ }, 20);
        }"""
    )
    page.wait_for_timeout(500)
    assert page.evaluate("[window.other > 3, window.refreshed]") == [True, 0]
    page.evaluate("window.isHidden = false")
    page.wait_for_timeout(500)
    assert page.evaluate("window.refreshed > 3")


class _ForeignPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>foreign</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the standard library gives it
        """Say nothing."""


@pytest.fixture
def foreign() -> Iterator[str]:
    """A page on another port of this host: the same site to a browser, with the same cookies."""
    server = HTTPServer(("127.0.0.1", 0), _ForeignPage)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_from_another_port_gets_nowhere(browser: Browser, console: Console, foreign: str) -> None:
    page = browser.new_page()
    sign_in(page, console, "admin")
    page.goto(foreign)
    tried = page.evaluate(
        """async (url) => {
            const socket = await new Promise(done => {
                const opened = new WebSocket(url.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
                opened.onopen = () => done('open'); opened.onerror = () => done('refused');
            });
            const read = await fetch(url + '/whoami', { credentials: 'include' }).then(() => 'read', () => 'refused');
            await fetch(url + '/logout', { method: 'POST', credentials: 'include', mode: 'no-cors' }).catch(() => {});
            const frame = document.createElement('iframe');
            frame.src = url + '/';
            document.body.append(frame);
            await new Promise(done => { frame.onload = done; setTimeout(done, 2000); });
            return { socket, read };
        }""",
        console.url,
    )
    assert tried == {"socket": "refused", "read": "refused"}
    _, framed = page.frames
    assert framed.url.startswith("chrome-error:"), f"the foreign page shows {framed.url} in a frame"
    page.goto(console.url + "/whoami")
    assert "admin" in page.content(), "still signed in"
    page.close()


def in_database(console: Console, statement: str) -> None:
    """Run a statement in the console's database, as another process."""
    with embedded.lease(console.home) as lease, psycopg.connect(lease.url(), autocommit=True) as connection:
        connection.execute(statement.encode())
