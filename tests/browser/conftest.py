"""Fixtures of the browser tests: a running console, its demo, a Chromium, and pages that watch for mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page
from psycopg.rows import DictRow, dict_row

from data import demo, embedded
from tests.browser import chromium
from tests.browser.console import ROOT, Console, running
from tests.browser.steps import sign_in
from tests.browser.visits import Visits

# One process for all tabs of a browser, and none started in advance: each would compile Streamlit's program anew. And
# none for what drops down from the address bar, which is two pages of Chromium's own for every window.
CHEAPER = (
    "--process-per-site",
    "--disable-features=SpareRendererForSitePerProcess,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
)
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.launched(*CHEAPER) as launched:
        yield launched


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console whose real database is empty, beside a demo with fewer events than people get."""
    home = tmp_path_factory.mktemp("console") / "home"
    create_demo(home, "--events", "40000")  # before it starts, as it looks for one then and seldom later
    with running(home) as started:
        yield started


def make_demo(console: Console) -> None:
    """Make the demo from the command line, while the console runs."""
    create_demo(console.home)


def create_demo(home: Path, *options: str) -> None:
    """`python -m data demo create`."""
    environment = os.environ | {"SIGNALBOX_HOME": str(home)}
    command = [sys.executable, "-m", "data", "demo", "create", *options]
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr.decode()


@pytest.fixture(scope="session")
def server_of_console(console: Console) -> Iterator[embedded.Lease]:
    """The embedded server of the console, joined by the tests."""
    with embedded.lease(console.home) as lease:
        yield lease


@pytest.fixture
def demo_rows(console: Console, server_of_console: embedded.Lease) -> Iterator[psycopg.Connection[DictRow]]:
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
def visits_of_demo(browser: Browser, console: Console) -> Iterator[Visits]:
    """Visits to the demo, signed in once per role for the whole session."""
    visits = Visits(browser, console)
    yield visits
    visits.end()


@pytest.fixture(scope="session")
def visits_of_empty(browser: Browser, console: Console) -> Iterator[Visits]:
    """Visits to the real data of the same console, where nothing is recorded."""
    visits = Visits(browser, console)
    yield visits
    visits.end()


@pytest.fixture
def open_demo(visits_of_demo: Visits) -> Iterator[OpenPage]:
    """`open_demo(role, path, **look)`: opens pages of the demo; the test fails when one met a mistake.

    Whoever signs out or changes what is shown asks for a `fresh` browser, and for a `cold` link who means to load it.
    """
    yield partial(visits_of_demo.open, dataset="demo")
    assert not visits_of_demo.close()


@pytest.fixture
def open_empty(visits_of_empty: Visits) -> Iterator[OpenPage]:
    """The same for the real data, where nothing is recorded."""
    yield visits_of_empty.open
    assert not visits_of_empty.close()
