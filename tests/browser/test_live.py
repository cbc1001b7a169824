"""Open pages follow the tables: by themselves, without losing what people do in them, and only while they are seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg.rows import DictRow, dict_row

from data import embedded
from tests import recorded
from tests.browser.console import Console, free_port, running
from tests.browser.steps import COUNT_RUNS, choose, press, sign_in, turn_to, wait_until_idle
from tests.browser.visits import Visits

OpenPage = Callable[..., Page]
Rows = psycopg.Connection[DictRow]

TOKEN = "of-the-browser-tests"
TIMEOUT_MS = 20_000  # on a busy machine; that it takes two seconds is measured, not asserted

HIDE = """hidden => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console of these tests alone: they add rows to its real database, and ask how many queries it ran."""
    with running(tmp_path_factory.mktemp("live") / "home", {"SIGNALBOX_METRICS_TOKEN": TOKEN}) as started:
        yield started


@pytest.fixture(scope="module")
def visits(browser: Browser, console: Console) -> Iterator[Visits]:
    """Somebody who has signed in to that console once, and whose tab is kept."""
    visits = Visits(browser, console)
    yield visits
    visits.end()


@pytest.fixture
def open_page(visits: Visits) -> Iterator[OpenPage]:
    """Turns that tab to a page, or opens another that loads it: `cold`; the test fails when one met a mistake."""
    yield visits.open
    assert not visits.close()


@pytest.fixture
def rows(console: Console) -> Iterator[Rows]:
    """The real database of that console, as its owner."""
    with (
        embedded.lease(console.home) as lease,
        psycopg.connect(lease.url(), autocommit=True, row_factory=dict_row) as connection,
    ):
        yield connection


def agent() -> str:
    """A name that stands in no other row."""
    return f"agent-{uuid4().hex[:8]}"


def add_job(rows: Rows) -> str:
    """A job of an agent that nobody has heard of; its name."""
    name = agent()
    recorded.job(rows, datetime.now(UTC), agent=name)
    return name


def test_a_new_row_is_in_the_figures_of_an_open_page(open_page: OpenPage, rows: Rows) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")
    expect(page.locator(".sb-clock").first).to_contain_text("(live)", timeout=TIMEOUT_MS)
    navigations = page.evaluate("performance.getEntriesByType('navigation').length + history.length")
    name = add_job(rows)
    expect(page.locator("table")).to_contain_text(name, timeout=TIMEOUT_MS)
    assert page.evaluate("performance.getEntriesByType('navigation').length + history.length") == navigations


def test_filters_and_page_stay_what_was_chosen(open_page: OpenPage, rows: Rows) -> None:
    name, other = add_job(rows), add_job(rows)
    page = open_page("admin", "/")
    turn_to(page, "/jobs?sort=-when")
    choose(page, "Agent", name)
    expect(page.locator("table")).not_to_contain_text(other)
    address = page.url
    assert name in address
    before = page.locator("table tbody tr").count()
    recorded.job(rows, datetime.now(UTC), agent=name)
    expect(page.locator("table tbody tr")).to_have_count(before + 1, timeout=TIMEOUT_MS)
    assert page.url == address
    expect(page.locator("table")).not_to_contain_text(other)


def test_a_receipt_stays_until_somebody_does_something_else(open_page: OpenPage, rows: Rows) -> None:
    asked = recorded.question(rows, datetime.now(UTC), agent())
    page = open_page("admin", f"/approvals?approval={asked}")
    press(page, "Approve: ")
    receipt = page.get_by_test_id("stAlert")
    expect(receipt).to_contain_text("You approved")
    rows.execute("update engine.human_approvals set title = %s where id = %s", (title := agent(), asked))
    expect(page.get_by_test_id("stMain")).to_contain_text(title, timeout=TIMEOUT_MS)
    expect(receipt).to_contain_text("You approved")
    turn_to(page, "/approvals")
    turn_to(page, f"/approvals?approval={asked}")
    expect(page.get_by_test_id("stMain")).to_contain_text(title)
    expect(receipt).to_have_count(0)


def test_the_place_in_a_long_page_survives(open_page: OpenPage, rows: Rows) -> None:
    for _ in range(30):
        add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")
    main = page.get_by_test_id("stMain")
    main.evaluate("element => element.scrollTo(0, 300)")
    scrolled = main.evaluate("element => element.scrollTop")
    assert scrolled > 0
    expect(page.locator("table")).to_contain_text(add_job(rows), timeout=TIMEOUT_MS)
    assert main.evaluate("element => element.scrollTop") == scrolled


def test_an_open_list_of_choices_stays_open(open_page: OpenPage, rows: Rows) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")
    page.get_by_role("combobox", name="Agent").click()
    expect(page.get_by_role("option").first).to_be_visible()
    name = add_job(rows)
    expect(page.locator("table")).to_contain_text(name, timeout=TIMEOUT_MS)
    expect(page.get_by_role("option").first).to_be_visible()


def test_the_place_in_a_table_survives(open_page: OpenPage, rows: Rows) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when", width=420)
    table = page.locator(".sb-scroll").first
    link = page.locator("table a").first
    link.focus()
    # Not as far as it goes, because that depends on how wide the new row is.
    table.evaluate("element => { element.scrollLeft = 60; }")
    href, left = link.get_attribute("href"), table.evaluate("element => element.scrollLeft")
    assert left == 60
    expect(page.locator("table")).to_contain_text(add_job(rows), timeout=TIMEOUT_MS)
    assert page.evaluate("document.activeElement.getAttribute('href')") == href
    assert table.evaluate("element => element.scrollLeft") == left


def test_selected_words_stay_selected(open_page: OpenPage, rows: Rows) -> None:
    name = add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")
    page.locator("table td", has_text=name).first.select_text()
    clock = page.locator(".sb-clock").first
    expect(clock).to_contain_text("(not live: it waits while you select)", timeout=TIMEOUT_MS)
    newer = add_job(rows)
    page.wait_for_timeout(2500)
    assert page.evaluate("getSelection().toString()").strip() == name
    page.evaluate("getSelection().removeAllRanges()")
    expect(page.locator("table")).to_contain_text(newer, timeout=TIMEOUT_MS)
    expect(clock).to_contain_text("(live)", timeout=TIMEOUT_MS)


def test_a_slow_run_that_nobody_asked_for_is_not_seen(open_page: OpenPage, rows: Rows) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when", cold=True)  # it watches the document for ever
    expect(page.locator(".sb-clock").first).to_contain_text("(live)", timeout=TIMEOUT_MS)
    page.evaluate("document.documentElement.classList.remove('sb-asked')")  # as if nobody had touched it for a while
    page.evaluate(
        """() => {
            window.leastOpacity = 1;
            const look = () => {
                document.querySelectorAll('[data-stale]').forEach(element => {
                    window.leastOpacity = Math.min(window.leastOpacity, getComputedStyle(element).opacity);
                });
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    runs = page.evaluate("window.runsOfTheScript")
    name = add_job(rows)
    with rows.transaction():
        rows.execute("lock table agents.jobs in access exclusive mode")
        page.wait_for_function("runs => window.runsOfTheScript > runs", arg=runs, timeout=TIMEOUT_MS)
        page.wait_for_timeout(3000)
    expect(page.locator("table")).to_contain_text(name, timeout=TIMEOUT_MS)
    assert page.evaluate("window.leastOpacity") == 1


def test_words_that_are_being_typed_survive(open_page: OpenPage, rows: Rows) -> None:
    recorded.session(rows, datetime.now(UTC), project=agent())
    page = open_page("admin", "/sessions")
    field = page.get_by_role("textbox", name="Search")
    field.click()
    page.keyboard.type("half a wo")
    name = agent()
    recorded.session(rows, datetime.now(UTC), project=name)
    expect(page.get_by_test_id("stMain")).to_contain_text(name, timeout=TIMEOUT_MS)
    page.keyboard.type("rd")
    expect(field).to_have_value("half a word")
    expect(field).to_be_focused()


def test_a_note_in_a_form_holds_the_page_until_it_is_gone(open_page: OpenPage, rows: Rows) -> None:
    asked = recorded.question(rows, datetime.now(UTC), agent())
    page = open_page("admin", f"/approvals?approval={asked}")
    note = page.get_by_role("textbox", name="Note")
    note.fill("Not before")
    expect(page.locator(".sb-clock")).to_have_count(0)  # the page of one question has no such line
    rows.execute("update engine.human_approvals set title = %s where id = %s", (title := agent(), asked))
    page.wait_for_timeout(2500)
    expect(note).to_have_value("Not before")
    expect(page.get_by_test_id("stMain")).not_to_contain_text(title)
    note.fill("")
    expect(page.get_by_test_id("stMain")).to_contain_text(title, timeout=TIMEOUT_MS)


def polls(console: Console, page: Page) -> int:
    """How many statements the database has run for the tab, as the console counts them."""
    answer = page.request.get(f"{console.url}/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    counts = re.findall(r'^signalbox_query_seconds_count\{query="([^"]+)"\} ([0-9.]+)$', answer.text(), re.MULTILINE)
    assert counts
    return sum(int(float(count)) for name, count in counts if name == "versions.read_sources")


def test_a_hidden_tab_costs_nothing_and_catches_up(open_page: OpenPage, rows: Rows, console: Console) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")  # the one tab that is open, so that no other asks
    expect(page.locator(".sb-clock").first).to_contain_text("(live)", timeout=TIMEOUT_MS)
    page.evaluate(HIDE, True)
    page.wait_for_timeout(1500)
    before, runs = polls(console, page), page.evaluate("window.runsOfTheScript")
    name = add_job(rows)
    page.wait_for_timeout(3500)
    assert polls(console, page) == before
    assert page.evaluate("window.runsOfTheScript") == runs
    page.evaluate(HIDE, False)
    expect(page.locator("table")).to_contain_text(name, timeout=TIMEOUT_MS)
    assert polls(console, page) > before


def test_a_page_runs_again_for_its_own_tables_alone(open_page: OpenPage, rows: Rows) -> None:
    rows.execute("select engine.append_event('SOMETHING_HAPPENED', 'Thing', %s)", (agent(),))
    page = open_page("admin", "/events")
    clock = page.locator(".sb-clock").first
    for _ in range(3):  # with every minute it runs once for what depends on now
        expect(clock).to_contain_text("(live)", timeout=TIMEOUT_MS)
        page.wait_for_timeout(1500)
        minute, before = datetime.now(UTC).minute, clock.inner_text()
        runs = page.evaluate("window.runsOfTheScript")
        add_job(rows)
        expect(clock).not_to_have_text(before, timeout=TIMEOUT_MS)  # it goes on, by the word of the server
        page.wait_for_timeout(2500)
        if datetime.now(UTC).minute == minute:
            assert page.evaluate("window.runsOfTheScript") == runs
            return
    raise AssertionError("every round met the end of a minute")


def test_the_page_says_when_the_database_does_not_answer(open_page: OpenPage, rows: Rows) -> None:
    add_job(rows)
    page = open_page("admin", "/jobs?sort=-when")
    clock = page.locator(".sb-clock").first
    expect(clock).to_contain_text("(live)", timeout=TIMEOUT_MS)
    rows.execute("begin")
    rows.execute("lock table signalbox.change_totals in access exclusive mode")
    try:
        expect(clock).to_contain_text("(not live: the database does not answer)", timeout=TIMEOUT_MS)
    finally:
        rows.execute("rollback")
    expect(clock).to_contain_text("(live)", timeout=TIMEOUT_MS)


def test_a_page_takes_itself_up_when_the_console_was_started_again(browser: Browser, tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    context = browser.new_context()
    context.add_init_script(COUNT_RUNS)
    page = context.new_page()
    with running(home, port=port) as first:
        sign_in(page, first, "admin", "/jobs?sort=-when")
        expect(page.locator(".sb-clock").first).to_contain_text("(live)", timeout=TIMEOUT_MS)
        page.evaluate("window.isSameDocument = true")
    expect(page.locator(".sb-clock").first).to_contain_text("(not live", timeout=TIMEOUT_MS)
    with running(home, port=port) as second, embedded.lease(second.home) as lease:
        expect(page.locator(".sb-clock").first).to_contain_text("(live)", timeout=3 * TIMEOUT_MS)
        with psycopg.connect(lease.url(), autocommit=True, row_factory=dict_row) as connection:
            name = add_job(connection)
        expect(page.locator("table")).to_contain_text(name, timeout=TIMEOUT_MS)
        assert page.evaluate("window.isSameDocument"), "nothing was loaded anew"
        expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    context.close()


def test_a_page_with_the_style_sheet_of_an_older_console_loads_itself_anew(open_page: OpenPage) -> None:
    page = open_page("admin", "/jobs")
    page.evaluate("window.isSameDocument = true")
    with page.expect_navigation(timeout=TIMEOUT_MS):
        page.evaluate("document.querySelector('.sb-menu').dataset.look = 'another'")
    wait_until_idle(page)
    assert not page.evaluate("window.isSameDocument")
