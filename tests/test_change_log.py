"""The change log: whatever a committed statement touches changes the version of its table, and nothing else does."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from data.database import read_versions
from web.site import fold_change_logs

Connection = psycopg.Connection[DictRow]


def versions(connection: Connection) -> dict[str, str]:
    return {
        row["name"]: row["version"]
        for row in connection.execute("select name, version from signalbox.change_versions()").fetchall()
    }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in after if after[name] != before[name]}


def add_session(connection: Connection, key: str = "", started_at: str | None = "2026-01-01") -> None:
    connection.execute(
        "insert into chronicle.sessions (session_id, started_at) values (%s, %s)", (key or uuid4().hex, started_at)
    )


@pytest.mark.parametrize("started_at", ["2026-01-01", None, "infinity", "-infinity", "200000-01-01", "4713-01-01 BC"])
def test_an_insert_with_any_time_succeeds_and_changes_the_version(owner: Connection, started_at: str | None) -> None:
    before = versions(owner)
    add_session(owner, started_at=started_at)
    assert changed(before, versions(owner)) == {"chronicle.sessions"}


def test_update_delete_and_truncate_change_the_version(owner: Connection) -> None:
    add_session(owner, "one")
    seen = [versions(owner)["chronicle.sessions"]]
    for statement in (
        "update chronicle.sessions set git_branch = 'main' where session_id = 'one'",
        "update chronicle.sessions set git_branch = 'main' where session_id = 'one'",
        "delete from chronicle.sessions where session_id = 'one'",
        "truncate chronicle.sessions cascade",
    ):
        owner.execute(statement.encode())
        seen.append(versions(owner)["chronicle.sessions"])
    assert len(set(seen)) == len(seen)


def test_copy_changes_the_version(owner: Connection) -> None:
    before = versions(owner)
    with owner.cursor().copy("copy agents.jobs (agent_identifier) from stdin") as copy:
        copy.write_row(["a"])
    assert changed(before, versions(owner)) == {"agents.jobs"}


def test_statements_that_touch_nothing_and_rolled_back_work_change_nothing(owner: Connection) -> None:
    add_session(owner, "one")
    before = versions(owner)
    owner.execute("update chronicle.sessions set git_branch = 'x' where session_id = 'nobody'")
    with owner.transaction(force_rollback=True):
        add_session(owner)
    assert versions(owner) == before


def test_an_older_transaction_that_commits_later_changes_the_version_again(
    owner: Connection, database_url: str
) -> None:
    with psycopg.connect(database_url) as older, psycopg.connect(database_url) as newer:
        older.execute("insert into agents.jobs (agent_identifier) values ('older')")
        newer.execute("insert into agents.jobs (agent_identifier) values ('newer')")
        newer.commit()
        between = versions(owner)["agents.jobs"]
        older.commit()
        assert versions(owner)["agents.jobs"] != between


def test_deleting_a_session_marks_the_tables_it_cascades_to(owner: Connection) -> None:
    add_session(owner, "one")
    owner.execute(
        "insert into chronicle.prompt_events (session_id, prompt_text)"
        " select id, 'hello' from chronicle.sessions where session_id = 'one'"
    )
    before = versions(owner)
    owner.execute("delete from chronicle.sessions where session_id = 'one'")
    assert {"chronicle.sessions", "chronicle.prompt_events"} <= changed(before, versions(owner))


def test_folding_keeps_the_versions_and_empties_the_log(people: dict[str, Actor], owner: Connection) -> None:
    for _ in range(3):
        add_session(owner)
    before = read_versions(people["member"])
    fold_change_logs()
    assert read_versions(people["member"]) == before
    row = owner.execute("select count(*) as left_over from signalbox.change_log").fetchone()
    assert row == {"left_over": 0}
    add_session(owner)
    assert changed(before, read_versions(people["manager"])) == {"chronicle.sessions"}


def test_every_table_with_a_mark_has_all_its_triggers(owner: Connection) -> None:
    missing = owner.execute(
        """
        select s.name, e.event from signalbox.change_sources as s
        cross join (values ('insert'), ('update_old'), ('update_new'), ('delete'), ('truncate')) as e (event)
        where not exists (
            select 1 from pg_trigger as t
            where t.tgrelid = s.name::regclass and t.tgname = 'change_log_' || e.event and t.tgenabled = 'O'
        )
        """
    ).fetchall()
    assert not missing


def test_every_table_of_the_systems_is_a_source(owner: Connection) -> None:
    rows = owner.execute(
        """
        select n.nspname || '.' || c.relname as name from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where c.relkind = 'r' and n.nspname in ('chronicle', 'agents', 'engine')
        except select name from signalbox.change_sources
        """
    ).fetchall()
    assert not rows
