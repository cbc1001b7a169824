"""Proving that a database is what the migrations say: each kind of change made behind their back is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import migration
from data.migration.errors import NoInventory
from data.migration.files import INVENTORY_FILE, SCHEMA_FILE
from data.migration.state import inventory
from data.migration.state.surroundings import faults
from tests.migration_scratch import Connection, write_migrations

MIGRATIONS = Path(__file__).parent.parent / "migrations"
TOLD = "alter publication supabase_realtime"


def test_migrated_database_holds(database_url: str) -> None:
    found = migration.verify(database_url, MIGRATIONS)
    assert found.holds
    assert found.checked > 300
    assert found.comparison == inventory.Comparison((), (), ())


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ("drop index agents.idx_jobs_status_created", "index agents.jobs.idx_jobs_status_created"),
        ("drop policy jobs_select on agents.jobs", "policy agents.jobs.jobs_select"),
        ("drop trigger jobs_stamp on agents.jobs", "trigger agents.jobs.jobs_stamp"),
        ("drop function agents.get_job_stats(uuid)", "function agents.get_job_stats(p_user_id uuid)"),
        ("drop table signalbox.audit_log cascade", "table signalbox.audit_log"),
        ("drop view analytics.job_stats cascade", "view analytics.job_stats"),
        ("alter table agents.jobs drop column result cascade", "column agents.jobs.result"),
        ("revoke select on agents.jobs from authenticated", "grant agents.jobs to authenticated: select"),
        ("drop schema agents cascade", "schema agents"),
    ],
)
def test_what_is_gone_is_named(database_url: str, owner: Connection, change: str, missing: str) -> None:
    owner.execute(change.encode())
    found = migration.verify(database_url, MIGRATIONS)
    assert not found.holds
    assert missing in [item.name for item in found.comparison.missing]


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("alter table agents.jobs disable row level security", "table agents.jobs"),
        ("alter table agents.jobs alter created_at set default clock_timestamp()", "column agents.jobs.created_at"),
        ("alter table agents.jobs alter job_data set not null", "column agents.jobs.job_data"),
        ("alter policy jobs_select on agents.jobs using (true)", "policy agents.jobs.jobs_select"),
        ("alter table agents.jobs disable trigger jobs_stamp", "trigger agents.jobs.jobs_stamp"),
        ("alter function agents.get_job_stats(uuid) security definer", "function agents.get_job_stats(p_user_id uuid)"),
        ("alter view analytics.job_stats reset (security_invoker)", "view analytics.job_stats"),
        ("alter type agents.job_status add value 'lost'", "type agents.job_status"),
    ],
)
def test_what_was_altered_is_named(database_url: str, owner: Connection, change: str, changed: str) -> None:
    owner.execute(change.encode())
    found = migration.verify(database_url, MIGRATIONS)
    assert not found.holds
    assert changed in [each.expected.name for each in found.comparison.different]


def test_other_body_of_a_view_is_found(database_url: str, owner: Connection) -> None:
    owner.execute("alter view analytics.job_stats rename to job_stats_before")
    owner.execute(
        "create view analytics.job_stats with (security_invoker = true) as "
        "select * from analytics.job_stats_before limit 1000"
    )
    found = migration.verify(database_url, MIGRATIONS)
    assert [each.expected.identity for each in found.comparison.different] == ["analytics.job_stats"]
    assert not found.holds


def test_what_was_opened_counts_and_what_was_merely_added_does_not(database_url: str, owner: Connection) -> None:
    owner.execute("create index extra on agents.jobs (result)")
    found = migration.verify(database_url, MIGRATIONS)
    assert [item.name for item in found.comparison.extra] == ["index agents.jobs.extra"]
    assert found.holds
    owner.execute("grant select on agents.jobs to anon")
    owner.execute("create policy everybody on agents.jobs for select to anon using (true)")
    found = migration.verify(database_url, MIGRATIONS)
    opened = {item.name for item in found.comparison.opened}
    assert opened == {"grant agents.jobs to anon: select", "policy agents.jobs.everybody"}
    assert not found.holds


def test_what_was_added_in_the_way_of_writers_is_named_with_what_undoes_it(
    database_url: str, owner: Connection
) -> None:
    owner.execute("create function public.nope() returns trigger language plpgsql as 'begin return null; end'")
    owner.execute("create rule nope as on insert to engine.events do instead nothing")
    owner.execute("create trigger nope before insert on engine.events for each row execute function public.nope()")
    owner.execute("alter table agents.jobs add needed text not null, add filled text not null default ''")
    owner.execute("alter table agents.jobs add constraint \"only.X\" check (agent_identifier = 'x')")
    owner.execute("alter table agents.jobs add constraint one unique (user_id)")
    owner.execute("create unique index first on agents.jobs (user_id)")
    owner.execute("create table agents.theirs (id int primary key)")
    found = migration.verify(database_url, MIGRATIONS)
    assert not found.holds
    assert {item.name: undoing for item, undoing in found.comparison.hindering} == {
        "rule engine.events.nope": "drop rule nope on engine.events",
        "trigger engine.events.nope": "drop trigger nope on engine.events",
        "column agents.jobs.needed": "alter table agents.jobs alter column needed drop not null",
        "constraint agents.jobs.only.X": 'alter table agents.jobs drop constraint "only.X"',
        "constraint agents.jobs.one": "alter table agents.jobs drop constraint one",
        "index agents.jobs.first": "drop index agents.first",
    }
    for _, undoing in found.comparison.hindering:
        owner.execute(undoing.encode())
    assert migration.verify(database_url, MIGRATIONS).holds


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            f"{TOLD} set (publish = 'insert')",
            "Not told by the publication supabase_realtime, so pages learn of it late: update, delete",
        ),
        (
            f"{TOLD} drop table agents.jobs; {TOLD} add table agents.jobs (id) where (id is null)",
            "Told of agents.jobs by the publication supabase_realtime are the columns id and the rows where (id IS",
        ),
        ("alter table agents.jobs replica identity nothing", "Refused is every update and deletion of agents.jobs"),
        (
            "alter table chronicle.events drop constraint events_pkey cascade",
            "Refused is every update and deletion of chronicle.events",
        ),
    ],
)
def test_what_publications_leave_out_or_make_fail_is_named(
    database_url: str, owner: Connection, change: str, named: str
) -> None:
    owner.execute(change.encode())
    found = migration.verify(database_url, MIGRATIONS)
    (fault,) = found.faults
    assert fault.what.startswith(named)
    assert not found.holds
    for statement in fault.mended_by.split("; "):
        owner.execute(statement.encode())
    assert migration.verify(database_url, MIGRATIONS).faults == ()


def test_roles_of_visitors_that_row_security_does_not_hold_are_named(owner: Connection) -> None:
    """Roles are the whole server's: they are altered in a transaction that is taken back."""
    with owner.transaction(force_rollback=True):
        owner.execute("alter role authenticated bypassrls; alter role anon superuser")
        found = faults(owner, [], [])
    assert [(fault.what.partition(", so")[0], fault.mended_by) for fault in found] == [
        ("Held by no row security is the role anon (superuser)", "alter role anon nosuperuser"),
        ("Held by no row security is the role authenticated (bypassrls)", "alter role authenticated nobypassrls"),
    ]
    assert faults(owner, [], []) == ()


def test_pending_migration_does_not_hold(database_url: str, tmp_path: Path) -> None:
    for path in MIGRATIONS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    write_migrations(tmp_path, m99990101000000_next="select 1;")
    found = migration.verify(database_url, tmp_path)
    assert not found.holds
    assert found.status.count("pending") == 1


@pytest.mark.parametrize("gone", [INVENTORY_FILE, SCHEMA_FILE])
def test_missing_inventory_is_said_with_the_way_to_make_it(database_url: str, tmp_path: Path, gone: str) -> None:
    for name in {INVENTORY_FILE, SCHEMA_FILE} - {gone}:
        (tmp_path / name).write_text("")
    with pytest.raises(NoInventory, match="migrate schema --write"):
        migration.verify(database_url, tmp_path)


def test_inventory_reads_back_as_it_was_written() -> None:
    items = [
        inventory.Item("a", "schema", ""),
        inventory.Item("a.t", "table", "row security on"),
        inventory.Item("a.t.c", "constraint", "CHECK ((b = 'x = y'::text))"),
        inventory.Item("a.f(b integer)", "function", "returns text"),
        inventory.Item("a.f(b integer) to anon: execute", "grant", ""),
    ]
    assert sorted(inventory.read(inventory.write(items))) == sorted(items)
