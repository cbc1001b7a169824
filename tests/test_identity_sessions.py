"""Signed-in browsers in the database: what begins, counts and ends them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from data.identity import web_sessions
from data.identity.notices import Notice, subscribe
from data.identity.refusals import Identity, SignInRefused
from tests.gate_site import hash_of, signed_in

Owner = psycopg.Connection[DictRow]


@pytest.fixture
def heard() -> list[Notice]:
    """What is announced during a test."""
    return []


def test_the_database_keeps_the_hash_of_a_token_alone(people: dict[str, Actor], owner: Owner) -> None:
    token = signed_in(people["admin"])
    row = owner.execute("select * from signalbox.web_sessions").fetchone()
    assert row is not None
    assert row["token_hash"] == hashlib.sha256(token.encode()).hexdigest() == hash_of(token)
    assert token not in str(row)


def test_a_session_is_somebody_with_the_role_of_this_moment(people: dict[str, Actor], owner: Owner) -> None:
    token_hash = hash_of(signed_in(people["manager"]))
    found = web_sessions.look_up(token_hash)
    assert found == Actor(people["manager"].user_id, "manager@example.com", "manager", "real", token_hash)
    owner.execute("update signalbox.members set role = 'member' where user_id = %s", (people["manager"].user_id,))
    assert web_sessions.look_up(token_hash) == Actor(found.user_id, found.email, "member", "real", token_hash)
    owner.execute("delete from signalbox.members where user_id = %s", (people["manager"].user_id,))
    assert web_sessions.look_up(token_hash) == Actor(found.user_id, found.email, "member", "real", token_hash)


@pytest.mark.parametrize(
    "statement",
    [
        "update signalbox.web_sessions set ended_at = now()",
        "update signalbox.web_sessions set expires_at = now() - interval '1 second'",
        "update signalbox.web_sessions set last_seen_at = now() - interval '12 hours'",
        "update auth.users set banned_until = now() + interval '1 minute'",
        "update auth.users set deleted_at = now()",
        "delete from auth.users",
    ],
)
def test_a_session_that_is_over_is_nobody(people: dict[str, Actor], owner: Owner, statement: str) -> None:
    token_hash = hash_of(signed_in(people["member"]))
    assert web_sessions.look_up(token_hash)
    owner.execute(statement.encode())
    assert web_sessions.look_up(token_hash) is None


def test_a_ban_that_has_passed_keeps_nobody_out(people: dict[str, Actor], owner: Owner) -> None:
    owner.execute("update auth.users set banned_until = now() - interval '1 minute'")
    assert web_sessions.look_up(hash_of(signed_in(people["member"])))


def test_use_keeps_a_session_going_but_not_for_ever(people: dict[str, Actor], owner: Owner) -> None:
    token_hash = hash_of(signed_in(people["member"]))
    owner.execute("update signalbox.web_sessions set last_seen_at = now() - interval '11 hours'")
    assert web_sessions.look_up(token_hash)
    row = owner.execute(
        "select last_seen_at > now() - interval '1 minute' as seen, expires_at - created_at as lifetime"
        " from signalbox.web_sessions"
    ).fetchone()
    assert row is not None
    assert (row["seen"], row["lifetime"]) == (True, web_sessions.LIFETIME)


def test_use_is_noted_once_a_minute(people: dict[str, Actor], owner: Owner) -> None:
    token_hash = hash_of(signed_in(people["member"]))
    owner.execute("update signalbox.web_sessions set last_seen_at = now() - interval '50 seconds'")
    before = owner.execute("select last_seen_at from signalbox.web_sessions").fetchone()
    web_sessions.look_up(token_hash)
    assert owner.execute("select last_seen_at from signalbox.web_sessions").fetchone() == before


def test_a_closed_account_is_not_let_in(people: dict[str, Actor], owner: Owner) -> None:
    owner.execute("update auth.users set banned_until = 'infinity' where id = %s", (people["member"].user_id,))
    with pytest.raises(SignInRefused, match="closed"):
        signed_in(people["member"])
    assert owner.execute("select 1 from signalbox.web_sessions").fetchone() is None
    assert owner.execute("select 1 from signalbox.audit_log").fetchone() is None


def test_somebody_of_another_database_is_not_let_in(people: dict[str, Actor]) -> None:
    with pytest.raises(SignInRefused, match="different projects"):
        web_sessions.start(Identity(uuid4(), "stranger@example.com", "test"))


def test_signing_in_leaves_an_audit_row(people: dict[str, Actor], owner: Owner) -> None:
    signed_in(people["admin"])
    row = owner.execute("select actor_id, actor_email, action, target from signalbox.audit_log").fetchone()
    assert row is not None
    assert tuple(row.values()) == (people["admin"].user_id, "admin@example.com", "signed in", "test")


def test_ending_one_session_is_announced_and_says_whether_it_lasted(people: dict[str, Actor], owner: Owner) -> None:
    heard: list[Notice] = []
    unsubscribe = subscribe(heard.append)
    token_hash, other = hash_of(signed_in(people["member"])), hash_of(signed_in(people["member"]))
    assert web_sessions.end(token_hash, "tried") is True
    assert web_sessions.end(token_hash) is False
    unsubscribe()
    web_sessions.end(other)
    assert heard == [Notice("ended", session_hash=token_hash)] * 2
    row = owner.execute("select end_reason from signalbox.web_sessions where token_hash = %s", (token_hash,)).fetchone()
    assert row == {"end_reason": "tried"}


def test_every_session_of_a_person_can_be_ended(people: dict[str, Actor]) -> None:
    mine = [hash_of(signed_in(people["member"])) for _ in range(3)]
    others = hash_of(signed_in(people["other"]))
    assert web_sessions.end_all_of(people["member"].user_id, "left the company") == 3
    assert web_sessions.people_behind([*mine, others]).keys() == {others}


def test_turning_to_the_demo_is_remembered_and_announced_once(people: dict[str, Actor]) -> None:
    actor = web_sessions.look_up(hash_of(signed_in(people["member"])))
    assert actor is not None
    assert actor.session_hash is not None
    heard: list[Notice] = []
    unsubscribe = subscribe(heard.append)
    web_sessions.show(actor, "demo")
    web_sessions.show(actor, "demo")
    unsubscribe()
    assert heard == [Notice("changed", session_hash=actor.session_hash)]
    turned = web_sessions.look_up(actor.session_hash)
    assert turned is not None
    assert turned.dataset == "demo"


def test_sessions_that_are_long_over_are_forgotten(people: dict[str, Actor], owner: Owner) -> None:
    kept, ended, lapsed = (hash_of(signed_in(people["member"])) for _ in range(3))
    long_ago = datetime.now(UTC) - timedelta(days=31)
    owner.execute("update signalbox.web_sessions set ended_at = %s where token_hash = %s", (long_ago, ended))
    owner.execute("update signalbox.web_sessions set expires_at = %s where token_hash = %s", (long_ago, lapsed))
    newest = hash_of(signed_in(people["member"]))
    rows = owner.execute("select token_hash from signalbox.web_sessions").fetchall()
    assert {row["token_hash"] for row in rows} == {kept, newest}


def test_only_sessions_that_go_on_are_counted(people: dict[str, Actor]) -> None:
    assert web_sessions.count_live() == 0
    tokens = [signed_in(people["member"]) for _ in range(3)]
    web_sessions.end(hash_of(tokens[0]))
    assert web_sessions.count_live() == 2


def test_nobody_reads_sessions_but_the_console(people: dict[str, Actor]) -> None:
    from data import database  # noqa: PLC0415 - the one test that asks as a person

    signed_in(people["admin"])
    with database.reading(people["admin"]) as unit, pytest.raises(Exception, match="permission denied"):
        unit.connection.execute("select * from signalbox.web_sessions")
