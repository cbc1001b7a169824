"""Adopting systems that made their tables themselves: what differs is said, reports read them, rights stay."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, jobs, migration, upgrade
from data.access import Actor
from data.adoption import errors
from data.command import main
from data.errors import ColumnMissing, WrongUse
from data.migration.files import FOLDER
from data.migration.state import inventory
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities

Connection = psycopg.Connection[DictRow]


def make(owner: Connection, text: str, schema: str = "public") -> None:
    """The tables of a document, in `public` or in a schema of their own."""
    if schema != "public":
        owner.execute(f"create schema {schema}".encode())
    owner.execute(documents.tables_in(schema, text))


def add_job(owner: Connection, person: Actor, agent: str = "intake", table: str = "public.jobs") -> UUID:
    identifier = uuid4()
    owner.execute(
        sql.SQL("insert into {} (id, user_id, agent_identifier, status) values (%s, %s, %s, 'running')").format(
            sql.Identifier(*table.split("."))
        ),
        (identifier, person.user_id, agent),
    )
    return identifier


def agents_seen(actor: Actor) -> list[str]:
    with database.reading(actor) as unit:
        rows = unit.connection.execute("select agent from analytics.stg_agents__jobs order by 1").fetchall()
    return [row["agent"] for row in rows]


def everything(url: str) -> list[inventory.Item]:
    with psycopg.connect(url, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        return inventory.take(connection, inventory.schemas_of(connection))


def finding(found: adoption.SystemFinding, table: str) -> adoption.TableFinding:
    return next(each for each in found.tables if each.name == table)


def states(table: adoption.TableFinding) -> dict[str, str]:
    return {column.name: column.state for column in table.columns if column.state != "same"}


def test_what_differs_is_said_column_by_column(database_url: str, owner: Connection) -> None:
    make(owner, oddities.CHRONICLE)
    found = adoption.adopt(database_url, "chronicle", "public", dry_run=True)
    assert states(finding(found, "sessions")) == {}
    assert states(finding(found, "tool_events")) == {"call_id": "missing"}
    assert states(finding(found, "events")) == {"timestamp": "converted"}
    assert finding(found, "tool_events").lacking == ("call_id",)
    assert (finding(found, "tool_events").is_secured, finding(found, "tool_events").read_policies) == (True, 0)


def test_a_dry_run_changes_nothing(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    before = everything(database_url)
    adoption.adopt(database_url, "agents", "public", dry_run=True)
    assert everything(database_url) == before


def test_reports_read_the_tables_where_they_are(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    assert agents_seen(people["member"]) == ["intake"]


def test_rights_and_row_security_are_kept(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    """Its own policies know no managers: nobody sees more than before, unless that is asked for."""
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    assert agents_seen(people["other"]) == []
    assert agents_seen(people["manager"]) == []
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert agents_seen(people["manager"]) == ["intake"]
    assert agents_seen(people["other"]) == []


def test_two_systems_that_both_own_sessions(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.CHRONICLE)
    make(owner, oddities.LIFT, "lift_sys")
    owner.execute("insert into public.sessions (session_id, project_name) values ('one', 'harbour')")
    owner.execute("insert into lift_sys.sessions (user_id, title) values (%s, 'x')", (people["member"].user_id,))
    adoption.adopt(database_url, "chronicle", "public", managers_read=True)
    found = adoption.adopt(database_url, "lift", "lift_sys", managers_read=True)
    assert states(finding(found, "sessions")) == {"prompt": "missing", "status": "converted"}
    assert states(finding(found, "session_revisions"))["revision_number"] == "converted"
    assert not finding(found, "session_drafts").is_there
    with database.reading(people["manager"]) as unit:
        row = unit.connection.execute(
            "select (select array_agg(project_name) from analytics.session_summary) as chronicle,"
            " (select array_agg(owner_id) from analytics.lift_session_summary) as lift"
        ).fetchone()
    assert row == {"chronicle": ["harbour"], "lift": [people["member"].user_id]}


def test_times_without_a_zone_are_utc(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, oddities.CHRONICLE)
    owner.execute("insert into public.events (event_type, timestamp, data) values ('x', '2026-11-20 12:00', '{}')")
    adoption.adopt(database_url, "chronicle", "public", managers_read=True)
    with database.reading(people["admin"]) as unit:
        row = unit.connection.execute(
            "select occurred_at = '2026-11-20 12:00Z' as is_utc from analytics.stg_chronicle__events"
        ).fetchone()
    assert row == {"is_utc": True}


def test_a_value_that_cannot_be_converted_reads_as_unknown(database_url: str, owner: Connection) -> None:
    make(owner, oddities.LIFT, "lift_sys")
    user = owner.execute("insert into auth.users (id) values (gen_random_uuid()) returning id").fetchone()
    assert user is not None
    owner.execute("insert into lift_sys.sessions (user_id) values (%s)", (user["id"],))
    owner.execute(
        "insert into lift_sys.session_revisions (session_id, user_id, revision_number, ir_content)"
        " select id, user_id, 'first', '{}' from lift_sys.sessions"
    )
    found = adoption.adopt(database_url, "lift", "lift_sys")
    assert states(finding(found, "session_revisions"))["revision_number"] == "not convertible"
    row = owner.execute("select revision_number from analytics.stg_lift__session_revisions").fetchone()
    assert row == {"revision_number": None}


def test_what_is_written_there_is_noticed(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    before = database.read_sources(people["admin"]).versions["agents.jobs"]
    identifier = add_job(owner, people["member"])
    added = database.read_sources(people["admin"]).versions["agents.jobs"]
    owner.execute("update public.jobs set status = 'failed' where id = %s", (identifier,))
    assert len({before, added, database.read_sources(people["admin"]).versions["agents.jobs"]}) == 3


def test_acts_reach_the_table_where_it_is(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    identifier = add_job(owner, people["admin"])
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    jobs.cancel(people["admin"], identifier, "running")
    row = owner.execute("select status::text from public.jobs").fetchone()
    assert row == {"status": "cancelled"}


def test_an_approval_is_decided_where_it_is(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    from data import approvals  # noqa: PLC0415 - the one test about them

    make(owner, oddities.ENGINE)
    row = owner.execute(
        "insert into public.human_approvals (approval_type, title) values ('x', 'Send it?') returning id"
    ).fetchone()
    assert row is not None
    adoption.adopt(database_url, "engine", "public")
    with pytest.raises(
        ColumnMissing, match=r"^public\.human_approvals, read as .* lacks what this writes: decision_note"
    ):
        approvals.decide(people["admin"], row["id"], "approved", "fine")
    owner.execute("alter table public.human_approvals add decision_note text, add decided_by_name text")
    adoption.adopt(database_url, "engine", "public")
    approvals.decide(people["admin"], row["id"], "approved", "fine")
    decided = owner.execute(
        "select a.status, a.decided_by, a.decision_note, e.event_type from public.human_approvals as a"
        " join public.events as e on e.aggregate_id = a.id::text"
    ).fetchone()
    assert decided == {
        "status": "approved",
        "decided_by": people["admin"].user_id,
        "decision_note": "fine",
        "event_type": "HUMAN_APPROVAL_APPROVED",
    }


def test_releasing_reads_our_own_tables_again(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    before = everything(database_url)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    assert adoption.release(database_url, "agents") == ["jobs"]
    assert agents_seen(people["member"]) == []
    assert everything(database_url) == before
    with pytest.raises(errors.NothingToAdopt):
        adoption.release(database_url, "agents")


def test_an_upgrade_leaves_adopted_tables_read_where_they_are(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    """Migrations write staging views anew; the next one does here by being forgotten and applied again."""
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    # The one that writes the staging view of jobs.
    again = "delete from supabase_migrations.schema_migrations where version = '20261120102200'"
    owner.execute(again)
    migration.up(database_url, FOLDER, print, include_all=True)
    assert agents_seen(people["member"]) == [], "else this proves nothing"
    owner.execute(again)
    upgrade.up(database_url, FOLDER, print, include_all=True)
    assert agents_seen(people["member"]) == ["intake"]


@pytest.mark.parametrize(
    ("system", "text", "schema"),
    [
        ("agents", documents.AGENTS, "public"),
        ("chronicle", documents.CHRONICLE, "public"),
    ],
)
def test_a_pointed_database_verifies(database_url: str, owner: Connection, system: str, text: str, schema: str) -> None:
    make(owner, text, schema)
    adoption.adopt(database_url, system, schema)
    found = migration.verify(database_url, FOLDER)
    assert found.comparison.different == ()
    assert found.comparison.missing == ()


# moving


def test_moving_keeps_rows_rights_and_the_old_name(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    add_job(owner, people["member"], "before")
    adoption.adopt(database_url, "agents", "public", move=True)
    assert agents_seen(people["member"]) == ["before"]
    add_job(owner, people["member"], "through the old name")
    with database.writing(people["member"]) as unit:
        unit.connection.execute(
            "insert into public.jobs (user_id, agent_identifier) values (%s, 'as a person')",
            (people["member"].user_id,),
        )
    assert agents_seen(people["member"]) == ["as a person", "before", "through the old name"]
    assert agents_seen(people["other"]) == []
    row = owner.execute("select count(*) as jobs from agents.jobs").fetchone()
    assert row == {"jobs": 3}


def test_moving_chronicle_keeps_what_refers_to_it(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.CHRONICLE)
    session = owner.execute(
        "insert into public.sessions (session_id, metadata) values ('one', jsonb_build_object('user_id', %s::text))"
        " returning id",
        (people["member"].user_id,),
    ).fetchone()
    assert session is not None
    adoption.adopt(database_url, "chronicle", "public", move=True, managers_read=True)
    owner.execute(
        "insert into signalbox.model_replies (message_id, session_id, model) values ('m', %s, 'x')", (session["id"],)
    )
    for person, replies in ((people["member"], 1), (people["other"], 0), (people["manager"], 1)):
        with database.reading(person) as unit:
            row = unit.connection.execute("select count(*) as replies from signalbox.model_replies").fetchone()
        assert row == {"replies": replies}, person.email
    owner.execute("delete from public.sessions")
    row = owner.execute("select count(*) as replies from signalbox.model_replies").fetchone()
    assert row == {"replies": 0}, "its foreign key cascades as before"


def test_moving_makes_missing_columns_and_verifies(database_url: str, owner: Connection) -> None:
    make(owner, documents.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public", move=True)
    row = owner.execute("select count(call_id) as calls from chronicle.tool_events").fetchone()
    assert row == {"calls": 0}
    found = migration.verify(database_url, FOLDER)
    assert found.moved == tuple(sorted(f"chronicle.{name}" for name in adoption.tables_of("chronicle")))
    assert found.comparison.missing == ()


def test_a_moved_engine_appends_and_streams(database_url: str, owner: Connection) -> None:
    """Its functions return rows of the table: they are made anew over one whose columns stand in another order."""
    for missing in ("event_snapshots", "sop_definitions", "sop_executions", "agent_metrics", "client_health",
                    "chaos_experiments"):  # fmt: skip
        owner.execute(sql.SQL("create table {} (id uuid primary key)").format(sql.Identifier("public", missing)))
    make(owner, oddities.ENGINE)
    owner.execute(
        "insert into public.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number, payload,"
        " emitted_by) values ('FIRST', gen_random_uuid(), 'Lead', '1', 1, '{}', 'x')"
    )
    adoption.adopt(database_url, "engine", "public", move=True)
    owner.execute("select engine.append_event('SECOND', 'Lead', '1')")
    rows = owner.execute("select event_type, sequence_number from engine.get_event_stream('Lead', '1')").fetchall()
    assert [(row["event_type"], row["sequence_number"]) for row in rows] == [("FIRST", 1), ("SECOND", 2)]


def test_half_a_system_is_not_moved(database_url: str, owner: Connection) -> None:
    make(owner, oddities.LIFT, "lift_sys")
    before = everything(database_url)
    with pytest.raises(errors.AdoptionError, match="no hole_resolutions, session_drafts"):
        adoption.adopt(database_url, "lift", "lift_sys", move=True)
    assert everything(database_url) == before


# what stands in the way


def test_our_rows_are_not_hidden(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    add_job(owner, people["member"], table="agents.jobs")
    with pytest.raises(errors.OursHaveRows, match=r"agents\.jobs hold"):
        adoption.adopt(database_url, "agents", "public")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("alter table public.jobs drop column id cascade", "It cannot be adopted: jobs has no id"),
        ("alter table public.jobs rename to other; create view public.jobs as select * from public.other",
         "is no table"),
    ],
)  # fmt: skip
def test_obstacles_are_named_and_nothing_changes(
    database_url: str, owner: Connection, change: str, sentence: str
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(change.encode())
    before = everything(database_url)
    with pytest.raises(errors.AdoptionError, match=sentence):
        adoption.adopt(database_url, "agents", "public")
    assert everything(database_url) == before


@pytest.mark.parametrize(
    ("system", "schema", "error"),
    [
        ("agents", "nowhere", errors.NothingToAdopt),
        ("agents", "agents", WrongUse),
        ("nothing", "public", WrongUse),
        ("toolbox", "auth", WrongUse),
    ],
)
def test_wrong_names_are_refused(database_url: str, system: str, schema: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        adoption.adopt(database_url, system, schema)


@pytest.fixture
def at_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)


@pytest.mark.usefixtures("at_database")
def test_the_command_says_what_people_will_see(owner: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    make(owner, oddities.CHRONICLE)
    assert main(["adopt", "chronicle", "--from", "public", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert (
        "call_id: missing, reads as unknown (uuid); needed by Agents, Approvals, Overview, Sessions, Tools" in printed
    )
    assert "row security is on without a policy for reading: nobody sees a row" in printed
    assert "row security is off: every signed-in person sees every row" in printed
    assert "Nothing was changed." in printed


@pytest.mark.usefixtures("at_database")
def test_the_command_needs_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adopt", "agents"]) == 2
    assert "--from" in capsys.readouterr().err


def test_every_staging_view_is_a_seam() -> None:
    """Each of our tables has one staging view that reads it alone, so that it can be pointed elsewhere."""
    from data.migration.state.seam import staging_views  # noqa: PLC0415

    ours: set[Any] = {f"{system}.{table}" for system in adoption.SYSTEMS for table in adoption.tables_of(system)}
    assert set(staging_views()) == ours


def test_nothing_but_staging_views_reads_the_systems_tables() -> None:
    import re  # noqa: PLC0415

    from data.database import queries  # noqa: PLC0415

    tables = [f"{system}.{table}" for system in adoption.SYSTEMS for table in adoption.tables_of(system)]
    named = re.compile(rf"\b({'|'.join(re.escape(table) for table in tables)})\b")
    writers = ("demo.", "ingest.")  # which fill our own tables
    wrong = {
        name: named.findall(query.text)
        for name, query in queries.all_queries().items()
        if not name.startswith(writers) and named.search(query.text)
    }
    assert not wrong
