"""Coloured parts of charts lead to exactly what they count: the day, the other filters, and the part's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from tests import performed, recorded
from tests.page_runs import open_page

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
AT = NOW - timedelta(days=2)
BEFORE = NOW - timedelta(days=4)


def sessions(owner: Owner) -> None:
    for status, number in (("completed", 3), ("error", 2)):
        for _ in range(number):
            for project in ("shop", "other"):
                recorded.session(owner, AT, status=status, project=project)


def calls(owner: Owner) -> None:
    session_pk = recorded.session(owner, AT)
    for tool in ("Bash", "Read"):
        for error in (None, "Exit code 1", "Exit code 2", recorded.REFUSAL):
            recorded.call(owner, session_pk, AT, tool, success=error is None, error=error)
            recorded.call(owner, session_pk, BEFORE, tool, success=error is None, error=error)


def jobs(owner: Owner) -> None:
    for agent in ("writer", "reader"):
        for status in ("completed", "completed", "failed", "cancelled"):
            recorded.job(owner, AT, agent=agent, status=status, started=AT, completed=AT)


def questions(owner: Owner) -> None:
    for agent in ("billing", "other"):
        for status in ("approved", "approved", "rejected"):
            recorded.question(owner, AT, "Refund", status=status, agent=agent)


def runs(owner: Owner) -> None:
    for agent in ("IntakeAgent", "other"):
        for status in ("completed", "completed", "failed"):
            performed.run(owner, AT, status=status, agent_id=agent)


def events(owner: Owner) -> None:
    for emitter in ("IntakeAgent", "other"):
        for number in range(9):
            for _ in range(number + 1):
                performed.engine_event(owner, AT, f"KIND_{number}", emitted_by=emitter)


@pytest.mark.parametrize(
    ("fill", "page", "report", "asked", "own", "elsewhere"),
    [
        (sessions, "reports/sessions.py", "sessions", {"project": "shop"}, "status", set()),
        (calls, "reports/tools.py", "tool_calls", {"tool": "Bash"}, "outcome", set()),
        (jobs, "reports/jobs.py", "jobs", {"agent": "writer"}, "status", set()),
        (jobs, "reports/jobs.py", "jobs", {"agent": "writer", "status": "ended"}, "status", set()),
        (questions, "admin/approvals.py", "approvals", {"agent": "billing", "show": "decided"}, "outcome", set()),
        (runs, "reports/sops.py", "sop_executions", {"agent": "IntakeAgent"}, "status", set()),
        (events, "reports/events.py", "events", {"emitter": "IntakeAgent"}, "type", {"other"}),
    ],
)
def test_every_part_of_a_chart_leads_to_exactly_what_it_counts(
    owner: Owner,
    people: People,
    fill: Any,
    page: str,
    report: str,
    asked: dict[str, str],
    own: str,
    elsewhere: set[str],
) -> None:
    fill(owner)
    actor = people["admin"]
    bars = [bar for bar in open_page(actor, page, **asked).charts[0] if bar["when"].startswith(f"{AT:%a %-d %b %Y}")]
    assert len(bars) > 1
    assert {bar["series"] for bar in bars if not bar["address"]} == elsewhere, "no address shows several kinds"
    for bar in [bar for bar in bars if bar["address"]][:2]:
        given = dict(parse_qsl(bar["address"].partition("?")[2]))
        assert given.items() >= ({**asked, own: bar["series"]} | {"from": f"{AT.date()}", "to": f"{AT.date()}"}).items()
        [link] = [way for way in open_page(actor, page, **given).pieces if f"/export/{report}.csv" in way]
        [rows] = re.findall(rf"/export/{report}\.csv\?[^>]*>CSV, (\d+) ", link)
        assert int(rows) == bar["number"], bar["told"]


def test_jobs_of_an_agent_without_windows_lead_to_their_state(owner: Owner, people: People) -> None:
    jobs(owner)
    bars = open_page(people["manager"], "reports/agents.py", agent="writer").charts[0]
    days = f"period=custom&from={AT.date()}&to={AT.date()}"
    assert {bar["series"]: bar["address"] for bar in bars} == {
        status: f"/jobs?agent=writer&status={status}&{days}" for status in ("completed", "failed")
    }


def test_a_bar_of_an_hour_leads_to_what_happened_in_that_hour(owner: Owner, people: People) -> None:
    at = NOW - timedelta(hours=5)
    for earlier, number in ((0, 3), (1, 2)):
        for _ in range(number):
            ended = at - timedelta(hours=earlier)
            recorded.job(owner, ended, agent="writer", status="failed", started=ended, completed=ended)
    bars = open_page(people["admin"], "reports/jobs.py", period="24h").charts[0]
    assert sorted(bar["number"] for bar in bars) == [2, 3]
    for bar in bars:
        given = dict(parse_qsl(bar["address"].partition("?")[2]))
        page = open_page(people["admin"], "reports/jobs.py", **given)
        assert f"CSV, {bar['number']:.0f} rows" in page.text
        assert page.app.selectbox(key="f_period").value == "hours"
