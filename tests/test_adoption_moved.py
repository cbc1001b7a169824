"""Tables that were moved into our schemas do what our own do: append-only, clocks, counters, change log, rights."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, jobs, migration
from data.access import Actor
from data.adoption.moving import guarding
from data.command import main
from data.migration.files import FOLDER
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import add_job, at_database, make
from tests.test_events_append_only import REWRITING, ROLES, rewrite

__all__ = ["at_database"]

Connection = psycopg.Connection[DictRow]

REST_OF_ENGINE = ("event_snapshots", "sop_definitions", "sop_executions", "agent_metrics", "client_health",
                  "chaos_experiments")  # fmt: skip
REST_OF_LIFT = """
alter table public.session_revisions drop column revision_number;
create table public.session_drafts (id uuid primary key default gen_random_uuid(),
    session_id uuid not null references public.sessions (id) on delete cascade);
create table public.hole_resolutions (id uuid primary key default gen_random_uuid(),
    session_id uuid not null references public.sessions (id) on delete cascade);
"""


def make_engine(owner: Connection) -> None:
    for missing in REST_OF_ENGINE:
        place = sql.Identifier("public", missing)
        owner.execute(sql.SQL("create table {} (id uuid primary key)").format(place))
        owner.execute(sql.SQL("alter table {} enable row level security").format(place))
    make(owner, oddities.ENGINE)


def version(actor: Actor, source: str) -> str:
    return database.read_sources(actor).versions[source]


def test_a_moved_log_is_append_only_for_every_role(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make_engine(owner)
    owner.execute(
        "insert into public.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number, payload,"
        " emitted_by) values ('KEPT', gen_random_uuid(), 'Lead', '1', 1, '{}', 'x')"
    )
    owner.execute("drop role if exists application_owner; create role application_owner bypassrls")
    owner.execute("grant all on public.events to application_owner; grant usage on schema engine to application_owner")
    said = adoption.adopt(database_url, "engine", "public", move=True).remarks
    (views,) = [sentence for sentence in said if sentence.startswith("Under the old names are views")]
    assert "update and delete there as before (except that engine.events is append-only from now on:" in views
    for role in ROLES:
        for way in REWRITING.values():
            for replication in ("origin", "replica"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    rewrite(owner, role, way, replication)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        owner.execute("delete from public.events")
    before = version(people["admin"], "engine.events")
    owner.execute("select engine.append_event('MORE', 'Lead', '1')")
    assert version(people["admin"], "engine.events") != before
    assert migration.verify(database_url, FOLDER).unguarded == ()
    owner.execute("drop owned by application_owner; drop role application_owner")


def test_moved_events_have_their_places_for_subscribers(database_url: str, owner: Connection) -> None:
    """Those that were there in their order, later ones after them, whoever writes them."""
    make_engine(owner)
    owner.execute("grant insert on public.events to anon; grant usage on schema public to anon")
    owner.execute("create policy anyone on public.events for insert to anon with check (true)")
    write = (
        "insert into public.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number, payload,"
        " emitted_by) select 'X', gen_random_uuid(), 'Lead', '1', n, '{}', 'x'"
        " from generate_series(%s::int, %s::int) as n"
    )
    owner.execute(write, (1, 3))
    adoption.adopt(database_url, "engine", "public", move=True)
    with owner.transaction():
        owner.execute("set local role anon")
        owner.execute(write, (4, 5))
    rows = owner.execute("select sequence_number from engine.events order by position").fetchall()
    assert [row["sequence_number"] for row in rows] == [1, 2, 3, 4, 5]
    row = owner.execute("select pg_get_serial_sequence('engine.events', 'position') as name").fetchone()
    assert row == {"name": "engine.event_position"}


def test_a_moved_job_keeps_its_clock_its_rights_and_its_writers(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    identifier = add_job(owner, people["admin"])
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    assert any("update and delete there as before, but COPY" in sentence for sentence in said)
    before = version(people["admin"], "agents.jobs")
    owner.execute("update public.jobs set status = 'completed', updated_at = '2000-01-01'")
    row = owner.execute("select completed_at, updated_at = completed_at as is_touched from agents.jobs").fetchone()
    assert row is not None
    assert (row["completed_at"] is not None, row["is_touched"]) == (True, True)
    assert version(people["admin"], "agents.jobs") != before
    policies = owner.execute("select count(*) as n from pg_policies where schemaname = 'agents'").fetchone()
    assert policies == {"n": 5}
    owner.execute("update agents.jobs set status = 'running'")
    owner.execute("drop view public.jobs")  # programs that know the new name need the old one no longer
    jobs.cancel(people["admin"], identifier, "running")
    row = owner.execute("select status::text from agents.jobs").fetchone()
    assert row == {"status": "cancelled"}


@pytest.mark.usefixtures("at_database")
def test_moved_sessions_count_their_children(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, oddities.LIFT)
    owner.execute(REST_OF_LIFT)
    # The system's own way of counting, for one of the three.
    owner.execute(
        "create function public.more() returns trigger language plpgsql as $$ begin"
        " update public.sessions set hole_count = hole_count + 1 where id = new.session_id; return new; end $$;"
        " create trigger theirs after insert on public.hole_resolutions for each row execute function public.more()"
    )
    said = adoption.adopt(database_url, "lift", "public", move=True).remarks
    assert [sentence for sentence in said if "lacks" in sentence] == [
        f"lift.hole_resolutions lacks the trigger {name}, which counts revisions, drafts and holes:"
        " the table's own trigger theirs counts already"
        for name in ("hole_resolutions_count", "hole_resolutions_count_nothing")
    ]
    owner.execute("insert into public.sessions (user_id) values (%s)", (people["member"].user_id,))
    for table in ("session_drafts", "hole_resolutions"):
        owner.execute(
            sql.SQL("insert into {} (session_id) select id from lift.sessions").format(sql.Identifier("public", table))
        )
    row = owner.execute("select draft_count, hole_count from lift.sessions").fetchone()
    assert row == {"draft_count": 1, "hole_count": 1}
    # What counts is right, whosever it is; only what counts no longer is wrong.
    own = "lift.hole_resolutions: its own trigger theirs counts in place of ours"
    assert main(["adopt", "lift", "--status"]) == 0
    assert own in capsys.readouterr().out
    owner.execute("alter table lift.hole_resolutions disable trigger theirs")
    assert main(["adopt", "lift", "--status"]) == 1
    told = capsys.readouterr().out
    assert "wrong: lift.hole_resolutions lacks the trigger hole_resolutions_count, which counts" in told
    assert own not in told


def test_which_columns_moving_added_is_kept(database_url: str, owner: Connection) -> None:
    """And found for what was moved before that was kept, by the view under the old name."""
    make_engine(owner)
    adoption.adopt(database_url, "engine", "public", move=True)

    def kept() -> dict[str, list[str]]:
        rows = owner.execute("select table_name, added_columns from signalbox.adopted_tables").fetchall()
        return {row["table_name"]: sorted(row["added_columns"]) for row in rows}

    noted = kept()
    assert "position" not in noted["events"], "every row was given one"
    assert "state" in noted["event_snapshots"]
    owner.execute("update signalbox.adopted_tables set added_columns = '{}'")
    text = (FOLDER / "20261121150000_columns_that_moving_added.sql").read_text(encoding="utf-8")
    owner.execute(text[text.index("update signalbox.adopted_tables") :].encode())
    assert kept() == noted


def test_a_moved_table_that_cannot_say_which_row_was_changed_is_not_published(
    database_url: str, owner: Connection
) -> None:
    """Every update of it would be refused to the programs that write it."""
    make(owner, documents.AGENTS)
    owner.execute("alter table public.jobs drop constraint jobs_pkey")
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    assert "agents.jobs has no primary key, so the publication supabase_realtime no longer tells of it" in said
    owner.execute("insert into public.jobs (agent_identifier) values ('x'); update public.jobs set status = 'failed'")


@pytest.mark.usefixtures("at_database")
def test_what_a_moved_table_cannot_carry_is_said_and_its_writers_go_on(
    database_url: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, oddities.AGENTS)
    owner.execute('drop policy "Users can view own jobs" on public.jobs')
    owner.execute("alter table public.jobs alter completed_at type timestamp")
    assert main(["adopt", "agents", "--from", "public", "--move", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert main(["adopt", "agents", "--from", "public", "--move"]) == 0
    said = capsys.readouterr().out
    sentence = (
        "agents.jobs lacks the trigger jobs_stamp, which stamps started_at and completed_at by the status:"
        " jobs.completed_at is timestamp without time zone, not timestamp with time zone."
    )
    assert sentence in planned
    assert sentence in said
    assert "agents.jobs.completed_at, agents.jobs.status keep the types that they have" in said
    assert main(["adopt", "agents", "--status"]) == 1
    assert "wrong: agents.jobs lacks the trigger jobs_stamp" in capsys.readouterr().out


def test_a_state_that_the_other_type_does_not_know_leaves_its_writers_alone(
    database_url: str, owner: Connection
) -> None:
    make(owner, oddities.AGENTS.replace(", 'cancelled')", ")").replace("status = 'cancelled'", "false"))
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    assert said[0].endswith("its column status knows no 'cancelled'")
    owner.execute("insert into public.jobs (agent_identifier) values ('x'); update public.jobs set status = 'failed'")


def test_migrations_that_make_staging_views_anew_pass_over_tables_of_other_types(
    database_url: str, owner: Connection
) -> None:
    """Where a table has types of its own, a view of ours stands between it and the staging view."""
    over, newest = "create or replace view analytics.stg_", "20261122010100"
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("2026112[1-9]*.sql"))}
    made = {name: (text.count(over), text.count("to_regclass('analytics.adopted_")) for name, text in texts.items()}
    assert [name for name, (views, asked) in made.items() if views != asked] == []
    make_engine(owner)
    owner.execute(
        "alter table public.sop_executions add status varchar(8), add actions_total numeric, add automation_rate text;"
        " alter table public.agent_metrics add actions_total text, add actions_automated integer"
    )
    adoption.adopt(database_url, "engine", "public", move=True)
    owner.execute("insert into engine.agent_metrics (id, actions_total) values (gen_random_uuid(), '7'),"
                  " (gen_random_uuid(), 'some')")  # fmt: skip
    (text,) = (text for name, text in texts.items() if name.startswith(newest))
    owner.execute(text.encode())
    rows = owner.execute("select actions_total from analytics.stg_engine__agent_metrics order by 1").fetchall()
    assert [row["actions_total"] for row in rows] == [7, None]


def test_verifying_finds_a_moved_log_that_can_be_rewritten(database_url: str, owner: Connection) -> None:
    make_engine(owner)
    adoption.adopt(database_url, "engine", "public", move=True)
    for table in (*REST_OF_ENGINE, "human_approvals", "events"):
        owner.execute(sql.SQL("alter table {} enable row level security, force row level security").format(
            sql.Identifier("engine", table)))  # fmt: skip
    assert migration.verify(database_url, FOLDER).holds, "row security that is forced is on"
    owner.execute("alter table engine.events disable trigger events_append_only")
    found = migration.verify(database_url, FOLDER)
    assert found.unguarded == ("engine.events.events_append_only",)
    assert not found.holds


def test_the_view_under_the_old_name_opens_nothing_by_default(database_url: str, owner: Connection) -> None:
    """A hosted project gives every new table in `public` to everybody by default."""
    make(owner, documents.AGENTS)
    owner.execute("grant delete on public.jobs to service_role with grant option")
    owner.execute("alter default privileges in schema public grant all on tables to anon")
    try:
        adoption.adopt(database_url, "agents", "public", move=True)
        row = owner.execute(
            "select has_table_privilege('anon', 'public.jobs', 'select') as anyone,"
            " has_table_privilege('service_role', 'public.jobs', 'delete with grant option') as passing_on"
        ).fetchone()
        assert row == {"anyone": False, "passing_on": True}
    finally:
        owner.execute("alter default privileges in schema public revoke all on tables from anon")


def test_every_trigger_of_ours_is_known_here() -> None:
    """A new one needs an entry that says which columns it works with."""
    assert {trigger.function for trigger in guarding.our_triggers()} == set(guarding.NEEDED_COLUMNS)
    systems = {trigger.name for trigger in guarding.our_triggers() if trigger.table.split(".")[0] in adoption.SYSTEMS}
    assert len(systems) == 18
    assert {trigger.name for trigger in guarding.our_triggers() if trigger.is_always} == {
        "events_append_only", "events_no_truncate"
    }  # fmt: skip
