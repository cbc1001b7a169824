"""Every page of the menu as each role, with data and without; links, narrow screens, and pages that are not for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urljoin

import psycopg
import pytest
from playwright.sync_api import Page, expect
from psycopg.rows import DictRow

from data import embedded
from data.identity.demo_accounts import of_role
from tests.browser.console import Console
from tests.browser.steps import DEMO_STRIP, causing_a_run, fits_its_width, follow, number, sign_in, table, turn_to
from tests.browser.visits import NARROW_PX, WIDE_PX

OpenPage = Callable[..., Page]
Rows = psycopg.Connection[DictRow]

FOR_ALL = ("Overview", "Sessions", "Tools", "Jobs", "Agents", "SOPs", "Events", "Clients")
FOR_MANAGERS = (*FOR_ALL, "People", "Projects", "Backups")
FOR_ADMINS = (*FOR_MANAGERS, "Approvals", "Seen as", "Migrations", "Database")
MENUS = {"member": (*FOR_ALL, "Projects"), "manager": FOR_MANAGERS, "admin": FOR_ADMINS}
OF_THE_DATABASE = ("Migrations", "Database")  # they list what the database is made of, with rows or without
OF_ACCOUNTS = ("Seen as",)  # it lists people, with rows or without
NOT_OF_THE_DEMO = ("Backups",)  # made-up rows are not backed up, and the page says so
NEVER_SHOWN = ("could not be shown", "Traceback", "Page not found", "Connection error", "None,", "nan", "NaT")


def menu(page: Page) -> list[str]:
    """What the sidebar offers."""
    entries = page.locator(".sb-menu a span")
    expect(entries.first).to_be_visible()
    return entries.all_inner_texts()


def words_of(page: Page) -> str:
    """Everything that can be read beside the menu, without the menu's own words."""
    return page.get_by_test_id("stMain").inner_text()


def is_whole(page: Page, title: str) -> None:
    """The page stands under its title, and no part of it failed."""
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert page.get_by_test_id("stException").count() == 0
    shown = words_of(page)
    assert not [words for words in NEVER_SHOWN if words in shown], shown
    assert page.title() == f"{title} · Signalbox"


def walk(page: Page) -> Iterator[str]:
    """Open each page of the menu by its link; gives the title of each while it is open."""
    for title in menu(page):
        with causing_a_run(page):
            page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=False).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=15_000)
        is_whole(page, title)
        yield title


def test_the_tab_has_the_mark_of_the_console_before_and_after_signing_in(open_page: OpenPage, console: Console) -> None:
    page = open_page(None, "/login")
    before = page.locator('link[rel="icon"]').get_attribute("href")
    assert before is not None
    sign_in(page, console, "manager")
    expect(page.locator('link[rel="shortcut icon"]')).to_have_attribute("href", "/favicon.png")
    served = page.request.get(urljoin(page.url, "/favicon.png"))
    assert served.headers["content-type"].startswith("image/svg+xml")
    assert served.text() == unquote(before.removeprefix("data:image/svg+xml,"))
    assert page.evaluate(
        """() => new Promise(told => {
            const image = new Image();
            image.onload = () => told(image.naturalWidth > 0);
            image.onerror = () => told(false);
            image.src = "/favicon.png";
        })"""
    ), "it can be drawn under the policy of the page"


@pytest.mark.parametrize("role", ["member", "manager", "admin"])
def test_every_page_stands_without_any_data_and_says_why_it_is_empty(open_empty: OpenPage, role: str) -> None:
    page = open_empty(role)
    assert menu(page) == list(MENUS[role])
    for title in walk(page):
        assert page.locator(DEMO_STRIP).count() == 0
        if title in OF_THE_DATABASE:
            assert page.locator("table.sb-table tbody tr").count() > 0
            continue
        if title in OF_ACCOUNTS:
            continue
        assert page.locator("table.sb-table tbody tr").count() == 0
        said = words_of(page)
        assert "recorded" in said or "of yours" in said, f"{title} does not say why it is empty: {said}"


@pytest.mark.parametrize("role", ["member", "manager", "admin"])
def test_every_page_stands_with_data_and_is_labelled_as_the_demo(open_demo: OpenPage, role: str) -> None:
    page = open_demo(role)
    assert menu(page) == list(MENUS[role])
    for title in walk(page):
        expect(page.locator(DEMO_STRIP)).to_contain_text("Made-up data")
        if title not in NOT_OF_THE_DEMO + OF_ACCOUNTS:
            assert page.locator("table.sb-table tbody tr").count() > 0, f"{title} shows no rows"
        assert page.locator(".sb-say").first.inner_text().strip(" ●▲■◆▶○"), f"{title} opens without a sentence"


def test_what_tables_lead_to_stands_as_well(open_demo: OpenPage) -> None:
    page = open_demo("admin", "/sessions?has=errors")
    follow(page, page.locator('table[aria-label="Sessions"] tbody tr a').first)
    is_whole(page, "Session")
    follow(page, page.get_by_role("link", name="session after"))
    is_whole(page, "Session")
    follow(page, page.get_by_role("link", name="back to the list"))
    is_whole(page, "Sessions")
    assert "has=errors" in page.url
    turn_to(page, "/jobs?status=failed")
    follow(page, page.locator('table[aria-label="Jobs"] tbody tr a').first)
    is_whole(page, "Jobs")
    expect(page.get_by_role("heading", name="Error")).to_be_visible()
    turn_to(page, "/approvals?show=decided")
    follow(page, page.locator('table[aria-label="Questions that are over"] tbody tr a').first)
    is_whole(page, "Approvals")
    expect(page.get_by_role("heading", name="What was asked for")).to_be_visible()


def test_nothing_scrolls_sideways_on_a_narrow_screen_but_tables_in_their_frame(open_demo: OpenPage) -> None:
    page = open_demo("admin", "/", width=NARROW_PX)
    operations = ("/backups", "/migrations", "/migrations?version=20261120090000", "/database")
    questions = ("/approvals", "/approvals?show=decided")
    for path in ("/", "/sessions", "/tools?outcome=failed", "/jobs", *questions, *operations):
        turn_to(page, path)
        assert fits_its_width(page), f"{path} is wider than the screen"
        wide = page.evaluate(
            "[...document.querySelectorAll('table')].filter(table => !table.closest('.sb-scroll')).length"
        )
        assert wide == 0, f"{path} has a table without a frame"
    for path, label in (("/sessions?has=errors", "Sessions"), ("/approvals", "Questions that wait for a decision")):
        turn_to(page, path)
        follow(page, page.locator(f'table[aria-label="{label}"] tbody tr a').first)
        assert fits_its_width(page), f"what {path} leads to is wider than the screen"


def test_a_word_as_long_as_a_page_makes_no_page_wide(open_demo: OpenPage, demo_rows: Rows) -> None:
    long = "as-wide-as-a-train".replace("-", "") * 40
    job = one(
        demo_rows,
        "insert into agents.jobs (agent_identifier, status, job_data, error_message, created_at, completed_at)"
        " values (%s, 'failed', jsonb_build_object('title', %s::text), %s, now(), now()) returning id",
        *(long,) * 3,
    )
    run = one(
        demo_rows,
        "insert into engine.sop_executions (sop_id, status, current_step, agent_id, client_id, error_message,"
        " started_at, completed_at) values (%s, 'failed', %s, %s, %s, %s, now(), now()) returning id",
        *(long,) * 5,
    )
    try:
        page = open_demo("admin", "/", width=NARROW_PX)
        for path in ("/jobs", f"/jobs?job={job['id']}", "/sops?list=runs", f"/sop_execution?execution={run['id']}"):
            turn_to(page, path)
            assert fits_its_width(page), f"{path} is wider than the screen"
    finally:
        demo_rows.execute("delete from engine.sop_executions where id = %s", [run["id"]])
        demo_rows.execute("delete from agents.jobs where id = %s", [job["id"]])


def test_the_menu_that_lies_over_a_narrow_page_closes_once_a_page_is_chosen(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/", width=NARROW_PX)
    sidebar = page.get_by_test_id("stSidebar")
    for title in ("Jobs", "Jobs", "Tools"):  # also the page that is open already
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        sidebar.get_by_role("link", name=title, exact=False).click()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
        expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=15_000)


def test_a_page_takes_the_room_of_the_menu_that_was_put_away(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/jobs", width=WIDE_PX)
    begins_at = "left => document.querySelector('[data-testid=\"stMain\"]').getBoundingClientRect().left === left"
    page.wait_for_function(begins_at, arg=240)
    with causing_a_run(page):
        page.get_by_test_id("stSidebar").get_by_role("link", name="Tools", exact=False).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tools", timeout=15_000)
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "false")
    page.get_by_test_id("stSidebarHeader").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.wait_for_function(begins_at, arg=0)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.wait_for_function(begins_at, arg=240)


def test_what_is_to_be_typed_is_broken_between_its_words_alone(open_empty: OpenPage) -> None:
    page = open_empty("admin", "/backups", width=NARROW_PX)
    words = page.locator("code .sb-whole")
    expect(words.filter(has_text="--scheduled")).to_have_count(1)
    heights = words.evaluate_all("all => all.filter(word => word.textContent.length < 30).map(e => e.offsetHeight)")
    assert len(set(heights)) == 1, heights
    typed = page.locator("code", has_text="--scheduled").inner_text()
    assert typed.endswith("-m data backup run --scheduled"), "what is copied is what is to be typed"


def test_pages_stand_in_the_dark(open_demo: OpenPage) -> None:
    page = open_demo("admin", "/tools", scheme="dark")
    colours = page.evaluate(
        """() => ['body', '[data-testid="stApp"]', '.sb-table', '.sb-card'].map(
            selector => { const e = document.querySelector(selector); return e && getComputedStyle(e).color })"""
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == "rgb(15, 19, 24)"
    assert "rgb(27, 31, 36)" not in colours, "the text of the light mode on the dark page"


@pytest.mark.parametrize("role", ["member", "manager"])
def test_a_cold_link_to_a_page_for_admins_says_the_sentence_and_shows_nothing(
    open_demo: OpenPage, demo_rows: Rows, console: Console, role: str
) -> None:
    asked = one(demo_rows, "select id, title from engine.human_approvals where status = 'pending' limit 1")
    page = open_demo(role, f"/approvals?approval={asked['id']}", cold=True)
    expect(page.get_by_text("for the role admin")).to_be_visible()
    assert page.url.endswith(f"/approvals?approval={asked['id']}")
    assert asked["title"] not in words_of(page)
    assert page.locator("table.sb-table").count() == 0
    assert page.get_by_test_id("stMain").get_by_role("button").count() == 0
    if role == "member":
        taken = page.request.get(f"{console.url}/export/approvals_queue.csv")
        others = many(
            demo_rows,
            "select title from engine.human_approvals where status = 'pending' and user_id is distinct from %s",
            of_role("member").user_id,
        )
        assert not [row for row in others if str(row["title"]) in taken.text()]


def test_a_backup_is_made_by_its_button_and_lies_on_the_disk(
    open_empty: OpenPage, console: Console, server_of_console: embedded.Lease
) -> None:
    page = open_empty("admin", "/backups")
    page.get_by_role("button", name="Make a backup now").click()
    expect(page.locator(".sb-say").first).to_contain_text("The last good backup is", timeout=60_000)
    expect(page.locator('table[aria-label="Backups that were tried"] tbody')).to_contain_text("made")
    made = table(page, "Backups that were tried")
    assert [row["Outcome"].lstrip("● ") for row in made] == ["made"]
    assert (console.home / "backups" / made[0]["File, or why not"]).stat().st_size > 10_000
    with psycopg.connect(server_of_console.url(), autocommit=True) as rows:  # other tests find the real data empty
        rows.execute("delete from signalbox.backup_runs")


def test_the_page_of_the_database_names_a_table_that_is_open_to_everybody(open_demo: OpenPage, demo_rows: Rows) -> None:
    demo_rows.execute("create table agents.loose (id int)")
    demo_rows.execute("grant select on agents.loose to authenticated")
    try:
        page = open_demo("admin", "/database")
        said = page.locator("ul.sb-lines li").first.inner_text()
        assert "1 table without row-level security can be reached from outside: every row of agents.loose." in said
    finally:
        demo_rows.execute("drop table agents.loose")


def test_the_member_sees_own_rows_only_and_the_manager_all(open_demo: OpenPage, demo_rows: Rows) -> None:
    own = of_role("member").user_id
    sessions = one(
        demo_rows,
        "select count(*) as of_all, count(*) filter (where metadata ->> 'user_id' = %s) as own from chronicle.sessions"
        " where started_at is not null",
        str(own),
    )
    jobs = one(
        demo_rows, "select count(*) as of_all, count(*) filter (where user_id = %s) as own from agents.jobs", own
    )
    calls = one(
        demo_rows,
        "select count(*) as of_all, count(*) filter (where s.metadata ->> 'user_id' = %s) as own"
        " from analytics.tool_calls as c left join chronicle.sessions as s on s.id = c.session_pk",
        str(own),
    )
    assert 0 < sessions["own"] < sessions["of_all"]
    for role, mine in (("member", "own"), ("manager", "of_all")):
        page = open_demo(role, "/sessions?period=all")
        assert number(page.locator(".sb-pager").inner_text().split(" of ")[1]) in (
            sessions[mine],
            one(
                demo_rows,
                "select count(*) as n from chronicle.sessions where %s or metadata ->> 'user_id' = %s",
                role == "manager",
                str(own),
            )["n"],
        )
        turn_to(page, "/jobs?period=all")
        assert card(page, "Jobs") == jobs[mine]
        turn_to(page, "/tools?period=all")
        assert card(page, "Calls") == calls[mine]


def test_the_figures_of_overview_are_those_of_the_database(open_demo: OpenPage, demo_rows: Rows) -> None:
    page = open_demo("manager", "/?period=all")
    counted = one(
        demo_rows,
        """select
            (select count(*) from chronicle.sessions) as sessions,
            (select count(*) from agents.jobs where status in ('completed', 'failed')) as jobs,
            (select round(100.0 * count(*) filter (where outcome = 'succeeded')
                / count(*) filter (where outcome in ('succeeded', 'failed')), 1)
             from analytics.tool_calls) as succeeded,
            (select count(*) from engine.human_approvals
             where status = 'pending' and (expires_at is null or expires_at > now())) as waiting""",
    )
    assert card(page, "Sessions started") == counted["sessions"]
    assert card(page, "Jobs finished") == counted["jobs"]
    success = page.locator(".sb-card", has_text="Tool calls that succeeded").locator(".sb-card-value").inner_text()
    assert success == f"{counted['succeeded']}\u00a0%"
    assert f"{counted['waiting']} questions wait" in page.locator(".sb-say").first.inner_text()


def test_the_figures_of_one_project_are_those_of_the_database(open_demo: OpenPage, demo_rows: Rows) -> None:
    page = open_demo("manager", "/?period=all&project=storefront")
    counted = one(
        demo_rows,
        """select
            count(*) as sessions,
            count(*) filter (where s.status = 'error') as broken,
            (select count(*) from analytics.tool_calls as c inner join chronicle.sessions as o on o.id = c.session_pk
             where o.project_name = 'storefront') as calls
        from chronicle.sessions as s where s.project_name = 'storefront'""",
    )
    assert card(page, "Sessions started") == counted["sessions"]
    assert card(page, "Sessions in error") == counted["broken"]
    expect(page.locator(".sb-card", has_text="Jobs finished")).to_have_count(0)
    expect(page.locator(".sb-footer", has_text="CSV")).to_contain_text(f"CSV, {counted['calls']:,} tool calls")


def test_the_sentence_of_the_sessions_page_counts_what_the_table_holds(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/sessions?status=error&period=30d")
    rows = table(page, "Sessions")
    assert rows
    assert {row["Status"].split()[-1] for row in rows} == {"error"}
    said = number(page.locator(".sb-say").first.inner_text())
    pager = page.locator(".sb-pager")
    assert said == (number(pager.inner_text().split(" of ")[1]) if pager.count() else len(rows))


def card(page: Page, label: str) -> int:
    """The figure on the card with this label."""
    found = page.locator(".sb-card", has=page.locator(".sb-card-label", has_text=label)).first
    return number(found.locator(".sb-card-value").inner_text())


def one(rows: Rows, statement: str, *given: Any) -> DictRow:
    """The one row of a statement."""
    found = rows.execute(statement.encode(), given).fetchone()
    assert found is not None
    return found


def many(rows: Rows, statement: str, *given: Any) -> list[DictRow]:
    """The rows of a statement."""
    return rows.execute(statement.encode(), given).fetchall()
