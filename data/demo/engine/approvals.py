"""What runs of procedures asked people, as rows of the queue and of the audit log."""

from __future__ import annotations

from collections.abc import Sequence

from data.demo.columns import Block
from data.demo.engine.executions import Asked
from data.demo.engine.records import rows, stamp, stamp_or_none, written_id


def approval_rows(asked: Sequence[Asked]) -> list[Block]:
    """One row per question, and one in the audit log per decision of a person."""
    return [
        rows("demo.copy_human_approvals", map(_question, asked)),
        rows("demo.copy_audit_log", [_decision(a) for a in asked if a.decider is not None]),
    ]


def _question(asked: Asked) -> tuple[object, ...]:
    decider = asked.decider
    return (
        asked.approval_id,
        asked.event.event_id,
        asked.event.correlation_id,
        None,
        asked.owner.user_id,
        asked.agent,
        asked.question.kind,
        asked.question.title.format_map(asked.words),
        asked.question.reason.format_map(asked.words),
        asked.question.risk,
        asked.request,
        asked.context,
        asked.status,
        stamp(asked.event.at_ms),
        stamp(asked.expires_ms),
        stamp_or_none(asked.decided_ms if decider else None),
        decider.user_id if decider else None,
        decider.email if decider else None,
        asked.note,
        {},
    )


def _decision(asked: Asked) -> tuple[object, ...]:
    decider = asked.decider
    if decider is None or asked.decided_ms is None:  # pragma: no cover - only decided ones are asked for
        raise LookupError(asked.approval_id)
    title = asked.question.title.format_map(asked.words)
    return (
        stamp(asked.decided_ms),
        decider.user_id,
        decider.email,
        f"{asked.status} a question",
        f"approval:{written_id(asked.approval_id)}",
        {"title": title, "approval_type": asked.question.kind, "agent": asked.agent},
    )
