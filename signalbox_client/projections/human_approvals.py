"""Questions to people, from the events that asked and decided them."""

from __future__ import annotations

from signalbox_client import checking
from signalbox_client.events import Event
from signalbox_client.projections import checks
from signalbox_client.projections.projection import Projection, Row, moment_of

AGGREGATE = "HumanApproval"
REQUESTED = "HUMAN_APPROVAL_REQUESTED"
APPROVED = "HUMAN_APPROVAL_APPROVED"
REJECTED = "HUMAN_APPROVAL_REJECTED"
EXPIRED = "HUMAN_APPROVAL_EXPIRED"

_STATUSES = {APPROVED: "approved", REJECTED: "rejected", EXPIRED: "expired"}
_ASKED = (
    "approval_type",
    "title",
    "reason",
    "session_id",
    "user_id",
)
_NEVER_NULL = ("risk_level", "request_payload", "context", "agent_id")  # null in a payload tells nothing of these
_DECIDED = {"decided_by": "decided_by", "decided_by_name": "decided_by_name", "note": "decision_note"}


_OF_DECISIONS = ("decided_at", *_DECIDED.values())


def _fold(row: Row | None, event: Event) -> Row:
    told = checks.payload_of(event)
    if event.event_type == REQUESTED:
        asked: Row = {name: told[name] for name in _ASKED if name in told}
        asked |= {name: told[name] for name in _NEVER_NULL if told.get(name) is not None}
        if "expires_at" in told:
            asked["expires_at"] = moment_of(told, "expires_at")
        known = {"event_id": event.event_id, "correlation_id": event.correlation_id, "created_at": event.timestamp}
        # Asked once more, it is not decided any longer.
        again: Row = dict.fromkeys(_OF_DECISIONS) if row and "decided_at" in row else {}
        return again | known | asked | {"status": "pending"}
    decided: Row = {"status": _STATUSES[event.event_type]}
    if event.event_type != EXPIRED:
        decided["decided_at"] = moment_of(told, "decided_at") or event.timestamp
        decided |= {column: told[name] for name, column in _DECIDED.items() if name in told}
    return (row or {}) | decided


HUMAN_APPROVALS = Projection(
    name="human_approvals",
    aggregate_type=AGGREGATE,
    event_types=frozenset({REQUESTED, *_STATUSES}),
    key_column="id",
    key_of=lambda event: event.aggregate_id,
    fold=_fold,
    required=frozenset({"approval_type", "title", "created_at"}),
    columns={
        "approval_type": checks.text,
        "title": checks.text,
        "reason": checks.optional(checks.text),
        "risk_level": checks.word("unknown", "low", "medium", "high", "critical"),
        "request_payload": checks.document,
        "context": checks.document,
        "agent_id": checks.text,
        "session_id": checking.optional_identifier,
        "user_id": checking.optional_identifier,
        "created_at": checks.optional(checking.moment),
        "expires_at": checks.optional(checking.moment),
        "decided_at": checks.optional(checking.moment),
        "decided_by": checking.optional_identifier,
        "decided_by_name": checks.optional(checks.text),
        "decision_note": checks.optional(checks.text),
    },
    references=frozenset({"session_id", "user_id"}),
)
