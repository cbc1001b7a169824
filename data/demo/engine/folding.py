"""What events add up to: the state of a client, and the row of an execution. Rows are made by this and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from data.demo.engine.records import Event, Payload, stamp

CLIENT_REDUCER = "client@1"


def add_to_client(state: Payload, event: Event) -> Payload:
    """The state of a client after one more event."""
    payload = event.payload
    match event.event_type:
        case "CLIENT_ONBOARDED":
            return {
                "client_id": payload["client_id"],
                "name": payload["name"],
                "plan": payload["plan"],
                "account_manager": payload["account_manager"],
                "status": "unknown",
                "health_score": None,
                "risk_factors": [],
                "contacts": 0,
                "last_contact_at": None,
                "assessed_at": None,
                "onboarded_at": stamp(event.at_ms),
            }
        case "CLIENT_CONTACTED":
            return state | {"contacts": state["contacts"] + 1, "last_contact_at": stamp(event.at_ms)}
        case "CLIENT_PLAN_CHANGED":
            return state | {"plan": payload["plan"]}
        case "CLIENT_HEALTH_ASSESSED":
            told = {name: payload[name] for name in ("health_score", "status", "risk_factors")}
            return state | told | {"assessed_at": stamp(event.at_ms)}
    return state


@dataclass
class Execution:
    """An execution as its events tell it so far. Costs are in USD."""

    correlation_id: str = ""
    started_ms: int = 0
    completed_ms: int | None = None
    told: Payload = field(default_factory=dict)
    status: str = "running"
    current_step: str | None = None
    steps: list[Payload] = field(default_factory=list)
    actions_total: int = 0
    actions_automated: int = 0
    human_interventions: int = 0
    cost_usd: Decimal | None = None
    error: str | None = None

    @property
    def automation_rate(self) -> float | None:
        """Automated among all actions, None while there are none."""
        return round(self.actions_automated / self.actions_total, 4) if self.actions_total else None

    @property
    def cycle_time_hours(self) -> float | None:
        """From start to end, None while it runs."""
        if self.completed_ms is None:
            return None
        return round((self.completed_ms - self.started_ms) / 1000 / 3600, 10)

    def add(self, event: Event) -> None:
        """One more event of its stream."""
        payload = event.payload
        match event.event_type:
            case "SOP_EXECUTION_STARTED":
                self.correlation_id, self.started_ms, self.told = event.correlation_id, event.at_ms, payload
            case "SOP_STEP_STARTED":
                self._begin(event)
            case "SOP_STEP_COMPLETED":
                self._end(event, payload["outcome"], payload.get("note"))
            case "SOP_STEP_FAILED":
                self._end(event, "failed", payload["error"])
            case "SOP_STEP_ESCALATED":
                self.human_interventions += 1
            case "SOP_EXECUTION_COMPLETED":
                self.status, self.completed_ms, self.current_step = "completed", event.at_ms, None
            case "SOP_EXECUTION_FAILED":
                self.status, self.completed_ms, self.error = "failed", event.at_ms, payload["error"]
            case "SOP_EXECUTION_CANCELLED":
                self.status, self.completed_ms, self.error = "cancelled", event.at_ms, payload["reason"]

    def _begin(self, event: Event) -> None:
        payload = event.payload
        self.current_step = payload["step"]
        self.steps.append(
            {
                "step": payload["step"],
                "kind": payload["kind"],
                "agent": payload.get("agent"),
                "started_at": stamp(event.at_ms),
                "completed_at": None,
                "outcome": None,
                "note": None,
            }
        )

    def _end(self, event: Event, outcome: str, note: str | None) -> None:
        payload = event.payload
        entry = next(entry for entry in reversed(self.steps) if entry["step"] == payload["step"])
        entry.update(completed_at=stamp(event.at_ms), outcome=outcome, note=note)
        self.actions_total += payload["actions"]
        self.actions_automated += payload["actions_automated"]
        self.cost_usd = (self.cost_usd or Decimal(0)) + Decimal(str(payload["cost_usd"]))
        if entry["kind"] == "human":
            self.human_interventions += 1


def folded(events: Iterable[Event]) -> Execution:
    """The execution that the events of its stream add up to."""
    execution = Execution()
    for event in events:
        execution.add(event)
    return execution
