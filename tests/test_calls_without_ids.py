"""Calls whose rows do not say that they belong together count as often as if they did, wherever they are read."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import exports, rollups
from data.access import Actor
from data.migration.files import FOLDER as MIGRATIONS
from data.reports import overview, session, sessions, tools
from tests import recorded
from tests.page_runs import open_page

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
DAY = datetime(2026, 11, 10, tzinfo=UTC)
WITHOUT_IDS = b"update chronicle.tool_events set call_id = null"


def make_calls(owner: Owner) -> UUID:
    """Seven answered calls in two sessions: two overlap, one ends in another quarter of an hour, one has no time."""
    session_pk = recorded.session(owner, DAY)
    recorded.call(owner, session_pk, DAY, ms=5_000)
    recorded.call(owner, session_pk, DAY + timedelta(seconds=1), ms=60_000, success=None)
    recorded.call(owner, session_pk, DAY + timedelta(minutes=14), ms=120_000, success=False, error="boom")
    recorded.call(owner, session_pk, DAY + timedelta(hours=1), "Read", success=False, error=recorded.REFUSAL)
    recorded.call(owner, session_pk, None, "Read")
    other = recorded.session(owner, DAY + timedelta(hours=2))
    recorded.call(owner, other, DAY + timedelta(hours=2), "Read")
    recorded.call(owner, other, DAY + timedelta(hours=2), "Read")
    return session_pk


def figures(manager: Actor, session_pk: UUID) -> dict[str, Any]:
    """What Tools, Overview, Sessions, one session and the CSV say of calls."""
    usage = tools.read_usage(manager)
    of_a_day = tools.read_usage(manager, start=DAY, end=DAY + timedelta(days=1))
    span: dict[str, Any] = {"untimed": False, "previous_start": None, "previous_end": None}
    ever = overview.read_calls(manager, **span, start=None, end=None, bucket="day", zone="UTC")
    in_a_day = overview.read_calls(manager, **span, start=DAY, end=DAY + timedelta(days=1), bucket="hour", zone="UTC")
    listed = sessions.list_page(manager, chosen=sessions.Chosen(), sort="calls", downwards=True, most=9)
    items = session.list_items(manager, session_pk=session_pk)
    exported = exports.stream(manager, "tool_calls", exports.parse("tool_calls", {}), "csv")
    rows = list(csv.DictReader(b"".join(exported).decode("utf-8-sig").splitlines()))
    return {
        "tools": [(one.tool_name, one.calls, one.succeeded, one.failed, one.refused) for one in usage.tools],
        "unanswered": usage.total.unanswered,
        "tools in a day": [(one.tool_name, one.calls, one.succeeded, one.failed) for one in of_a_day.tools],
        "calls one by one": sorted(
            (row["tool_name"], row["outcome"], str(row["duration_ms"]))
            for row in tools.read_calls(manager, sort="when", downwards=True, limit=50, offset=0)
        ),
        "overview": sorted(str(row) for row in ever),
        "overview in a day": sorted(str(row) for row in in_a_day),
        "sessions": [(row["session_pk"], row["calls"], row["failed_calls"], row["known_calls"]) for row in listed],
        "session": sorted((row["name"], row["outcome"]) for row in items if row["kind"] == "call"),
        "happenings": session.count_items(manager, session_pk=session_pk),
        "csv": sorted((row["tool"], row["outcome"], row["duration_ms"]) for row in rows),
    }


@pytest.mark.parametrize("is_stored", [False, True], ids=["live", "stored"])
def test_every_figure_of_calls_is_the_same_with_and_without_ids(owner: Owner, people: People, is_stored: bool) -> None:
    session_pk = make_calls(owner)
    if is_stored:
        rollups.finish("real")
    expected = figures(people["manager"], session_pk)
    assert sum(calls for _, calls, *_ in expected["tools"]) == 7
    owner.execute(WITHOUT_IDS)
    # What changed is counted beside what is stored, and is stored in the next pass.
    assert figures(people["manager"], session_pk) == expected
    if is_stored:
        rollups.refresh("real")
        assert figures(people["manager"], session_pk) == expected


def test_a_row_that_begins_a_call_and_does_not_say_which_counts_once_the_call_ends(
    owner: Owner, people: People
) -> None:
    session_pk = recorded.session(owner, DAY)
    recorded.call(owner, session_pk, DAY, "Read")
    recorded.call(owner, session_pk, DAY + timedelta(minutes=1), "Read", answered=False)
    owner.execute(WITHOUT_IDS)
    rollups.finish("real")
    begun = figures(people["manager"], session_pk)
    assert begun["tools"] == [("Read", 1, 1, 0, 0)]
    assert begun["unanswered"] == 0
    owner.execute(
        "insert into chronicle.tool_events (session_id, tool_name, phase, success, created_at)"
        " values (%s, 'Read', 'post', true, %s)",
        (session_pk, DAY + timedelta(hours=3)),
    )
    for _ in range(2):
        assert figures(people["manager"], session_pk)["tools"] == [("Read", 2, 2, 0, 0)]
        rollups.refresh("real")


def test_an_upgrade_counts_anew_what_was_stored_of_both_rows(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, DAY)
    recorded.call(owner, session_pk, DAY)
    recorded.call(owner, session_pk, None)
    owner.execute(WITHOUT_IDS)
    rollups.finish("real")
    expected = figures(people["manager"], session_pk)
    owner.execute("update analytics.tool_rollup set calls = calls + 1, unanswered = unanswered + 1")
    assert figures(people["manager"], session_pk) != expected
    (upgrade,) = MIGRATIONS.glob("*_calls_without_ids.sql")
    owner.execute(upgrade.read_bytes())
    rollups.finish("real")
    assert figures(people["manager"], session_pk) == expected


def test_what_came_of_a_call_stands_in_its_session_without_an_id(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, DAY)
    recorded.call(owner, session_pk, DAY, success=False, error="boom", given={"command": "make"})
    owner.execute(WITHOUT_IDS)
    (item,) = session.list_items(people["manager"], session_pk=session_pk)
    read = session.read_item(people["manager"], session_pk=session_pk, item_id=UUID(item["item_id"]), kind="call")
    assert (read["outcome"], read["error_message"], read["is_answered"]) == ("failed", "boom", True)
    assert read["parameters"] == {"command": "make"}


def test_tools_says_that_calls_without_ids_count_once_they_have_ended(owner: Owner, people: People) -> None:
    recorded.call(owner, recorded.session(owner, DAY), DAY)
    said = "such a call counts once it has ended, and one that never ended is not among these."
    assert said not in open_page(people["manager"], "reports/tools.py", period="all").text
    owner.execute(WITHOUT_IDS)
    assert said in open_page(people["manager"], "reports/tools.py", period="all").text
    owner.execute("delete from chronicle.tool_events where phase = 'post'")
    begun = open_page(people["manager"], "reports/tools.py", period="all").text
    assert said in begun
    assert "No call" in begun


def test_rows_that_say_neither_begin_nor_end_are_told_and_found(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, DAY)
    recorded.call(owner, session_pk, DAY)
    recorded.call(owner, session_pk, DAY, "Grep", answered=False)
    owner.execute("update chronicle.tool_events set phase = null, result = '{\"found\": 7}' where tool_name = 'Grep'")
    manager = people["manager"]
    assert tools.read_usage(manager).total.calls == 1
    page = open_page(manager, "reports/tools.py")
    assert "1 row of calls says neither that a call began nor that it ended" in page.text
    assert "/sessions?period=all&has=unphased" in page.links
    recorded.session(owner, DAY)
    page = open_page(manager, "reports/sessions.py", period="all", has="unphased")
    assert "CSV, 1 row" in page.text
    assert "calls without a phase · 1" in page.app.selectbox(key="f_has").options
    assert sessions.count_facets(manager, chosen=sessions.Chosen())["has"] == {"unphased": 1}
    items = session.list_items(manager, session_pk=session_pk)
    assert [(item["kind"], item["name"]) for item in items] == [("call", "Bash"), ("system", "Grep")]
    assert session.count_items(manager, session_pk=session_pk) == 2
    item = open_page(manager, "reports/session.py", session=str(session_pk), item=items[1]["item_id"])
    assert "says neither begin nor end" in item.text
    assert '"found": 7' in item.text
