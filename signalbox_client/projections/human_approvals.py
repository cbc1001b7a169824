"""Questions to people, from the events that asked and decided them."""

from __future__ import annotations

from signalbox_client.events import Event
from signalbox_client.projections.projection import Projection, Row, moment

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
    "risk_level",
    "request_payload",
    "context",
    "agent_id",
    "session_id",
    "user_id",
)
_DECIDED = {"decided_by": "decided_by", "decided_by_name": "decided_by_name", "note": "decision_note"}


def _fold(row: Row | None, event: Event) -> Row:
    told = event.payload
    if event.event_type == REQUESTED:
        asked: Row = {name: told[name] for name in _ASKED if name in told}
        if "expires_at" in told:
            asked["expires_at"] = moment(told["expires_at"])
        known = {"event_id": event.event_id, "correlation_id": event.correlation_id, "created_at": event.timestamp}
        return known | asked | {"status": "pending"}
    decided: Row = {"status": _STATUSES[event.event_type]}
    if event.event_type != EXPIRED:
        decided["decided_at"] = moment(told.get("decided_at")) or event.timestamp
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
)
