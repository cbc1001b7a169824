"""The whole console behind a transaction pooler: pages, versions, refreshing, sight, CSV."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data import database, exports, rollups
from data.access import Actor
from data.database import Unit
from data.reports import tools
from tests import all_systems, recorded
from tests.page_runs import ROOT, open_page
from tests.poolers import Poolers
from tests.poolers import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.recorded import Owner
from ui import cached
from ui.navigation import PAGES

NOW = datetime.now(UTC)


@pytest.fixture
def pooled(people: dict[str, Actor], database_url: str, poolers: Poolers) -> dict[str, Actor]:
    """The people, while every connection of the console goes through the pooler."""
    cached.forget()
    database.open_database("real", poolers.url("transaction", database_url))
    return people


def test_every_page_shows_what_it_has(owner: Owner, pooled: dict[str, Actor]) -> None:
    all_systems.add(owner, NOW, "zanzibar", pooled["member"])
    rollups.finish("real")
    for entry in (entry for entry in PAGES if entry.listed):
        shown = open_page(pooled["admin"], str(Path(entry.path).relative_to(ROOT / "pages")))
        assert "could not be shown" not in shown.text, entry.url_path
        assert shown.app.title, entry.url_path


def test_a_change_is_seen_at_the_next_look_stored_or_not(owner: Owner, pooled: dict[str, Actor]) -> None:
    session_pk = recorded.session(owner, NOW - timedelta(days=1))
    for number in range(1, 4):
        recorded.call(owner, session_pk, NOW - timedelta(minutes=number), "Read")
        page = open_page(pooled["manager"], "reports/tools.py", period="7d")
        assert page.text.split("Calls")[1].split()[0] == str(number)
        if number == 2:
            rollups.finish("real")
            assert all(state.is_built for state in rollups.read_states(pooled["manager"]))


def test_old_rows_are_dropped_while_their_sums_stay(owner: Owner, pooled: dict[str, Actor]) -> None:
    recorded.call(owner, recorded.session(owner, NOW - timedelta(days=60)), NOW - timedelta(days=60))
    rollups.finish("real")
    rollups.keep(pooled["admin"], 30, seen=None)
    assert rollups.drop_all("real") == 4
    assert tools.read_usage(pooled["manager"]).total.calls == 1


def test_ten_at_once_see_the_same_and_only_their_own_sight(owner: Owner, pooled: dict[str, Actor]) -> None:
    recorded.session(owner, NOW, user_id=pooled["member"].user_id)

    def count(number: int) -> tuple[str, int]:
        who = ("manager", "member", "other")[number % 3]
        with database.reading(pooled[who]) as unit:
            return who, _sessions_of(unit)

    with ThreadPoolExecutor(10) as threads:
        seen = set(threads.map(count, range(60)))
    assert seen == {("manager", 1), ("member", 1), ("other", 0)}


def _sessions_of(unit: Unit) -> int:
    found = unit.connection.execute("select count(*) as sessions from chronicle.sessions").fetchone()
    return int(found["sessions"]) if found else -1


def test_a_csv_is_whole(owner: Owner, pooled: dict[str, Actor]) -> None:
    for _ in range(3):
        recorded.session(owner, NOW)
    with_header = b"".join(exports.stream(pooled["manager"], "sessions", exports.parse("sessions", {}), "csv"))
    assert with_header.count(b"\n") == 4
