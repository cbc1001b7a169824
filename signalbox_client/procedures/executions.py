"""Executions of procedures: each act appends its event and changes the row by the very rule that replay uses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from signalbox_client import checking
from signalbox_client.connection import Work
from signalbox_client.errors import BadArgument
from signalbox_client.events import Event, EventStore, NewEvent
from signalbox_client.procedures.errors import ExecutionNotFound, ExecutionOver, ProcedureNotFound, WrongStep
from signalbox_client.projections.rebuilding import written
from signalbox_client.projections.sop_executions import AGGREGATE, SOP_EXECUTIONS, STARTED, STEP_STARTED

_ROW = "projections.read_sop_executions"
MAX_NOTE_CHARACTERS = 10_000
MAX_ACTIONS = 1_000_000  # of one step; the column that adds them up holds two thousand such steps
MAX_COST_USD = 1e9


@dataclass(frozen=True)
class Execution:
    """How a run of a procedure stands. Cost in USD, cycle time in hours; None is unknown."""

    execution_id: UUID
    sop_id: str
    sop_version: int | None
    status: str
    current_step: str | None
    steps: list[dict[str, Any]]
    correlation_id: UUID | None
    client_id: str | None
    actions_total: int | None
    actions_automated: int | None
    human_interventions: int
    automation_rate: float | None
    cycle_time_hours: float | None
    estimated_cost: Decimal | None
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def open_step(self) -> str | None:
        """The step that has begun and not ended."""
        return next((entry["step"] for entry in reversed(self.steps) if not entry.get("completed_at")), None)


def begin(work: Work, sop_id: str, version: int | None, told: dict[str, Any], about: dict[str, Any]) -> Execution:
    """Start an execution of a version of a procedure. Raises ProcedureNotFound."""
    definition = work.row("procedures.find_active", sop_id=sop_id, version=version)
    if not definition:
        raise ProcedureNotFound(_unknown(sop_id, version))
    execution_id = uuid4()
    payload = {"execution_id": str(execution_id), "sop_id": sop_id, "sop_version": definition["version"]} | told
    event = NewEvent(STARTED, AGGREGATE, str(execution_id), payload, **about)
    return _append(work, execution_id, None, event)


def take_step(work: Work, execution_id: UUID, step: str, about: dict[str, Any]) -> Execution:
    """Begin a step that the procedure has, while no other is open. Raises WrongStep and as `change`."""
    row, now = _locked(work, execution_id)
    if now.open_step:
        raise WrongStep(f"The step {now.open_step} is still open; end it before {step} begins. Nothing was changed.")
    definition = work.row("procedures.find_active", sop_id=now.sop_id, version=now.sop_version)
    described = {entry["step"]: entry for entry in definition["steps"]} if definition else {}
    if step not in described:
        known = ", ".join(described) or "none"
        raise WrongStep(f"{now.sop_id} has no step {step}; its steps are {known}. Nothing was changed.")
    told = {name: described[step][name] for name in ("kind", "agent") if name in described[step]}
    return _append(work, execution_id, row, _event(now, STEP_STARTED, {"step": step} | told, about))


def change(
    work: Work,
    execution_id: UUID,
    event_type: str,
    told: dict[str, Any],
    about: dict[str, Any],
    *,
    needs_open: bool | None,
) -> Execution:
    """Append what happened to a running execution. `needs_open`: the step told of must be open (True), or none (False).

    Raises ExecutionNotFound, ExecutionOver, WrongStep.
    """
    row, now = _locked(work, execution_id)
    if needs_open and now.open_step != told["step"]:
        where = f"{now.open_step} is open" if now.open_step else "no step is open"
        raise WrongStep(f"The step {told['step']} is not open: {where}. Nothing was changed.")
    if needs_open is False and now.open_step:
        raise WrongStep(f"The step {now.open_step} is still open; complete or fail it first. Nothing was changed.")
    return _append(work, execution_id, row, _event(now, event_type, told, about))


def read(work: Work, execution_id: UUID) -> Execution:
    """How an execution stands. Raises ExecutionNotFound."""
    rows = work.rows(_ROW, keys=[execution_id])
    if not rows:
        raise ExecutionNotFound
    return _execution(execution_id, rows[0])


def step_told(
    step: object, actions: object, actions_automated: object, cost_usd: object, outcome: object, note: object
) -> dict[str, Any]:
    """What the end of a step tells, checked. Raises BadArgument."""
    total = checking.whole_number("actions", actions, most=MAX_ACTIONS)
    told: dict[str, Any] = {"step": checking.text("step", step), "actions": total}
    if actions_automated is not None:
        told["actions_automated"] = checking.whole_number("actions_automated", actions_automated)
        if told["actions_automated"] > total:
            raise BadArgument("actions_automated", f"must be at most actions, {total}.")
    if isinstance(cost_usd, Decimal):
        cost_usd = float(cost_usd) if cost_usd.is_finite() else math.nan
    if cost_usd is not None:
        told["cost_usd"] = checking.number("cost_usd", cost_usd, least=0, most=MAX_COST_USD)
    told["outcome"] = checking.text("outcome", outcome)
    if note is not None:
        told["note"] = checking.text("note", note, longest=MAX_NOTE_CHARACTERS)
    return told


def _locked(work: Work, execution_id: UUID) -> tuple[dict[str, Any], Execution]:
    if not work.row("procedures.find_execution", execution_id=execution_id):
        raise ExecutionNotFound
    row = work.rows(_ROW, keys=[execution_id])[0]
    now = _execution(execution_id, row)
    if now.status != "running":
        raise ExecutionOver(f"This execution of {now.sop_id} is {now.status}. Nothing was changed.")
    return {name: value for name, value in row.items() if name != "key"}, now


def _event(now: Execution, event_type: str, told: dict[str, Any], about: dict[str, Any]) -> NewEvent:
    known: dict[str, Any] = {"execution_id": str(now.execution_id)} | (
        {"client_id": now.client_id} if now.client_id else {}
    )
    given = {"correlation_id": now.correlation_id} | {name: value for name, value in about.items() if value is not None}
    return NewEvent(event_type, AGGREGATE, str(now.execution_id), known | told, **given)


def _append(work: Work, execution_id: UUID, row: dict[str, Any] | None, new: NewEvent) -> Execution:
    event: Event = EventStore(work.connection).append(new)
    folded = SOP_EXECUTIONS.after(row, event) | {"id": str(execution_id)}
    work.run("projections.write_sop_executions", rows=checking.json_text("rows", [written(folded)]))
    return read(work, execution_id)


def _execution(execution_id: UUID, row: dict[str, Any]) -> Execution:
    names = Execution.__dataclass_fields__.keys() - {"execution_id"}
    return Execution(execution_id, **{name: row[name] for name in names})


def _unknown(sop_id: str, version: int | None) -> str:
    which = "no active version" if version is None else f"no version {version}"
    return f"The procedure {sop_id} has {which} here. Load its definition first."
