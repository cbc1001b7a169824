"""The figures of the first page, put together from what the reads give: totals, changes, what got worse. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from data.reports import rates
from data.reports.performance import escalation_factor

Row = Mapping[str, Any]


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
    """The period and the one before, each thing counted in one slice of time; all of one `project`, or of every one."""

    counts: dict[str, int]
    counts_before: dict[str, int]
    calls: Outcomes
    calls_before: Outcomes
    cost: Cost
    cost_before: Cost
    worse: tuple[Worse, ...]
    is_compared: bool  # whether any tool has enough calls in both periods
    escalating: tuple[Escalating, ...]
    slices: Sequence[Row]  # bucket, kind, happened, amount
    call_slices: Sequence[Row]  # bucket and the outcomes
    projects: dict[str, int]  # sessions of the period by project, the largest first, whichever is asked for
    project: str | None = None

    @property
    def holds_any(self) -> bool:
        """Whether the period holds a session or a call of a tool."""
        return bool(self.count("sessions") or self.calls.calls)

    def count(self, kind: str) -> int:
        """How many of a kind in the period."""
        return self.counts.get(kind, 0)

    @property
    def unjudged_calls(self) -> int:
        """How many calls failed of which nothing before tells whether that is more than usual."""
        return 0 if self.is_compared else self.calls.failed

    @property
    def untold(self) -> dict[str, int]:
        """How many sessions, jobs and runs of the period, and questions of any time, do not say what became of them,
        without kinds that all do."""
        kinds = ("sessions", "jobs", "runs", "questions")
        return {kind: number for kind in kinds if (number := self.count(f"{kind} untold"))}

    def before(self, kind: str) -> int:
        """How many of a kind in the period before."""
        return self.counts_before.get(kind, 0)


def gather(
    activity: Sequence[Row], calls: Sequence[Row], project: str | None = None, untold_questions: int = 0
) -> Happened:
    """Put the rows of data.reports.overview.read_activity and read_calls together, which were asked of the project, and
    how many questions have no status that reports know."""
    now, before = _parts(activity)
    tools_now, tools_before = (_per_tool(part) for part in _parts([row for row in calls if not row["is_slice"]]))
    return Happened(
        counts=_counts(now) | {"questions untold": untold_questions},
        counts_before=_counts(before),
        calls=sum(tools_now.values(), Outcomes()),
        calls_before=sum(tools_before.values(), Outcomes()),
        cost=_cost(now),
        cost_before=_cost(before),
        worse=_worse(tools_now, tools_before),
        is_compared=any(
            rates.is_compared(outcomes.known, tools_before.get(tool, Outcomes()).known)
            for tool, outcomes in tools_now.items()
        ),
        escalating=_escalating(_per_agent(now), _per_agent(before)),
        slices=[row for row in now if row["bucket"] is not None],
        call_slices=[row for row in calls if row["is_slice"] and row["is_current"] and row["bucket"] is not None],
        projects=_projects(now),
        project=project,
    )


def _parts(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in rows if row["is_current"]], [row for row in rows if not row["is_current"]]


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + int(row["happened"])
    return counts


def _projects(rows: Sequence[Row]) -> dict[str, int]:
    """Sessions by project, the largest first."""
    counted = [(str(row["name"]), int(row["happened"])) for row in rows if row["kind"] == "project"]
    return dict(sorted(counted, key=lambda one: (-one[1], one[0])))


def _cost(rows: Sequence[Row]) -> Cost:
    amount: Decimal | None = None
    sessions: dict[str, int] = {}
    for row in rows:
        if not row["kind"].startswith("cost "):
            continue
        basis = row["kind"].removeprefix("cost ")
        sessions[basis] = sessions.get(basis, 0) + int(row["happened"])
        if row["amount"] is not None:
            amount = (amount or Decimal()) + Decimal(row["amount"])
    return Cost(amount, sessions)


def _per_tool(rows: Sequence[Row]) -> dict[str, Outcomes]:
    names = ("calls", "succeeded", "failed", "refused", "unknown")
    return {str(row["tool_name"]): Outcomes(*(int(row[name]) for name in names)) for row in rows}


def _per_agent(rows: Sequence[Row]) -> dict[str, tuple[int, int]]:
    """Actions and escalations by agent."""
    return {str(row["name"]): (int(row["amount"]), int(row["escalations"])) for row in rows if row["kind"] == "actions"}


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
