"""The first minutes of a stranger: an empty console, the demo by one click, the own history by another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Dialog, expect

from data import embedded
from tests.browser.console import ROOT, Console, running
from tests.browser.steps import DEMO_STRIP, choose, fits_its_width, follow, press, show, table, turn_to, wait_until_idle
from tests.browser.visits import NARROW_PX, Visits

# What agents write is anything: markup, Markdown, formulas of TeX, signs that turn the direction of writing.
PROMPT = "<img src=x onerror=alert(1)> **not bold** $x^2$ :red[no] 🚦 <script>alert('prompt')</script>"
PROJECT = "<img src=y onerror=i()> 🚂"
COMMAND = "echo '</code><script>alert(2)</script>' && rm -rf `pwd`"
ERROR_LINE = "<b onclick=alert(3)>failed</b> [link](javascript:alert(4)) 💥"
ERROR = f"Exit code 1\n{ERROR_LINE}"


@dataclass
class Stranger:
    """A console nobody has used, beside the history of an agent, and somebody who opens pages of it."""

    console: Console
    history: Path
    visits: Visits

    def value(self, statement: str) -> Any:
        """One value of the real database."""
        with embedded.lease(self.console.home) as lease, psycopg.connect(lease.url(), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return row[0] if row else None


@pytest.fixture(scope="module")
def stranger(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stranger]:
    folder = tmp_path_factory.mktemp("stranger")
    history = write_history(folder / "claude")
    with running(folder / "home", {"CLAUDE_CONFIG_DIR": str(folder / "claude")}) as console:
        visits = Visits(browser, console)
        yield Stranger(console, history, visits)
        visits.end()


@pytest.fixture(autouse=True)
def _no_mistakes(stranger: Stranger) -> Iterator[None]:
    yield
    assert not stranger.visits.close()


def write_history(folder: Path) -> Path:
    """A transcript as Claude Code keeps it, with contents that mean harm. Returns the folder of transcripts."""
    shared = {"sessionId": "7d6b1b0a-3a55-4c55-9d3e-0d8b6a1f0c11", "cwd": f"/srv/{PROJECT}", "version": "2.0.14",
              "gitBranch": "main", "isSidechain": False, "userType": "external"}  # fmt: skip
    used = {"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"command": COMMAND}}
    said = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "content": [used], "usage": {"input_tokens": 1000, "output_tokens": 100}}  # fmt: skip
    result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": ERROR, "is_error": True}
    lines: list[dict[str, Any]] = [
        {"type": "user", "uuid": "u1", "parentUuid": None, "timestamp": "2026-11-18T09:00:00.000Z",
         "message": {"role": "user", "content": PROMPT}},
        {"type": "assistant", "uuid": "a1", "parentUuid": "u1", "timestamp": "2026-11-18T09:00:05.000Z",
         "message": said},
        {"type": "user", "uuid": "u2", "parentUuid": "a1", "timestamp": "2026-11-18T09:00:07.000Z",
         "message": {"role": "user", "content": [result]}, "toolUseResult": f"Error: {ERROR}"},
    ]  # fmt: skip
    place = folder / "projects" / "-srv-project"
    place.mkdir(parents=True)
    text = "".join(json.dumps(shared | line) + "\n" for line in lines)
    (place / f"{shared['sessionId']}.jsonl").write_text(text, encoding="utf-8")
    return folder / "projects"


def test_an_empty_console_says_so_and_offers_both_ways_on(stranger: Stranger) -> None:
    page = stranger.visits.open("admin")
    expect(page.locator(".sb-say")).to_contain_text(
        "No session of an agent is recorded here yet. There are two ways on"
    )
    expect(page.get_by_role("button", name="Make the demo and open it")).to_be_visible()
    expect(page.get_by_role("button", name="Import this folder")).to_be_visible()
    expect(page.get_by_text(str(stranger.history), exact=True)).to_be_visible()
    assert PROMPT not in page.content()
    assert page.get_by_role("combobox", name="Shown data").count() == 0, "there is nothing to switch to"
    assert stranger.value("select count(*) from signalbox.import_files") == 0, "nothing is read unasked"


@pytest.mark.parametrize("role", ["manager", "member"])
def test_who_may_not_make_or_import_anything_is_told_who_may(stranger: Stranger, role: str) -> None:
    page = stranger.visits.open(role)
    assert page.get_by_test_id("stMain").get_by_role("button", name="demo").count() == 0
    assert page.get_by_test_id("stMain").get_by_role("button", name="Import").count() == 0
    told = "An admin can make it" if role == "manager" else "You see your own rows only"
    expect(page.get_by_text(told)).to_be_visible()


def test_the_demo_is_made_by_one_click_labelled_everywhere_and_gone_when_removed(stranger: Stranger) -> None:
    page = stranger.visits.open("admin", fresh=True)
    page.get_by_role("button", name="Make the demo and open it").click()
    expect(page.locator(DEMO_STRIP)).to_contain_text("DEMO", timeout=60_000)
    wait_until_idle(page)
    expect(page.locator(".sb-card").first).to_be_visible()
    for path in ("/sessions", "/tools", "/jobs", "/approvals"):
        turn_to(page, path)
        expect(page.locator(DEMO_STRIP)).to_contain_text("Made-up data")
        expect(page.locator("table.sb-table tbody tr").first).to_be_visible()
    assert stranger.value("select count(*) from chronicle.sessions") == 0, "nothing made up is in the real database"

    show(page, "real")
    turn_to(page, "/")
    expect(page.get_by_role("button", name="Open the demo")).to_be_visible()
    press(page, "Open the demo")
    expect(page.locator(DEMO_STRIP)).to_be_visible()

    removed = subprocess.run(
        [sys.executable, "-m", "data", "demo", "remove"],
        cwd=ROOT, env=os.environ | {"SIGNALBOX_HOME": str(stranger.console.home)}, capture_output=True, check=False,
    )  # fmt: skip
    assert removed.returncode == 0, removed.stderr.decode()
    expect(page.locator(DEMO_STRIP)).to_have_count(0, timeout=30_000)
    expect(page.get_by_role("button", name="Make the demo and open it")).to_be_visible(timeout=15_000)


def test_the_own_history_is_imported_by_a_click_and_stays_text_whatever_it_says(stranger: Stranger) -> None:
    page = stranger.visits.open("admin", fresh=True)
    alerts: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    press(page, "Import this folder")
    expect(page.locator(".sb-card").first).to_be_visible(timeout=30_000)
    wait_until_idle(page)
    assert stranger.value("select count(*) from chronicle.sessions") == 1
    assert stranger.value("select actor_email from signalbox.audit_log where action = 'import_logs'") == (
        "admin@demo.invalid"
    )
    shown = page.get_by_test_id("stMain").inner_text()
    assert ERROR_LINE in shown, "the failed call is among what is fresh"

    turn_to(page, "/sessions")
    (row,) = table(page, "Sessions")
    assert row["Session"] == PROMPT
    assert row["Project"] == PROJECT
    choose(page, "Project", row["Project"][:6])
    follow(page, page.locator('table[aria-label="Sessions"] tbody tr a').first)
    assert COMMAND in page.get_by_test_id("stMain").inner_text()
    expect(page.locator(".sb-quote")).to_have_text(f"“{PROMPT}”")
    turn_to(page, "/tools?tool=Bash")
    (call,) = table(page, "Calls")
    assert call["What went in"] == COMMAND
    assert call["Error"] == f"Exit code 1: {ERROR_LINE}"
    turn_to(page, "/tools")
    (kind,) = table(page, "Kinds of failures")
    assert kind["Newest case"] == ERROR_LINE
    page.set_viewport_size({"width": NARROW_PX, "height": 900})
    for path in ("/", "/sessions", "/tools", "/tools?tool=Bash"):
        turn_to(page, path)
        assert fits_its_width(page), path
    assert not alerts
    made = page.evaluate(
        """document.querySelectorAll(
            'img[src="x"], img[src="y"], b[onclick], a[href^="javascript"], [data-testid="stMain"] script'
        ).length"""
    )
    assert made == 0
