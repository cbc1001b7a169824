"""A dry run says all that the real run would refuse, and changes nothing."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption
from data.access import Actor
from data.adoption import doing, errors
from data.command import main
from data.migration.apply import RUNNER_LOCK
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import add_job, at_database, everything, make

__all__ = ["at_database"]

Connection = psycopg.Connection[DictRow]


@pytest.mark.usefixtures("at_database")
def test_our_rows_and_half_a_system_are_said_together(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, oddities.LIFT, "lift_sys")
    owner.execute("insert into lift.sessions (user_id) values (%s)", (people["member"].user_id,))
    before = everything(database_url)
    assert main(["adopt", "lift", "--from", "lift_sys", "--dry-run"]) == 1
    pointed = capsys.readouterr().out
    assert "lift.sessions hold rows of their own" in pointed
    assert "moved whole" not in pointed
    assert main(["adopt", "lift", "--from", "lift_sys", "--move", "--dry-run"]) == 1
    moved = capsys.readouterr().out
    assert "lift.sessions hold rows of their own" in moved
    assert "lift_sys has no hole_resolutions, session_drafts, and a system is moved whole or not at all" in moved
    assert everything(database_url) == before


def test_what_postgresql_would_refuse_is_said(database_url: str, owner: Connection) -> None:
    """It is done and undone: what rests on our tables, and what another program holds."""
    make(owner, documents.AGENTS)
    owner.execute("create view public.theirs as select id from agents.jobs")
    before = everything(database_url)
    found = adoption.adopt(database_url, "agents", "public", move=True, dry_run=True)
    assert len(found.obstacles) == 1
    assert "view theirs depends on table agents.jobs" in found.obstacles[0]
    with psycopg.connect(database_url) as busy:
        busy.execute("select 1 from public.jobs")
        adoption.adopt(database_url, "agents", "public", dry_run=True)
        busy.execute("lock table public.jobs in share mode")
        assert "in use" in adoption.adopt(database_url, "agents", "public", dry_run=True).obstacles[0]
    assert adoption.adopt(database_url, "agents", "public", dry_run=True).obstacles == ()
    assert everything(database_url) == before


def test_whoever_may_not_is_told_so(database_url: str, owner: Connection) -> None:
    """A table that the role may not even read is no reason to fall over."""
    make(owner, documents.AGENTS)
    owner.execute("drop role if exists merely_looking; create role merely_looking login password 'x'")
    try:
        owner.execute("grant usage on schema public, signalbox to merely_looking")
        given = psycopg.conninfo.make_conninfo(database_url, user="merely_looking", password="x")
        found = adoption.adopt(given, "agents", "public", dry_run=True)
        assert any("jobs belongs to postgres" in obstacle for obstacle in found.obstacles)
        assert any("may not do all that is needed" in obstacle for obstacle in found.obstacles)
    finally:
        owner.execute("drop owned by merely_looking; drop role merely_looking")


@pytest.mark.usefixtures("at_database")
def test_a_second_owner_and_an_earlier_move_are_said(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, documents.AGENTS)
    make(owner, documents.AGENTS, "second")
    add_job(owner, people["member"], table="public.jobs")
    adoption.adopt(database_url, "agents", "public", move=True)
    (obstacle,) = adoption.adopt(database_url, "agents", "second", dry_run=True).obstacles
    assert obstacle == "The tables of agents were moved here from public and are our own since"
    capsys.readouterr()
    assert main(["adopt", "agents", "--from", "public", "--move", "--dry-run"]) == 1
    assert capsys.readouterr().out == f"Cannot be adopted: {obstacle}.\n", "and nothing of the views as if they were it"
    for again in (
        lambda: adoption.adopt(database_url, "agents", "public", move=True),
        lambda: adoption.release(database_url, "agents"),
    ):
        with pytest.raises(errors.AdoptionError, match=f"^{obstacle}"):
            again()


def test_what_their_owner_can_no_longer_do_is_said(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    (remark,) = adoption.adopt(database_url, "agents", "public", dry_run=True).remarks
    assert "refuses to drop their columns or to give them other types" in remark
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        owner.execute("alter table public.jobs alter agent_identifier type varchar(10)")


def test_a_table_that_was_altered_since_it_was_compared_is_looked_at_again(
    database_url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(owner, documents.AGENTS)

    def slowly(connection: Connection, system: str, schema: str) -> adoption.SystemFinding:
        found = adoption.compare(connection, system, schema)
        owner.execute("alter table public.jobs alter agent_identifier type varchar(10)")
        return found

    monkeypatch.setattr(doing, "compare", slowly)
    with pytest.raises(errors.AdoptionError, match=r"public\.jobs was altered a moment ago"):
        adoption.adopt(database_url, "agents", "public")


def test_two_do_not_adopt_at_once(database_url: str, owner: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one while migrations are applied: both write the staging views."""
    make(owner, documents.AGENTS)
    monkeypatch.setattr(doing, "_REHEARSAL_LOCK_TIMEOUT", "50ms")
    with psycopg.connect(database_url) as other:
        other.execute(sql.SQL("select pg_advisory_xact_lock({})").format(sql.Literal(RUNNER_LOCK)))
        (obstacle,) = adoption.adopt(database_url, "agents", "public", dry_run=True).obstacles
    assert "Somebody else adopts or migrates" in obstacle
