"""The file of a list that can be sorted holds its rows in the order of the screen."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from data import database, embedded
from data.access import Actor
from data.reports import agents, events, people, sops, tool_usage
from tests import recorded
from tests.conftest import fresh_database, make_people
from tests.page_runs import open_page, taken_away
from tests.performed import definition, engine_event, insert, run, window
from tests.recorded import Owner

NOW = datetime.now(UTC)
NAMES = ("ada", "Bert", "cleo", "dora", "Émile", "fay", "gus")


@dataclass(frozen=True)
class Sorted:
    """A list, the table that it is on its page, and the column of its file that each row begins with there."""

    report: str
    page: str
    label: str
    sorts: Mapping[str, str]
    named_by: str
    asked: Mapping[str, str] = field(default_factory=dict)


LISTS = (
    Sorted("tools", "reports/tools.py", "Tools by what hurts most", tool_usage.SORTS, "tool_name"),
    Sorted("agents", "reports/agents.py", "Agents by what hurts most", agents.SORTS, "agent"),
    Sorted("sops", "reports/sops.py", "Procedures by what hurts most", sops.SORTS, "sop_id"),
    Sorted("people", "reports/people.py", "People", people.SORTS, "address"),
    Sorted("event_types", "reports/events.py", "Types of events", events.KIND_SORTS, "value"),
    # Answered by another query.
    Sorted("event_types", "reports/events.py", "Types of events", events.KIND_SORTS, "value", {"q": "{}"}),
)


@pytest.fixture(scope="module")
def admin(server: embedded.Lease) -> Iterator[Actor]:
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        database.open_database("real", url)
        fill(owner)
        yield make_people(owner, {"admin": "admin"})["admin"]


def fill(owner: Owner) -> None:
    """Of everything that is listed a few, in two periods: some alike, some with what others do not say."""
    chance = random.Random(11)
    recorded.price(owner, "claude-opus-4-6", 5)
    known = make_people(owner, dict.fromkeys(NAMES, "member"))
    for name, person in known.items():
        for _ in range(chance.randrange(1, 5)):
            at = NOW - timedelta(hours=chance.randrange(1, 24 * 50))
            session_pk = recorded.session(owner, at, user_id=person.user_id)
            for _ in range(chance.randrange(4)):
                is_well = chance.choice((True, True, False, None))
                ms, error = (
                    chance.choice((None, 5, 80, 900)),
                    None if is_well else chance.choice(("no", recorded.REFUSAL)),
                )
                recorded.call(owner, session_pk, at, name, success=is_well, error=error, ms=ms)
            if chance.random() < 0.5:
                recorded.reply(owner, session_pk, at, tokens=chance.randrange(1, 9) * 1000)
            status = chance.choice(("completed", "failed"))
            recorded.job(owner, at, agent=name, status=status, completed=at, user_id=person.user_id)
            insert(owner, "lift", "sessions", {"user_id": person.user_id, "prompt": name, "created_at": at})
            window(
                owner, at, name, human_escalations=chance.choice((0, 2, 2, 5)), actions_automated=chance.randrange(11),
                total_cost=chance.choice((None, 1, 3)), avg_confidence=chance.choice((0.5, 0.8)),
                confidence_count=chance.randrange(3),
            )  # fmt: skip
            run(
                owner, at, name, status=chance.choice(("completed", "failed", "running")),
                actions_automated=chance.randrange(11), human_interventions=chance.choice((0, 1, 4)),
                estimated_cost=chance.choice((None, 2, 3)),
                started_at=at - timedelta(hours=chance.randrange(1, 9)),
            )  # fmt: skip
            engine_event(owner, at, name, confidence=chance.choice((None, 0.4, 0.9)))
    recorded.job(owner, NOW - timedelta(days=1), agent="jobs alone", status="failed", completed=NOW)
    definition(owner, "never run")


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.report)
def test_a_file_is_in_the_order_of_the_screen_for_each_column(admin: Actor, listed: Sorted) -> None:
    page = open_page(admin, listed.page, period="30d", **listed.asked)
    orders = {tuple(names_on(page.pieces, listed.label))}
    for number, sort in enumerate(listed.sorts):
        page.app.query_params["sort"] = f"{'-' if number % 2 else ''}{sort}"
        shown = names_on(page.run().pieces, listed.label)
        file = [row[listed.named_by] or "" for row in taken_away(admin, page, listed.report)]
        assert file[: len(shown)] == shown, sort
        orders.add(tuple(shown))
    assert len(orders) >= min(5, len(listed.sorts)), "the rows are such that orders differ"


def test_the_file_of_types_holds_the_one_that_is_asked_for(admin: Actor) -> None:
    [first, *_] = names_on(open_page(admin, "reports/events.py", period="30d").pieces, "Types of events")
    for asked in ({}, {"q": "{}"}):
        page = open_page(admin, "reports/events.py", period="30d", type=first, **asked)
        assert [row["value"] for row in taken_away(admin, page, "event_types")] == [first]


def names_on(pieces: list[str], label: str) -> list[str]:
    """What the rows of a table are called, as a pointer is told that rests on them, without what follows a colon."""
    [table] = [found for piece in pieces for found in re.findall(rf'<table[^>]*aria-label="{label}".*?</table>', piece)]
    cells = re.findall(r'<tr><td(?: title="([^"]*)")?', table)
    return [html.unescape(name).partition(": ")[0] for name in cells]
