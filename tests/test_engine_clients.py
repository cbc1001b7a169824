"""Reading the engine by the client of one's account: what carries it is seen, everything else is not."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg.rows import DictRow

from data import database
from data.access import Actor
from data.identity import web_sessions
from data.identity.refusals import Identity

Connection = psycopg.Connection[DictRow]


@pytest.fixture
def rows(owner: Connection) -> None:
    """One row of each kind for the client "acme", and one for "other"."""
    for client in ("acme", "other"):
        owner.execute(
            "select engine.append_event('LEAD', 'Lead', %s, jsonb_build_object('client_id', %s::text))",
            (client, client),
        )
        owner.execute("insert into engine.client_health (client_id, health_score) values (%s, 50)", (client,))
        owner.execute("insert into engine.sop_executions (sop_id, client_id) values ('intake', %s)", (client,))
        owner.execute(
            "insert into engine.human_approvals (approval_type, title, request_payload)"
            " values ('x', %s, jsonb_build_object('client_id', %s::text))",
            (client, client),
        )


SEEN = """
select
    (select array_agg(aggregate_id order by 1) from engine.events) as events,
    (select array_agg(client_id order by 1) from engine.client_health) as health,
    (select array_agg(client_id order by 1) from engine.sop_executions) as executions,
    (select array_agg(title order by 1) from engine.human_approvals) as approvals
"""


def seen(actor: Actor) -> set[tuple[str, ...] | None]:
    with database.reading(actor) as unit:
        row = unit.connection.execute(SEEN).fetchone()
        assert row is not None
        return {tuple(names) if names else None for names in row.values()}


@pytest.mark.usefixtures("rows")
def test_a_member_with_a_client_sees_what_carries_it(people: dict[str, Actor]) -> None:
    assert seen(replace(people["member"], client_id="acme")) == {("acme",)}


@pytest.mark.usefixtures("rows")
def test_a_member_without_a_client_sees_none_of_it(people: dict[str, Actor]) -> None:
    assert seen(people["member"]) == {None}


@pytest.mark.usefixtures("rows")
def test_a_manager_sees_all_clients_whatever_the_own_one(people: dict[str, Actor]) -> None:
    assert seen(replace(people["manager"], client_id="acme")) == {("acme", "other")}


def test_two_clients_are_two_keys_of_the_cache(people: dict[str, Actor]) -> None:
    acme, other = (replace(people["member"], client_id=client) for client in ("acme", "other"))
    assert len({acme.sight, other.sight, people["member"].sight}) == 3


def test_the_client_comes_from_the_account_at_each_look_up(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    token_hash = web_sessions.hash_of(web_sessions.start(Identity(me.user_id, me.email, "test")))
    assert token_hash is not None
    before = web_sessions.look_up(token_hash)
    owner.execute("""update auth.users set raw_app_meta_data = '{"client_id": "acme"}' where id = %s""", (me.user_id,))
    after = web_sessions.look_up(token_hash)
    assert before is not None
    assert after is not None
    assert (before.client_id, after.client_id) == (None, "acme")


def test_in_the_demo_everybody_is_a_key_of_their_own(people: dict[str, Actor]) -> None:
    """Roles there are those of its own database, which may be others."""
    one, other = (replace(people[name], role="manager", dataset="demo") for name in ("manager", "admin"))
    assert one.sight != other.sight
    assert replace(one, dataset="real").sight == replace(other, dataset="real").sight
