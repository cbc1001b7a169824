"""Runs of procedures, from the events of their steps. Costs are in USD, counts are of actions.

`estimated_cost` is what the steps told that they cost, and unknown (None) while none did.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from signalbox_client import checking
from signalbox_client.errors import BadArgument
from signalbox_client.events import Event
from signalbox_client.projections import checks
from signalbox_client.projections.projection import Projection, Row, stamp

AGGREGATE = "SopExecution"
STARTED = "SOP_EXECUTION_STARTED"
COMPLETED = "SOP_EXECUTION_COMPLETED"
FAILED = "SOP_EXECUTION_FAILED"
CANCELLED = "SOP_EXECUTION_CANCELLED"
STEP_STARTED = "SOP_STEP_STARTED"
STEP_COMPLETED = "SOP_STEP_COMPLETED"
STEP_FAILED = "SOP_STEP_FAILED"
STEP_ESCALATED = "SOP_STEP_ESCALATED"

_ENDS = {COMPLETED: "completed", FAILED: "failed", CANCELLED: "cancelled"}
_RATES_ROUNDED_TO = 4  # digits
_HOURS_ROUNDED_TO = 10  # digits: microseconds make ninths of the last one, so no two ways of rounding differ


def _fold(row: Row | None, event: Event) -> Row:
    told = checks.payload_of(event)
    if event.event_type == STARTED:
        return _begun(event)
    after: Row = {"steps": [], "actions_total": 0, "actions_automated": 0, "human_interventions": 0} | (row or {})
    match event.event_type:
        case t if t == STEP_STARTED:
            after |= {"current_step": told["step"], "steps": [*after["steps"], _step(event)]}
        case t if t in {STEP_COMPLETED, STEP_FAILED}:
            after |= _stepped(after, event)
        case t if t == STEP_ESCALATED:
            after["human_interventions"] += 1
        case t:
            after |= _ended(after, event, _ENDS[t])
    return after


def _begun(event: Event) -> Row:
    told = event.payload
    optional = {name: told[name] for name in ("client_id", "session_id", "user_id", "agent_id") if name in told}
    return {
        "sop_id": told["sop_id"],
        "sop_version": told.get("sop_version"),
        "correlation_id": event.correlation_id,
        "status": "running",
        "current_step": None,
        "steps": [],
        "actions_total": 0,
        "actions_automated": 0,
        "human_interventions": 0,
        "cycle_time_hours": None,
        "automation_rate": None,
        "estimated_cost": None,
        "error_message": None,
        "started_at": event.timestamp,
        "completed_at": None,
    } | optional


def _step(event: Event) -> dict[str, Any]:
    told = event.payload
    return {
        "step": told["step"],
        "kind": told["kind"],
        "agent": told.get("agent"),
        "started_at": stamp(event.timestamp),
        "completed_at": None,
        "outcome": None,
        "note": None,
    }


def _stepped(row: Row, event: Event) -> Row:
    """What the end of a step changes: its entry, and what is counted over all steps."""
    told = event.payload
    places = [number for number, entry in enumerate(row["steps"]) if entry["step"] == told["step"]]
    if not places:
        raise BadArgument("step", "names one that no event began.")
    place = places[-1]
    is_failed = event.event_type == STEP_FAILED
    outcome = "failed" if is_failed else told.get("outcome", "done")
    note = told["error"] if is_failed else told.get("note")
    entry = row["steps"][place] | {"completed_at": stamp(event.timestamp), "outcome": outcome, "note": note}
    total = row["actions_total"] + checks.count_of(told, "actions", 1)
    automated = row["actions_automated"] + checks.count_of(
        told, "actions_automated", 0 if entry["kind"] == "human" else 1
    )
    return {
        "steps": [*row["steps"][:place], entry, *row["steps"][place + 1 :]],
        "actions_total": total,
        "actions_automated": automated,
        "automation_rate": round(automated / total, _RATES_ROUNDED_TO) if total else None,
        "estimated_cost": _added(row.get("estimated_cost"), checks.cost_of(told, "cost_usd")),
        "human_interventions": row["human_interventions"] + (entry["kind"] == "human"),
    }


def _added(known: Decimal | None, told: Decimal | None) -> Decimal | None:
    return known if told is None else (known or Decimal(0)) + told


def _ended(row: Row, event: Event, status: str) -> Row:
    told = event.payload
    started: datetime | None = row.get("started_at")
    ended: Row = {"status": status, "completed_at": event.timestamp}
    if started and event.timestamp:
        ended["cycle_time_hours"] = round((event.timestamp - started).total_seconds() / 3600, _HOURS_ROUNDED_TO)
    if status == "completed":
        return ended | {"current_step": None}
    return ended | {"error_message": told["error" if status == "failed" else "reason"]}


SOP_EXECUTIONS = Projection(
    name="sop_executions",
    aggregate_type=AGGREGATE,
    event_types=frozenset({STARTED, STEP_STARTED, STEP_COMPLETED, STEP_FAILED, STEP_ESCALATED, *_ENDS}),
    key_column="id",
    key_of=lambda event: event.aggregate_id,
    fold=_fold,
    required=frozenset({"sop_id"}),
    columns={
        "sop_id": checks.text,
        "sop_version": checks.optional(checks.whole(-(2**31), 2**31 - 1)),
        "client_id": checks.optional(checks.text),
        "session_id": checking.optional_identifier,
        "user_id": checking.optional_identifier,
        "agent_id": checks.optional(checks.text),
        "current_step": checks.optional(checks.text),
        "actions_total": checks.whole(0),
        "actions_automated": checks.whole(0),
        "human_interventions": checks.whole(0),
        "cycle_time_hours": checks.optional(checks.number(0)),
        "automation_rate": checks.optional(checks.number(0, 1)),
        "estimated_cost": checks.optional(checks.amount),
        "error_message": checks.optional(checks.text),
    },
    references=frozenset({"session_id", "user_id"}),
)
