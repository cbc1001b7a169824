"""The console's own health and figures."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from data import console, database, measures
from data.access import Actor
from data.console.health import BELIEVED_S
from data.errors import DatabaseUnavailable, NotAllowed
from data.settings import STATEMENT_TIMEOUTS_MS, DatabaseUrl, Settings
from tests import own_loop
from tests.cutting_proxy import cutting
from tests.gate_site import serving
from web.health import Health
from web.logs import JsonLines, PlainLines
from web.site import drop_old_rows, expire_questions, refresh_rollups

WELL = console.OwnHealth("reachable", "current")
Owner = psycopg.Connection[DictRow]


class Clock:
    """A clock that a test turns."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def examination(database_url: str) -> console.Examination:
    settings = Settings(database_url=database_url)
    database.open_database("real", database_url)
    return console.Examination(console.Console(settings), Clock())


def test_a_migrated_database_is_well(examination: console.Examination) -> None:
    assert examination.run() == WELL


def test_a_pending_migration_is_not_well(database_url: str, owner: Owner) -> None:
    owner.execute("delete from supabase_migrations.schema_migrations where version = '20261120090600'")
    database.open_database("real", database_url)
    clock = Clock()
    examination = console.Examination(console.Console(Settings(database_url=database_url)), clock)
    assert examination.run() == console.OwnHealth("reachable", "pending")
    owner.execute("insert into supabase_migrations.schema_migrations (version, name) values ('20261120090600', 'x')")
    assert examination.run() == WELL
    owner.execute("delete from supabase_migrations.schema_migrations")
    assert examination.run() == WELL, "believed for a while"
    clock.now += BELIEVED_S + 1
    assert examination.run() == console.OwnHealth("reachable", "pending")


def test_migrations_of_other_programs_take_nothing_down(examination: console.Examination, owner: Owner) -> None:
    owner.execute(
        "insert into supabase_migrations.schema_migrations (version, name) values ('20991231000000', 'theirs')"
    )
    assert examination.run() == WELL


def test_a_database_that_is_away_is_said_to_be(examination: console.Examination) -> None:
    database.close_all()
    reason = "The real database is not there."
    assert examination.run() == console.OwnHealth("unreachable", "unknown", reason)


def test_a_server_that_was_just_killed_is_unreachable_and_not_slow(database_url: str) -> None:
    with cutting(database_url) as way:
        database.open_database("real", DatabaseUrl(way.url, "DATABASE_URL"))
        examination = console.Examination(console.Console(Settings(database_url=database_url)))
        assert examination.run() == WELL
        way.die()
        found = own_loop.run(Health(examination.run).find())
    assert (found.database, found.migrations) == ("unreachable", "unknown")
    assert "Nothing listens where DATABASE_URL leads" in str(found.reason)


def test_a_demo_that_is_removed_is_no_failure_of_what_runs_beside(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone = database_url.rpartition("/")[0] + "/no_such_database"
    database.open_database("demo", gone)
    database.open_database("real", database_url)
    for work in (refresh_rollups, drop_old_rows, expire_questions):
        work()
    database.close_database("demo")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    database.open_database("real", gone)
    with pytest.raises(DatabaseUnavailable):
        refresh_rollups()


def test_a_replica_that_is_away_is_said_to_be(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read_url = DatabaseUrl(database_url.rpartition("/")[0] + "/no_such_database", "READ_DATABASE_URL")
    settings = Settings(database_url=database_url, read_database_url=read_url)
    with monkeypatch.context() as impatient:
        impatient.setattr("data.database.pools.CHECKOUT_TIMEOUT_S", 1.0)
        database.open_database("real", database_url, read_url=read_url)
    found = console.Examination(console.Console(settings)).run()
    assert (found.database, found.migrations) == ("unreachable", "unknown")
    assert "no database of the name" in str(found.reason)
    database.open_database("real", database_url, read_url=database_url)
    assert console.Examination(console.Console(settings)).run() == WELL


def test_many_askers_cost_one_look_per_second() -> None:
    looks: list[float] = []
    clock = Clock()

    def look() -> console.OwnHealth:
        looks.append(clock.now)
        time.sleep(0.05)
        return WELL

    async def ask() -> None:
        health = Health(look, clock)
        assert await asyncio.gather(*(health.find() for _ in range(100))) == [WELL] * 100
        await health.find()
        assert len(looks) == 1
        clock.now += 1.1
        await health.find()
        assert len(looks) == 2

    own_loop.run(ask())


def test_a_look_that_hangs_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.health.PATIENCE_S", 0.1)
    go_on = threading.Event()

    def look() -> console.OwnHealth:
        go_on.wait(10)
        return WELL

    async def ask() -> None:
        health = Health(look)
        assert await health.find() == console.OwnHealth("slow", "unknown")
        go_on.set()
        await asyncio.sleep(0.05)
        assert await health.find() == WELL

    own_loop.run(ask())


def test_healthz_needs_no_name_and_tells_no_secret(database_url: str) -> None:
    with serving(Settings(database_url=database_url)) as site:
        with httpx.Client(base_url=site.url, trust_env=False) as probe:
            answer = probe.get("/healthz", headers={"host": "10.0.0.7"})
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "database": "reachable", "migrations": "current"}
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer None", "secret", "Basic secret", "Bearer secret2"])
@pytest.mark.parametrize("token", ["secret", None])
def test_metrics_are_closed_without_the_token(database_url: str, given: str | None, token: str | None) -> None:
    headers = {"authorization": given} if given else {}
    with serving(Settings(database_url=database_url, metrics_token=token)) as site, site.client(**headers) as client:
        answer = client.get("/metrics")
    assert (answer.status_code, "signalbox_" in answer.text) == (401, False)


def test_metrics_count_what_happened(people: dict[str, Actor], database_url: str) -> None:
    measures.cache_read("tests.read")
    measures.cache_read("tests.read")
    measures.cache_filled("tests.read")
    measures.query_took("tests.query", 0.0031)
    measures.query_took("tests.query", 99)
    settings = Settings(database_url=database_url, metrics_token="secret")
    with serving(settings) as site, site.client(authorization="bearer secret") as client:
        lines = client.get("/metrics").text.splitlines()
    assert {
        'signalbox_cache_hits_total{read="tests.read"} 1.0',
        'signalbox_cache_misses_total{read="tests.read"} 1.0',
        'signalbox_query_seconds_bucket{le="0.0025",query="tests.query"} 0.0',
        'signalbox_query_seconds_bucket{le="0.005",query="tests.query"} 1.0',
        'signalbox_query_seconds_bucket{le="30.0",query="tests.query"} 1.0',
        'signalbox_query_seconds_bucket{le="+Inf",query="tests.query"} 2.0',
        'signalbox_query_seconds_count{query="tests.query"} 2.0',
        'signalbox_pool_connections_max{dataset="real",pool="owner"} 5.0',
        "signalbox_web_sessions 0.0",
    } <= set(lines)


def test_metrics_tell_of_the_pool_of_reports_where_there_is_one(people: dict[str, Actor], database_url: str) -> None:
    settings = Settings(database_url=database_url, read_database_url=database_url, metrics_token="secret")
    with serving(settings) as site, site.client(authorization="bearer secret") as client:
        database.open_database("real", database_url, read_url=database_url)
        with database.reading(people["manager"]), database.reading(people["manager"]):
            lines = client.get("/metrics").text.splitlines()
    assert 'signalbox_pool_connections{dataset="real",pool="reader"} 2.0' in lines
    assert 'signalbox_pool_free{dataset="real",pool="reader"} 0.0' in lines


@pytest.mark.usefixtures("people")
def test_metrics_leave_out_what_the_database_does_not_tell_in_time(
    owner: Owner, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=database_url, metrics_token="secret")
    with serving(settings) as site, site.client(authorization="bearer secret") as client:
        monkeypatch.setitem(STATEMENT_TIMEOUTS_MS, "development", 100)
        database.open_database("real", database_url)
        with owner.transaction():
            owner.execute("lock table signalbox.web_sessions in access exclusive mode")
            answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "signalbox_pool_connections" in answer.text
    assert "signalbox_web_sessions" not in answer.text


def test_log_lines_are_one_json_object_each() -> None:
    record = logging.makeLogRecord(
        {"name": "signalbox.x", "levelname": "WARNING", "msg": "two\nlines %s", "args": ("ü",), "query": "a.b"}
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["message"], told["query"]) == ("warning", "two\nlines ü", "a.b")
    assert told["time"].endswith("+00:00")
    assert PlainLines().format(record).endswith("warning: two\nlines ü query=a.b")


def test_only_admins_make_and_remove_the_demo(people: dict[str, Actor], database_url: str) -> None:
    opened = console.Console(Settings(database_url=database_url))
    for role in ("manager", "member"):
        with pytest.raises(NotAllowed):
            opened.make_demo(people[role], print)
        with pytest.raises(NotAllowed):
            opened.remove_demo(people[role])
    with pytest.raises(Exception, match="DATABASE_URL"):
        opened.make_demo(people["admin"], print)
