"""The change log: whatever a committed statement touches changes the version of its table, and nothing else does."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data import rollups
from data.access import Actor
from data.database import queries, read_sources
from web.site import refresh_rollups

Connection = psycopg.Connection[DictRow]


def versions(connection: Connection) -> dict[str, str]:
    return {
        row["name"]: row["version"]
        for row in connection.execute("select name, version from signalbox.change_versions()").fetchall()
    }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in after if after[name] != before[name]}


def slots(connection: Connection, table: str) -> list[int]:
    """The quarters of an hour that the log holds for a table, in order; the log is empty afterwards."""
    rows = connection.execute(
        "with taken as (delete from signalbox.change_log returning source, slot)"
        " select slot from taken inner join signalbox.change_sources using (source) where name = %s order by slot",
        (table,),
    ).fetchall()
    return [row["slot"] for row in rows]


def add_session(connection: Connection, key: str = "", started_at: str | None = "2026-01-01") -> None:
    connection.execute(
        "insert into chronicle.sessions (session_id, started_at) values (%s, %s)", (key or uuid4().hex, started_at)
    )


@pytest.mark.parametrize("started_at", ["2026-01-01", None, "infinity", "-infinity", "200000-01-01", "4713-01-01 BC"])
def test_an_insert_with_any_time_succeeds_and_changes_the_version(owner: Connection, started_at: str | None) -> None:
    before = versions(owner)
    add_session(owner, started_at=started_at)
    assert changed(before, versions(owner)) == {"chronicle.sessions"}


@pytest.mark.usefixtures("people")
def test_the_console_goes_on_at_once_where_one_statement_touched_many_slots(owner: Connection) -> None:
    rollups.finish("real")
    owner.execute("insert into signalbox.change_log (source, slot) select 1, n from generate_series(1, 1200) as n")
    refresh_rollups()
    assert owner.execute("select from signalbox.change_log").rowcount == 0


AT, LATER = datetime(2026, 1, 1, 9, 14, 59, tzinfo=UTC), datetime(2026, 1, 1, 9, 15, tzinfo=UTC)
QUARTER = int(datetime(2026, 1, 1, 9, tzinfo=UTC).timestamp()) // 900


def test_a_mark_names_the_quarter_of_an_hour_of_each_row_touched_before_and_after(owner: Connection) -> None:
    """What is summed up per quarter of an hour is computed again for these quarters and no others."""
    for key, started_at in (("one", AT), ("two", AT), ("three", LATER)):
        add_session(owner, key, started_at.isoformat())
    slots(owner, "chronicle.sessions")
    owner.execute("update chronicle.sessions set git_branch = 'main' where session_id in ('one', 'two', 'three')")
    assert set(slots(owner, "chronicle.sessions")) == {QUARTER, QUARTER + 1}
    owner.execute("update chronicle.sessions set started_at = '2026-01-02 09:00Z' where session_id = 'one'")
    assert slots(owner, "chronicle.sessions") == [QUARTER, QUARTER + 96]
    owner.execute("delete from chronicle.sessions where session_id = 'three'")
    assert slots(owner, "chronicle.sessions") == [QUARTER + 1]


@pytest.mark.parametrize("started_at", [None, "infinity", "-infinity"])
def test_a_row_without_a_time_is_marked_as_such(owner: Connection, started_at: str | None) -> None:
    add_session(owner, started_at=started_at)
    assert slots(owner, "chronicle.sessions") == [-(2**31)]


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        (
            "chronicle.events",
            "insert into {} (session_id, event_type, data, timestamp) values (%(pk)s, 'user_prompt', '{{}}', %(at)s)",
        ),
        ("chronicle.tool_events", "insert into {} (session_id, tool_name, created_at) values (%(pk)s, 'x', %(at)s)"),
        ("chronicle.prompt_events", "insert into {} (session_id, created_at) values (%(pk)s, %(at)s)"),
        ("agents.jobs", "insert into {} (agent_identifier, created_at) values ('x', %(at)s)"),
        (
            "signalbox.model_replies",
            "insert into {} (message_id, session_id, model, replied_at) values ('m', %(pk)s, 'x', %(at)s)",
        ),
    ],
)
def test_the_time_of_a_mark_is_the_events_time_in_every_table(owner: Connection, table: str, statement: str) -> None:
    session_pk = uuid4()
    owner.execute("insert into chronicle.sessions (id, session_id) values (%s, 's')", (session_pk,))
    owner.execute(statement.format(table).encode(), {"pk": session_pk, "at": LATER})
    assert slots(owner, table) == [QUARTER + 1]


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


def test_a_pass_of_the_refresher_keeps_the_versions_and_empties_the_log(
    people: dict[str, Actor], owner: Connection
) -> None:
    for _ in range(3):
        add_session(owner)
    before = read_sources(people["member"]).versions
    refresh_rollups()
    assert read_sources(people["member"]).versions == before
    row = owner.execute("select count(*) as left_over from signalbox.change_log").fetchone()
    assert row == {"left_over": 0}
    add_session(owner)
    assert changed(before, read_sources(people["manager"]).versions) == {"chronicle.sessions"}


def test_later_passes_keep_the_versions_too(people: dict[str, Actor], owner: Connection) -> None:
    rollups.finish("real")  # what the migrations left
    seen = set()
    for _ in range(3):
        add_session(owner)
        before = versions(owner)["chronicle.sessions"]
        assert rollups.finish("real") == 1
        assert versions(owner)["chronicle.sessions"] == before
        seen.add(before)
    assert len(seen) == 3


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


# What reports read beside the sources: rows that are only ever written together with rows of a source.
WRITTEN_WITH_A_SOURCE = {"signalbox.import_records", "signalbox.audit_log"}


def test_every_table_that_a_report_reads_is_a_source(owner: Connection) -> None:
    """A figure over a table without marks would stay as it is for ever."""
    below_views = owner.execute(
        """
        select distinct n.nspname || '.' || t.relname as name
        from pg_rewrite as r
        inner join pg_class as v on v.oid = r.ev_class and v.relnamespace = 'analytics'::regnamespace
        inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        inner join pg_class as t on t.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
        inner join pg_namespace as n on n.oid = t.relnamespace
        where t.relkind in ('r', 'p')
        """
    ).fetchall()
    reports = {path.stem for path in (Path(__file__).parent.parent / "data" / "reports").glob("*.py")}
    named = {
        name
        for query in queries.all_queries().values()
        if query.name.partition(".")[0] in {*reports, "jobs", "approvals"}
        for name in re.findall(
            r"(?:from|join) ((?:chronicle|agents|engine|lift|toolbox|signalbox)\.\w+)\b(?!\()", query.text
        )
    }
    read = {row["name"] for row in below_views} | named - WRITTEN_WITH_A_SOURCE
    sources = {row["name"] for row in owner.execute("select name from signalbox.change_sources").fetchall()}
    assert len(read) > 8
    assert read <= sources, read - sources
