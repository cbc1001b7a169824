"""Functions with the rights of their owner: what somebody made in a temporary schema never runs in them."""

from __future__ import annotations

import psycopg
import pytest

from data import database
from data.access import Actor
from tests.recorded import Owner

People = dict[str, Actor]

_CALLS = (
    "select * from signalbox.change_versions()",
    "select * from signalbox.addresses()",
    "select * from signalbox.gone_references('human_approvals', '{user_id}', '{00000000-0000-0000-0000-000000000000}')",
    "select * from analytics.sessions_saying('word')",
)


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
