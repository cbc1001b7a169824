"""A session of lift-sys and what belongs to it, as its store takes and gives them, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

from signalbox_client.errors import SignalboxError

SessionStatus = Literal["active", "finalized", "abandoned", "error"]
SESSION_STATUSES: tuple[SessionStatus, ...] = ("active", "finalized", "abandoned", "error")


class SessionNotFound(SignalboxError):
    """There is no such session, or it is not yours to see; nothing was changed."""


class SessionMoved(SignalboxError):
    """Somebody else has changed this session since you read it, so nothing was changed. Read it again."""


class AlreadyThere(SignalboxError):
    """There is something else under this id or number already; nothing was written."""


@dataclass(frozen=True)
class Session:
    """A session: the person it belongs to, the prompt, the current IR. Counts and times are the database's own.

    As it was read, an `Unreadable` stands where the IR or the metadata is more than Python can hold.
    """

    user_id: UUID
    prompt: str | None = None
    status: SessionStatus = "active"
    current_ir: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    session_id: UUID = field(default_factory=uuid4)
    revision_count: int = 0
    draft_count: int = 0
    hole_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The session of a row of lift.sessions, from the driver or as JSON."""
        created_at, updated_at = (
            datetime.fromisoformat(at) if isinstance(at, str) else at for at in (row["created_at"], row["updated_at"])
        )
        return cls(
            session_id=UUID(str(row["id"])),
            user_id=UUID(str(row["user_id"])),
            prompt=row["prompt"],
            status=row["status"],
            current_ir=row["current_ir"],
            metadata=row["metadata"],
            revision_count=row["revision_count"],
            draft_count=row["draft_count"],
            hole_count=row["hole_count"],
            created_at=created_at,
            updated_at=updated_at,
        )


@dataclass(frozen=True)
class Revision:
    """The IR after a change. Without a `number` it gets the next one of its session."""

    session_id: UUID
    ir_content: Mapping[str, Any]
    change_summary: str | None = None
    changed_by: str | None = None
    changes: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None
    revision_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Draft:
    """Generated code; validity is None where it was not checked. Without a `number` it gets the next one.

    `llm_metrics` holds model, input_tokens, output_tokens, cost_usd, latency_ms as far as known.
    """

    session_id: UUID
    code: str
    syntax_valid: bool | None = None
    ast_valid: bool | None = None
    llm_metrics: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None
    draft_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Resolution:
    """What a hole of the IR was filled with (any JSON value); a hole may be filled again, the newest counts."""

    session_id: UUID
    hole_id: str
    resolution: Any
    hole_type: str | None = None
    resolution_method: str | None = None
    confidence: float | None = None
    resolution_id: UUID = field(default_factory=uuid4)
