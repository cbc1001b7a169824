"""The address is the state: reload, Back and Forward, drilling down, and signing out in another tab."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    causing_a_run,
    choose,
    follow,
    go_back,
    go_forward,
    number,
    press,
    table,
    turn_to,
    wait_until_idle,
)
from tests.browser.visits import Visits

OpenPage = Callable[..., Page]


def query(page: Page) -> dict[str, str]:
    """The parameters of the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_each_filter_is_a_step_of_the_history_and_survives_a_reload(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/tools?period=30d")
    sentence = page.locator(".sb-say").first
    steps = [(query(page), sentence.inner_text())]
    for label, option in (("Tool", "Bash"), ("Outcome", "failed")):
        choose(page, label, option)
        expect(page.locator(".sb-chip", has_text=option)).to_be_visible()
        steps.append((query(page), sentence.inner_text()))
    assert [given for given, _ in steps] == [
        {"period": "30d"},
        {"period": "30d", "tool": "Bash"},
        {"period": "30d", "tool": "Bash", "outcome": "failed"},
    ]
    calls = table(page, "Calls")
    expect(page.get_by_role("heading", name="Failed calls of Bash", exact=True)).to_be_visible()
    assert all(row["Error"] != "–" for row in calls)

    page.reload()
    expect(page.locator('table[aria-label="Calls"] tbody tr').first).to_be_visible(timeout=30_000)
    wait_until_idle(page)
    assert query(page) == steps[2][0]
    assert table(page, "Calls") == calls

    for given, said in (steps[1], steps[0]):
        go_back(page)
        expect(sentence).to_have_text(said)
        assert query(page) == given
    assert page.locator(".sb-chip").count() == 0
    for given, said in (steps[1], steps[2]):
        go_forward(page)
        expect(sentence).to_have_text(said)
        assert query(page) == given
    expect(page.locator(".sb-chip")).to_have_count(2)
    assert table(page, "Calls") == calls


def test_the_project_of_overview_is_a_step_of_the_history_too(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/?period=30d", cold=True)
    sentence = page.locator(".sb-say").first
    all_projects = sentence.inner_text()
    sessions = page.locator(".sb-card").first
    choose(page, "Project", "storefront")
    expect(page.locator(".sb-chip", has_text="storefront")).to_be_visible()
    said = sentence.inner_text()
    assert "of the project “storefront”" in said
    assert said != all_projects
    assert query(page) == {"period": "30d", "project": "storefront"}

    page.reload()
    expect(sentence).to_have_text(said, timeout=30_000)
    wait_until_idle(page)
    picked = page.get_by_role("combobox", name=re.compile("Project$")).input_value()
    assert picked == f"storefront · {number(sessions.locator('.sb-card-value').inner_text())}"
    follow(page, sessions)
    assert query(page) == {"period": "30d", "project": "storefront"}
    expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
    assert number(page.locator(".sb-say").first.inner_text()) == number(picked)

    go_back(page)
    expect(sentence).to_have_text(said)
    go_back(page)
    expect(sentence).to_have_text(all_projects)
    assert query(page) == {"period": "30d"}
    go_forward(page)
    expect(sentence).to_have_text(said)
    follow(page, page.get_by_role("link", name="Show all projects"))
    expect(sentence).to_have_text(all_projects)
    assert query(page) == {"period": "30d"}


def test_a_chip_takes_its_filter_away_and_clear_all_every_one(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/tools?period=30d&tool=Bash&outcome=failed&page=2")
    follow(page, page.locator(".sb-chip", has_text="outcome"))
    assert query(page) == {"period": "30d", "tool": "Bash"}
    go_back(page)
    follow(page, page.get_by_role("link", name="clear all"))
    assert query(page) == {"period": "30d"}


def test_figures_lead_to_the_rows_behind_them_with_their_filters(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/?period=30d")
    failed = page.get_by_role("link", name="jobs failed").first
    announced = number(failed.inner_text())
    follow(page, failed)
    assert query(page) == {"period": "30d", "status": "failed"}
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    rows = table(page, "Jobs")
    assert {row["State"].split()[-1] for row in rows} == {"failed"}
    pager = page.locator(".sb-pager").first
    assert announced == (number(pager.inner_text().split(" of ")[1]) if announced > 25 else len(rows))

    turn_to(page, "/tools?period=30d")
    first = page.locator('table[aria-label="Tools by what hurts most"] tbody tr').first
    tool, announced = first.locator("td").nth(0).inner_text(), number(first.locator("td").nth(1).inner_text())
    follow(page, first.locator("td").nth(1).get_by_role("link"))
    assert query(page) == {"period": "30d", "tool": tool, "outcome": "failed"}
    pager = page.locator(".sb-pager").first
    assert announced == (number(pager.inner_text().split(" of ")[1]) if announced > 25 else len(table(page, "Calls")))


def test_a_bar_of_a_chart_opens_its_days(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/sessions?period=30d")
    before = number(page.locator(".sb-say").first.inner_text())
    bars = page.locator(".sb-chart .sb-bars a")
    expect(bars.first).to_be_visible()
    bars.last.click()
    page.wait_for_url(re.compile("period=custom"))
    wait_until_idle(page)
    asked = query(page)
    assert asked["period"] == "custom"
    assert asked["from"] <= asked["to"]
    assert 0 < number(page.locator(".sb-say").first.inner_text()) < before
    go_back(page)
    assert query(page) == {"period": "30d"}
    expect(page.locator(".sb-say").first).to_contain_text(f"{before} sessions")


@pytest.mark.parametrize(
    ("path", "number_of_chart", "title", "carried"),
    [
        ("/?period=30d", 0, "Sessions", {}),
        ("/?period=30d", 1, "Tools", {"outcome": "failed"}),
        ("/?period=30d", 2, "Sessions", {"sort": "-cost"}),
        ("/?period=30d&project=storefront", 1, "Tools", {"outcome": "failed", "project": "storefront"}),
        ("/tools?period=30d&tool=Bash", 0, "Tools", {"tool": "Bash", "outcome": None}),
        ("/jobs?period=30d&status=failed", 0, "Jobs", {"status": "failed"}),
        ("/sessions?period=30d&has=errors", 0, "Sessions", {"has": "errors", "status": None}),
    ],
)
def test_a_bar_of_a_chart_is_one_step_from_its_page(
    open_demo: OpenPage, path: str, number_of_chart: int, title: str, carried: dict[str, str | None]
) -> None:
    page = open_demo("manager", path, cold=True)  # the history of a kept tab may be full
    left, said = page.url, page.locator(".sb-say").first.inner_text()
    steps = page.evaluate("window.isSameDocument = true; history.length")
    bar = page.locator(".sb-chart").nth(number_of_chart).locator(".sb-bars a").last
    series = (bar.get_attribute("aria-label") or "").split(", ")[1:-1]  # of a part in a colour of its own
    follow(page, bar)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    asked = query(page)
    kept = {name: value or series[0] for name, value in carried.items()}
    assert asked == kept | {"period": "custom", "from": asked["from"], "to": asked["from"]}
    assert page.evaluate("history.length") == steps + 1
    go_back(page)
    assert page.url == left
    expect(page.locator(".sb-say").first).to_have_text(said)
    assert page.evaluate("window.isSameDocument"), "nothing was loaded anew"


def test_leaving_by_the_menu_and_coming_back_keeps_the_filters(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/sessions?period=30d&has=errors")
    rows = table(page, "Sessions")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    wait_until_idle(page)
    go_back(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sessions")
    assert query(page) == {"period": "30d", "has": "errors"}
    assert table(page, "Sessions") == rows


def test_a_search_in_prompts_finds_and_stands_in_the_address(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/sessions?period=all")
    everything = number(page.locator(".sb-say").first.inner_text())
    field = page.get_by_placeholder("Search in prompts")
    field.fill("migration")
    with causing_a_run(page):
        field.press("Enter")
    expect(page.locator(".sb-chip", has_text="migration")).to_be_visible()
    assert query(page)["q"] == "migration"
    assert 0 < number(page.locator(".sb-say").first.inner_text()) < everything


def test_next_error_walks_through_the_errors_of_a_session(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/sessions?has=errors&sort=-errors&period=30d")
    follow(page, page.locator('table[aria-label="Sessions"] tbody tr a').first)
    detail = page.locator(".sb-heading", has_text="failed").first
    expect(detail).to_be_visible()
    seen = {page.url}
    for _ in range(3):
        press(page, "Next error")
        page.wait_for_url(lambda url: url not in seen)
        wait_until_idle(page)
        expect(page.locator(".sb-heading", has_text="failed").first).to_be_visible()
        seen.add(page.url)
    go_back(page)
    assert page.url in seen


def test_signing_out_by_the_button_ends_the_other_tab(open_demo: OpenPage, visits_of_demo: Visits) -> None:
    page = open_demo("manager", "/tools?period=30d", fresh=True)
    other = visits_of_demo.tab_beside(page, "/jobs")
    press_sign_out(page)
    for left in (page, other):
        left.wait_for_url("**/login*", timeout=5_000)
        expect(left.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        assert left.locator("table").count() == 0


def press_sign_out(page: Page) -> None:
    """The button of the sidebar; the page is gone afterwards, so there is no waiting for it."""
    page.get_by_role("button", name="Sign out").click()
