"""What is no number, without end or below nothing is no cost and no time: it is unknown, and in no sum."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import approvals, rollups
from data.access import Actor
from data.jobs import reading as jobs
from data.reports import agents, lift_sessions, sops, tools
from data.reports.people import read_people as people_of
from tests import recorded
from tests.page_runs import file_rows, open_page
from tests.performed import insert, run, window
from tests.test_approvals import ask

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
AT = NOW - timedelta(days=1)
NO_COSTS = ("NaN", "Infinity", "1e400")  # what the tables of the engine hold; other tables below hold worse
NO_RECORDED_COSTS: tuple[Any, ...] = ("NaN", "dear", -5, 10**400, True, {}, "7.50")


def fill(owner: Owner, me: Actor) -> None:
    """Beside one cost that is one, of each kind that bears costs, those that are none."""
    lift = insert(owner, "lift", "sessions", {"user_id": me.user_id, "prompt": "do it", "created_at": AT})
    for number, cost in enumerate((2, -5, 10**400, "NaN", None), 1):
        metrics = Jsonb({"model": "m", "cost_usd": cost, "input_tokens": cost, "output_tokens": 7})
        insert(owner, "lift", "session_drafts", {"session_id": lift, "user_id": me.user_id, "draft_number": number,
                                                 "code": "x", "llm_metrics": metrics, "created_at": AT})  # fmt: skip
    costs: tuple[Any, ...] = (3, *NO_COSTS)
    for number, cost in enumerate(costs):
        window(owner, AT - timedelta(minutes=number), "dear", total_cost=cost)
        hours = 2 if cost == 3 else float(cost)
        run(owner, AT, "dear", started_at=None, estimated_cost=cost, cycle_time_hours=hours)
    for recorded_cost in (4, *NO_RECORDED_COSTS, None):
        recorded.session(owner, AT, user_id=me.user_id, cost={"total_cost_usd": recorded_cost})


def sums_of(owner: Owner, manager: Actor) -> dict[str, Any]:
    """What it cost, in how many and of how many, as the readers of the pages sum it up."""
    (agent,) = agents.read_agents(manager)
    sop = sops.read_procedures(manager).total
    (person,) = people_of(manager)
    (status,) = lift_sessions.count_statuses(manager)
    return {
        "agent": (agent.cost_usd, agent.priced_windows, agent.windows),
        "procedure": (sop.cost_usd, sop.priced, sop.executions),
        "took": (sop.average_ms, sop.timed, sop.completed),
        "sessions": (person.session_cost_usd, person.priced_sessions, person.unpriced_sessions),
        "drafts": (status.cost_usd, status.priced_drafts, status.drafts),
        "lift of the person": (person.lift_cost_usd, person.priced_lift_sessions, person.unpriced_lift_sessions),
    }


def test_what_cannot_be_a_cost_is_in_no_sum_and_counted_as_not_priced(owner: Owner, people: People) -> None:
    fill(owner, people["member"])
    expected = {
        "agent": (3, 1, 1 + len(NO_COSTS)),
        "procedure": (3, 1, 1 + len(NO_COSTS)),
        "took": (7_200_000, 1, 1 + len(NO_COSTS)),
        "sessions": (4, 1, len(NO_RECORDED_COSTS)),
        "drafts": (2, 1, 5),
        "lift of the person": (2, 1, 1),
    }
    assert sums_of(owner, people["manager"]) == expected
    # The log of changes knows them before they are stored, and what is stored holds them no more.
    changed = owner.execute("select cost_usd from analytics.agent_window_changes() where cost_usd is not null")
    assert [row["cost_usd"] for row in changed] == [3]
    rollups.finish("real")
    assert sums_of(owner, people["manager"]) == expected


def test_no_page_shows_what_is_no_number(owner: Owner, people: People) -> None:
    fill(owner, people["member"])
    asked = (
        ("reports/agents.py", {"agent": "dear"}),
        ("reports/sops.py", {"list": "runs", "sort": "-cost"}),
        ("reports/sessions.py", {"sort": "-cost"}),
        ("reports/lift_sessions.py", {"sort": "-cost"}),
    )
    for path, parameters in asked:
        text = open_page(people["manager"], path, period="all", **parameters).text
        assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE), path
        assert "priced" in text, path
        assert "tell whoever runs" not in text, path


def test_a_price_that_is_none_prices_nothing(owner: Owner, people: People) -> None:
    for model, usd in (("known", 2), ("dear", "NaN"), ("endless", "Infinity"), ("given", -1)):
        recorded.price(owner, model, 0)
        owner.execute("update signalbox.model_prices set output_usd_per_million = %s where model = %s", (usd, model))
        recorded.reply(owner, recorded.session(owner, AT, user_id=people["member"].user_id), AT, model, 1_000_000)
    for _ in range(2):
        (person,) = people_of(people["manager"])
        assert (person.session_cost_usd, person.priced_sessions, person.unpriced_sessions) == (Decimal(2), 1, 3)
        rollups.finish("real")


def test_what_ended_before_it_began_took_no_known_time(owner: Owner, people: People) -> None:
    """Where lengths lay on both sides of zero, a percentile between them was near to nothing."""
    manager, second = people["manager"], timedelta(seconds=1)

    def add() -> None:
        began = recorded.session(owner, AT, minutes=-1)
        for ms in (-400, -5, 0, 7, 3000):
            recorded.call(owner, began, AT, "Skewed", ms=ms)
            then = AT + timedelta(milliseconds=ms)
            recorded.job(owner, AT, agent="waits", started=then, completed=then + second)
            recorded.job(owner, AT, agent="runs", started=AT, completed=then)
            run(owner, then, "skewed", started_at=AT)
            ask(owner, status="approved", created_at=AT, decided_at=then)

    def told() -> list[tuple[Any, ...]]:
        [tool] = [one for one in tools.read_usage(manager).tools if one.tool_name == "Skewed"]
        ran, waited = (jobs.read_summary(manager, now=NOW, agent=agent) for agent in ("runs", "waits"))
        found = jobs.read_summary(manager, now=NOW, agent="runs", search="runs")
        sop = sops.read_procedures(manager).total
        asked = approvals.read_summary(manager, chosen=approvals.Questions(now=NOW, shown="decided"))
        return [
            (tool.calls, tool.timed, tool.p50_ms, tool.total_ms),
            (ran.completed, ran.timed, ran.p50_ms, ran.wait_p50_ms),
            (found.completed, found.timed, found.p50_ms, found.wait_p50_ms),
            (waited.completed, waited.timed, waited.wait_p50_ms),
            (sop.completed, sop.timed, sop.average_ms),
            (asked.of("approved"), asked.timed, asked.p50_ms),
        ]

    seven = pytest.approx(7, rel=0.01)
    for times in (1, 2):
        add()  # to nothing stored, then beside what is
        for _ in ("as it is", "from what is stored"):
            assert told() == [
                (5 * times, 3 * times, seven, 3007 * times),
                (5 * times, 3 * times, seven, 0),
                (5 * times, 3 * times, seven, 0),
                (5 * times, 5 * times, seven),
                (5 * times, 3 * times, pytest.approx(3007 / 3)),
                (5 * times, 3 * times, 7),
            ]
            rollups.finish("real")
    listed = file_rows(manager, "tool_calls", {})
    assert sorted(row["duration_ms"] for row in listed if row["duration_ms"] is not None) == [0, 0, 7, 7, 3000, 3000]
    for path in ("tools", "jobs", "sessions"):
        assert "\N{MINUS SIGN}" not in open_page(manager, f"reports/{path}.py", period="all", list="calls").text, path
