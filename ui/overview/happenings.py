"""The figures of the first page, put together from what the reads give: totals, changes, what got worse. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd

from data.reports import rates
from data.reports.performance import escalation_factor


@dataclass(frozen=True)
class Outcomes:
    """Calls by how they went. A rate is taken over those that succeeded or failed."""

    calls: int = 0
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    unknown: int = 0

    @property
    def known(self) -> int:
        """Calls that are known to have succeeded or failed."""
        return self.succeeded + self.failed

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(
            self.calls + other.calls,
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.refused + other.refused,
            self.unknown + other.unknown,
        )


@dataclass(frozen=True)
class Worse:
    """A tool that fails more often than in the period before; rates in per cent."""

    tool: str
    rate: float
    rate_before: float
    calls: int


@dataclass(frozen=True)
class Escalating:
    """An agent that turns to people more often than in the period before: `factor` times as often per action, infinite
    where it never did."""

    agent: str
    actions: int
    escalations: int
    previous_actions: int
    previous_escalations: int
    factor: float


@dataclass(frozen=True)
class Cost:
    """What sessions cost in US dollars, and on what that rests: sessions per basis."""

    amount: Decimal | None = None
    sessions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened:
    """The period and the one before, each thing counted in one slice of time."""

    counts: dict[str, int]
    counts_before: dict[str, int]
    calls: Outcomes
    calls_before: Outcomes
    cost: Cost
    cost_before: Cost
    worse: tuple[Worse, ...]
    escalating: tuple[Escalating, ...]
    slices: pd.DataFrame  # bucket, kind, happened, amount
    call_slices: pd.DataFrame  # bucket and the outcomes

    def count(self, kind: str) -> int:
        """How many of a kind in the period."""
        return self.counts.get(kind, 0)

    def before(self, kind: str) -> int:
        """How many of a kind in the period before."""
        return self.counts_before.get(kind, 0)


def gather(activity: pd.DataFrame, calls: pd.DataFrame) -> Happened:
    """Put the rows of data.reports.overview.read_activity and read_calls together."""
    now, before = _parts(activity)
    per_tool = calls[~calls["is_slice"].astype(bool)] if len(calls) else calls
    tools_now, tools_before = (_per_tool(part) for part in _parts(per_tool))
    slices = calls[calls["is_slice"].astype(bool) & calls["is_current"].astype(bool)] if len(calls) else calls
    return Happened(
        counts=_counts(now),
        counts_before=_counts(before),
        calls=sum(tools_now.values(), Outcomes()),
        calls_before=sum(tools_before.values(), Outcomes()),
        cost=_cost(now),
        cost_before=_cost(before),
        worse=_worse(tools_now, tools_before),
        escalating=_escalating(*_per_agent(activity)),
        slices=now[now["bucket"].notna()],
        call_slices=slices[slices["bucket"].notna()],
    )


def _parts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    is_current = rows["is_current"].astype(bool)
    return rows[is_current], rows[~is_current]


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {str(kind): int(number) for kind, number in rows.groupby("kind")["happened"].sum().items()}


def _cost(rows: pd.DataFrame) -> Cost:
    amount: Decimal | None = None
    sessions: dict[str, int] = {}
    for row in rows[rows["kind"].str.startswith("cost ")].to_dict("records") if len(rows) else []:
        basis = str(row["kind"]).removeprefix("cost ")
        sessions[basis] = sessions.get(basis, 0) + int(row["happened"])
        if row["amount"] is not None and not pd.isna(row["amount"]):
            amount = (amount or Decimal()) + Decimal(row["amount"])
    return Cost(amount, sessions)


def _per_tool(rows: pd.DataFrame) -> dict[str, Outcomes]:
    names = ("calls", "succeeded", "failed", "refused", "unknown")
    return {str(row["tool_name"]): Outcomes(*(int(row[name]) for name in names)) for row in _records(rows)}


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows.to_dict("records")


def _per_agent(activity: pd.DataFrame) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Actions and escalations by agent, in the period and in the one before; without frames between, which cost more
    than the page's other figures."""
    now: dict[str, tuple[int, int]] = {}
    before: dict[str, tuple[int, int]] = {}
    names = ("kind", "is_current", "agent", "amount", "escalations")
    for kind, is_current, agent, amount, escalations in zip(*(activity[name] for name in names), strict=True):
        if kind == "actions":
            (now if is_current else before)[str(agent)] = (int(amount), int(escalations))
    return now, before


def _escalating(now: dict[str, tuple[int, int]], before: dict[str, tuple[int, int]]) -> tuple[Escalating, ...]:
    """The agents that escalate more often by the same rule as on the page of agents, the largest rise first."""
    found = []
    for agent, (actions, escalations) in now.items():
        previous_actions, previous_escalations = before.get(agent, (0, 0))
        factor = escalation_factor(escalations, actions, previous_escalations, previous_actions)
        if factor is not None:
            found.append(Escalating(agent, actions, escalations, previous_actions, previous_escalations, factor))
    return tuple(sorted(found, key=lambda one: (-one.factor, one.agent)))


def _worse(now: dict[str, Outcomes], before: dict[str, Outcomes]) -> tuple[Worse, ...]:
    """The tools that fail more often by the same rule as on the page of tools, the largest rise first."""
    found = []
    for tool, outcomes in now.items():
        earlier = before.get(tool, Outcomes())
        if rates.fails_more_often(outcomes.failed, outcomes.known, earlier.failed, earlier.known):
            rate, rate_before = 100 * outcomes.failed / outcomes.known, 100 * earlier.failed / earlier.known
            found.append(Worse(tool, rate, rate_before, outcomes.known))
    return tuple(sorted(found, key=lambda worse: worse.rate_before - worse.rate))
