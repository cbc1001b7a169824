"""Windows of agents and runs of procedures, made by hand so that every figure of a test is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

Owner = psycopg.Connection[DictRow]


def insert(owner: Owner, schema: str, table: str, columns: dict[str, Any]) -> UUID:
    """A row with these columns; its id."""
    given = {"id": uuid4(), **columns}
    query = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(schema, table),
        sql.SQL(", ").join(map(sql.Identifier, given)),
        sql.SQL(", ").join(sql.Placeholder() * len(given)),
    )
    owner.execute(query, list(given.values()))
    return UUID(str(given["id"]))


def window(owner: Owner, end: datetime | None, agent: str = "IntakeAgent", **given: Any) -> UUID:
    """An hour of an agent that ended at a time (None: unknown): ten actions, nine without a person."""
    columns: dict[str, Any] = {
        "agent_id": agent,
        "window_start": end - timedelta(hours=1) if end else None,
        "window_end": end,
        "actions_total": 10,
        "actions_automated": 9,
        "human_escalations": 1,
    }
    return insert(owner, "engine", "agent_metrics", columns | given)


def run(owner: Owner, end: datetime | None, sop: str = "refund", **given: Any) -> UUID:
    """A completed run of a procedure that took two hours up to a time."""
    columns: dict[str, Any] = {
        "sop_id": sop,
        "agent_id": "IntakeAgent",
        "status": "completed",
        "started_at": end - timedelta(hours=2) if end else None,
        "completed_at": end,
        "actions_total": 10,
        "actions_automated": 8,
        "human_interventions": 0,
    }
    steps = given.pop("steps", [])
    return insert(owner, "engine", "sop_executions", columns | {"steps": Jsonb(steps)} | given)


def definition(owner: Owner, sop: str, version: int = 1, **given: Any) -> UUID:
    """A version of a procedure."""
    steps = given.pop("steps", [{"step": "check", "kind": "agent"}, {"step": "approve", "kind": "human"}])
    columns: dict[str, Any] = {"sop_id": sop, "version": version, "title": f"How to {sop}", "steps": Jsonb(steps)}
    return insert(owner, "engine", "sop_definitions", columns | given)


def engine_event(owner: Owner, at: datetime, kind: str, **given: Any) -> UUID:
    """An event of the engine in a stream of its own."""
    event_id = uuid4()
    columns: dict[str, Any] = {
        "event_id": event_id,
        "event_type": kind,
        "correlation_id": uuid4(),
        "aggregate_type": "Lead",
        "aggregate_id": str(event_id),
        "sequence_number": 1,
        "emitted_by": "IntakeAgent",
        "timestamp": at,
    } | given
    columns["payload"] = Jsonb(columns.get("payload", {}))
    query = sql.SQL("insert into engine.events ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(sql.Placeholder() * len(columns))
    )
    owner.execute(query, list(columns.values()))
    return event_id
