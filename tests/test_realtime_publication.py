"""What Supabase Realtime tells of: tables join its publication once, whatever that was before."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, embedded, migration, rollups
from data.migration.files import FOLDER
from tests import adoption_documents as documents
from tests.migration_scratch import connected, empty_database

Connection = psycopg.Connection[DictRow]

REALTIME = (FOLDER / "20261120100300_realtime.sql").read_text(encoding="utf-8")
OF_THE_DOCUMENTS = ["agents.jobs", "chronicle.events", "engine.events", "engine.human_approvals",
                    "engine.sop_executions"]  # fmt: skip


def published(connection: Connection) -> list[str]:
    """The tables that Realtime tells of."""
    rows = connection.execute(
        "select schemaname || '.' || tablename as name from pg_publication_tables"
        " where pubname = 'supabase_realtime' order by 1"
    )
    return [row["name"] for row in rows]


def test_the_statement_may_run_any_number_of_times(owner: Connection) -> None:
    assert published(owner) == OF_THE_DOCUMENTS
    for _ in range(2):
        owner.execute(REALTIME)
    assert published(owner) == OF_THE_DOCUMENTS


def test_what_is_missing_is_added_and_what_others_added_stays(owner: Connection) -> None:
    owner.execute("create table public.theirs (id int primary key)")
    owner.execute("alter publication supabase_realtime drop table engine.events, agents.jobs")
    owner.execute("alter publication supabase_realtime add table public.theirs")
    owner.execute(REALTIME)
    assert published(owner) == [*OF_THE_DOCUMENTS, "public.theirs"]


def test_a_publication_of_whole_schemas_takes_each_table_once(owner: Connection) -> None:
    owner.execute("drop publication supabase_realtime")
    owner.execute("create publication supabase_realtime for tables in schema engine")
    owner.execute(REALTIME)
    owner.execute(REALTIME)
    assert set(OF_THE_DOCUMENTS) <= set(published(owner))
    assert len(set(published(owner))) == len(published(owner))


def test_a_database_without_the_publication_gets_one(owner: Connection) -> None:
    owner.execute("drop publication supabase_realtime")
    owner.execute(REALTIME)
    assert published(owner) == OF_THE_DOCUMENTS


FOR_ALL = "drop publication supabase_realtime; create publication supabase_realtime for all tables"


def test_a_publication_that_was_for_all_tables_stays_one(server: embedded.Lease) -> None:
    """It tells of ours already, and PostgreSQL takes no table by name into it."""
    with empty_database(server) as url, connected(url) as connection:
        connection.execute(FOR_ALL)
        migration.up(url, FOLDER, print)
        connection.execute(REALTIME)
        row = connection.execute(
            "select puballtables from pg_publication where pubname = 'supabase_realtime'"
        ).fetchone()
        assert row == {"puballtables": True}
        assert set(OF_THE_DOCUMENTS) <= set(published(connection))
        assert migration.verify(url, FOLDER).holds


def test_every_row_of_ours_can_be_changed_where_all_tables_are_published(owner: Connection) -> None:
    """PostgreSQL refuses to change rows that are published and have nothing by which they are known."""
    owner.execute(FOR_ALL)
    nameless = owner.execute(
        "select c.oid::regclass::text as name from pg_class as c"
        " where c.relkind in ('r', 'p') and c.relpersistence = 'p' and c.relreplident = 'd'"
        " and c.relnamespace::regnamespace::text = any(%s)"
        " and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)",
        (["signalbox", "analytics", *adoption.SYSTEMS],),
    ).fetchall()
    assert nameless == []


@pytest.mark.usefixtures("people")
def test_sums_are_kept_where_all_tables_are_published(owner: Connection) -> None:
    owner.execute(FOR_ALL)
    owner.execute("insert into agents.jobs (agent_identifier, created_at) values ('x', now() - interval '2 days')")
    rollups.finish("real")
    built = owner.execute("select built_from from signalbox.rollup_state where subject = 'jobs'").fetchone()
    assert built
    assert built["built_from"] < 2147483647, "nothing was summed up"
    owner.execute("update agents.jobs set status = 'running'; delete from agents.jobs")
    rollups.finish("real")


@pytest.mark.parametrize("move", [False, True], ids=["pointed", "moved"])
def test_systems_are_adopted_where_all_tables_are_published(database_url: str, owner: Connection, move: bool) -> None:
    owner.execute(FOR_ALL)
    owner.execute(documents.tables_in("public", documents.AGENTS))
    adoption.adopt(database_url, "agents", "public", move=move)
    assert {"agents.jobs", *([] if move else ["public.jobs"])} <= set(published(owner))
    owner.execute("insert into public.jobs (agent_identifier) values ('x')")
    owner.execute("update public.jobs set status = 'completed'")
    assert owner.execute("select status::text from public.jobs").fetchone() == {"status": "completed"}
