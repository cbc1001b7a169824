"""The tool calls of a stretch of sessions: which tool, how long, how it ended, which belong to a subagent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.calendar import DAY_MS
from data.demo.chronicle.plan import HOOK_LOG, SessionPlan
from data.demo.chronicle.toolset import ASK, NAMES, PLAN, TASK, TOOLS
from data.demo.columns import Flags, Floats, Integers, lognormal
from data.demo.request import Request
from data.demo.work.agents import AGENTS

SUCCEEDED, FAILED, REJECTED, UNANSWERED, UNTOLD = range(5)
_BASH = NAMES.index("Bash")
_LONGEST_MS = 600_000
_LONGEST_ANSWER_MS = 2_700_000  # of a person
_WORSENING_DAYS = 12
_MOST_FAILING = 0.6
# An agent whose jobs fail often has calls that do; the first entry is the coding agent of a person.
_CLUMSINESS = np.array([1.0, *(0.5 + agent.failure / 0.05 for agent in AGENTS)])
_FAILING_LATELY = np.array([0.0, *(0.4 * (agent.failing_lately or 0.0) for agent in AGENTS)])


@dataclass(frozen=True)
class Stretch:
    """Some sessions of the plan, one after another, and the turns in them. Positions count from the stretch's first."""

    plan: SessionPlan
    first: int
    last: int

    @property
    def sessions(self) -> slice:
        """Where its sessions stand in the plan."""
        return slice(self.first, self.last)

    @property
    def turn_calls(self) -> Integers:
        """How many calls each turn has."""
        turns = int(self.plan.turns[self.sessions].sum())
        start = int(self.plan.first_turn[self.first])
        return self.plan.turn_calls[start : start + turns]

    @property
    def turn_session(self) -> Integers:
        """The session of each turn."""
        return np.repeat(np.arange(self.last - self.first), self.plan.turns[self.sessions])


@dataclass(frozen=True)
class Calls:
    """One entry per call. `step` is its place in its turn, `closes_at` the step after which its result comes (its own,
    or for a subagent the last step inside), `wait_ms` how long a person was asked, `error` picks among the texts."""

    turn: Integers
    session: Integers
    step: Integers
    closes_at: Integers
    tool: Integers
    is_inner: Flags
    outcome: Integers
    duration_ms: Integers
    wait_ms: Integers
    error: Integers

    @property
    def count(self) -> int:
        """How many calls there are."""
        return len(self.tool)


def draw_calls(random: np.random.Generator, request: Request, stretch: Stretch) -> Calls:
    """The calls of a stretch, turn after turn."""
    per_turn = stretch.turn_calls
    turn = np.repeat(np.arange(len(per_turn)), per_turn)
    session = stretch.turn_session[turn]
    count = len(turn)
    step = np.arange(count) - np.repeat(np.cumsum(per_turn) - per_turn, per_turn)
    tool, is_inner, closes_at = _choose_tools(random, per_turn, turn, step)
    lateness = _lateness(request, stretch.plan.start_ms[stretch.sessions])[session]
    error = random.integers(0, 1 << 20, count)
    wait_ms = _waits(random, tool)
    is_untimed = stretch.plan.source[stretch.sessions][session] == HOOK_LOG
    agent = stretch.plan.agent[stretch.sessions][session]
    outcome = _outcomes(random, tool, agent, lateness, is_untimed)
    wait_ms[(outcome == REJECTED) & (wait_ms == 0)] = 9_000
    return Calls(
        turn,
        session,
        step,
        closes_at,
        tool,
        is_inner,
        outcome,
        _durations(random, tool, lateness, outcome, error),
        wait_ms,
        error,
    )


def _choose_tools(
    random: np.random.Generator, per_turn: Integers, turn: Integers, step: Integers
) -> tuple[Integers, Flags, Integers]:
    chance = random.random(len(turn))
    early, late = (np.cumsum([getattr(tool, part) for tool in TOOLS]) for part in ("early", "late"))
    tool = np.where(
        step < 3, np.searchsorted(early / early[-1], chance), np.searchsorted(late / late[-1], chance)
    ).astype(np.int64)
    turns = len(per_turn)
    has_helper = (random.random(turns) < 0.10) & (per_turn >= 5)
    begins = (random.random(turns) * np.maximum(per_turn - 3, 1)).astype(np.int64)
    ends = np.minimum(begins + random.integers(2, 12, turns), per_turn - 1)
    is_helper = has_helper[turn] & (step == begins[turn])
    is_inner = has_helper[turn] & (step > begins[turn]) & (step <= ends[turn])
    tool[is_helper] = TASK
    asks = random.random(turns)
    is_last = (step == per_turn[turn] - 1) & ~is_inner & ~is_helper
    tool[is_last & (asks[turn] < 0.03)] = PLAN
    tool[is_last & (asks[turn] > 0.975)] = ASK
    return tool, is_inner, np.where(is_helper, ends[turn], step)


def _lateness(request: Request, start_ms: Integers) -> Floats:
    """0 up to twelve days before the end, 1 at the end."""
    begins = request.anchor_ms - _WORSENING_DAYS * DAY_MS
    return np.clip((start_ms - begins) / (_WORSENING_DAYS * DAY_MS), 0.0, 1.0)


def _per_tool(name: str) -> Floats:
    return np.array([getattr(tool, name) for tool in TOOLS], dtype=float)


def _worsening() -> Floats:
    return np.array([0.0 if t.failing_lately is None else t.failing_lately - t.failure for t in TOOLS])


def _outcomes(
    random: np.random.Generator, tool: Integers, agent: Integers, lateness: Floats, is_untimed: Flags
) -> Integers:
    chance = random.random(len(tool))
    failing = _per_tool("failure")[tool] * _CLUMSINESS[agent] + _worsening()[tool] * lateness
    failing = np.minimum(failing + _FAILING_LATELY[agent] * lateness, _MOST_FAILING)
    refused = np.where(is_untimed, 0.0, _per_tool("rejection")[tool])
    silent = np.where(tool == TASK, 0.0, np.where(is_untimed, 0.06, 0.006))
    outcome = np.where(is_untimed, UNTOLD, SUCCEEDED)
    outcome[chance < failing + refused + silent] = UNANSWERED
    outcome[chance < failing + refused] = REJECTED
    outcome[chance < failing] = FAILED
    outcome[is_untimed & (outcome == FAILED)] = UNTOLD
    return outcome


def _waits(random: np.random.Generator, tool: Integers) -> Integers:
    is_asked = random.random(len(tool)) < _per_tool("permission")[tool]
    return np.where(is_asked, lognormal(random, 11_000, 1.2, len(tool)), 0).astype(np.int64)


def _durations(
    random: np.random.Generator, tool: Integers, lateness: Floats, outcome: Integers, error: Integers
) -> Integers:
    is_worsening = _worsening()[tool] > 0
    slower = np.where(is_worsening, 1 + 1.8 * lateness, 1.0)
    slower[is_worsening & (outcome == FAILED)] *= 3
    took = lognormal(random, _per_tool("median_ms")[tool], _per_tool("spread")[tool], len(tool)) * slower
    took = np.clip(took, 1, np.where(np.isin(tool, (ASK, PLAN)), _LONGEST_ANSWER_MS, _LONGEST_MS))
    texts = np.array([max(len(t.errors), 1) for t in TOOLS])[tool]
    timed_out = (tool == _BASH) & (outcome == FAILED) & (error % texts == texts - 1)
    return np.where(timed_out, 120_000 + error % 900, took).astype(np.int64)
