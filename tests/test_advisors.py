"""Supabase's advisors and our own lints over all our schemas find nothing on any server; planted, they fire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from data import embedded, migration
from data.migration.files import FOLDER
from tests.migration_scratch import connected, empty_database, rows
from tests.servers import any_server, look_alike_owner, newest_as_superuser_oldest_as_owner
from tests.test_supabase_cli import Cli, cli, own, program

__all__ = ["any_server", "cli", "own", "program"]

OURS = ("signalbox", "analytics", "chronicle", "engine", "agents", "lift", "toolbox")


@pytest.fixture
def migrated(any_server: embedded.Lease, role: str) -> Iterator[str]:
    """A superuser's URL of a database that our runner made, as one or as the owner that a hosted project gives."""
    with empty_database(any_server) as url:
        if role == "superuser":
            migration.up(url, FOLDER, print)
            yield url
            return
        with look_alike_owner(url) as owner_url:
            migration.up(owner_url, FOLDER, print)
            yield url


def expose_everything(own: Cli, url: str) -> None:
    """As if all schemas were exposed over HTTP: otherwise the advisors look at `public` alone."""
    schemas = rows(url, "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|auth|supabase_)'")
    config = own.work / "supabase" / "config.toml"
    names = json.dumps([row["nspname"] for row in schemas])
    config.write_text(f"{config.read_text()}\n[api]\nschemas = {names}\n")


@newest_as_superuser_oldest_as_owner
def test_supabase_advisors_have_nothing_to_warn_of(own: Cli, migrated: str, role: str) -> None:
    expose_everything(own, migrated)
    asked = ("db", "advisors", "--level", "warn", "--fail-on", "warn")
    answer = own.run(migrated, *asked)
    assert answer.status == 0, answer.text
    if role == "owner":
        return  # what is planted is planted by a superuser either way
    with connected(migrated) as connection:
        connection.execute("create table agents.open_to_all (id int)")
        connection.execute("grant select on agents.open_to_all to anon")
    answer = own.run(migrated, *asked)
    assert answer.status == 1
    assert "rls_disabled_in_public" in answer.text


# The lints that the advisors ask of exposed schemas alone, in our own words and over every schema of ours. Each comes
# with a defect that it must find.
LINTS: dict[str, tuple[str, str]] = {
    "a table without row security": (
        (
            "select c.oid::regclass::text as found from pg_class as c"
            " where c.relkind in ('r', 'p') and c.relnamespace::regnamespace::text = any(%(ours)s)"
            " and not c.relrowsecurity"
        ),
        "create table agents.planted (id int primary key)",
    ),
    "a view with the rights of its maker": (
        (
            "select c.oid::regclass::text as found from pg_class as c"
            " where c.relkind = 'v' and c.relnamespace::regnamespace::text = any(%(ours)s)"
            " and not coalesce(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}'::text[]"
        ),
        "create view analytics.planted as select 1 as one",
    ),
    "a materialized view that people may read": (
        (
            "select c.oid::regclass::text as found from pg_class as c"
            " where c.relkind = 'm' and c.relnamespace::regnamespace::text = any(%(ours)s)"
            " and (has_table_privilege('anon', c.oid, 'select')"
            " or has_table_privilege('authenticated', c.oid, 'select'))"
        ),
        (
            "create materialized view analytics.planted as select 1 as one;"
            " grant select on analytics.planted to authenticated"
        ),
    ),
    "a foreign table that people may read": (
        (
            "select c.oid::regclass::text as found from pg_class as c"
            " where c.relkind = 'f' and c.relnamespace::regnamespace::text = any(%(ours)s)"
            " and (has_table_privilege('anon', c.oid, 'select')"
            " or has_table_privilege('authenticated', c.oid, 'select'))"
        ),
        (
            "create foreign data wrapper planted; create server planted foreign data wrapper planted;"
            " create foreign table engine.planted (id int) server planted;"
            " grant select on engine.planted to authenticated"
        ),
    ),
    "accounts shown to people by a view": (
        (
            "select distinct v.oid::regclass::text as found from pg_class as v"
            " join pg_rewrite as r on r.ev_class = v.oid"
            " join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid"
            " and d.refclassid = 'pg_class'::regclass and d.refobjid = 'auth.users'::regclass"
            " where v.relkind in ('v', 'm') and v.relnamespace::regnamespace::text = any(%(ours)s)"
            " and (has_table_privilege('anon', v.oid, 'select')"
            " or has_table_privilege('authenticated', v.oid, 'select'))"
        ),
        (
            "create view analytics.planted with (security_invoker = true) as select email from auth.users;"
            " grant select on analytics.planted to authenticated"
        ),
    ),
    "a function with the rights of its maker that people may call": (
        (
            "select p.oid::regprocedure::text as found from pg_proc as p"
            " where p.prosecdef and p.pronamespace::regnamespace::text = any(%(ours)s)"
            " and (has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid,"
            " 'execute')) and not p.oid::regprocedure::text = any(%(meant)s)"
        ),
        "create function agents.planted() returns int language sql security definer set search_path = '' as 'select 1'",
    ),
    "a function whose search path its caller sets": (
        (
            "select p.oid::regprocedure::text as found from pg_proc as p"
            " where p.pronamespace::regnamespace::text = any(%(ours)s)"
            " and not coalesce(array_to_string(p.proconfig, ' '), '') like '%%search_path=%%'"
        ),
        "create function lift.planted() returns int language sql as 'select 1'",
    ),
    "anything that people without an account may read": (
        (
            "select c.oid::regclass::text as found from pg_class as c"
            " where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relnamespace::regnamespace::text = any(%(ours)s)"
            " and has_any_column_privilege('anon', c.oid, 'select')"
        ),
        "grant select on toolbox.users to anon",
    ),
}

# Functions that must have the rights of their maker, and what keeps them from giving more away than they should.
MEANT = {
    "signalbox.viewer_role()": "tells the viewer's own role alone, which policies ask for",
    "signalbox.change_versions()": "counts marks of changes; shows no row",
    "signalbox.known_since()": "tells managers, who are told of backups, when the first migration was applied",
    "signalbox.gone_references(text,text[],text[])": "asks itself who the viewer is: members get no row",
    "signalbox.addresses()": "asks itself who the viewer is: managers and admins see all, others themselves",
    "analytics.sessions_saying_by_index(text)": "asks the policies' own question itself, so that the index serves",
    "analytics.events_containing_by_index(jsonb)": "asks the policies' own question itself, so that the index serves",
    "toolbox.viewer_projects()": "ids of the viewer's own projects; without it two policies would ask each other",
    "toolbox.viewer_workspaces()": "ids of the viewer's own workspaces, likewise",
}


def findings(url: str, query: str) -> list[str]:
    with connected(url) as connection:
        found = connection.execute(query.encode(), {"ours": list(OURS), "meant": list(MEANT)}).fetchall()
    return [row["found"] for row in found]


@pytest.mark.parametrize("lint", sorted(LINTS))
def test_our_lints_find_nothing_and_fire_when_a_defect_is_planted(database_url: str, lint: str) -> None:
    query, defect = LINTS[lint]
    assert findings(database_url, query) == []
    with connected(database_url) as connection:
        connection.execute(defect.encode())
    assert len(findings(database_url, query)) == 1


def test_every_function_that_is_meant_is_there(database_url: str) -> None:
    """Else the list would allow what does not exist, and one day something else of that name."""
    there = rows(database_url, "select p.oid::regprocedure::text as name from pg_proc as p where p.prosecdef")
    assert set(MEANT) <= {row["name"] for row in there}
