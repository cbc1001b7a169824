"""Approvals under filters and periods: each step is one of the history, and deciding goes on inside the filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
from playwright.sync_api import Page, expect
from psycopg.rows import DictRow

from tests.browser.steps import (
    choose,
    download,
    follow,
    go_back,
    go_forward,
    number,
    press,
    table,
    turn_to,
    wait_until_idle,
)
from tests.browser.test_export import read_csv
from tests.browser.test_history import query

OpenPage = Callable[..., Page]
Rows = psycopg.Connection[DictRow]

QUEUE = "Questions that wait for a decision"
OVER = "Questions that are over"


def test_each_step_stands_in_the_address_and_back_and_reload_keep_it(open_demo: OpenPage) -> None:
    page = open_demo("admin", "/approvals", cold=True)
    sentence = page.locator(".sb-say").first
    steps = [(query(page), sentence.inner_text())]
    follow(page, page.locator(".sb-chips a", has_text="Decided"))
    steps.append((query(page), sentence.inner_text()))
    for label, option in (("Period", "Last 90 days"), ("Agent", "deploy-bot"), ("Outcome", "approved")):
        choose(page, label, option)
        wait_until_idle(page)
        steps.append((query(page), sentence.inner_text()))
    everything = {"show": "decided", "period": "90d", "agent": "deploy-bot", "outcome": "approved"}
    assert [given for given, _ in steps] == [dict(list(everything.items())[:length]) for length in range(5)]
    over = table(page, OVER)
    assert {row["Outcome"].split()[-1] for row in over} == {"approved"}

    page.reload()
    expect(page.locator(f'table[aria-label="{OVER}"] tbody tr').first).to_be_visible(timeout=30_000)
    wait_until_idle(page)
    assert query(page) == everything
    assert table(page, OVER) == over

    for given, said in reversed(steps[:-1]):
        go_back(page)
        expect(sentence).to_have_text(said)
        assert query(page) == given
    assert table(page, QUEUE)
    for given, said in steps[1:]:
        go_forward(page)
        expect(sentence).to_have_text(said)
        assert query(page) == given
    assert table(page, OVER) == over


def test_what_a_picker_announces_is_what_it_leaves_in_the_list_and_in_the_file(
    open_demo: OpenPage, demo_rows: Rows, tmp_path: Path
) -> None:
    page = open_demo("admin", "/approvals?show=decided&period=all")
    found = demo_rows.execute(
        """select agent_id as agent, count(*) as questions from engine.human_approvals
           where status in ('approved', 'rejected') and coalesce(metadata ->> 'imported', '') <> 'true'
           group by agent_id order by count(*) desc limit 1"""
    ).fetchone()
    assert found is not None
    choose(page, "Agent", f"{found['agent']} · {found['questions']}")
    expect(page.locator(".sb-chip", has_text=found["agent"])).to_be_visible()
    assert number(page.locator(".sb-say").first.inner_text()) == found["questions"]
    assert number(page.locator(".sb-chip[aria-current]").inner_text()) == found["questions"]
    assert number(page.get_by_role("link", name="CSV").inner_text()) == found["questions"]
    taken = read_csv(download(page, "CSV", tmp_path))
    assert len(taken) == found["questions"]
    assert {row["agent"] for row in taken} == {found["agent"]}
    follow(page, page.locator(".sb-chip", has_text=found["agent"]))
    assert query(page) == {"show": "decided", "period": "all"}


def test_a_bar_opens_its_days_of_the_same_list(open_demo: OpenPage) -> None:
    page = open_demo("admin", "/approvals?show=decided&period=30d")
    before = number(page.locator(".sb-say").first.inner_text())
    bar = page.locator(".sb-chart .sb-bars a").last
    outcome = (bar.get_attribute("aria-label") or "").split(", ")[1]
    follow(page, bar)
    asked = query(page)
    assert asked == {
        "show": "decided",
        "outcome": outcome,
        "period": "custom",
        "from": asked["from"],
        "to": asked["from"],
    }
    assert 0 < number(page.locator(".sb-say").first.inner_text()) < before


def test_deciding_goes_on_inside_the_filter_and_leads_back_to_it(open_demo: OpenPage, demo_rows: Rows) -> None:
    found = demo_rows.execute(
        """select agent_id as agent, count(*) as questions from engine.human_approvals
           where status = 'pending' and coalesce(metadata ->> 'imported', '') <> 'true'
           and (expires_at is null or expires_at > now() + interval '10 minutes')
           group by agent_id having count(*) > 1 order by count(*), agent_id limit 1"""
    ).fetchone()
    assert found is not None, "no agent of the demo waits for two decisions"
    page = open_demo("admin", "/approvals")
    choose(page, "Agent", found["agent"])
    expect(page.locator(".sb-chip", has_text=found["agent"])).to_be_visible()
    waiting = table(page, QUEUE)
    assert {row["Agent"] for row in waiting} == {found["agent"]}
    follow(page, page.locator(f'table[aria-label="{QUEUE}"] tbody a').first)
    press(page, "Approve: ")
    follow(page, page.get_by_role("link", name=re.compile("^Next of .* match these filters")))
    assert query(page)["agent"] == found["agent"]
    turn_to(page, page.url)
    follow(page, page.get_by_role("link", name="all questions"))
    assert query(page) == {"agent": found["agent"]}
    assert len(table(page, QUEUE)) == len(waiting) - 1
