"""What writers do to sessions of lift-sys and their drafts, to owners, and to questions to people."""

from __future__ import annotations

import random
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.rolled_times import BASE, new_id, some, some_time

Connection = psycopg.Connection[DictRow]


def add_lift_session(connection: Connection, chance: random.Random) -> None:
    """A session of lift-sys with a draft now and then."""
    owner = _someone(connection, chance)
    if owner is None:
        return
    session_id = new_id(chance)
    connection.execute(
        "insert into lift.sessions (id, user_id, status, created_at) values (%s, %s, %s, %s)",
        (
            session_id,
            owner,
            chance.choice(("active", "finalized", "abandoned", "error")),
            some_time(chance) or BASE,
        ),
    )
    if chance.random() < 0.5:
        add_draft(connection, chance, session_id)


def add_draft(connection: Connection, chance: random.Random, session_id: UUID | None = None) -> None:
    """A draft with numbers of all kinds in what its model reported."""
    session_id = session_id or some(connection, chance, "select id from lift.sessions")
    if session_id is None:
        return
    metrics = {
        "model": chance.choice(("m", "n", None)),
        "cost_usd": chance.choice((None, 0, 0.1, chance.random(), "much")),
        "latency_ms": chance.choice((None, 0, -3, 1, 0.5, chance.randrange(10**6))),
    }
    connection.execute(
        "insert into lift.session_drafts (session_id, user_id, draft_number, code, syntax_valid, ast_valid,"
        " llm_metrics, created_at) select id, user_id, %s, 'x', %s, %s, %s, %s from lift.sessions where id = %s",
        (
            chance.randrange(1, 10**9),
            chance.choice((None, True, False)),
            chance.choice((None, True, False)),
            Jsonb({name: value for name, value in metrics.items() if value is not None}),
            some_time(chance) or BASE,
            session_id,
        ),
    )


def change_lift(connection: Connection, chance: random.Random) -> None:
    """A draft gets a price or goes, or its session ends, moves or goes."""
    draft = some(connection, chance, "select id from lift.session_drafts")
    session_id = some(connection, chance, "select id from lift.sessions")
    kind = chance.randrange(5)
    if kind == 0:
        price = Jsonb({"cost_usd": chance.random(), "latency_ms": chance.randrange(1000)})
        connection.execute("update lift.session_drafts set llm_metrics = %s where id = %s", (price, draft))
    elif kind == 1:
        connection.execute("delete from lift.session_drafts where id = %s", (draft,))
    elif kind == 2:
        connection.execute("update lift.session_drafts set session_id = %s where id = %s", (session_id, draft))
    elif kind == 3:
        connection.execute(
            "update lift.sessions set status = 'finalized', created_at = %s where id = %s",
            (some_time(chance) or BASE, session_id),
        )
    elif chance.random() < 0.3:
        connection.execute("delete from lift.sessions where id = %s", (session_id,))


def change_owner(connection: Connection, chance: random.Random) -> None:
    """A session or a job is found to be somebody's, or nobody's."""
    owner = chance.choice((None, _someone(connection, chance)))
    if chance.random() < 0.5:
        metadata = chance.choice(({"user_id": str(owner)}, {"cost": {"total_cost_usd": 0.7}}, {}))
        connection.execute(
            "update chronicle.sessions set metadata = %s where id = %s",
            (Jsonb(metadata), some(connection, chance, "select id from chronicle.sessions")),
        )
    else:
        connection.execute(
            "update agents.jobs set user_id = %s where id = %s",
            (owner, some(connection, chance, "select id from agents.jobs")),
        )


def add_approval(connection: Connection, chance: random.Random) -> None:
    """A question, asked live or found in a log."""
    connection.execute(
        "insert into engine.human_approvals (agent_id, approval_type, title, risk_level, status, created_at,"
        " expires_at, metadata) values (%s, 'x', 'x', %s, %s, %s, %s, %s)",
        (
            chance.choice("xy"),
            chance.choice(("low", "high")),
            chance.choice(("pending", "approved", "rejected", "expired")),
            some_time(chance),
            some_time(chance),
            Jsonb(chance.choice(({}, {}, {"imported": True}))),
        ),
    )


def change_approval(connection: Connection, chance: random.Random) -> None:
    """A question is decided, or is gone."""
    approval = some(connection, chance, "select id from engine.human_approvals")
    if chance.random() < 0.2:
        connection.execute("delete from engine.human_approvals where id = %s", (approval,))
    else:
        connection.execute(
            "update engine.human_approvals set status = 'approved', created_at = %s where id = %s",
            (some_time(chance), approval),
        )


def _someone(connection: Connection, chance: random.Random) -> UUID | None:
    return some(connection, chance, "select id from auth.users")
