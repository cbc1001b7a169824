"""Adopting what no document foresaw: odd names and types, other owners, things of other people, a second thought."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, migration
from data.access import Actor
from data.adoption import errors
from data.command import main
from data.errors import WrongUse
from data.migration.files import FOLDER
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import add_job, agents_seen, at_database, everything, finding, states

__all__ = ["at_database"]

Connection = psycopg.Connection[DictRow]


def make(owner: Connection, text: str, schema: str = "public") -> None:
    """The tables of a document, in a schema of any name."""
    if schema != "public":
        owner.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    owner.execute(documents.tables_in(schema, text))


def names(owner: Connection, query: str) -> list[str]:
    """The first column of a query."""
    return [str(next(iter(row.values()))) for row in owner.execute(query.encode())]


COLUMNS = "select attname from pg_attribute where attrelid = 'public.jobs'::regclass and attnum > 0 order by attnum"


# reading it where it is


@pytest.mark.parametrize(
    ("schema", "move"),
    [("select", False), ("Upper Case", True), ('We"ird 🚂 {0} %s', False), ("it's.dotted %s", True)],
)
def test_a_schema_may_have_any_name(
    database_url: str, owner: Connection, people: dict[str, Actor], schema: str, move: bool
) -> None:
    make(owner, documents.AGENTS, schema)
    owner.execute(sql.SQL("insert into {} (agent_identifier) values ('there')").format(sql.Identifier(schema, "jobs")))
    adoption.adopt(database_url, "agents", schema, move=move, managers_read=True)
    assert agents_seen(people["manager"]) == ["there"]
    if not move:
        assert adoption.release(database_url, "agents") == ["jobs"]


def test_types_may_have_any_name(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    owner.execute('create type "T""y{p}e %s" as enum (\'one\'); create domain words as text')
    owner.execute(
        'alter table public.jobs alter agent_identifier type "T""y{p}e %s" using \'one\','
        " alter error_message type words, add n integer generated always as identity,"
        " add twice integer generated always as (1 + 1) stored"
    )
    add_job(owner, people["member"], "one")
    found = adoption.adopt(database_url, "agents", "public")
    assert states(finding(found, "jobs")) == {
        "agent_identifier": "converted", "error_message": "converted", "status": "converted"
    }  # fmt: skip
    assert agents_seen(people["member"]) == ["one"]


def test_a_column_of_another_collation_is_read_in_ours(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    """The column of a staging view cannot change its collation."""
    make(owner, documents.AGENTS)
    owner.execute('alter table public.jobs alter agent_identifier type text collate "C"')
    add_job(owner, people["member"])
    found = adoption.adopt(database_url, "agents", "public")
    assert states(finding(found, "jobs"))["agent_identifier"] == "converted"
    assert agents_seen(people["member"]) == ["intake"]


@pytest.mark.parametrize("kind", ["timestamp", "timestamp(3)"])
def test_times_without_a_zone_are_utc_in_every_session(database_url: str, owner: Connection, kind: str) -> None:
    make(owner, oddities.AGENTS)
    owner.execute(f"alter table public.jobs alter completed_at type {kind}".encode())
    owner.execute("insert into public.jobs (agent_identifier, completed_at) values ('x', '2026-11-20 12:00')")
    adoption.adopt(database_url, "agents", "public")
    owner.execute("set timezone = 'Asia/Tokyo'")
    row = owner.execute(
        "select completed_at = '2026-11-20 12:00Z' as is_utc from analytics.stg_agents__jobs"
    ).fetchone()
    assert row == {"is_utc": True}


@pytest.mark.parametrize("kind", ["text", "timestamp(3)", "date"])
def test_writers_go_on_whatever_type_their_times_have(
    database_url: str, owner: Connection, people: dict[str, Actor], kind: str
) -> None:
    """The trigger that notices what is written takes the time of the row: it must never refuse the row."""
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs alter created_at drop default")
    owner.execute(f"alter table public.jobs alter created_at type {kind}".encode())
    adoption.adopt(database_url, "agents", "public")
    before = database.read_sources(people["admin"]).versions["agents.jobs"]
    owner.execute("insert into public.jobs (agent_identifier, created_at) values ('x', '2026-11-20')")
    assert database.read_sources(people["admin"]).versions["agents.jobs"] != before


def test_a_partitioned_table_is_read_and_noticed(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(
        "drop table public.jobs cascade;"
        " create table public.jobs (id uuid default gen_random_uuid(), user_id uuid, agent_identifier text,"
        " status public.job_status default 'pending', created_at timestamptz default now(),"
        " primary key (id, created_at))"
        " partition by range (created_at); create table public.jobs_all partition of public.jobs default;"
        " alter table public.jobs enable row level security"
    )
    found = adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert not found.obstacles
    before = database.read_sources(people["admin"]).versions["agents.jobs"]
    add_job(owner, people["member"])
    assert database.read_sources(people["admin"]).versions["agents.jobs"] != before
    assert agents_seen(people["manager"]) == ["intake"]


def test_adopting_from_elsewhere_leaves_nothing_behind(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    make(owner, documents.AGENTS, "second")
    owner.execute("grant usage on schema second to authenticated")  # what is granted stays
    before = everything(database_url)
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    adoption.adopt(database_url, "agents", "second", managers_read=True)
    adoption.release(database_url, "agents")
    assert everything(database_url) == before


def test_a_column_that_our_table_got_later_is_read_when_adopted_again(database_url: str, owner: Connection) -> None:
    """The view between cannot take a new column in the middle: what it has keeps its place."""
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    adoption.release(database_url, "agents")
    before = sql.SQL(", ").join(
        sql.SQL("status::text::agents.job_status as status") if column.name == "status" else sql.Identifier(column.name)
        for column in adoption.tables_of("agents")["jobs"]
        if column.name != "agent_identifier"
    )
    owner.execute(sql.SQL("create view analytics.adopted_agents__jobs as select {} from public.jobs").format(before))
    adoption.adopt(database_url, "agents", "public")
    owner.execute("insert into public.jobs (agent_identifier) values ('x')")
    assert names(owner, "select agent from analytics.stg_agents__jobs") == ["x"]


def test_an_adopted_database_verifies_but_not_with_a_right_added(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert migration.verify(database_url, FOLDER).holds
    owner.execute("grant delete on analytics.adopted_agents__jobs to authenticated")
    assert not migration.verify(database_url, FOLDER).holds


# moving it


def test_the_view_under_the_old_name_has_the_columns_in_their_order(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs add zeal integer, add answer integer, drop column result")
    before = names(owner, f"{COLUMNS.replace(' order', ' and not attisdropped order')}")
    adoption.adopt(database_url, "agents", "public", move=True)
    assert names(owner, COLUMNS) == before


def test_the_owner_and_whoever_may_write_some_columns_still_may(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    owner.execute("create role program_of_theirs; grant create on schema public to program_of_theirs")
    try:
        owner.execute("grant update (status, result) on public.jobs to anon")
        owner.execute("alter table public.jobs owner to program_of_theirs")
        adoption.adopt(database_url, "agents", "public", move=True)
        row = owner.execute(
            "select has_table_privilege('program_of_theirs', 'public.jobs', 'select, insert, update, delete') as whole,"
            " has_column_privilege('anon', 'public.jobs', 'result', 'update') as some,"
            " has_column_privilege('anon', 'public.jobs', 'id', 'update') as other"
        ).fetchone()
        assert row == {"whole": True, "some": True, "other": False}
    finally:
        owner.execute("drop owned by program_of_theirs cascade; drop role program_of_theirs")


def test_what_was_published_stays_published(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    published = "select schemaname || '.' || tablename from pg_publication_tables order by 1"
    before = names(owner, published)
    assert "agents.jobs" in before
    adoption.adopt(database_url, "agents", "public", move=True)
    assert names(owner, published) == before


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        ("create view public.theirs as select id from agents.jobs", "view theirs depends on table agents.jobs"),
        (
            (
                "create table public.bills (job uuid); create policy theirs on public.bills as restrictive for select"
                " using (job in (select id from agents.jobs))"
            ),
            "the policy theirs on public.bills depends on them",
        ),
    ],
)
def test_what_others_built_on_our_tables_is_named_and_stays(
    database_url: str, owner: Connection, thing: str, said: str
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(thing.encode())
    before = everything(database_url)
    with pytest.raises(errors.ViewInTheWay, match=said):
        adoption.adopt(database_url, "agents", "public", move=True)
    assert everything(database_url) == before


def test_keys_that_do_not_fit_are_said_and_nothing_is_half_moved(database_url: str, owner: Connection) -> None:
    make(owner, documents.CHRONICLE)
    for table, name in (
        (row["table_name"], row["name"])
        for row in owner.execute(
            "select conrelid::regclass::text as table_name, conname as name from pg_constraint"
            " where contype = 'f' and confrelid = 'public.sessions'::regclass"
        ).fetchall()
    ):
        owner.execute(f"alter table {table} drop constraint {name}".encode())
    owner.execute('drop policy "Users can read events from their sessions" on public.events')
    owner.execute("alter table public.sessions alter id drop default, alter id type text")
    before = everything(database_url)
    with pytest.raises(errors.AdoptionError, match=r"PostgreSQL refuses it: .*uuid = text"):
        adoption.adopt(database_url, "chronicle", "public", move=True)
    assert everything(database_url) == before


# what stands in the way


def test_a_table_in_use_is_left_alone(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    with psycopg.connect(database_url) as busy:
        busy.execute("select 1 from public.jobs")
        with pytest.raises(errors.AdoptionError, match="in use"):
            adoption.release(database_url, "agents")
        with pytest.raises(errors.AdoptionError, match="in use"):
            adoption.adopt(database_url, "agents", "public")
    assert adoption.release(database_url, "agents") == ["jobs"]


def test_one_table_is_not_of_two_systems(database_url: str, owner: Connection) -> None:
    """Its triggers tell of one: the other's figures would stay as they were."""
    make(owner, documents.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public")
    before = everything(database_url)
    with pytest.raises(errors.AdoptionError, match=r"public\.sessions is read as a table of chronicle"):
        adoption.adopt(database_url, "lift", "public")
    assert everything(database_url) == before


def test_our_own_schemas_are_not_adopted_from(database_url: str) -> None:
    with pytest.raises(WrongUse, match="own"):
        adoption.adopt(database_url, "lift", "chronicle")


def test_what_was_moved_is_not_looked_for_elsewhere(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    make(owner, documents.AGENTS, "second")
    adoption.adopt(database_url, "agents", "public", move=True)
    with pytest.raises(errors.AdoptionError, match="moved here from public"):
        adoption.adopt(database_url, "agents", "second")
    with pytest.raises(errors.NothingToAdopt):
        adoption.release(database_url, "agents")


def test_a_database_without_the_newest_migrations_is_told_so(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    owner.execute("drop table signalbox.adopted_tables")
    with pytest.raises(errors.AdoptionError, match="apply the migrations"):
        adoption.adopt(database_url, "agents", "public")


@pytest.mark.usefixtures("at_database")
@pytest.mark.parametrize("other", [["--dry-run"], ["--move"], ["--managers-read"], ["--from", "public"]])
def test_releasing_takes_no_other_word(
    database_url: str, owner: Connection, other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run of it would have been none."""
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    before = everything(database_url)
    assert main(["adopt", "agents", "--release", *other]) == 2
    assert "--release stands alone" in capsys.readouterr().err
    assert everything(database_url) == before
