"""What each agent did on each day, counted from the very events that are written, for engine.agent_metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from data.demo.calendar import DAY_MS
from data.demo.columns import Block, Flags, Floats, Integers
from data.demo.engine.records import Chance, Event, rows, stamp
from data.demo.work.agents import AGENTS

if TYPE_CHECKING:
    from data.demo.request import Request

_JUDGES = frozenset({*(agent.name for agent in AGENTS), "health-monitor"})


@dataclass
class _Day:
    """One agent on one day. Cost is in USD, None while no cost was told."""

    actions: int = 0
    automated: int = 0
    escalations: int = 0
    confidence_sum: float = 0.0
    confidence_count: int = 0
    cost_usd: Decimal | None = None

    def automate(self, actions: int) -> None:
        """So many actions without a person."""
        self.actions += actions
        self.automated += actions

    def escalate(self, actions: int) -> None:
        """So many actions for which a person was asked."""
        self.actions += actions
        self.escalations += actions


class Tally:
    """Counts by agent and day (UTC). Small at any size."""

    def __init__(self) -> None:
        """Nothing counted yet."""
        self._days: dict[tuple[str, int], _Day] = {}

    def add(self, events: Iterable[Event]) -> None:
        """What events tell: steps taken, help asked for, and how sure the agent was. What a person was asked for is one
        action, counted when it was asked; the step that it belongs to adds those that the agent took itself."""
        for event in events:
            if event.emitted_by not in _JUDGES:
                continue
            day = self._day(event.emitted_by, event.at_ms // DAY_MS)
            if event.confidence is not None:
                day.confidence_sum += event.confidence
                day.confidence_count += 1
            match event.event_type:
                case "SOP_STEP_COMPLETED" | "SOP_STEP_FAILED":
                    day.automate(event.payload["actions_automated"])
                    day.cost_usd = (day.cost_usd or Decimal(0)) + Decimal(str(event.payload["cost_usd"]))
                case "SOP_STEP_ESCALATED" | "HUMAN_APPROVAL_REQUESTED":
                    day.escalate(1)
                case "LEAD_INQUIRY_RECEIVED" | "LEAD_SCORED" | "CLIENT_CONTACTED" | "CLIENT_HEALTH_ASSESSED":
                    day.automate(1)

    def add_jobs(
        self, agent: Integers, at_ms: Integers, confidence: Floats, *, is_asking: bool, by_hand: Flags
    ) -> None:
        """What happened to jobs, one entry each: those that asked a person are escalations when they did, and the
        others actions of the agent alone when they ended."""
        keys = agent * 1_000_000 + at_ms // DAY_MS
        found, place = np.unique(keys, return_inverse=True)
        counts = np.bincount(place, minlength=len(found)).tolist()
        hands = np.bincount(place, weights=by_hand, minlength=len(found)).astype(np.int64).tolist()
        sums = np.bincount(place, weights=confidence, minlength=len(found)).tolist()
        for key, count, hand, total in zip(found.tolist(), counts, hands, sums, strict=True):
            day = self._day(AGENTS[key // 1_000_000].name, key % 1_000_000)
            day.confidence_sum += total
            day.confidence_count += count
            if is_asking:
                day.escalate(count)
            else:
                day.automate(count - hand)

    def metric_rows(self, chance: Chance, request: Request) -> Block:
        """One row per agent and day on which it did something; today's window ends with the demo."""
        return rows(
            "demo.copy_agent_metrics",
            [
                (
                    chance.new_id(),
                    agent,
                    None,
                    "engine",
                    stamp(day * DAY_MS),
                    stamp(min((day + 1) * DAY_MS, request.anchor_ms)),
                    told.actions,
                    told.automated,
                    told.escalations,
                    round(told.confidence_sum / told.confidence_count, 4) if told.confidence_count else None,
                    told.confidence_count,
                    round(told.automated / told.actions, 4) if told.actions else None,
                    told.cost_usd,
                    {},
                    *[stamp(min((day + 1) * DAY_MS, request.anchor_ms))] * 2,
                )
                for (agent, day), told in sorted(self._days.items())
            ],
        )

    def _day(self, agent: str, day: int) -> _Day:
        return self._days.setdefault((agent, day), _Day())
