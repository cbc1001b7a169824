"""What is drawn is kept with the answers it rests on: once for all who see the same, while those hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.delta_generator import DeltaGenerator

from data import database, measures
from data.access import Actor
from tests import recorded
from tests.conftest import make_person
from tests.page_runs import open_page
from tests.recorded import Owner
from ui import cached
from ui.asking import filters, periods
from ui.navigation import FIRST
from ui.overview import drawing
from ui.overview.drawing import Drawn
from ui.view import View

People = dict[str, Actor]
UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def view_of(actor: Actor, zone: ZoneInfo = UTC_ZONE, at: datetime | None = None) -> View:
    versions = tuple(sorted(database.read_sources(actor).versions.items()))
    return View(FIRST, actor, versions, at or datetime.now(UTC), zone, DeltaGenerator())


def drawn(view: View) -> Drawn:
    known = filters.extent(view, ("sessions", "events", "tools", "jobs", "approvals"))
    period = periods.period_of({"period": "7d"}, known, view.as_of, view.zone)
    return cached.drawn(view, drawing.draw, period=period, known=known, backup=None)


def times_drawn() -> int:
    counted = measures.cache_reads().get(cached.name_of(drawing.draw, "ui."))
    return counted.fills if counted else 0


def test_a_page_is_drawn_once_for_all_who_see_the_same(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))
    second = make_person(owner, "second", "manager")
    at, before = datetime.now(UTC), times_drawn()
    pieces = [drawn(view_of(actor, at=at)) for actor in (people["manager"], second, people["manager"])]
    assert times_drawn() - before == 1
    assert pieces[0] == pieces[1] == pieces[2]


def test_whoever_may_do_more_has_a_page_drawn_for_that(owner: Owner, people: People) -> None:
    recorded.question(owner, datetime.now(UTC) - timedelta(hours=1), "Deploy?", agent="writer", status="pending")
    at = datetime.now(UTC)
    manager, admin = (drawn(view_of(people[role], at=at)).first for role in ("manager", "admin"))
    assert 'href="/approvals"' not in manager
    assert 'href="/approvals"' in admin


def test_no_row_of_a_member_is_drawn_for_another(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1), user_id=people["member"].user_id)
    at = datetime.now(UTC)
    mine, other = (drawn(view_of(people[name], at=at)).first for name in ("member", "other"))
    assert ">1 session</a>" in mine
    assert ">1 session</a>" not in other


def test_it_is_drawn_anew_when_a_table_changes_that_it_rests_on_and_for_no_other(owner: Owner, people: People) -> None:
    manager, at = people["manager"], datetime.now(UTC)
    for hours in (3, 1):
        recorded.session(owner, at - timedelta(hours=hours))
    drawn(view_of(manager, at=at))
    before = times_drawn()
    owner.execute("update toolbox.projects set name = name")
    drawn(view_of(manager, at=at))
    assert times_drawn() == before
    between = at - timedelta(hours=2)
    recorded.job(owner, between, status="failed", completed=between)
    assert "1 job failed" in drawn(view_of(manager, at=at)).first
    assert times_drawn() == before + 1


def test_another_zone_and_the_next_minute_are_drawn_anew(owner: Owner, people: People) -> None:
    at = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
    recorded.session(owner, at - timedelta(hours=2))
    before = times_drawn()
    for view in (
        view_of(people["manager"], at=at),
        view_of(people["manager"], at=at + timedelta(seconds=20)),
        view_of(people["manager"], ZoneInfo("Asia/Tokyo"), at),
        view_of(people["manager"], at=at + timedelta(seconds=30)),
    ):
        drawn(view)
    assert times_drawn() - before == 3


def test_a_page_tells_what_its_pieces_rest_on_also_when_they_were_kept(owner: Owner, people: People) -> None:
    """Else an open page would never follow its tables again."""
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))
    at = datetime.now(UTC)
    first, second = view_of(people["manager"], at=at), view_of(people["manager"], at=at)
    drawn(first)
    drawn(second)
    assert second.rests_on == first.rests_on >= {"agents.jobs", "engine.sop_executions"}


def test_what_fails_is_not_kept(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError("once")

    at = datetime.now(UTC)
    with monkeypatch.context() as patched:
        patched.setattr("ui.overview.telling.summary", fails)
        with pytest.raises(ValueError, match="once"):
            drawn(view_of(people["manager"], at=at))
    assert drawn(view_of(people["manager"], at=at)).first


def test_only_functions_of_the_screens_can_be_drawn(people: People) -> None:
    with pytest.raises(TypeError, match="cannot be cached"):
        cached.drawn(view_of(people["manager"]), drawn)


def test_what_the_cache_holds_is_measured(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))
    assert measures.cache_size() == measures.CacheSize(0, 0)
    open_page(people["manager"], "reports/overview.py")
    held = measures.cache_size()
    assert held.answers >= 5
    assert held.size_bytes > 5_000
    cached.forget()
    assert measures.cache_size().size_bytes == 0
