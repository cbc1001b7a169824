"""What writers do to windows of agents, and to calls and the events that tie them to agents."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from tests.performed import window
from tests.rolled_times import new_id, some, some_time

Connection = psycopg.Connection[DictRow]
AGENTS = ["app", "helper", "r1", "r2", "planner", "unknown", "x"]


def add_window(connection: Connection, chance: random.Random) -> None:
    """A window that says more or less about what its agent did."""
    end = some_time(chance)
    actions = chance.choice((None, 0, 10, 33))
    # The same window of the same agent is there once.
    with suppress(psycopg.errors.UniqueViolation), connection.transaction():
        window(
            connection,
            end,
            chance.choice("xy"),
            source=chance.choice(("engine", "logs")),
            window_start=end - timedelta(seconds=chance.uniform(0, 9e5)) if end and chance.random() < 0.9 else None,
            actions_total=actions,
            actions_automated=chance.choice((None, 0, actions)),
            automation_rate=chance.choice((None, 0, 1, chance.random())),
            human_escalations=chance.randrange(3),
            avg_confidence=chance.choice((None, 0, 1, chance.random())),
            confidence_count=chance.choice((None, 0, 7)),
            total_cost=chance.choice((None, 0, 0.1, chance.random())),
            metadata=Jsonb({"cost_basis": chance.choice((None, "recorded", "estimate", "partial estimate"))}),
        )


def change_window(connection: Connection, chance: random.Random) -> None:
    """A window is moved, or one is gone."""
    window_pk = some(connection, chance, "select id from engine.agent_metrics")
    if chance.random() < 0.3:
        connection.execute("delete from engine.agent_metrics where id = %s", (window_pk,))
        return
    if chance.random() < 0.5:
        connection.execute(
            "update engine.agent_metrics set actions_total = %s, actions_automated = null, total_cost = %s"
            " where id = %s",
            (chance.choice((None, 7)), chance.choice((None, 0.5)), window_pk),
        )
        return
    connection.execute(
        "update engine.agent_metrics set window_start = null, window_end = %s, actions_total = 40,"
        " source = id::text where id = %s",
        (some_time(chance), window_pk),
    )


def add_tied_call(connection: Connection, chance: random.Random) -> None:
    """A call with an event that names an agent in one way or another; now and then a call that begins a subagent."""
    session_pk = some(connection, chance, "select id from chronicle.sessions")
    at, call_id = some_time(chance), new_id(chance)
    if chance.random() < 0.2:
        begun = {"subagent_type": chance.choice(("planner", "helper"))}
        _add_row(connection, session_pk, at, call_id, "pre", None, tool_type="subagent", parameters=begun)
        result = {"agentId": chance.choice(("r1", "r2", "r3"))}
        _add_row(connection, session_pk, some_time(chance), call_id, "post", None, tool_type="subagent", result=result)
        return
    run = {"agent_id": chance.choice(("r1", "r2", "r3"))}
    metadata = chance.choice(
        ({}, {"sidechain": True}, run, run, run | {"agent_type": "helper"}, {"agent_type": "planner"})
    )
    event_id = new_id(chance)
    connection.execute(
        "insert into chronicle.events (id, session_id, event_type, source_app, timestamp, data, metadata)"
        " values (%s, %s, 'tool_post_use', 'app', %s, '{}', %s)",
        (event_id, session_pk, at, Jsonb(metadata)),
    )
    _add_row(connection, session_pk, at, call_id, "post", event_id, success=chance.choice((True, False, None)))


def change_event(connection: Connection, chance: random.Random) -> None:
    """An event names another agent than before, or is gone with its call."""
    event = some(connection, chance, "select id from chronicle.events")
    if chance.random() < 0.2:
        connection.execute("delete from chronicle.events where id = %s", (event,))
        return
    metadata = chance.choice(({}, {"agent_type": "helper"}, {"agent_id": "r1"}))
    connection.execute("update chronicle.events set metadata = %s where id = %s", (Jsonb(metadata), event))


def _add_row(
    connection: Connection,
    session_pk: UUID | None,
    at: datetime | None,
    call_id: UUID,
    phase: str,
    event_id: UUID | None,
    *,
    success: bool | None = None,
    tool_type: str | None = None,
    parameters: dict[str, str] | None = None,
    result: dict[str, str] | None = None,
) -> None:
    connection.execute(
        "insert into chronicle.tool_events (session_id, event_id, tool_name, tool_type, phase, success, parameters,"
        " result, created_at, call_id) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            session_pk,
            event_id,
            "Task" if tool_type else "A",
            tool_type,
            phase,
            success,
            Jsonb(parameters),
            Jsonb(result),
            at,
            call_id,
        ),
    )
