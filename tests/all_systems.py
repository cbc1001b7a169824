"""One row of everything of the engine, lift-sys and ToolboxAI that belongs to one member, with a word in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from data.access import Actor
from tests import performed
from tests.performed import Owner, insert


@dataclass(frozen=True)
class Rows:
    """The ids that pages are asked for."""

    client: str
    agent: str
    execution: UUID
    event: UUID
    correlation: UUID
    lift_session: UUID
    project: UUID


def add(owner: Owner, at: datetime, word: str, member: Actor) -> Rows:
    """The rows, and the client in the account of the member."""
    client, agent, me = f"{word}-client", f"{word}-agent", member.user_id
    owner.execute(
        "update auth.users set raw_app_meta_data = jsonb_build_object('client_id', %s::text) where id = %s",
        (client, me),
    )
    performed.definition(owner, "refund")
    performed.window(owner, at, agent, user_id=me)
    step = {"step": "check", "kind": "human", "agent": agent, "outcome": "done", "note": word}
    correlation = UUID(int=7)
    execution = performed.run(
        owner, at, "refund", agent_id=agent, user_id=me, client_id=client, correlation_id=correlation,
        error_message=word, steps=[step],
    )  # fmt: skip
    event = performed.engine_event(
        owner, at, "CLIENT_HEALTH_ASSESSED", aggregate_type="Client", aggregate_id=client, correlation_id=correlation,
        payload={"client_id": client, "health_score": 40, "status": "at_risk"}, emitted_by=agent,
    )  # fmt: skip
    # So many that a snapshot is due, and one number left out: what the page of integrity looks into.
    owner.execute(
        "insert into engine.events (event_type, aggregate_type, aggregate_id, sequence_number, payload, emitted_by)"
        " select 'CLIENT_CONTACTED', 'Client', %(client)s, n, jsonb_build_object('client_id', %(client)s::text),"
        " %(agent)s"
        " from generate_series(2, 230) as n where n <> 100",
        {"client": client, "agent": agent},
    )
    insert(owner, "engine", "client_health", {"client_id": client, "event_id": event, "health_score": 40,
                                              "status": "at_risk", "computed_at": at})  # fmt: skip
    insert(owner, "engine", "chaos_experiments", {"name": word, "hypothesis": word})
    lift = insert(owner, "lift", "sessions", {"user_id": me, "prompt": word})
    inside = {"session_id": lift, "user_id": me}
    insert(owner, "lift", "session_revisions", {**inside, "revision_number": 1, "ir_content": Jsonb({"goal": word})})
    insert(owner, "lift", "session_drafts", {**inside, "draft_number": 1, "code": word})
    insert(owner, "lift", "hole_resolutions", {**inside, "hole_id": "h", "resolution": Jsonb(word)})
    insert(owner, "toolbox", "users", {"id": me, "email": f"{word}@example.com"})
    workspace = insert(owner, "toolbox", "workspaces", {"owner_id": me, "name": word})
    project = insert(owner, "toolbox", "projects", {"owner_id": me, "workspace_id": workspace, "name": word})
    return Rows(client, agent, execution, event, correlation, lift, project)


def remove(owner: Owner) -> None:
    """Take every row of these systems away, the log of events included."""
    owner.execute("alter table engine.events disable trigger user")
    for table in (
        "engine.client_health", "engine.events", "engine.sop_executions", "engine.agent_metrics",
        "engine.chaos_experiments", "lift.sessions", "toolbox.users",
    ):  # fmt: skip
        owner.execute(sql.SQL("delete from {}").format(sql.Identifier(*table.split("."))))
