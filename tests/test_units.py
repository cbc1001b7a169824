"""Units of work: one transaction each, begun in one round trip, on a connection that lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from data import database, exports, jobs
from data.access import Actor
from data.errors import (
    DatabaseBehind,
    DatabaseFull,
    DatabaseReadOnly,
    DatabaseUnavailable,
    NotAllowed,
    ReplicaUnavailable,
    RowRefused,
)
from data.identity import web_sessions
from data.settings import DatabaseUrl
from tests.conftest import make_person
from tests.gate_site import hash_of, signed_in
from tests.recorded import Owner

People = dict[str, Actor]


def kill_all(owner: Owner) -> int:
    """End every connection of the pools, as a restart of the server does."""
    row = owner.execute(
        "select count(pg_terminate_backend(pid)) as ended from pg_stat_activity "
        "where application_name = 'signalbox' and pid <> pg_backend_pid() and datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row["ended"])


def test_a_connection_that_died_meanwhile_is_not_noticed(owner: Owner, people: People) -> None:
    for _ in range(3):
        with database.reading(people["manager"]) as outer, database.reading(people["manager"]) as inner:
            assert outer.connection is not inner.connection
        assert kill_all(owner) >= 2
        with database.reading(people["manager"]) as unit:
            assert unit.connection.execute("select 1 as one").fetchone() == {"one": 1}


def rounds_of(asking: Callable[[], object], kept_in: Path) -> int:
    """How often the server had its turn while something is asked over the only connection of the pool."""
    with database.operating() as unit:
        connection = unit.connection
    with kept_in.open("w+", encoding="utf-8") as lines:
        connection.pgconn.trace(lines.fileno())
        try:
            asking()
        finally:
            connection.pgconn.untrace()
        return lines.seek(0) + sum("ReadyForQuery" in line for line in lines)


@pytest.mark.usefixtures("people")
def test_who_asks_is_looked_up_in_one_round(owner: Owner, tmp_path: Path) -> None:
    token_hash = hash_of(signed_in(make_person(owner, "anybody", "manager")))
    found: list[Actor | None] = []
    assert rounds_of(lambda: found.append(web_sessions.look_up(token_hash)), tmp_path / "lines") == 1
    assert [actor and actor.email for actor in found] == ["anybody@example.com"]


def test_what_is_looked_up_is_data_and_leaves_nothing_behind(people: People, owner: Owner) -> None:
    odd = "o'neill\\'; select pg_sleep(0) --%s%%"
    owner.execute("update auth.users set email = %s where id = %s", (odd, people["member"].user_id))
    token_hash = hash_of(signed_in(people["member"]))
    before = database.statistics()["real"]["owner"]["pool_available"]
    for asked in ([token_hash], [odd], []):
        rows = database.look_up("real", "web_sessions.find_people", token_hashes=asked, idle_s=60.0, seen_as_s=60.0)
        assert [row["email"] for row in rows] == ([odd] if asked == [token_hash] else [])
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        database.look_up("real", "web_sessions.mark_seen", token_hashes=[token_hash])
    assert database.statistics()["real"]["owner"]["pool_available"] == before
    with database.reading(people["member"]) as unit:
        assert unit.connection.execute("select current_user as name").fetchone() == {"name": "authenticated"}


def test_a_connection_that_died_meanwhile_is_not_noticed_by_a_look_up(owner: Owner, people: People) -> None:
    token_hash = hash_of(signed_in(people["manager"]))
    for _ in range(3):
        assert web_sessions.look_up(token_hash)
        assert kill_all(owner) >= 1


def test_a_connection_that_dies_under_a_unit_is_said_and_gone(owner: Owner, people: People) -> None:
    def loses_it() -> None:
        with database.reading(people["manager"]) as unit:
            kill_all(owner)
            unit.connection.execute("select 1")

    with pytest.raises(DatabaseUnavailable):
        loses_it()
    with database.reading(people["manager"]) as unit:
        assert unit.connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_a_unit_whose_connection_is_lost_before_its_end_did_not_keep_anything(owner: Owner, people: People) -> None:
    def loses_it() -> None:
        with database.operating() as unit:
            unit.connection.execute("create table signalbox.never_kept ()")
            kill_all(owner)

    with pytest.raises(DatabaseUnavailable):
        loses_it()
    row = owner.execute("select to_regclass('signalbox.never_kept') as found").fetchone()
    assert row == {"found": None}


@pytest.mark.usefixtures("people")
def test_a_unit_is_kept_whole_or_not_at_all(owner: Owner) -> None:
    def fails() -> None:
        with database.operating() as unit:
            unit.connection.execute("drop table signalbox.kept")
            raise ZeroDivisionError

    with database.operating() as unit:
        unit.connection.execute("create table signalbox.kept ()")
    with pytest.raises(ZeroDivisionError):
        fails()
    row = owner.execute("select to_regclass('signalbox.kept')::text as found").fetchone()
    assert row == {"found": "signalbox.kept"}


def test_nothing_of_a_unit_survives_it(people: People) -> None:
    with database.reading(people["member"]) as unit:
        connection = unit.connection
        row = connection.execute(
            "select current_user as name, current_setting('transaction_read_only') only"
        ).fetchone()
        assert row == {"name": "authenticated", "only": "on"}
    assert connection.pgconn.transaction_status == 0, "idle, with no transaction"
    row = connection.execute(
        "select current_user as name, current_setting('request.jwt.claims', true) as claims"
    ).fetchone()
    assert row is not None
    assert row["name"] != "authenticated"
    assert not row["claims"]


def test_every_unit_reads_what_is_committed_whatever_the_database_has_as_its_own(
    people: People, database_url: str
) -> None:
    database.open_database("real", make_conninfo(database_url, options="-c default_transaction_isolation=serializable"))
    for opened in (
        database.reading(people["member"]),
        database.writing(people["member"]),
        database.operating(),
        database.watching("real"),
        database.apart(people["member"]),
    ):
        with opened as unit:
            row = unit.connection.execute("show transaction_isolation").fetchone()
        assert row == {"transaction_isolation": "read committed"}


def test_an_unnamed_sentence_in_the_claims_is_data(people: People) -> None:
    """The settings are bound on our side."""
    odd = replace(people["member"], email="o'neill\\'; select pg_sleep(0) --%s@example.com")
    with database.reading(odd) as unit:
        row = unit.connection.execute(
            "select current_setting('request.jwt.claims')::jsonb ->> 'email' as email"
        ).fetchone()
    assert row == {"email": odd.email}


def test_a_refused_statement_gives_the_connection_back(people: People) -> None:
    for _ in range(12):
        with pytest.raises(NotAllowed), database.reading(people["member"]) as unit:
            unit.connection.execute("select * from signalbox.web_sessions")
    with pytest.raises(psycopg.errors.UndefinedTable), database.reading(people["member"]) as unit:
        unit.connection.execute("select * from nowhere")
    with database.reading(people["member"]) as unit:
        assert unit.connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_readers_together_share_one_transaction_of_that_actor_alone(people: People) -> None:
    manager, member = people["manager"], people["member"]
    with database.together(manager):
        with database.reading(manager) as first, database.reading(manager) as second:
            assert first.connection is second.connection
        with database.reading(member) as other:
            assert other.connection is not first.connection
            email = other.connection.execute("select current_setting('request.jwt.claims')::jsonb ->> 'email' as is")
            assert email.fetchone() == {"is": member.email}
        with database.reading(manager) as third:
            assert third.connection is first.connection
            assert third.connection.pgconn.transaction_status != 0, "still the same transaction"
    assert first.connection.pgconn.transaction_status == 0


def test_what_fails_together_leaves_the_others_readable(people: People) -> None:
    with database.together(people["manager"]):
        with pytest.raises(NotAllowed), database.reading(people["manager"]) as unit:
            unit.connection.execute("select * from signalbox.web_sessions")
        with database.reading(people["manager"]) as unit:
            assert unit.connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_who_waits_together_holds_no_connection(people: People) -> None:
    free = database.statistics()["real"]["owner"]["pool_available"]
    with database.together(people["manager"]):
        with database.reading(people["manager"]):
            pass
        held = database.statistics()["real"]["owner"]
        assert held["pool_available"] == held["pool_size"] - 1
        database.let_go()
        after = database.statistics()["real"]["owner"]
        assert after["pool_available"] == after["pool_size"] >= free
        with database.reading(people["manager"]) as unit:
            assert unit.connection.execute("select 1 as one").fetchone() == {"one": 1}


def test_a_database_that_takes_no_writes_is_said(people: People, database_url: str) -> None:
    database.open_database("demo", f"{database_url}?options=-c%20default_transaction_read_only%3Don")
    actor = replace(people["admin"], dataset="demo")
    with pytest.raises(DatabaseReadOnly, match="READ_DATABASE_URL"), database.operating("demo"):
        pass
    with pytest.raises(DatabaseReadOnly), database.writing(actor):
        pass
    with database.reading(actor) as unit:
        assert unit.rows("versions.read_sources")


def test_a_replica_that_is_away_is_named_by_its_own_setting(people: People, database_url: str) -> None:
    gone = database_url.replace(f":{urlsplit(database_url).port}/", ":1/")
    away = DatabaseUrl(gone, "DATABASE_URL")
    database.open_database("demo", database_url, read_url=DatabaseUrl(gone, "READ_DATABASE_URL"))
    actor = replace(people["admin"], dataset="demo")
    with pytest.raises(ReplicaUnavailable, match=" READ_DATABASE_URL"), database.apart(actor):
        pass
    database.open_database("demo", away)
    with pytest.raises(DatabaseUnavailable, match=" DATABASE_URL"), database.apart(actor):
        pass


def test_what_a_database_behind_its_program_lacks_is_said_to_people(owner: Owner, people: People) -> None:
    owner.execute("alter view analytics.stg_agents__jobs rename to gone")
    asked = exports.parse("jobs", {})
    for missing in (
        lambda: jobs.read_job(people["manager"], job_id=people["manager"].user_id),
        lambda: exports.count(people["manager"], "jobs", asked),
        lambda: list(exports.stream(people["manager"], "jobs", asked, "csv")),
    ):
        with pytest.raises(DatabaseBehind, match="migrate up"):
            missing()
    with pytest.raises(psycopg.errors.UndefinedTable), database.operating() as unit:
        unit.connection.execute("select * from nowhere")


def test_a_full_disk_is_not_taken_for_a_database_that_does_not_answer(people: People) -> None:
    def sorts_much() -> None:
        with database.operating() as unit:
            unit.connection.execute("set local temp_file_limit = '8kB'")
            unit.connection.execute("set local work_mem = '64kB'")
            unit.connection.execute(
                "select count(*) from (select n from generate_series(1, 100000) as n order by n desc) s"
            )

    with pytest.raises(DatabaseFull, match="no room left"):
        sorts_much()


def test_what_is_larger_than_the_database_takes_is_not_taken_for_one_that_does_not_answer(people: People) -> None:
    def indexes_much() -> None:
        with database.operating() as unit:
            unit.connection.execute("create temporary table long (name text primary key)")
            unit.connection.execute(
                "insert into long select string_agg(md5(n::text), '') from generate_series(1, 500) as n"
            )

    with pytest.raises(RowRefused, match=r"larger than the database takes \(index row .*; nothing was changed"):
        indexes_much()
