"""Rows that events project to, and snapshots: made by folding the events, so that replaying them finds the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from data.demo.columns import Block
from data.demo.engine.folding import CLIENT_REDUCER, add_to_client, folded
from data.demo.engine.records import Chance, Event, Payload, rows, stamp, stamp_or_none

EVENTS_PER_SNAPSHOT = 100


def execution_rows(streams: Iterable[Sequence[Event]]) -> Block:
    """One row per execution, from the events of its stream."""
    return rows("demo.copy_sop_executions", [_execution(stream) for stream in streams])


def _execution(stream: Sequence[Event]) -> tuple[object, ...]:
    execution, told = folded(stream), stream[0].payload
    return (
        stream[0].aggregate_id,
        told["sop_id"],
        told["sop_version"],
        execution.correlation_id,
        told.get("client_id"),
        told.get("user_id"),
        told["agent_id"],
        execution.status,
        execution.current_step,
        execution.steps,
        execution.actions_total,
        execution.actions_automated,
        execution.human_interventions,
        execution.cycle_time_hours,
        execution.automation_rate,
        execution.cost_usd,
        execution.error,
        stamp(execution.started_ms),
        stamp_or_none(execution.completed_ms),
        {},
        stamp(execution.started_ms),
    )


def health_row(chance: Chance, event: Event) -> tuple[object, ...]:
    """The assessment that an event tells, as a row of engine.client_health."""
    payload, at = event.payload, stamp(event.at_ms)
    return (
        chance.new_id(),
        payload["client_id"],
        event.event_id,
        payload["health_score"],
        payload["status"],
        payload["signals"],
        payload["risk_factors"],
        at,
        at,
    )


def snapshots(chance: Chance, stream: Sequence[Event]) -> list[tuple[object, ...]]:
    """The state of a client after every hundredth event, as rows of engine.event_snapshots."""
    taken: list[tuple[object, ...]] = []
    state: Payload = {}
    for event in stream:
        state = add_to_client(state, event)
        if event.sequence_number % EVENTS_PER_SNAPSHOT == 0:
            place = (event.aggregate_type, event.aggregate_id, event.sequence_number)
            taken.append((chance.new_id(), *place, state, CLIENT_REDUCER, stamp(event.at_ms)))
    return taken
