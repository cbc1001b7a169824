"""How long units of work may take, and that slow queries are told of by their names alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, LiteralString

import pytest

from data import database, exports, measures
from data.access import Actor
from data.database import Unit, queries, units
from data.errors import TookTooLong
from data.settings import STATEMENT_TIMEOUTS_MS
from web.logs import JsonLines

People = dict[str, Actor]

LIMITS: LiteralString = """
select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
       current_setting('idle_in_transaction_session_timeout') as idle
"""
SECRET = "what somebody typed"


@contextmanager
def together(actor: Actor) -> Iterator[Unit]:
    """A reader in a shared transaction."""
    with database.together(actor), database.reading(actor) as unit:
        yield unit


KINDS: dict[str, tuple[Callable[[Actor], AbstractContextManager[Unit]], str]] = {
    "reading": (database.reading, "10s"),
    "together": (together, "10s"),
    "writing": (database.writing, "10s"),
    "watching": (lambda _: database.watching("real"), "10s"),
    "operating": (lambda _: database.operating(), "10s"),
    "locking": (lambda _: database.locking("real", "signalbox.members"), "10s"),
    "apart": (database.apart, "0"),
}


def known_as(monkeypatch: pytest.MonkeyPatch, name: str, text: LiteralString) -> None:
    """Have a named query that the program itself has no use for."""
    monkeypatch.setitem(queries.all_queries(), name, queries.Query(name, "Of a test.", text))


@pytest.fixture
def admin(people: People, database_url: str) -> Actor:
    """Somebody in production, where limits are others than at home."""
    database.open_database("real", database_url, environment="production")
    return people["admin"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_unit_has_its_limits(kind: str, admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, "tests.limits", LIMITS)
    begin, statement = KINDS[kind]
    with begin(admin) as unit:
        assert unit.row("tests.limits") == {"statement": statement, "lock": "10s", "idle": "1min"}


@pytest.mark.usefixtures("admin")
def test_a_look_up_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    known_as(monkeypatch, "tests.limits", LIMITS)
    assert database.look_up("real", "tests.limits") == [{"statement": "10s", "lock": "10s", "idle": "1min"}]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"apart"}))
def test_what_takes_too_long_is_ended_and_said(
    kind: str, people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STATEMENT_TIMEOUTS_MS, "development", 100)
    database.open_database("real", database_url)
    known_as(monkeypatch, "tests.sleep", "select pg_sleep(5)")
    with pytest.raises(TookTooLong), KINDS[kind][0](people["admin"]) as unit:
        unit.run("tests.sleep")
    with pytest.raises(TookTooLong):
        database.look_up("real", "tests.sleep")


def told(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """The names of the queries that the log warns of."""
    return [vars(record)["query"] for record in caplog.records if record.levelno == logging.WARNING]


def test_a_slow_query_is_logged_by_its_name_alone(
    people: People, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_as(monkeypatch, "tests.echo", "select %(word)s::text as word")
    with caplog.at_level(logging.DEBUG), database.reading(people["manager"]) as unit:
        monkeypatch.setattr(units, "SLOW_QUERY_S", 3600.0)
        unit.rows("tests.echo", word=SECRET)
        assert told(caplog) == []
        monkeypatch.setattr(units, "SLOW_QUERY_S", 0.0)
        unit.rows("tests.echo", word=SECRET)
        database.look_up("real", "tests.echo", word=SECRET)
    assert told(caplog) == ["tests.echo", "tests.echo"]
    assert not [record for record in caplog.records if SECRET in JsonLines().format(record)]


def test_exports_are_measured_and_logged_as_queries_are(
    people: People, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "SLOW_QUERY_S", 0.0)
    asked = exports.parse("tool_calls", {"tool": [SECRET]})
    names = ["exports.list_tool_calls as csv", "exports.list_tool_calls as jsonl", "exports.list_tool_calls counted"]
    before = measures.query_times()
    with caplog.at_level(logging.DEBUG):
        list(exports.stream(people["manager"], "tool_calls", asked, "csv"))
        with closing(exports.stream(people["manager"], "tool_calls", asked, "jsonl")) as broken_off:
            next(broken_off)
        exports.count(people["manager"], "tool_calls", asked)
    after = measures.query_times()
    assert told(caplog) == names
    assert [sum(after[name].slots) - sum(before[name].slots if name in before else []) for name in names] == [1, 1, 1]
    assert not [record for record in caplog.records if SECRET in JsonLines().format(record)]
