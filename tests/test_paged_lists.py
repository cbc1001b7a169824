"""Lists that are read page by page hold each row once, however many share a time or have none."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from data import jobs
from data.access import Actor
from data.database import queries
from data.reports import tools
from tests import all_systems, recorded
from tests.page_runs import file_rows, open_page
from tests.recorded import Owner

People = dict[str, Actor]
Rows = list[dict[str, Any]]

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
EACH = 40  # rows of one kind
PAGE = 25

# Columns of which no two rows of their list hold the same.
KEYS = {
    "approval_id",
    "assessment_id",
    "client_id",
    "draft_id",
    "execution_id",
    "experiment_id",
    "id",
    "job_id",
    "metric_id",
    "project_id",
    "resolution_id",
    "revision_id",
    "session_id",
    "session_pk",
    "tool_event_id",
    "user_id",
}
# Where a list is cut: what it is ordered by before, if it is. A limit of 1 looks something up.
CUT = re.compile(
    r"(?:\border\s+by\b(?P<order>(?:(?!\border\s+by\b|\blimit\b).)*))?\blimit\s+(?!1\b)", re.IGNORECASE | re.DOTALL
)
LAST_KEY = re.compile(r"(?:^|,)\s*(?:\w+\.)?(?P<key>\w+)(?:\s+desc)?\s*$")


def is_paged(name: str) -> bool:
    return bool({"offset", "skipped"} & queries.find(name).parameters)


@pytest.mark.parametrize("name", [name for name in sorted(queries.all_queries()) if is_paged(name)])
def test_the_order_of_a_paged_list_ends_with_what_no_two_rows_share(name: str) -> None:
    statement = re.sub(r"--[^\n]*", "", queries.find(name).text)
    cuts = [match["order"] for match in CUT.finditer(statement)]
    assert cuts
    for order in cuts:
        last = LAST_KEY.search(order or "")
        assert (last["key"] if last else None) in KEYS, f"{name} is cut after the order {order!r}"


def all_pages(read: Callable[..., Rows], key: str) -> list[Any]:
    """The keys of the rows on all pages, up to the first page without any."""
    found: list[Any] = []
    while rows := read(limit=PAGE, offset=len(found)):
        found += [row[key] for row in rows]
    return found


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"downwards": False},
        {"sort": "duration"},
        {"sort": "duration", "downwards": False},
        {"untimed": True},
        {"start": AT},
        {"outcome": "succeeded"},
        {"outcome": "unknown"},
    ],
    ids=str,
)
def test_each_call_is_on_one_page(owner: Owner, people: People, asked: dict[str, Any]) -> None:
    session_pk = recorded.session(owner, AT)
    for at in (AT, None):
        for is_answered in (True, False):
            for _ in range(EACH):
                recorded.call(owner, session_pk, at, answered=is_answered, ms=0)
    found = all_pages(lambda **page: tools.read_calls(people["manager"], **asked, **page), "tool_event_id")
    expected = EACH * (2 if {"untimed", "start", "outcome"} & asked.keys() else 4)
    assert (len(found), len(set(found))) == (expected, expected)


@pytest.mark.parametrize(
    "asked", [{}, {"start": AT - timedelta(minutes=8)}, {"tool": "Read"}, {"outcome": "failed"}], ids=str
)
@pytest.mark.parametrize(("sort", "downwards"), list(itertools.product(tools.SORTS, (True, False))))
def test_calls_are_in_order_over_all_pages_and_what_is_unknown_comes_last(
    owner: Owner, people: People, asked: dict[str, Any], sort: str, downwards: bool
) -> None:
    """Whatever index they come from: with and without an answer, a time or a duration."""
    chance = random.Random(7)
    session_pk = recorded.session(owner, AT)
    for number in range(40):
        at = AT - timedelta(minutes=chance.randrange(20)) if number % 4 else None
        recorded.call(
            owner, session_pk, at, chance.choice(("Bash", "Read")), success=number % 3 > 0, error="no",
            answered=number % 5 > 0, ms=chance.choice((None, 1, 2, 3, 4)),
        )  # fmt: skip
    recorded.call(owner, session_pk, AT + timedelta(minutes=1), "Read", answered=False)
    found: list[dict[str, Any]] = []
    while rows := tools.read_calls(
        people["manager"], **asked, sort=sort, downwards=downwards, limit=3, offset=len(found)
    ):
        found += rows
    every = owner.execute("select * from analytics.tool_calls").fetchall()
    fitting = {
        row["tool_event_id"]
        for row in every
        if ("start" not in asked or (row["occurred_at"] and row["occurred_at"] >= asked["start"]))
        and asked.get("tool") in (None, row["tool_name"])
        and asked.get("outcome") in (None, row["outcome"])
    }
    assert len(found) == len(fitting)
    assert {row["tool_event_id"] for row in found} == fitting
    values = [row["occurred_at" if sort == "when" else "duration_ms"] for row in found]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=downwards)
    assert values == known + [None] * (len(values) - len(known))
    calls = {row["tool_event_id"]: str(row["call_id"]) for row in every}
    address = {name: [str(value)] for name, value in asked.items()}
    file = file_rows(people["manager"], "tool_calls", address | {"sort": [sort], "downwards": [str(downwards).lower()]})
    assert [row["call_id"] for row in file] == [calls[row["tool_event_id"]] for row in found], "the file as the screen"


@pytest.mark.parametrize("asked", [{}, {"newest": True}, {"untimed": True}, {"status": "failed"}], ids=str)
def test_each_job_is_on_one_page(owner: Owner, people: People, asked: dict[str, Any]) -> None:
    for at in (AT, None):
        for status in ("failed", "pending"):
            for _ in range(EACH):
                recorded.job(owner, at, status=status)
    found = all_pages(lambda **page: jobs.read_jobs(people["manager"], now=NOW, **asked, **page), "job_id")
    expected = EACH * (2 if {"untimed", "status"} & asked.keys() else 4)
    assert (len(found), len(set(found))) == (expected, expected)


def test_pages_of_calls_go_from_the_newest_to_those_without_a_time(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, AT)
    for at in (None, AT, None, AT.replace(hour=13)):
        for _ in range(EACH):
            recorded.call(owner, session_pk, at, ms=0)
    times = all_pages(lambda **page: tools.read_calls(people["manager"], **page), "occurred_at")
    assert times == [AT.replace(hour=13)] * EACH + [AT] * EACH + [None] * 2 * EACH


def test_files_of_lists_that_can_be_sorted_ask_for_the_order_of_the_screen(owner: Owner, people: People) -> None:
    at = datetime.now(UTC) - timedelta(hours=3)
    rows = all_systems.add(owner, at, "word", people["member"])
    recorded.one_of_everything(owner, at, "word", people["member"].user_id)
    upwards, newest = {"sort": "when", "downwards": "false"}, {"newest": "true"}
    for path, parameters, report, order in (
        ("reports/agents.py", {"agent": rows.agent}, "agent_windows", upwards),
        ("reports/clients.py", {}, "clients", upwards),
        ("reports/lift_sessions.py", {}, "lift_sessions", upwards),
        ("reports/sops.py", {"list": "runs"}, "sop_executions", upwards),
        ("reports/jobs.py", {}, "jobs", newest),
    ):
        page = open_page(people["admin"], path, **parameters, sort="when", period="all")
        [address] = [link for link in page.links if link.startswith(f"/export/{report}.csv")]
        asked = parse_qs(address.partition("?")[2])
        assert {name: asked.get(name) for name in order} == {name: [value] for name, value in order.items()}, report
