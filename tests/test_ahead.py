"""What a page will show is computed while its browser still reads the program, and kept as every answer is."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from data import measures
from data.access import Actor
from tests import recorded
from tests.page_runs import open_page
from tests.recorded import Owner
from ui import ahead, cached
from ui.overview import drawing

People = dict[str, Actor]
PAGE = "reports/overview.py"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def begun(actor: Actor, url_path: str, query: Mapping[str, str], zone_name: str | None) -> None:
    ahead.begin(actor, url_path, query, zone_name)
    for thread in threading.enumerate():
        if thread.name == "ahead":
            thread.join(30)


def times_drawn() -> int:
    counted = measures.cache_reads()
    names = [cached.name_of(draw, "ui.") for draw in (drawing.draw, drawing.draw_newest)]
    return sum(counted[name].fills for name in names if name in counted)


def this_minute() -> int:
    return int(datetime.now(UTC).timestamp()) // 60


@pytest.mark.parametrize("query", [{}, {"period": "30d"}, {"period": "24h", "project": "apollo"}])
def test_a_page_finds_what_it_shows(owner: Owner, people: People, query: dict[str, str]) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1), project="apollo")
    for _ in range(2):  # what is drawn is kept for a minute, and that may end in between
        minute = this_minute()
        begun(people["manager"], "overview", query, "UTC")
        drawn_before = times_drawn()
        page = open_page(people["manager"], PAGE, **query)
        if this_minute() == minute:
            break
    assert "1 session" in page.text
    assert times_drawn() == drawn_before


def test_another_person_finds_nothing_of_it(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1), user_id=people["member"].user_id)
    begun(people["member"], "overview", {}, "UTC")
    assert times_drawn() > 0
    assert "1 session" not in open_page(people["other"], PAGE).text


@pytest.mark.parametrize(("url_path", "zone"), [("tools", "UTC"), ("overview", None), ("overview", "../etc/passwd")])
def test_nothing_is_begun_for_a_page_without_a_way_nor_without_a_zone(
    people: People, url_path: str, zone: str | None
) -> None:
    before = times_drawn()
    begun(people["manager"], url_path, {}, zone)
    assert times_drawn() == before


def test_no_more_are_begun_at_once_than_there_are_places(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))
    before = times_drawn()
    for _ in range(ahead.AT_MOST):
        ahead._places.acquire()
    try:
        begun(people["manager"], "overview", {}, "UTC")
        assert times_drawn() == before
    finally:
        for _ in range(ahead.AT_MOST):
            ahead._places.release()
    begun(people["manager"], "overview", {}, "UTC")
    assert times_drawn() > before


def test_a_page_that_cannot_be_got_ready_gives_its_place_back(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=1))

    def fails(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("ui.overview.telling.summary", fails)
    for _ in range(ahead.AT_MOST + 1):
        begun(people["manager"], "overview", {}, "UTC")
    assert [record.message for record in caplog.records].count("getting ready failed") == ahead.AT_MOST + 1
