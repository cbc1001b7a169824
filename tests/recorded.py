"""Rows as an import would leave them, made by hand so that every figure of a test is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

Owner = psycopg.Connection[DictRow]

REFUSAL = "The user doesn't want to proceed with this tool use. The tool use was rejected."


def session(
    owner: Owner,
    at: datetime | None,
    *,
    project: str | None = "shop",
    status: str = "completed",
    user_id: UUID | None = None,
    minutes: int = 10,
    **metadata: Any,
) -> UUID:
    """A session that began at a time (None: unknown) and took some minutes."""
    session_pk = uuid4()
    ended = at + timedelta(minutes=minutes) if at else None
    if user_id:
        metadata["user_id"] = str(user_id)
    owner.execute(
        "insert into chronicle.sessions (id, session_id, project_name, git_branch, started_at, ended_at, status,"
        " metadata) values (%s, %s, %s, 'main', %s, %s, %s, %s)",
        (session_pk, f"key-{session_pk}", project, at, ended, status, Jsonb(metadata)),
    )
    return session_pk


def event(
    owner: Owner, session_pk: UUID, kind: str, at: datetime | None, data: dict[str, Any] | None = None, **metadata: Any
) -> UUID:
    """An event of a session."""
    event_id = uuid4()
    owner.execute(
        "insert into chronicle.events (id, session_id, event_type, source_app, timestamp, data, metadata)"
        " values (%s, %s, %s, 'claude-code', %s, %s, %s)",
        (event_id, session_pk, kind, at, Jsonb(data or {}), Jsonb(metadata)),
    )
    return event_id


def prompt(owner: Owner, session_pk: UUID, at: datetime | None, text: str) -> UUID:
    """What a person asked."""
    event_id = event(owner, session_pk, "user_prompt", at)
    owner.execute(
        "insert into chronicle.prompt_events (session_id, event_id, prompt_text, prompt_length, created_at)"
        " values (%s, %s, %s, %s, %s)",
        (session_pk, event_id, text, len(text), at),
    )
    return event_id


def call(
    owner: Owner,
    session_pk: UUID,
    at: datetime | None,
    tool: str = "Bash",
    *,
    success: bool | None = True,
    error: str | None = None,
    ms: int | None = 400,
    given: dict[str, Any] | None = None,
    answered: bool = True,
    **metadata: Any,
) -> UUID:
    """A call of a tool with its two rows, one where it was not answered; the id of its first event."""
    call_id = uuid4()
    before = event(owner, session_pk, "tool_pre_use", at, **metadata)
    statement = (
        "insert into chronicle.tool_events (session_id, event_id, tool_name, phase, call_id, created_at, parameters,"
        " result, success, error_message, execution_time_ms) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    )
    parameters = Jsonb(given or {"command": "make test"})
    owner.execute(statement, (session_pk, before, tool, "pre", call_id, at, parameters, None, None, None, None))
    if answered:
        later = at + timedelta(milliseconds=ms or 0) if at else None
        after = event(owner, session_pk, "tool_post_use", later, **metadata)
        result = None if error else Jsonb({"stdout": "12 passed"})
        owner.execute(
            statement,
            (session_pk, after, tool, "post", call_id, later, parameters, result, success, error, ms),
        )
    return before


def notification(owner: Owner, session_pk: UUID, at: datetime | None, message: str, severity: str = "warning") -> UUID:
    """A notification that nobody acknowledged; its id."""
    event_id = event(owner, session_pk, "notification", at)
    notification_id = uuid4()
    owner.execute(
        "insert into chronicle.notification_events (id, session_id, event_id, notification_type, message, severity,"
        " created_at) values (%s, %s, %s, 'permission_prompt', %s, %s, %s)",
        (notification_id, session_pk, event_id, message, severity, at),
    )
    return notification_id


def reply(
    owner: Owner, session_pk: UUID, at: datetime | None, model: str = "claude-opus-4-6", tokens: int = 1000
) -> None:
    """A reply of a model, with as many tokens in as out."""
    owner.execute(
        "insert into signalbox.model_replies (message_id, session_id, model, replied_at, input_tokens, output_tokens)"
        " values (%s, %s, %s, %s, %s, %s)",
        (str(uuid4()), session_pk, model, at, tokens, tokens),
    )


def touched(owner: Owner, session_pk: UUID, path: str) -> None:
    """A file that a tool touched."""
    owner.execute("insert into chronicle.project_context (session_id, file_path) values (%s, %s)", (session_pk, path))


def job(
    owner: Owner,
    at: datetime | None,
    *,
    agent: str = "intake",
    status: str = "completed",
    started: datetime | None = None,
    completed: datetime | None = None,
    error: str | None = None,
    user_id: UUID | None = None,
) -> UUID:
    """A job of an agent."""
    job_id = uuid4()
    owner.execute(
        "insert into agents.jobs (id, user_id, agent_identifier, status, job_data, error_message, created_at,"
        " started_at, completed_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (job_id, user_id, agent, status, Jsonb({"agent": agent}), error, at, started, completed),
    )
    return job_id


def question(
    owner: Owner,
    at: datetime | None,
    title: str,
    *,
    session_pk: UUID | None = None,
    status: str = "pending",
    agent: str = "billing",
    user_id: UUID | None = None,
    expires: datetime | None = None,
) -> UUID:
    """What an agent asked people."""
    approval_id = uuid4()
    owner.execute(
        "insert into engine.human_approvals (id, session_id, user_id, agent_id, approval_type, title, reason, status,"
        " request_payload, created_at, expires_at) values (%s, %s, %s, %s, 'refund', %s, %s, %s, %s, %s, %s)",
        (approval_id, session_pk, user_id, agent, title, title, status, Jsonb({"what": title}), at, expires),
    )
    return approval_id


def import_problem(owner: Owner, path: str, owner_id: UUID | None = None) -> None:
    """A file of which one line could not be read."""
    owner.execute(
        "insert into signalbox.import_files (path, format, size_bytes, owner_id, problems) values (%s, 'x', 1, %s, %s)",
        (path, owner_id, Jsonb([{"line": 3, "reason": "not JSON"}])),
    )


def price(owner: Owner, model: str, usd_per_million: int) -> None:
    """A price list of one line, the same for every kind of token."""
    owner.execute(
        "insert into signalbox.model_prices (model, valid_from, input_usd_per_million, output_usd_per_million,"
        " cache_write_usd_per_million, cache_write_1h_usd_per_million, cache_read_usd_per_million)"
        " values (%(model)s, '2020-01-01', %(usd)s, %(usd)s, %(usd)s, %(usd)s, %(usd)s)"
        " on conflict (model, valid_from) do nothing",
        {"model": model, "usd": usd_per_million},
    )


def one_of_everything(owner: Owner, at: datetime, word: str, user_id: UUID) -> UUID:
    """One row of each kind, all of one person's, each text with the word in it; the session's id."""
    session_pk = session(owner, at, project=f"{word}-project", status="error", user_id=user_id, version=word)
    event(owner, session_pk, "session_start", at, {"source": word})
    prompt(owner, session_pk, at + timedelta(seconds=1), f"Please mend the {word} of the shop")
    call(owner, session_pk, at + timedelta(seconds=2), f"{word}-tool", given={"command": word})
    call(owner, session_pk, at + timedelta(seconds=4), f"{word}-tool", success=False, error=f"{word} is broken")
    call(owner, session_pk, at + timedelta(seconds=6), f"{word}-tool", success=False, error=REFUSAL)
    call(owner, session_pk, at + timedelta(seconds=8), f"{word}-tool", success=None, agent_id="a1", agent_type=word)
    call(owner, session_pk, None, f"{word}-tool", answered=False)
    event(owner, session_pk, "compact_pre", at + timedelta(seconds=9), {"trigger": word})
    event(owner, session_pk, "system_health", at + timedelta(seconds=9), {"error": word}, severity="error")
    notification(owner, session_pk, at + timedelta(seconds=10), f"{word} needs your permission")
    reply(owner, session_pk, at + timedelta(seconds=11), f"{word}-model")
    touched(owner, session_pk, f"/code/{word}.py")
    for status in ("completed", "failed", "running", "pending", "cancelled"):
        is_over = status in ("completed", "failed", "cancelled")
        job(
            owner,
            at,
            agent=f"{word}-agent",
            status=status,
            started=None if status == "pending" else at,
            completed=at + timedelta(minutes=2) if is_over else None,
            error=f"{word} does not answer" if status == "failed" else None,
            user_id=user_id,
        )
    question(owner, at, f"Refund the {word}", session_pk=session_pk, agent=f"{word}-agent", user_id=user_id)
    question(owner, at, f"Refunded {word}", session_pk=session_pk, status="approved", user_id=user_id)
    import_problem(owner, f"/logs/{word}.jsonl", user_id)
    return session_pk
