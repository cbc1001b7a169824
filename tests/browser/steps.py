"""What people do in the browser, step by step: wait, sign in, switch to the demo, read a table, press a button."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.console import Console

CONNECTED = '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
DEMO_STRIP = ".sb-demo"


# Counts how often the script of the page began to run, so that a step can wait for the run that it caused.
COUNT_RUNS = """
    window.runsOfTheScript = 0;
    new MutationObserver(changes => changes.forEach(change => {
        if (change.target.getAttribute('data-test-script-state') === 'running') window.runsOfTheScript++;
    })).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-test-script-state'] });
"""
_LONGEST_START_MS = 3_000  # a busy machine; a run shorter than a frame is never seen


def wait_until_idle(page: Page, timeout_ms: int = 30_000, settling_ms: int = 100) -> None:
    """Return when the page is connected, its script has ended and its title stands."""
    page.wait_for_selector(CONNECTED, state="attached", timeout=timeout_ms)
    page.wait_for_timeout(settling_ms)  # what has just happened may not have left "notRunning" yet
    page.wait_for_selector(f"{IDLE} h1", state="attached", timeout=timeout_ms)


@contextmanager
def causing_a_run(page: Page) -> Iterator[None]:
    """What happens inside makes the script run: return when that run is over."""
    before = page.evaluate("window.runsOfTheScript")
    yield
    with suppress(TookTooLong):
        page.wait_for_function("before => window.runsOfTheScript !== before", arg=before, timeout=_LONGEST_START_MS)
    wait_until_idle(page, settling_ms=20)


def sign_in(page: Page, console: Console, role: str, path: str = "/") -> None:
    """Sign in with the demo account of a role by its one-click button, then open a path."""
    page.goto(f"{console.url}/login?next={path}")
    page.get_by_role("button", name=role, exact=False).first.click()
    page.wait_for_url(lambda url: "/login" not in url)
    wait_until_idle(page)


def show(page: Page, dataset: Literal["real", "demo"]) -> None:
    """Turn the pages of this browser to the real or the demo data, by the switch in the sidebar."""
    if (page.locator(DEMO_STRIP).count() > 0) == (dataset == "demo"):
        return
    # A console notices within seconds that the command line has made or removed a demo.
    deadline = time.monotonic() + 30
    while page.get_by_role("combobox", name=re.compile("Shown data$")).count() == 0 and time.monotonic() < deadline:
        page.reload()
        wait_until_idle(page)
    choose(page, "Shown data", "Demo data" if dataset == "demo" else "Real data")
    expect(page.locator(DEMO_STRIP)).to_have_count(1 if dataset == "demo" else 0, timeout=15_000)
    page.wait_for_load_state()
    wait_until_idle(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a select box the first option that begins with these words."""
    page.get_by_role("combobox", name=re.compile(f"{re.escape(label)}$")).click()
    with causing_a_run(page):
        page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).first.click()


def press(page: Page, name: str) -> None:
    """Press the button whose name begins with these words."""
    with causing_a_run(page):
        page.get_by_role("button", name=re.compile(f"^{re.escape(name)}")).first.click()


def follow(page: Page, link: Locator) -> None:
    """Click a link inside a page and wait until its address is shown."""
    before = page.url
    with causing_a_run(page):
        link.click()
        page.wait_for_url(lambda url: url != before)


def turn_to(page: Page, path: str) -> None:
    """Go to an address without loading the document anew, as the links inside pages do."""
    with causing_a_run(page):
        page.evaluate(
            "path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
        )


def go_back(page: Page) -> None:
    """One step back inside the console."""
    with causing_a_run(page):
        page.go_back()


def go_forward(page: Page) -> None:
    """One step forward inside the console."""
    with causing_a_run(page):
        page.go_forward()


def table(page: Page, label: str) -> list[dict[str, str]]:
    """The rows of a table, each cell's text under the word of its header: "When", "Outcome", without zone and arrow."""
    rows: list[list[str]] = page.locator(f'table[aria-label="{label}"] tr').evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    if not rows:
        return []
    names = [re.sub(r"\s*([↓↑]|\(.*\))", "", name) for name in rows[0]]
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


def download(page: Page, name: str, into: Path) -> Path:
    """Click the link of an export and return the file, named as the server named it."""
    with page.expect_download() as started:
        page.get_by_role("link", name=re.compile(f"^{re.escape(name)}")).first.click()
    path = into / started.value.suggested_filename
    started.value.save_as(path)
    return path


def number(text: str) -> int:
    """The first whole number in a text, its thousands separated by commas."""
    found = re.search(r"\d[\d,]*", text)
    assert found, f"no number in {text!r}"
    return int(found.group().replace(",", ""))


def fits_its_width(page: Page) -> bool:
    """Whether nothing but what lies in a frame of its own reaches past the right edge."""
    return bool(
        page.evaluate(
            """() => {
                const tooWide = element => element.scrollWidth > element.clientWidth + 1;
                const main = document.querySelector('[data-testid="stMain"]');
                return !tooWide(document.scrollingElement) && !(main && tooWide(main));
            }"""
        )
    )
