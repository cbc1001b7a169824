"""Page runs begin with the versions that were polled, unless these are old, of another database, or before an act."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.rows import DictRow

from data import database
from data.access import Actor
from data.database import latest
from data.database.latest import Latest, Sources
from data.errors import DatabaseUnavailable
from tests import recorded
from tests.page_runs import open_page, queries_during
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

PAGE = "reports/jobs.py"


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    cached.forget()
    monkeypatch.setattr(latest, "FRESH_S", 60.0)  # on a busy machine
    yield
    database.polled.expire("real")
    cached.forget()


def asks_by_itself(run: object) -> bool:
    return queries_during(run)["versions.read_sources"] == 1


def test_a_warm_page_asks_for_no_versions_while_they_are_polled(owner: Owner, people: People) -> None:
    recorded.job(owner, datetime.now(UTC))
    page = open_page(people["manager"], PAGE)
    database.poll_sources("real")
    page.run()
    queries = queries_during(page.run)
    assert set(queries) <= {"web_sessions.find_people", "jobs.summarise", "jobs.list_jobs"}, "but for a new minute"


def test_after_an_act_the_page_asks_by_itself(owner: Owner, people: People) -> None:
    page = open_page(people["admin"], PAGE)
    database.poll_sources("real")
    assert not asks_by_itself(page.run)
    with database.writing(people["admin"]):
        pass
    assert asks_by_itself(page.run)
    assert asks_by_itself(page.run), "what was polled before the act does not come back"
    database.poll_sources("real")
    assert not asks_by_itself(page.run)


def test_what_was_polled_too_long_ago_is_not_used(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(people["admin"], PAGE)
    database.poll_sources("real")
    monkeypatch.setattr(latest, "FRESH_S", 0.0)
    assert asks_by_itself(page.run)


def test_versions_of_another_database_under_the_same_name_are_not_used(people: People, database_url: str) -> None:
    database.poll_sources("real")
    assert database.polled_sources("real") is not None
    database.open_database("real", database_url)
    assert database.polled_sources("real") is None
    with pytest.raises(DatabaseUnavailable):
        database.polled_sources("demo")


def sources() -> Sources:
    return Sources({}, {}, datetime.now(UTC))


def test_a_poll_that_began_before_somebody_read_takes_nobody_back(people: People) -> None:
    kept, opened = Latest(), database.database_of("real")
    kept.shown("real", time.monotonic())
    kept.keep("real", opened, time.monotonic() - 1.0, sources())
    assert kept.take("real", opened) is None
    kept.keep("real", opened, time.monotonic(), sources())
    assert kept.take("real", opened) is not None


def test_a_database_is_lost_from_a_failed_poll_until_it_answers(people: People) -> None:
    kept, opened = Latest(), database.database_of("real")
    before = time.monotonic()
    kept.failed("real")
    assert kept.is_lost("real")
    kept.keep("real", opened, before - 1.0, sources())
    assert kept.is_lost("real"), "that answer was asked for before"
    kept.shown("real", time.monotonic())
    assert not kept.is_lost("real")


def test_a_poll_that_fails_is_noted(people: People) -> None:
    database.close_database("real")
    with pytest.raises(DatabaseUnavailable):
        database.poll_sources("real")
    assert database.polled.is_lost("real")
