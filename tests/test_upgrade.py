"""Bringing a database up to date leaves adopted systems read where they are, however the last attempt ended."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, audit, database, migration, upgrade
from data.access import Actor
from data.command import main
from data.migration.errors import MigrationError
from data.migration.files import FOLDER
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import add_job, agents_seen, at_database, make

__all__ = ["at_database"]

Connection = psycopg.Connection[DictRow]

NO_KEY = (
    "alter table chronicle.sessions drop constraint uk_sessions_session_id, drop constraint sessions_session_id_key"
)
# The migration that writes the staging view of jobs.
FORGET = "delete from supabase_migrations.schema_migrations where version = '20261120102200'"


@pytest.mark.usefixtures("at_database")
def test_what_another_runner_applied_is_mended_by_the_next_one(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    """The Supabase CLI, or our own that ended between the migrations and the views."""
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    said: list[str] = []
    assert upgrade.up(database_url, FOLDER, said.append) == []
    assert said == []
    owner.execute(FORGET)
    migration.up(database_url, FOLDER, said.append, include_all=True)
    assert agents_seen(people["member"]) == [], "else this proves nothing"
    assert main(["adopt", "agents", "--status"]) == 1
    assert "wrong: public.jobs is not read" in capsys.readouterr().out
    said.clear()
    assert upgrade.up(database_url, FOLDER, said.append) == []
    assert said == ["Reading adopted tables where they are again: agents.jobs"]
    assert agents_seen(people["member"]) == ["intake"]


def test_what_was_applied_before_the_command_ended_has_its_audit_row(
    database_url: str, owner: Connection, tmp_path: Path
) -> None:
    """Each in the transaction of its row in the history: whatever ends the command leaves both or neither."""
    for path in FOLDER.glob("2*.sql"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    files = (
        ("20990101000000_good.sql", "create table agents.scratch (id int)"),
        ("20990102000000_bad.sql", "select 1/0"),
    )
    for name, text in files:
        (tmp_path / name).write_text(f"{text};\n", encoding="utf-8")
    with pytest.raises(MigrationError):
        upgrade.up(database_url, tmp_path, print)
    row = owner.execute(
        "select a.actor_email, a.action, a.target, a.xmin::text = r.xmin::text as is_with_it"
        " from signalbox.migration_runs as r join signalbox.audit_log as a on a.target = 'migration:' || r.version"
    ).fetchall()
    assert row == [{
        "actor_email": audit.OPERATOR, "action": "applied a migration", "target": "migration:20990101000000",
        "is_with_it": True,
    }]  # fmt: skip


@pytest.mark.usefixtures("at_database")
def test_moved_tables_get_what_they_lack_also_when_nothing_is_pending(
    database_url: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that were moved before the console gave it. What it does not give back is named with what makes it."""
    make(owner, oddities.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public", move=True)
    assert upgrade.up(database_url, FOLDER, print) == []
    assert capsys.readouterr().out == "", "nothing is lacking"
    owner.execute(
        "drop trigger sessions_updated_at on chronicle.sessions; drop trigger change_log_delete on chronicle.events;"
        f" {NO_KEY};"
        " alter table chronicle.sessions alter ended_at set not null;"
        " drop index chronicle.idx_tool_events_call_id; drop index chronicle.idx_tool_events_failed;"
        " create index idx_tool_events_failed on chronicle.tool_events (success)"
    )
    assert main(["migrate", "verify"]) == 1
    printed = capsys.readouterr().out
    assert "Moved here, and without our trigger: chronicle.sessions.sessions_updated_at\n" in printed
    statement = "ALTER TABLE chronicle.sessions ADD CONSTRAINT uk_sessions_session_id UNIQUE (session_id)"
    assert f"and without our unique key: chronicle.sessions.uk_sessions_session_id ({statement})\n" in printed
    said: list[str] = []
    assert upgrade.up(database_url, FOLDER, said.append) == []
    assert said == [
        "chronicle.sessions got the trigger sessions_updated_at",
        "chronicle.sessions: ended_at may be null from now on, as in ours",
        "chronicle.sessions got the indexes uk_sessions_session_id",
    ]
    owner.execute("insert into public.sessions (session_id, updated_at) values ('one', '2000-01-01')")
    owner.execute("update public.sessions set status = 'over'")
    row = owner.execute("select updated_at > '2001-01-01' as is_touched from chronicle.sessions").fetchone()
    assert row == {"is_touched": True}
    found = migration.verify(database_url, FOLDER)
    assert (found.unguarded, found.unkeyed) == ((), ())
    assert found.unindexed == (
        "chronicle.tool_events.idx_tool_events_call_id", "chronicle.tool_events.idx_tool_events_failed"
    )  # fmt: skip
    for statement in found.to_make.values():
        owner.execute(statement.encode())
    assert migration.verify(database_url, FOLDER).unindexed == ()


@pytest.mark.usefixtures("at_database")
def test_a_key_that_the_rows_do_not_allow_is_said_with_what_makes_it_later(
    database_url: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, oddities.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public", move=True)
    owner.execute(NO_KEY)
    owner.execute("insert into chronicle.sessions (session_id) values ('one'), ('one')")
    assert main(["migrate", "up"]) == 0
    assert (
        "chronicle.sessions goes without the index uk_sessions_session_id (could not create unique index"
        in capsys.readouterr().err
    )


def test_a_column_that_their_table_got_is_no_longer_called_missing(database_url: str, owner: Connection) -> None:
    make(owner, documents.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public")
    owner.execute("alter table public.tool_events add call_id uuid")
    adoption.point_again(database_url)
    row = owner.execute(
        "select missing_columns from signalbox.adopted_tables where table_name = 'tool_events'"
    ).fetchone()
    assert row == {"missing_columns": []}


def test_tables_that_are_gone_are_said_with_what_to_do_and_stop_no_other_system(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    make(owner, documents.CHRONICLE, "other")
    adoption.adopt(database_url, "agents", "public")
    adoption.adopt(database_url, "chronicle", "other")
    owner.execute("alter table public.jobs rename to work; alter table other.tool_events add call_id uuid")
    with pytest.raises(adoption.AdoptionError, match=r"no longer in public.*--release"):
        adoption.point_again(database_url)
    assert database.read_sources(people["admin"]).missing_columns == {}
    assert adoption.release(database_url, "agents") == ["jobs"]
