"""Fixtures of the browser tests: a running console, its demo, a Chromium, and pages that watch for mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg.rows import DictRow, dict_row

from data import demo, embedded
from tests.browser import chromium
from tests.browser.console import ROOT, Console, running
from tests.browser.steps import sign_in
from tests.browser.visits import Visits

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.find_or_install(), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console whose real database is empty."""
    with running(tmp_path_factory.mktemp("console") / "home") as started:
        yield started


@pytest.fixture(scope="session")
def console_with_demo(console: Console) -> Console:
    """The same console after `python -m data demo create`."""
    make_demo(console)
    return console


def make_demo(console: Console) -> None:
    """Make the demo from the command line, while the console runs."""
    environment = os.environ | {"SIGNALBOX_HOME": str(console.home)}
    made = subprocess.run(
        [sys.executable, "-m", "data", "demo", "create"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert made.returncode == 0, made.stderr.decode()


@pytest.fixture(scope="session")
def server_of_console(console: Console) -> Iterator[embedded.Lease]:
    """The embedded server of the console, joined by the tests."""
    with embedded.lease(console.home) as lease:
        yield lease


@pytest.fixture
def demo_rows(console_with_demo: Console, server_of_console: embedded.Lease) -> Iterator[psycopg.Connection[DictRow]]:
    """A connection to the demo database of the running console, as its owner."""
    url = server_of_console.url(demo.DATABASE)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def open_page(browser: Browser, console: Console) -> Iterator[OpenPage]:
    """Opens pages of the real data, each in a browser context of its own; the test fails when one met a mistake."""
    visits = Visits(browser, console)

    def opener(role: str | None = None, path: str = "/", width: int = 1400, scheme: str = "light") -> Page:
        page = visits.open(None, "/login", width=width, scheme=scheme)
        if role:
            sign_in(page, console, role, path)
        else:
            page.goto(console.url + path)
        return page

    yield opener
    assert not visits.close()


@pytest.fixture(scope="session")
def visits_of_demo(browser: Browser, console_with_demo: Console) -> Visits:
    """Visits to the demo, signed in once per role for the whole session."""
    return Visits(browser, console_with_demo)


@pytest.fixture
def open_demo(visits_of_demo: Visits) -> Iterator[OpenPage]:
    """`open_demo(role, path, width=, scheme=, fresh=)`: opens pages of the demo; the test fails when one met a mistake.

    Whoever signs out or changes what is shown asks for a `fresh` browser.
    """

    def opener(role: str, path: str = "/", *, width: int = 1400, scheme: str = "light", fresh: bool = False) -> Page:
        return visits_of_demo.open(role, path, width=width, scheme=scheme, fresh=fresh, dataset="demo")

    yield opener
    assert not visits_of_demo.close()
