"""Reducers of the engine's own aggregate types, for the state of a client, a question and an execution at any event."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from signalbox_client.events import Event, Reducer, Reducers
from signalbox_client.projections.human_approvals import HUMAN_APPROVALS
from signalbox_client.projections.projection import Projection, Row, comparable, moment, stamp
from signalbox_client.projections.sop_executions import SOP_EXECUTIONS

_TIMES = ("created_at", "expires_at", "decided_at", "started_at", "completed_at")


def _client(state: dict[str, Any], event: Event) -> dict[str, Any]:
    """What is known of a client: who it is, when it was last spoken with, how it fares."""
    told = event.payload
    match event.event_type:
        case "CLIENT_ONBOARDED":
            return {
                "client_id": told["client_id"],
                "name": told["name"],
                "plan": told["plan"],
                "account_manager": told["account_manager"],
                "status": "unknown",
                "health_score": None,
                "risk_factors": [],
                "contacts": 0,
                "last_contact_at": None,
                "assessed_at": None,
                "onboarded_at": stamp(event.timestamp),
            }
        case "CLIENT_CONTACTED":
            return state | {"contacts": state.get("contacts", 0) + 1, "last_contact_at": stamp(event.timestamp)}
        case "CLIENT_PLAN_CHANGED":
            return state | {"plan": told["plan"]}
        case "CLIENT_HEALTH_ASSESSED":
            assessed = {name: told[name] for name in ("health_score", "status", "risk_factors") if name in told}
            return state | assessed | {"assessed_at": stamp(event.timestamp)}
    return state


def _as_projected(projection: Projection) -> Callable[[dict[str, Any], Event], dict[str, Any]]:
    """The row of a projection as a state; events that the projection does not take change nothing."""

    def fold(state: dict[str, Any], event: Event) -> dict[str, Any]:
        if event.event_type not in projection.event_types:
            return state
        folded: dict[str, Any] = comparable(projection.after(_row(state) or None, event))
        return folded

    return fold


def _row(state: dict[str, Any]) -> Row:
    row = state | {name: moment(state[name]) for name in _TIMES if name in state}
    if row.get("estimated_cost") is not None:
        row["estimated_cost"] = Decimal(str(row["estimated_cost"]))
    return row


ENGINE_REDUCERS = Reducers(
    (
        Reducer("Client", _client, name="client"),
        Reducer("HumanApproval", _as_projected(HUMAN_APPROVALS), version="2", name="human_approval"),
        Reducer("SopExecution", _as_projected(SOP_EXECUTIONS), version="2", name="sop_execution"),
    )
)
