"""The page of agents: what it says first, what its figures rest on and lead to, one agent in depth."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import database, exports
from data.access import Actor
from tests import recorded
from tests.page_runs import PageRun, open_page, queries_during
from tests.performed import engine_event, run, window
from ui import cached
from ui.asking import links

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "reports/agents.py"
MOST_QUERIES = 8
HOSTILE = "<script>alert(1)</script> & 🚦 'agent'"


def fill(owner: Owner, agent: str = "IntakeAgent") -> None:
    """Two periods of an agent; in the newer one it escalates twice as often."""
    for day in range(1, 11):
        window(owner, NOW - timedelta(days=day), agent, actions_total=100, actions_automated=91, human_escalations=12)
        window(
            owner, NOW - timedelta(days=30 + day), agent, actions_total=100, actions_automated=90, human_escalations=6
        )


def test_it_says_why_there_is_nothing(people: People) -> None:
    assert "No agent is recorded yet" in open_page(people["manager"], PAGE).text
    assert "No agent of yours is recorded" in open_page(people["member"], PAGE).text


def test_it_opens_on_thirty_days_and_says_who_escalates_more(owner: Owner, people: People) -> None:
    fill(owner)
    fill(owner, "calm")
    owner.execute("update engine.agent_metrics set human_escalations = 1 where agent_id = 'calm'")
    page = open_page(people["manager"], PAGE)
    assert "2 agents, automation rate 91.0 % of 2,000 actions in the last 30 days" in page.text
    assert "was 90.0 % of 2,000 in the 30 days before" in page.text
    assert "escalates twice as often as in the 30 days before: 12.0 per 100 actions of 1,000" in page.text
    assert "/agents?period=30d&agent=IntakeAgent" in page.links
    assert "calm escalates" not in page.text
    windows = "/agents?period=30d&agent=IntakeAgent&sort="
    assert {f"{windows}{name}" for name in ("-escalations", "automated", "-actions")} <= set(page.links)


def test_no_change_is_told_of_few_cases(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), actions_total=3, actions_automated=0, human_escalations=3)
    window(owner, NOW - timedelta(days=31), actions_total=3, actions_automated=3, human_escalations=0)
    text = open_page(people["manager"], PAGE).text
    assert "automation rate 0 % of 3 actions in the last 30 days." in text
    assert "escalates" not in text
    assert " pt" not in text


def test_what_cannot_be_weighted_is_said_and_left_out(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1))
    for days in (2, 3):
        window(
            owner,
            NOW - timedelta(days=days),
            actions_total=None,
            actions_automated=None,
            automation_rate=0.1,
            avg_confidence=0.2,
        )
    window(owner, None)
    text = open_page(people["manager"], PAGE).text
    assert "1 agent, automation rate 90.0 % of 10 actions" in text
    assert "2 windows say how much ran without a person, but not out of how many actions" in text
    assert "2 windows have a confidence but not over how many decisions" in text
    assert "1 window (10 actions, 1 escalation) without a recorded time is in no period." in text
    whole = open_page(people["manager"], PAGE, period="all").text
    assert "All time includes 1 window (10 actions, 1 escalation) without a recorded time." in whole
    assert "A window of figures counts whole in the period in which it ended." in text
    untimed = open_page(people["manager"], PAGE, period="untimed").text
    assert "90.0 % of 10 actions among windows without a time" in untimed
    assert "cannot be drawn over it" in untimed


def test_agents_that_have_jobs_alone_are_there_and_unknown_is_no_figure(owner: Owner, people: People) -> None:
    recorded.job(owner, NOW - timedelta(days=1), agent="writer", status="failed", completed=NOW - timedelta(days=1))
    page = open_page(people["manager"], PAGE)
    assert "no automation rate can be told" in page.text
    assert "none recorded" in page.text
    assert "/jobs?period=30d&agent=writer&status=failed" in page.links
    assert "Tool success: not recorded." in page.text
    assert [bar["series"] for bar in page.charts[0]] == ["failed"]


def test_what_was_compared_with_nothing_does_not_look_fine(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "writer", actions_total=40, actions_automated=30, human_escalations=1)
    for _ in range(30):
        recorded.job(owner, NOW - timedelta(days=1), agent="writer", status="failed", completed=NOW - timedelta(days=1))
    assert "sb-mark sb-unknown" in said(open_page(people["manager"], PAGE))
    window(owner, NOW - timedelta(days=31), "writer", actions_total=40, actions_automated=30, human_escalations=1)
    assert "sb-mark sb-well" in said(open_page(people["manager"], PAGE))


def test_actions_that_no_window_tells_are_unknown(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "silent", actions_total=None, actions_automated=None)
    window(owner, NOW - timedelta(days=1), "idle", actions_total=0, actions_automated=0)
    page = open_page(people["manager"], PAGE)
    assert cells(page, "silent")[2:4] == ["no counts", "no counts"]
    assert cells(page, "idle")[3] == "0"
    given = exports.parse("agents", {"agent": ["silent"]})
    header, row = b"".join(exports.stream(people["manager"], "agents", given, "csv")).decode("utf-8-sig").splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["actions"] == ""


def said(page: PageRun) -> str:
    """The first sentences with their mark."""
    return next(piece for piece in page.pieces if "sb-say" in piece)


def cells(page: PageRun, agent: str) -> list[str]:
    """The row of an agent as it reads."""
    table = next(piece for piece in page.pieces if "Agents by what hurts" in piece)
    row = next(found for found in table.split("<tr") if f">{agent}<" in found)
    return [html.unescape(re.sub("<[^>]*>", " ", cell)).strip() for cell in re.findall("<td.*?</td>", row, re.DOTALL)]


def test_jobs_without_a_state_are_no_jobs_done(owner: Owner, people: People) -> None:
    # As in a table that another system made and that was moved here.
    owner.execute("alter table agents.jobs alter column status drop not null")
    for agent in ("silent", "silent", "half"):
        job = recorded.job(owner, NOW - timedelta(days=1), agent=agent, status="pending")
        owner.execute("update agents.jobs set status = null where id = %s", (job,))
    recorded.job(owner, NOW - timedelta(days=1), agent="half", completed=NOW - timedelta(days=1))
    page = open_page(people["manager"], PAGE)
    assert cells(page, "silent")[5:7] == ["none recorded", "none recorded"]
    assert cells(page, "half")[5:7] == ["1", "0"]
    assert "of 3 jobs it is not known" in page.text
    assert "sb-well" not in said(page)


def test_a_stored_rate_that_the_counts_beside_it_do_not_give_is_told(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), automation_rate=0.4)
    window(owner, NOW - timedelta(days=2), actions_total=3, actions_automated=2, automation_rate=0.67)
    page = open_page(people["manager"], PAGE, agent="IntakeAgent", sort="automated")
    assert "automation rate 84.6 % of 13 actions" in page.text
    assert "1 window stores an automation rate that the counts beside it do not give; the counts are taken" in page.text
    (windows,) = (piece for piece in page.pieces if "Windows of the agent" in piece)
    assert re.findall(r">([0-9.]+)\u00a0%", windows) == ["66.7", "90.0"]
    assert windows.count("stored 40.0") == windows.count("  stored ") == 1
    run(owner, NOW - timedelta(days=1), automation_rate=0.1)
    assert "stored 10.0" in open_page(people["manager"], "reports/sops.py", list="runs").text


def test_the_chart_draws_actions_by_whether_a_person_was_needed(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), actions_total=100, actions_automated=91)
    bars = open_page(people["manager"], PAGE).charts[0]
    assert {bar["series"]: bar["number"] for bar in bars} == {"without a person": 91, "with a person": 9}
    assert [bar["address"] for bar in bars] == ["", ""], "single actions are on no list"


def test_tools_are_told_where_events_name_the_agent(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "claude-code")
    session = recorded.session(owner, NOW - timedelta(days=1))
    for number in range(4):
        recorded.call(owner, session, NOW - timedelta(hours=2), success=number > 0)
    page = open_page(people["manager"], PAGE)
    assert "75.0 %" in page.text
    assert "Tool success: 75.0 % of 4 calls" in open_page(people["manager"], PAGE, agent="claude-code").text


def call_tools(owner: Owner, succeeded: int, failed: int, days: int) -> None:
    """Calls of claude-code that ended in one way or the other, some days ago."""
    session = recorded.session(owner, NOW - timedelta(days=days))
    for number in range(succeeded + failed):
        recorded.call(owner, session, NOW - timedelta(days=days), success=number < succeeded)


def test_tool_success_is_compared_with_the_period_before(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "claude-code")
    call_tools(owner, 9, 3, days=1)
    call_tools(owner, 18, 2, days=31)
    text = open_page(people["manager"], PAGE).text
    assert "75.0 % −15.0 pt was 90.0 % of 20" in text
    assert "12 was 20" in text
    one = open_page(people["manager"], PAGE, agent="claude-code").text
    assert "Tool success: 75.0 % of 12 calls with a known outcome, was 90.0 % of 20 in the 30 days before." in one
    assert "was" not in one_note(open_page(people["manager"], PAGE, agent="claude-code", period="all").text)


def test_failed_calls_lead_to_exactly_these(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "claude-code")
    call_tools(owner, 9, 3, days=1)
    address = "/agents?period=30d&agent=claude-code&list=failed"
    assert address in open_page(people["manager"], PAGE).links
    assert address in open_page(people["manager"], PAGE, agent="claude-code").links
    page = open_page(people["manager"], PAGE, agent="claude-code", list="failed")
    (calls,) = (piece for piece in page.pieces if 'aria-label="Calls"' in piece)
    assert calls.count("/session?") == 3
    assert "CSV, 3 rows" in page.text
    assert any("/export/agent_failed_calls.csv?" in link and "agent=claude-code" in link for link in page.links)
    assert not any("Windows of the agent" in piece for piece in page.pieces)
    cached.forget()
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold


def one_note(text: str) -> str:
    """What a page says of tool success."""
    [note] = [line for line in text.splitlines() if line.startswith("Tool success: ")]
    return note


def test_tools_of_the_period_before_alone_are_no_success_of_this_one(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "claude-code")
    call_tools(owner, 18, 2, days=31)
    one = open_page(people["manager"], PAGE, agent="claude-code").text
    assert one_note(one) == "Tool success: unknown. No call, was 90.0 % of 20 in the 30 days before."
    assert "– was 90.0 % of 20" in open_page(people["manager"], PAGE).text


def test_every_figure_of_the_list_says_what_it_was_and_of_how_many(owner: Owner, people: People) -> None:
    counted: dict[str, Any] = {"avg_confidence": 0.9, "confidence_count": 30, "total_cost": 2}
    window(owner, NOW - timedelta(days=1), actions_total=2000, actions_automated=1900, **counted)
    earlier: dict[str, Any] = {"avg_confidence": 0.75, "confidence_count": 40, "total_cost": 3, "human_escalations": 7}
    window(owner, NOW - timedelta(days=31), actions_total=1000, actions_automated=921, **earlier)
    for number in range(9):
        status, days = "failed" if number < 2 else "completed", 31 if number < 6 else 1
        ended = NOW - timedelta(days=days)
        recorded.job(owner, ended, agent="IntakeAgent", status=status, completed=ended)
    text = open_page(people["manager"], PAGE).text
    for words in (
        "1 was 7",
        "95.0 % +2.9 pt was 92.1 % of 1,000",
        "2,000 was 1,000",
        "0.90 was 0.75 of 40",
        "3 was 4",
        "0 was 2 of 6",
        "$2.00 was $3.00 in 1 window",
        "+0.15 on the 30 days before, n = 40",
        "0 of 3; 3 done, was 4",
    ):
        assert words in text, words
    alone = open_page(people["manager"], PAGE, period="all").text
    assert "94.0 % 3,000 0.81 7 2 $5.00" in alone


def test_a_rate_of_few_cases_is_not_compared(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), avg_confidence=0.9, confidence_count=30)
    window(owner, NOW - timedelta(days=31), actions_total=9, avg_confidence=0.5, confidence_count=9)
    call_tools(owner, 5, 4, days=31)
    text = open_page(people["manager"], PAGE).text
    assert "10 was 9" in text
    assert " of 9" not in text


def test_a_cost_against_the_period_before_says_of_how_many_windows(owner: Owner, people: People) -> None:
    for number in range(12):
        for days, cost in ((1, 3), (31, 2)):
            window(owner, NOW - timedelta(days=days, hours=number), total_cost=cost)
    text = open_page(people["manager"], PAGE).text
    assert "It cost $36.00 (12 windows priced; +50 % on the 30 days before, was $24.00 in 12 windows)." in text


def test_one_agent_shows_all_that_is_tied_to_it(owner: Owner, people: People) -> None:
    fill(owner)
    yesterday = NOW - timedelta(days=1)
    recorded.job(owner, yesterday, agent="IntakeAgent", status="failed", completed=yesterday, error="no answer at all")
    execution = run(owner, yesterday, "refund", status="failed", error_message="timed out")
    for status in ("approved", "rejected"):
        recorded.question(owner, yesterday, f"Question {status}", agent="IntakeAgent", status=status)
    recorded.question(owner, yesterday, "Question late", agent="IntakeAgent", expires=yesterday + timedelta(hours=1))
    engine_event(owner, yesterday, "LEAD_SCORED")
    page = open_page(people["admin"], PAGE, agent="IntakeAgent")
    for piece in ("no answer at all", "timed out", "3 asked: 1 approved, 1 rejected and 1 expired", "LEAD_SCORED"):
        assert piece in page.text
    assert "sb-state sb-attention" in "".join(page.pieces), "a rejection has the sign of Approvals and is no failure"
    assert "/jobs?period=30d&agent=IntakeAgent&status=failed" in page.links
    assert "/sops?period=30d&agent=IntakeAgent&status=failed" in page.links
    assert f"/sop_execution?period=30d&agent=IntakeAgent&execution={execution}" in page.links
    assert any(link.startswith("/events?correlation=") for link in page.links)
    assert any(link.startswith("/approvals?approval=") for link in page.links)
    assert "CSV, 10 rows" in page.text
    assert any("/export/agent_windows.csv?" in link and "agent=IntakeAgent" in link for link in page.links)
    assert len(page.charts) >= 2
    manager = open_page(people["manager"], PAGE, agent="IntakeAgent")
    assert not any(link.startswith("/approvals") for link in manager.links)


def test_an_agent_that_is_not_there_is_said_with_a_way_out(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["manager"], PAGE, agent="nobody")
    assert "Nothing of nobody is on record in the last 30 days" in page.text
    assert "/agents?agent=nobody&period=all" in page.links


def test_a_source_narrows_the_page_and_its_export(owner: Owner, people: People) -> None:
    fill(owner)
    window(owner, NOW - timedelta(days=1), "logged", source="logs")
    page = open_page(people["manager"], PAGE, source="logs")
    assert "1 agent, automation rate 90.0 % of 10 actions" in page.text
    assert "Windows from logs alone" in page.text
    assert any("/export/agents.csv?" in link and "source=logs" in link for link in page.links)
    window(owner, NOW - timedelta(days=2), "logged")
    window(owner, NOW - timedelta(days=3), "logged")
    for asked in ({}, {"source": "logs"}):
        one = open_page(people["manager"], PAGE, agent="logged", **asked)
        assert one.app.selectbox("f_source").options == ["All sources", "engine · 2", "logs · 1"]
        assert one.rows[-1] == (1 if asked else 3)


def test_figures_of_agents_without_a_name_lead_to_no_others(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "")
    recorded.job(owner, NOW - timedelta(days=1), agent="", status="failed", completed=NOW - timedelta(days=1))
    page = open_page(people["manager"], PAGE)
    (table,) = (piece for piece in page.pieces if "Agents by what hurts" in piece)
    assert "(no name)" in table
    assert "<a" not in table.partition("<tbody")[2]


def test_hostile_names_are_text(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), HOSTILE)
    for parameters in ({}, {"agent": HOSTILE}):
        page = open_page(people["manager"], PAGE, **parameters)
        assert "<script>" not in "".join(page.pieces)
        assert "🚦" in page.text


@pytest.mark.parametrize("role", ["admin", "manager", "member"])
@pytest.mark.parametrize("parameters", [{}, {"agent": "IntakeAgent"}, {"period": "all", "sort": "automated"}])
def test_it_needs_few_queries(owner: Owner, people: People, role: str, parameters: dict[str, str]) -> None:
    fill(owner)
    owner.execute("update engine.agent_metrics set user_id = %s", (people["member"].user_id,))
    recorded.job(owner, NOW - timedelta(hours=3), agent="IntakeAgent", completed=NOW - timedelta(hours=2))
    page = open_page(people[role], PAGE, **parameters)
    owner.execute("update engine.agent_metrics set total_cost = 1")  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
    assert cold["agents.list_agents"] == 1


def test_members_see_their_own_agents_alone(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "mine", user_id=people["member"].user_id)
    window(owner, NOW - timedelta(days=1), "theirs", user_id=people["other"].user_id)
    assert "theirs" in open_page(people["manager"], PAGE).text
    text = open_page(people["member"], PAGE).text
    assert "mine" in text
    assert "theirs" not in text


def test_windows_that_a_member_may_not_see_are_unknown_and_never_well(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1), "desk", user_id=people["other"].user_id)
    recorded.job(owner, NOW - timedelta(days=1), agent="desk", completed=NOW, user_id=people["member"].user_id)
    page = open_page(people["member"], PAGE)
    assert "Members see windows that carry their name; managers see all." in page.text
    assert "sb-unknown" in next(piece for piece in page.pieces if "sb-say" in piece)
    assert page.text.count("none yours to see") == 8, "three cards and the five cells"


def priced(owner: Owner, basis: str | None, cost: float, agent: str = "claude-code", days: int = 1) -> None:
    metadata = Jsonb({"cost_basis": basis} if basis else {})
    window(owner, NOW - timedelta(days=days), agent, total_cost=cost, metadata=metadata, source=f"{basis}")


def test_an_estimated_cost_is_called_one_and_why_that_of_sessions_may_differ(owner: Owner, people: People) -> None:
    priced(owner, "estimate", 20.16)
    priced(owner, "partial estimate", 3.5, "helper")
    page = open_page(people["manager"], PAGE)
    assert "They cost $23.66, estimated at list prices (2 windows priced)." in page.text
    assert (
        "Estimates price each reply at list prices on the day it was given; in 1 window some replies are of models"
        in (page.text)
    )
    assert "so the cost of sessions may differ." in page.text
    assert "/?period=30d" in page.links
    assert "≈ $20.16" in page.text
    assert 'title="1 of 1 window priced, 1 estimated at list prices"' in "".join(page.pieces)
    one = open_page(people["manager"], PAGE, agent="claude-code")
    assert "It cost $20.16, estimated at list prices (1 window priced)." in one.text
    assert one.text.count("≈ $20.16") == 1
    assert 'title="estimated at list prices">' in "".join(one.pieces)


def test_a_cost_that_windows_report_is_no_estimate(owner: Owner, people: People) -> None:
    priced(owner, None, 2)
    page = open_page(people["manager"], PAGE)
    assert "It cost $2.00 (1 window priced)." in page.text
    assert "Costs are those that windows report;" in page.text
    assert "≈" not in page.text
    priced(owner, "estimate", 1)
    assert "It cost $3.00, in part estimated at list prices (2 windows priced)." in page.run().text
    assert "≈ $3.00" in page.text


def test_no_cost_needs_no_remark_on_costs(owner: Owner, people: People) -> None:
    window(owner, NOW - timedelta(days=1))
    page = open_page(people["manager"], PAGE)
    assert "may differ" not in page.text


def test_the_table_of_tool_success_is_taken_away_as_it_is_shown(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for agent in ("claude-code", "never & seen"):
        window(owner, NOW - timedelta(days=1), agent)
    call_tools(owner, 9, 3, days=1)
    call_tools(owner, 18, 2, days=31)
    page = open_page(people["manager"], PAGE)
    [address] = [link for link in page.links if link.startswith("/export/agent_tools.csv?")]
    asked = exports.parse("agent_tools", parse_qs(address.partition("?")[2]))
    assert asked["agents"] == ["claude-code"], "those of the table"
    with database.reading(people["manager"]) as unit:
        [row] = unit.rows(exports.report("agent_tools").query, **asked)
    assert row == {"agent": "claude-code", "calls": 12, "succeeded": 9, "failed": 3, "previous_calls": 20,
                   "previous_succeeded": 18, "previous_failed": 2}  # fmt: skip
    assert "CSV, 1 row" in page.text
    monkeypatch.setattr(exports, "MAX_VALUES", 0)
    assert "/export/agent_tools" not in " ".join(open_page(people["manager"], PAGE).links), "so many it does not take"


def test_several_values_of_a_filter_stand_in_the_address_one_by_one() -> None:
    assert (
        links.href("export/agent_tools.csv", agents=("a & b", "c")) == "/export/agent_tools.csv?agents=a+%26+b&agents=c"
    )
    assert links.href("agents", agents=()) == "/agents"
