"""Functions with the rights of their owner: what somebody made in a temporary schema never runs in them."""

from __future__ import annotations

import psycopg
import pytest

from data import database
from data.access import Actor
from tests import recorded
from tests.recorded import Owner

People = dict[str, Actor]

_CALLS = (
    "select * from signalbox.change_versions()",
    "select * from signalbox.addresses()",
    "select * from signalbox.gone_references('human_approvals', '{user_id}', '{00000000-0000-0000-0000-000000000000}')",
    "select * from analytics.sessions_saying('word')",
)

# Each function that a signed-in caller reaches, and how many rows it has for an admin of what `_arrange` makes; None
# where it tells of no row.
_TELLS = {
    "signalbox.viewer_role()": ("select from signalbox.viewer_role() as r where r is not null", 1),
    "signalbox.change_versions()": ("select from signalbox.change_versions()", None),
    "signalbox.known_since()": ("select from signalbox.known_since() as k where k is not null", 1),
    "signalbox.addresses()": ("select from signalbox.addresses()", 4),
    "signalbox.gone_references(text,text[],text[])": (_CALLS[2].replace("*", "", 1), 1),
    "analytics.sessions_saying_by_index(text)": ("select from analytics.sessions_saying_by_index('word')", 1),
    "analytics.events_containing_by_index(jsonb)": ("select from analytics.events_containing_by_index('{}')", 1),
    "toolbox.viewer_projects()": ("select from toolbox.viewer_projects()", 1),
    "toolbox.viewer_workspaces()": ("select from toolbox.viewer_workspaces()", 1),
}
_NAMELESS = ("", "{}", '{"role": "authenticated"}', '{"sub": null}')


def _arrange(owner: Owner, admin: Actor) -> None:
    recorded.prompt(owner, recorded.session(owner, None), None, "a word")
    owner.execute(
        "insert into signalbox.migration_runs values ('0', 'x', 'x', now(), 1, 'x', 1) on conflict do nothing"
    )
    owner.execute("select engine.append_event('A', 'T', '1')")
    owner.execute("insert into toolbox.users (id, email) values (%s, 'a@b') on conflict do nothing", (admin.user_id,))
    owner.execute("insert into toolbox.workspaces (owner_id, name) values (%s, 'x')", (admin.user_id,))
    owner.execute("insert into toolbox.projects (owner_id, name) values (%s, 'x')", (admin.user_id,))


def test_functions_with_their_owners_rights_tell_a_token_without_a_person_nothing(owner: Owner, people: People) -> None:
    found = owner.execute(
        "select p.oid::regprocedure::text as name from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
        " where p.prosecdef and p.prorettype <> 'trigger'::regtype and n.nspname in ('agents', 'analytics',"
        " 'chronicle', 'engine', 'lift', 'signalbox', 'toolbox')"
    ).fetchall()
    assert {row["name"] for row in found} == set(_TELLS)
    _arrange(owner, people["admin"])
    told: dict[tuple[str, str], int] = {}
    for name, (query, of_admins) in _TELLS.items():
        if of_admins is None:
            continue
        with database.reading(people["admin"]) as unit:
            assert len(unit.connection.execute(query).fetchall()) == of_admins, name
        for claims in _NAMELESS:
            with owner.transaction():
                owner.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
                owner.execute("set local role authenticated")
                told[name, claims] = len(owner.execute(query).fetchall())
    assert {key for key, number in told.items() if number} == set()


def test_roles_that_row_security_leaves_out_are_told_what_is_gone(owner: Owner) -> None:
    assert len(owner.execute(_CALLS[2]).fetchall()) == 1
    with owner.transaction():
        owner.execute("set local role service_role")
        assert len(owner.execute(_CALLS[2]).fetchall()) == 1


def test_every_function_with_its_owners_rights_asks_the_temporary_schema_last(owner: Owner) -> None:
    found = owner.execute(
        "select p.oid::regprocedure::text as name, p.proconfig as settings from pg_proc as p "
        "join pg_namespace as n on n.oid = p.pronamespace where p.prosecdef and n.nspname in "
        "('agents', 'analytics', 'chronicle', 'engine', 'lift', 'signalbox', 'toolbox')"
    ).fetchall()
    assert len(found) >= 20
    assert [row["name"] for row in found if row["settings"] != ["search_path=pg_catalog, pg_temp"]] == []


@pytest.mark.parametrize("call", _CALLS)
def test_a_type_of_ones_own_is_not_taken_for_that_of_the_database(people: People, call: str) -> None:
    with database.writing(people["manager"]) as unit:
        run = unit.connection.execute
        run("create temporary table anything (at int)")
        run(
            "create function pg_temp.tell(given pg_catalog.text) returns boolean language plpgsql as "
            "$$ begin raise exception 'ran as %', current_user; end $$"
        )
        run("create domain pg_temp.text as pg_catalog.text check (pg_temp.tell(value))")
        try:
            run(call)
        except psycopg.errors.RaiseException as error:
            pytest.fail(str(error))
