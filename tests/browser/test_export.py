"""What is taken away: CSV and JSON lines equal the database row by row, and nobody takes what is not theirs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg.rows import DictRow

from data.identity.demo_accounts import of_role
from tests.browser.console import Console
from tests.browser.steps import download, number, turn_to

OpenPage = Callable[..., Page]
Rows = psycopg.Connection[DictRow]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV as text by column; it begins with a byte order mark."""
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "spreadsheets need the byte order mark"
    return list(csv.DictReader(text.decode("utf-8-sig").splitlines(keepends=True)))


def as_cell(value: Any) -> Any:
    """A value of the database as it has to come out of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value if isinstance(value, datetime) else str(value)


def as_read(text: str, like: Any) -> Any:
    """The text of a cell, as a time where the database has one."""
    return datetime.fromisoformat(text) if isinstance(like, datetime) else text


CALLS = """
    select c.call_id, c.occurred_at, s.session_id, coalesce(s.project_name, '(no project)') as project,
        c.tool_name as tool, c.outcome, c.duration_ms, c.error_message
    from analytics.tool_calls as c left join chronicle.sessions as s on s.id = c.session_pk
    where c.tool_name = 'Bash' and c.outcome = 'failed' and s.project_name = %s
"""


@pytest.fixture
def project(demo_rows: Rows) -> str:
    """The project whose calls failed most often."""
    found = demo_rows.execute(
        "select s.project_name as name from analytics.tool_calls as c join chronicle.sessions as s"
        " on s.id = c.session_pk where c.tool_name = 'Bash' and c.outcome = 'failed'"
        " group by 1 order by count(*) desc limit 1"
    ).fetchone()
    assert found is not None
    return str(found["name"])


def test_a_csv_of_a_filtered_page_is_the_database_row_by_row(
    open_demo: OpenPage, demo_rows: Rows, tmp_path: Path, project: str
) -> None:
    page = open_demo("manager", f"/tools?period=all&tool=Bash&outcome=failed&project={project}")
    announced = number(page.get_by_role("link", name="CSV").first.inner_text())
    path = download(page, "CSV", tmp_path)
    taken = read_csv(path)
    there = demo_rows.execute(CALLS.encode(), (project,)).fetchall()
    assert len(taken) == len(there) == announced > 25
    expected = {str(row["call_id"]): row for row in there}
    for cells in taken:
        row = expected.pop(cells["call_id"])
        for name, value in row.items():
            assert as_read(cells[name], value) == as_cell(value), name
        assert not cells["occurred_at"] or cells["occurred_at"].endswith(("Z", "+00:00", "+00")), (
            "times are UTC with their offset"
        )
    assert not expected
    assert path.name.startswith("demo-tool_calls_")
    assert "failed" in path.name
    assert project in path.name
    assert path.suffix == ".csv"


def test_json_lines_of_a_filtered_page_are_the_database_row_by_row(
    open_demo: OpenPage, demo_rows: Rows, tmp_path: Path, project: str
) -> None:
    page = open_demo("manager", f"/tools?period=all&tool=Bash&outcome=failed&project={project}")
    path = download(page, "JSON lines", tmp_path)
    taken = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    expected = {str(row["call_id"]): row for row in demo_rows.execute(CALLS.encode(), (project,))}
    assert len(taken) == len(expected)
    for line in taken:
        row = expected.pop(line["call_id"])
        for name, value in row.items():
            found = line[name]
            if isinstance(value, datetime):
                assert datetime.fromisoformat(found) == value
            else:
                assert found == (str(value) if name == "call_id" else value), name
    assert not expected


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/sessions?period=30d&has=errors", "sessions"),
        ("/jobs?period=30d&status=failed", "jobs"),
        ("/tools?period=30d", "tools"),
        ("/approvals?show=decided", "approvals"),
        ("/approvals?show=decided&period=90d&agent=deploy-bot&outcome=approved", "approvals"),
        ("/approvals?agent=deploy-bot", "approvals_queue"),
        ("/?period=30d", "tool_calls"),
    ],
)
def test_every_page_announces_as_many_rows_as_its_csv_holds(
    open_demo: OpenPage, tmp_path: Path, path: str, unit: str
) -> None:
    page = open_demo("admin", path)
    announced = number(page.get_by_role("link", name="CSV").first.inner_text())
    taken = download(page, "CSV", tmp_path)
    assert taken.name.startswith(f"demo-{unit}")
    assert len(read_csv(taken)) == announced > 0


def test_a_member_takes_own_rows_only_whatever_the_link_says(
    open_demo: OpenPage, demo_rows: Rows, console: Console
) -> None:
    own = str(of_role("member").user_id)
    page = open_demo("member", "/sessions")
    taken = page.request.get(f"{console.url}/export/sessions.jsonl")
    keys = {json.loads(line)["session_id"] for line in taken.text().splitlines()}
    mine = demo_rows.execute("select session_id from chronicle.sessions where metadata ->> 'user_id' = %s", (own,))
    assert keys == {row["session_id"] for row in mine}
    foreign = demo_rows.execute(
        "select id, session_id, project_name from chronicle.sessions where metadata ->> 'user_id' is distinct from %s"
        " and id in (select session_id from chronicle.prompt_events) limit 1",
        (own,),
    ).fetchone()
    assert foreign is not None
    stolen = page.request.get(f"{console.url}/export/session_events.jsonl?session={foreign['id']}")
    assert stolen.text() == ""
    turn_to(page, f"/session?session={foreign['id']}")
    main = page.get_by_test_id("stMain").inner_text()
    assert str(foreign["session_id"])[:8] not in main
    assert page.locator(".sb-lanes").count() == 0
    assert "not" in main
    job = demo_rows.execute(
        "select id, agent_identifier from agents.jobs where user_id is distinct from %s::uuid limit 1", (own,)
    ).fetchone()
    assert job is not None
    turn_to(page, f"/jobs?job={job['id']}")
    expect(page.get_by_role("heading", name="Course")).to_have_count(0)


def test_a_hand_made_link_is_answered_with_a_sentence(open_demo: OpenPage, console: Console) -> None:
    page = open_demo("manager", "/jobs")
    for path, status in (
        ("/export/nonsense.csv", 404),
        ("/export/jobs.exe", 404),
        ("/export/jobs.csv?status=exploded", 400),
        ("/export/jobs.csv?start=yesterday", 400),
        ("/export/jobs.csv?role=admin", 400),
        ("/export/session_events.csv?session=%27%20or%201=1", 400),
    ):
        answer = page.request.get(console.url + path)
        assert answer.status == status, path
        assert "Traceback" not in answer.text()
    for path in ("/jobs?job=%3Cscript%3E", "/session?session=1", "/sessions?page=-7&sort=%27;drop&project=%00x&has=x"):
        turn_to(page, path)
        assert page.get_by_test_id("stException").count() == 0
        assert "could not be shown" not in page.get_by_test_id("stMain").inner_text(), path


def test_without_a_cookie_or_with_forged_headers_nothing_is_taken(
    browser: Browser, open_demo: OpenPage, console: Console
) -> None:
    url = console.url
    admin = open_demo("admin", "/approvals")
    waiting = admin.locator('table[aria-label="Questions that wait for a decision"] a').first.inner_text()
    context = browser.new_context(
        extra_http_headers={
            "X-Signalbox-Session": "0" * 64,
            "X-Forwarded-For": "127.0.0.1",
            "X-Signalbox-Role": "admin",
        }
    )
    page = context.new_page()
    for path in ("/export/sessions.csv", "/export/jobs.jsonl", "/approvals", "/_stcore/metrics", "/whoami", "/media/x"):
        answer = page.request.get(url + path, max_redirects=0)
        assert answer.status in (303, 401), path
        assert waiting not in answer.text()
    page.goto(url + "/login")
    refused = page.evaluate(
        """url => new Promise(done => {
            const socket = new WebSocket(url.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
            socket.onopen = () => done('open'); socket.onerror = () => done('refused');
        })""",
        url,
    )
    assert refused == "refused"
    context.close()


def test_the_address_of_the_screen_is_copied(open_demo: OpenPage) -> None:
    page = open_demo("manager", "/jobs?period=30d&status=failed")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="copy link").first.click()
    expect(page.locator(".sb-copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
