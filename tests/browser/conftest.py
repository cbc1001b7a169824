"""Fixtures of the browser tests: a running console with demo data, a Chromium, and pages that watch for mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.console import Console, running
from tests.browser.steps import sign_in

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.find_or_install(), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console whose real database is empty and whose demo has been made."""
    with running(tmp_path_factory.mktemp("console") / "home") as started:
        yield started


@dataclass
class Watched:
    """A browser page and what went wrong in it: console errors, requests to other hosts, violations of the CSP."""

    page: Page
    mistakes: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser: Browser, console: Console) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a browser context of its own; the test fails when one of them met a mistake."""
    opened: list[Watched] = []

    def opener(role: str | None = None, path: str = "/", width: int = 1400, scheme: str = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            accept_downloads=True,
        )
        watched = Watched(context.new_page())
        opened.append(watched)
        watch(watched, console.url)
        if role:
            sign_in(watched.page, console, role, path)
        else:
            watched.page.goto(console.url + path)
        return watched.page

    yield opener
    for watched in opened:
        watched.page.context.close()
    assert not [mistake for watched in opened for mistake in watched.mistakes]


def watch(watched: Watched, url: str) -> None:
    page, mistakes = watched.page, watched.mistakes
    page.on("console", lambda message: mistakes.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: mistakes.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith((url, "data:", "blob:", "ws://127.0.0.1"))
        else mistakes.append(f"request to {request.url}"),
    )  # fmt: skip
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => e.effectiveDirective === 'script-src' && "
        "e.blockedURI === 'wasm-eval' || console.error('CSP: ' + e.effectiveDirective + ' ' + e.blockedURI))"
    )
