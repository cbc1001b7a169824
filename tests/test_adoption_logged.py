"""Tables that were moved here tell the change log all that ours tell, so that stored sums of them are right; and they
get our indexes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, migration, rollups
from data.access import Actor
from data.adoption import marking, watching
from data.migration.files import FOLDER
from data.reports import tools
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.proofs.prove_rollups import STEPS, step_by_step
from tests.test_adoption import make
from tests.test_adoption_moved import make_engine, version

Connection = psycopg.Connection[DictRow]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
SLOT = int(DAY.timestamp()) // 900
LOWEST = -2147483648


def logged(owner: Connection, source: str) -> set[int]:
    """The slots that the log names for a table of ours; it is empty afterwards."""
    rows = owner.execute(
        "with gone as (delete from signalbox.change_log returning source, slot)"
        " select distinct slot from gone join signalbox.change_sources as s using (source) where s.name = %s",
        (source,),
    ).fetchall()
    return {row["slot"] for row in rows}


def links(owner: Connection) -> set[tuple[int, Any]]:
    rows = owner.execute("delete from signalbox.change_links returning source, link").fetchall()
    return {(row["source"], row["link"]) for row in rows}


def is_logged(owner: Connection, system: str) -> bool:
    (row,) = owner.execute(
        "select bool_and(is_logged) as it from signalbox.adopted_tables where system = %s", (system,)
    ).fetchall()
    return bool(row["it"])


def move_three(url: str, owner: Connection) -> None:
    make(owner, oddities.CHRONICLE, "recorded")
    make(owner, oddities.AGENTS)
    make_engine(owner)
    adoption.adopt(url, "chronicle", "recorded", move=True, managers_read=True)
    adoption.adopt(url, "agents", "public", move=True, managers_read=True)
    adoption.adopt(url, "engine", "public", move=True, managers_read=True)


def test_after_every_step_of_a_random_history_stored_and_live_are_equal(database_url: str, owner: Connection) -> None:
    move_three(database_url, owner)
    assert all(is_logged(owner, system) for system in ("agents", "chronicle", "engine"))
    owner.execute("alter table engine.sop_executions alter id set default gen_random_uuid()")  # theirs had none
    owner.execute("alter table engine.human_approvals alter created_at drop not null")  # the history has some without
    step_by_step(owner, 20261121, STEPS // 30)
    states = owner.execute("select count(*) as n from signalbox.rollup_state where built_from < 2147483647").fetchone()
    assert states != {"n": 0}, "nothing was ever stored"


def test_sums_of_moved_tables_are_stored(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    move_three(database_url, owner)
    owner.execute("insert into recorded.tool_events (tool_name, phase, created_at) values ('Read', 'post', %s)", (DAY,))
    rollups.finish("real")
    owner.execute("alter table chronicle.tool_events disable trigger user")
    owner.execute("delete from chronicle.tool_events")
    assert tools.read_usage(people["manager"], start=DAY, end=DAY + timedelta(days=1)).total.calls == 1


def test_every_change_of_moved_tables_names_its_slots(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    move_three(database_url, owner)
    later = DAY + timedelta(hours=1)
    seen = version(people["admin"], "agents.jobs")
    logged(owner, "-")
    owner.execute(
        "insert into public.jobs (agent_identifier, created_at, completed_at) values ('x', %s, %s)", (DAY, later)
    )
    assert logged(owner, "agents.jobs") == {SLOT + 4}, "it counts when it ended"
    owner.execute("update agents.jobs set completed_at = null, started_at = null, status = 'pending'")
    assert logged(owner, "agents.jobs") == {SLOT, SLOT + 4}
    owner.execute("delete from agents.jobs")
    assert logged(owner, "agents.jobs") == {SLOT}
    owner.execute("insert into agents.jobs (agent_identifier) values ('y')")
    assert version(people["admin"], "agents.jobs") != seen
    owner.execute(
        "insert into engine.sop_executions (id, started_at, completed_at) values (gen_random_uuid(), %s, %s)",
        (DAY, later),
    )
    assert logged(owner, "engine.sop_executions") == {SLOT, SLOT + 4}
    owner.execute("insert into recorded.events (event_type, timestamp, data) values ('x', '2026-11-10 00:00', '{}')")
    assert logged(owner, "chronicle.events") == {SLOT}, "its times have no zone, which is UTC"


def test_links_of_moved_tables_are_logged(database_url: str, owner: Connection) -> None:
    move_three(database_url, owner)
    row = owner.execute(
        "insert into recorded.sessions (session_id, project_name) values ('one', 'a') returning id"
    ).fetchone()
    assert row is not None
    links(owner)
    owner.execute("update recorded.sessions set project_name = 'b'")
    assert links(owner) == {(3, row["id"])}
    owner.execute(
        "insert into chronicle.tool_events (tool_name, phase, call_id, created_at)"
        " values ('Read', 'post', '00000000-0000-0000-0000-000000000001', %s)",
        (DAY,),
    )
    owner.execute("delete from chronicle.tool_events")
    rows = owner.execute(
        "select l.counted, i.call_id from signalbox.change_log as l cross join unnest(l.calls) as i order by 1"
    ).fetchall()
    assert [row["counted"] for row in rows] == [-1, 1]
    assert {row["call_id"] for row in rows} == {UUID(int=1)}
    logged(owner, "-")
    owner.execute("truncate chronicle.tool_events")
    assert logged(owner, "chronicle.tool_events") == {2147483647}


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("alter table public.jobs alter completed_at type text", "agents.jobs"),
        ("alter table public.jobs alter completed_at type timestamp", "agents.jobs"),
    ],
)
def test_times_of_another_type_are_noticed_and_read_from_the_rows(
    database_url: str, owner: Connection, people: dict[str, Actor], change: str, table: str
) -> None:
    make(owner, oddities.AGENTS)
    owner.execute(change.encode())
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    assert any("no sums of it are stored" in sentence for sentence in said)
    assert not is_logged(owner, "agents")
    logged(owner, "-")
    owner.execute("insert into public.jobs (agent_identifier, completed_at) values ('x', '2026-11-20 12:00')")
    assert logged(owner, table) == {LOWEST}
    rollups.finish("real")
    state = owner.execute("select built_from from signalbox.rollup_state where subject = 'jobs'").fetchone()
    assert state == {"built_from": 2147483647}


def test_whoever_reads_other_rows_from_now_on_computes_them_anew(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    versions = [version(people["admin"], "agents.jobs")]
    adoption.adopt(database_url, "agents", "public")
    versions.append(version(people["admin"], "agents.jobs"))
    adoption.release(database_url, "agents")
    versions.append(version(people["admin"], "agents.jobs"))
    adoption.adopt(database_url, "agents", "public", move=True)
    versions.append(version(people["admin"], "agents.jobs"))
    assert len(set(versions)) == 4


def test_one_that_an_older_version_moved_is_logged_after_the_next_migrations(
    database_url: str, owner: Connection
) -> None:
    move_three(database_url, owner)
    owner.execute(
        "drop trigger change_log_projects on chronicle.sessions; drop trigger change_log_insert on agents.jobs;"
        " create trigger change_log_insert after insert on agents.jobs referencing new table as touched_rows"
        " for each statement execute function signalbox.log_rows('8', '-');"
        " update signalbox.adopted_tables set is_logged = false"
    )
    adoption.point_again(database_url)
    assert is_logged(owner, "agents")
    assert is_logged(owner, "chronicle")
    assert migration.verify(database_url, FOLDER).unguarded == ()


def test_a_moved_table_that_is_elsewhere_again_is_noticed_no_longer(database_url: str, owner: Connection) -> None:
    """Its triggers name the source only in part; all of them go."""
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public", move=True)
    owner.execute("drop view public.jobs; create schema away")
    owner.execute("create table away.copy (like agents.jobs including all)")
    for mark in marking.marks_of("agents.jobs"):
        owner.execute(
            sql.SQL("create trigger {} {} on away.copy {} for each statement execute function {}({})").format(
                sql.Identifier(mark.name),
                sql.SQL(mark.event),
                sql.SQL(mark.rows),
                sql.Identifier("signalbox", mark.function),
                sql.SQL(", ").join(sql.Literal(argument) for argument in mark.arguments),
            )
        )
    watching.unwatch(owner, "agents", "jobs")
    left = owner.execute("select count(*) as n from pg_trigger where tgrelid = 'away.copy'::regclass").fetchone()
    assert left == {"n": 0}


def test_moved_tables_get_our_indexes_once_and_say_so(database_url: str, owner: Connection) -> None:
    make(owner, oddities.AGENTS)
    planned = adoption.adopt(database_url, "agents", "public", move=True, dry_run=True).remarks
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    named = "idx_jobs_agent_identifier, idx_jobs_counted_by, idx_jobs_created_at, idx_jobs_data_gin"
    assert any(one.startswith(f"agents.jobs gets the indexes {named}") for one in planned)
    assert any(one.startswith(f"agents.jobs got the indexes {named}") for one in said)
    there = {
        row["name"]: row["is_valid"]
        for row in owner.execute(
            "select indexrelid::regclass::text as name, indisvalid as is_valid from pg_index"
            " where indrelid = 'agents.jobs'::regclass"
        )
    }
    assert all(there.values())
    assert "agents.idx_jobs_counted_by" in there
    # Its own one of the same columns is enough; and where a column has another type, ours would serve nobody.
    assert "idx_jobs_user_id" not in named
    lacks = {one for one in said if "goes without" in one}
    assert lacks == {
        f"agents.jobs goes without the index {name}: status is job_status, not agents.job_status"
        for name in ("idx_jobs_running", "idx_jobs_status", "idx_jobs_status_created", "idx_jobs_user_status")
    }


def test_an_index_that_cannot_be_built_leaves_nothing_half_behind(database_url: str, owner: Connection) -> None:
    make(owner, oddities.AGENTS)
    owner.execute("insert into public.jobs (agent_identifier) select string_agg(md5(n::text), '')"
                  " from generate_series(1, 3000) as n")  # fmt: skip
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    (one,) = [sentence for sentence in said if "idx_jobs_agent_identifier (" in sentence]
    assert one.endswith(
        "to make it later: create index concurrently idx_jobs_agent_identifier on agents.jobs USING btree"
        " (agent_identifier)"
    )
    row = owner.execute("select count(*) as n from pg_index where not indisvalid").fetchone()
    assert row == {"n": 0}


def test_what_a_member_sees_of_moved_tables_is_said_and_true(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, oddities.CHRONICLE)
    session = owner.execute(
        "insert into public.sessions (session_id, metadata) values ('one', jsonb_build_object('user_id', %s::text)),"
        " ('two', '{}') returning id",
        (people["member"].user_id,),
    ).fetchall()
    owner.execute("insert into public.tool_events (session_id, tool_name) values (%s, 'Read')", (session[0]["id"],))
    owner.execute("insert into public.lifecycle_events (session_id) values (%s)", (session[1]["id"],))
    said = adoption.adopt(database_url, "chronicle", "public", move=True).remarks
    (sight,) = [one for one in said if one.startswith("Grants and policies stay")]
    assert "of sessions what “Service role has full access” or “Users can read their own sessions” allows" in sight
    assert "every row of lifecycle_events (row security is off)" in sight
    assert "nothing of tool_events" in sight
    for table, rows in (("sessions", 1), ("tool_events", 0), ("lifecycle_events", 1)):
        with database.reading(people["member"]) as unit:
            found = unit.connection.execute(
                sql.SQL("select count(*) as n from {}").format(sql.Identifier("analytics", f"stg_chronicle__{table}"))
            ).fetchone()
        assert found == {"n": rows}, table


def test_every_function_of_the_change_log_is_known_here() -> None:
    """A new one needs an entry that says which columns it reads; without one, moved tables are never summed up."""
    systems = {f"{system}.{table}" for system in adoption.SYSTEMS for table in adoption.tables_of(system)}
    for table in systems:
        assert len(marking.marks_of(table)) >= 5, table
        assert all(marking.needs_of(mark) is not None for mark in marking.marks_of(table)), table


def test_every_function_that_reads_adopted_systems_live_sums_up_those_that_are_logged(owner: Connection) -> None:
    """Dropping rows of theirs is another matter: it leaves them alone, moved or not."""
    rows = owner.execute(
        "select oid::regprocedure::text as name, prosrc like '%not t.is_logged%' as knows from pg_proc"
        " where prosrc ~ 'signalbox.adopted_tables as t\\s+inner join signalbox.change_sources'"
    ).fetchall()
    assert len(rows) >= 3
    assert [row["name"] for row in rows if not row["knows"]] == []
