"""Functions that take or give rows of tables that are moved go on, over the views under the old names."""

from __future__ import annotations

import re

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption
from data.access import Actor
from data.adoption import errors
from tests.test_adopted_documents import build

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

# What programs of such a system have beside the document's own function: each holds on to the rows of a table.
OF_THEIRS = """
create role application_owner;
grant usage, create on schema workshop to application_owner;
grant usage on schema workshop to service_role;
grant select on workshop.events to application_owner;
create function workshop.newest() returns workshop.events language plpgsql set search_path = '' as $$
begin return (select e from workshop.events as e order by e.sequence_number desc limit 1); end $$;
create function workshop.all_of_them() returns setof workshop.events language plpgsql stable as $$
begin return query select * from workshop.events; end $$;
create function workshop.label(workshop.events) returns text language sql immutable as
'select $1.aggregate_type || '':'' || $1.sequence_number';
create function public.batch(given workshop.events[], out taken integer, out first workshop.events) language sql as
'select cardinality(given), given[1]';
create function workshop.written_whole() returns setof workshop.events begin atomic
select * from workshop.events as e; end;
set search_path = workshop;
create function workshop.unqualified() returns setof events language sql as 'select * from events';
reset search_path;
comment on function workshop.all_of_them() is 'Every event.';
revoke execute on function workshop.all_of_them() from public;
grant execute on function workshop.all_of_them() to service_role with grant option;
alter function workshop.all_of_them() owner to application_owner;
-- Somebody's function over a table of ours.
create function public.log_of_ours() returns setof engine.events language sql as 'select * from engine.events';
"""
STATE = """
select
    routine.oid::regprocedure::text as name, pg_get_functiondef(routine.oid) as definition,
    pg_get_userbyid(routine.proowner) as owner, obj_description(routine.oid, 'pg_proc') as comment,
    array(
        select grantee::regrole::text || privilege_type || is_grantable
        from aclexplode(coalesce(proacl, acldefault('f', proowner))) order by 1
    ) as grants
from pg_proc as routine
where pronamespace in ('workshop'::regnamespace, 'engine'::regnamespace) or proname in ('batch', 'log_of_ours')
order by 1
"""


@pytest.fixture
def theirs(owner: Owner, people: People) -> Owner:
    owner.execute("drop role if exists application_owner")
    build(owner, people, ["engine"])
    return owner


def test_functions_over_rows_go_on_after_a_move_with_owner_grants_and_comment(database_url: str, theirs: Owner) -> None:
    theirs.execute(OF_THEIRS.encode())
    try:
        before = theirs.execute(STATE.encode()).fetchall()
        assert len(before) > 10, "the functions of both schemas"
        (said,) = [
            one for one in adoption.adopt(database_url, "engine", "workshop", move=True).remarks
            if one.startswith("Made anew, with owner, grants and comment, since they take or give rows of the tables: ")
        ]  # fmt: skip
        assert "workshop.get_event_stream(text, text), " in said
        assert theirs.execute(STATE.encode()).fetchall() == before
        theirs.execute("set role service_role")
        stream = theirs.execute("select * from workshop.get_event_stream('Lead', 'lead-001')").fetchall()
        assert [row["sequence_number"] for row in stream] == [1, 2, 3]
        assert "position" not in stream[0], "the view's columns, for which it was written"
        assert len(theirs.execute("select * from workshop.all_of_them()").fetchall()) == 3
        theirs.execute("reset role")
        row = theirs.execute(
            "select (workshop.newest()).sequence_number as newest,"
            " (select min(workshop.label(e)) from workshop.events as e),"
            " (select count(*) from workshop.written_whole()) as whole, (batch).taken, (batch).first.event_type,"
            " (select count(*) from public.log_of_ours() as l where l.position is not null) as ours"
            " from (select public.batch(array_agg(e order by e.event_type)) as batch from workshop.events as e) as b"
        ).fetchone()
        assert row == {"newest": 3, "min": "Lead:1", "whole": 3, "taken": 3,
                       "event_type": "LEAD_INQUIRY_RECEIVED", "ours": 3}  # fmt: skip
        theirs.execute("set search_path = workshop")
        assert len(theirs.execute("select * from unqualified()").fetchall()) == 3
    finally:
        theirs.execute("reset role; drop owned by application_owner; drop role application_owner")


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (
            "create view workshop.streamed as select * from workshop.get_event_stream('Lead', 'lead-001')",
            "view workshop.streamed depends on function workshop.get_event_stream(text,text)",
        ),
        (
            "create aggregate workshop.collected(workshop.events) (sfunc = array_append, stype = workshop.events[])",
            "workshop.collected(workshop.events) is an aggregate over their rows",
        ),
        (
            (
                "create function workshop.places() returns setof workshop.events language sql as"
                " 'select e.* from workshop.events as e order by e.ctid'"
            ),
            "workshop.places() cannot be made again over the view (column e.ctid does not exist)",
        ),
    ],
)
def test_what_keeps_a_function_from_being_made_again_is_named_before_anything_moves(
    database_url: str, theirs: Owner, thing: str, said: str
) -> None:
    theirs.execute(thing.encode())
    (obstacle,) = adoption.adopt(database_url, "engine", "workshop", move=True, dry_run=True).obstacles
    assert said in obstacle
    with pytest.raises(errors.ViewInTheWay, match=re.escape(said)):
        adoption.adopt(database_url, "engine", "workshop", move=True)
    assert len(theirs.execute("select * from workshop.get_event_stream('Lead', 'lead-001')").fetchall()) == 3
