"""What people do in the browser, step by step: wait, sign in, open a page."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.console import Console

CONNECTED = '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def wait_until_idle(page: Page, timeout_ms: int = 30_000) -> None:
    """Return when the page is connected and its script has ended."""
    page.wait_for_selector(CONNECTED, state="attached", timeout=timeout_ms)
    page.wait_for_timeout(100)  # a click may not have left "notRunning" yet
    page.wait_for_selector(IDLE, state="attached", timeout=timeout_ms)


def sign_in(page: Page, console: Console, role: str, path: str = "/") -> None:
    """Sign in with the demo account of a role by its one-click button, then open a path."""
    page.goto(f"{console.url}/login?next={path}")
    page.get_by_role("button", name=role, exact=False).first.click()
    page.wait_for_url(lambda url: "/login" not in url)
    wait_until_idle(page)
