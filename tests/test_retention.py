"""Retention: old rows go piece by piece, and every figure that the rollups keep stays what it was."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data import database, rollups
from data.access import Actor
from data.database import queries
from data.errors import Busy, NotAllowed, WrongUse
from data.reports import overview, tools
from data.rollups import keeping
from tests.recorded import call, event, notification, prompt
from tests.recorded import session as make_session

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
LONG_AGO = TODAY - timedelta(days=60)
TABLES = ("events", "tool_events", "prompt_events", "notification_events", "lifecycle_events")


def keep(owner: Owner, days: int | None = 30) -> None:
    owner.execute("update signalbox.retention set keep_raw_days = %s", (days,))


def calls_over_all(people: People) -> int:
    return tools.read_usage(people["manager"]).total.calls


def rows_before(owner: Owner, at: datetime) -> int:
    row = owner.execute(
        "select (select count(*) from chronicle.events where timestamp < %(at)s)"
        " + (select count(*) from chronicle.tool_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.prompt_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.notification_events where created_at < %(at)s)"
        " + (select count(*) from chronicle.lifecycle_events where created_at < %(at)s) as rows",
        {"at": at},
    ).fetchone()
    assert row
    return int(row["rows"])


def fill(owner: Owner, *, seed: int = 1, sessions: int = 12) -> None:
    """Sessions of sixty days with calls, prompts and notifications."""
    chance = random.Random(seed)
    for _ in range(sessions):
        began = LONG_AGO + timedelta(minutes=chance.randrange(60 * 24 * 60))
        session_pk = make_session(owner, began, project=chance.choice(("shop", "till", None)))
        for _ in range(chance.randrange(1, 12)):
            at = began + timedelta(seconds=chance.uniform(0, 86_400))
            call(
                owner, session_pk, at, chance.choice(("Bash", "Read")), ms=chance.choice((None, 0, 3, 40_000)),
                success=chance.choice((None, True, False)), answered=chance.random() < 0.8,
            )  # fmt: skip
        prompt(owner, session_pk, began, "Mend it")
        notification(owner, session_pk, began + timedelta(hours=1), "May I?")


def asked(name: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A report over a random window of whole hours."""
    hours = sorted(chance.sample(range(-24, 61 * 24), 2))
    start, end = (LONG_AGO + timedelta(hours=hour) for hour in hours)
    zone, unit = chance.choice(("UTC", "Europe/Paris", "Asia/Kolkata")), chance.choice(("hour", "day", "week"))
    parameters: dict[str, Any] = {
        "start": chance.choice((start, None)), "end": chance.choice((end, None)), "untimed": False,
        "previous_start": start - (end - start), "previous_end": start, "tool": chance.choice((None, "Bash")),
        "project": None if name == "tools.list_buckets" else chance.choice((None, "shop")),
        "with_total": True, "zone": zone, "unit": unit, "bucket": unit, "agent": None,
        "coarsest": rollups.coarsest(unit, zone, LONG_AGO, NOW),
    }  # fmt: skip
    return name, parameters


REPORTS = ("tools.list_usage", "tools.list_buckets", "overview.read_activity", "overview.read_calls")


def answers(owner: Owner, questions: list[tuple[str, dict[str, Any]]]) -> list[list[str]]:
    found = []
    for name, parameters in questions:
        rows = owner.execute(queries.find(name).text, parameters).fetchall()
        found.append(sorted(str(row) for row in rows))
    return found


def test_every_figure_is_what_it_was_and_the_rows_are_gone(owner: Owner, people: People) -> None:
    fill(owner)
    chance = random.Random(7)
    questions = [asked(name, chance) for name in REPORTS * 12]
    rollups.finish("real")
    before, rows = answers(owner, questions), rows_before(owner, TODAY - timedelta(days=30))
    keep(owner)
    assert rows > 50
    assert rollups.drop_all("real") == rows
    assert rows_before(owner, TODAY - timedelta(days=30)) == 0
    assert answers(owner, questions) == before
    rollups.finish("real")
    assert answers(owner, questions) == before
    assert rollups.drop_all("real") == 0
    kept = rollups.read_retention(people["member"])
    assert kept.raw_from == TODAY - timedelta(days=30)
    assert kept.dropped_rows == rows


def test_every_piece_leaves_the_figures_as_they_were(owner: Owner, people: People) -> None:
    fill(owner, sessions=25)
    rollups.finish("real")
    chance = random.Random(8)
    questions = [asked(name, chance) for name in REPORTS * 2]
    before = answers(owner, questions)
    keep(owner)
    pieces = 0
    while True:
        piece = rollups.drop("real", most_rows=5)
        assert piece and piece.waits_for is None
        pieces += 1
        assert answers(owner, questions) == before
        if pieces % 3 == 0:
            rollups.refresh("real")
            assert answers(owner, questions) == before
        if not piece.is_unfinished:
            break
    assert pieces > 5
    assert people


def test_nothing_is_dropped_unless_somebody_says_so(owner: Owner, people: People) -> None:
    fill(owner, sessions=2)
    rollups.finish("real")
    assert rollups.drop("real") is None
    keep(owner, 90)
    assert rollups.drop_all("real") == 0
    assert rows_before(owner, NOW) > 0
    assert people
