"""Jobs of agents: when they were asked, how long they ran, what they asked people, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.calendar import DAY_MS, moments
from data.demo.columns import Flags, Floats, Integers, lognormal
from data.demo.people import PEOPLE
from data.demo.request import Request
from data.demo.work.agents import AGENTS
from data.demo.work.waiting import WAITING, Waiting

COMPLETED, FAILED, CANCELLED = range(3)
APPROVED, REFUSED, UNDECIDED = range(3)
EVENTS_PER_JOB = 40
_NEVER = np.iinfo(np.int64).max // 4
WORSENING_DAYS = 14
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Jobs:
    """One entry per job. Times in milliseconds, those beyond the anchor have not happened yet; `asked_ms` is far in the
    future where no person is asked. `waiting` holds the jobs written by hand."""

    created_ms: Integers
    started_ms: Integers
    asked_ms: Integers
    decided_ms: Integers
    expires_ms: Integers
    ended_ms: Integers
    person: Integers
    agent: Integers
    outcome: Integers
    decision: Integers
    waiting: list[Waiting | None]

    @property
    def count(self) -> int:
        """How many jobs there are."""
        return len(self.created_ms)

    def part(self, first: int, last: int) -> Jobs:
        """The jobs from one position up to another."""
        cut = slice(first, last)
        return Jobs(
            self.created_ms[cut],
            self.started_ms[cut],
            self.asked_ms[cut],
            self.decided_ms[cut],
            self.expires_ms[cut],
            self.ended_ms[cut],
            self.person[cut],
            self.agent[cut],
            self.outcome[cut],
            self.decision[cut],
            self.waiting[cut],
        )


def draw_jobs(request: Request) -> Jobs:
    """The jobs of the whole period, those written by hand last; a small part of the rows at any size."""
    random = request.random(3)
    count = max(request.events // EVENTS_PER_JOB - len(WAITING), 12)
    created, person = moments(random, request.anchor, PEOPLE, count)
    agent = _agents(random, person)
    lateness = np.clip(1 - (request.anchor_ms - created) / (WORSENING_DAYS * DAY_MS), 0.0, 1.0)
    started = created + np.minimum(lognormal(random, 2_600, 1.3, count), 900_000).astype(np.int64)
    took = _durations(random, agent, lateness)
    is_asked = random.random(count) < _per_agent("asks")[agent]
    asked = np.where(is_asked, started + (took * 0.4).astype(np.int64), _NEVER)
    expires = np.where(is_asked, asked + (_hours()[agent] * 3_600_000).astype(np.int64), _NEVER)
    waited = np.minimum(lognormal(random, 840_000, 1.5, count), 40 * 3_600_000).astype(np.int64)
    decided = np.where(is_asked, np.minimum(asked + waited, expires), _NEVER)
    decision = np.where(random.random(count) < 0.14, REFUSED, APPROVED)
    decision[is_asked & (decided >= expires)] = UNDECIDED
    outcome = _outcomes(random, agent, lateness)
    outcome[is_asked & (decision == REFUSED)] = CANCELLED
    outcome[is_asked & (decision == UNDECIDED)] = FAILED
    took[outcome == CANCELLED] = (took[outcome == CANCELLED] * 0.5).astype(np.int64)
    ended = started + took + np.where(is_asked, decided - asked, 0)
    drawn = Jobs(
        created,
        started,
        asked,
        decided,
        expires,
        ended,
        person,
        agent,
        outcome,
        decision,
        [None] * count,
    )
    return _with_waiting(request, drawn)


def _with_waiting(request: Request, drawn: Jobs) -> Jobs:
    def ago(minutes: list[float | None]) -> Integers:
        return np.array(
            [_NEVER if m is None else request.anchor_ms - int(m * _MINUTE_MS) for m in minutes], dtype=np.int64
        )

    created = ago([entry.created_minutes_ago for entry in WAITING])
    asked = ago([entry.asked_minutes_ago for entry in WAITING])
    never = np.full(len(WAITING), _NEVER)
    owners = np.array([(0, 3, 4, 5, 8, 9)[number % 6] for number in range(len(WAITING))])
    return Jobs(
        np.concatenate([drawn.created_ms, created]),
        np.concatenate([drawn.started_ms, np.where([e.state == "running" for e in WAITING], created + 2_900, never)]),
        np.concatenate([drawn.asked_ms, asked]),
        np.concatenate([drawn.decided_ms, never]),
        np.concatenate([drawn.expires_ms, ago([-entry.expires_in_minutes for entry in WAITING])]),
        np.concatenate([drawn.ended_ms, never]),
        np.concatenate([drawn.person, owners]),
        np.concatenate([drawn.agent, [entry.agent_position for entry in WAITING]]),
        np.concatenate([drawn.outcome, np.zeros(len(WAITING), dtype=np.int64)]),
        np.concatenate([drawn.decision, np.zeros(len(WAITING), dtype=np.int64)]),
        [*drawn.waiting, *WAITING],
    )


def _per_agent(name: str) -> Floats:
    return np.array([getattr(agent, name) for agent in AGENTS], dtype=float)


def _hours() -> Floats:
    return np.array([agent.question.hours if agent.question else 0.0 for agent in AGENTS])


def _agents(random: np.random.Generator, person: Integers) -> Integers:
    is_nightly: Flags = np.array([p.is_nightly for p in PEOPLE])[person]
    nightly = np.array([agent.is_nightly for agent in AGENTS])
    by_day = np.where(nightly, 0.0, _per_agent("weight"))
    picked = random.choice(len(AGENTS), len(person), p=by_day / by_day.sum())
    return np.where(is_nightly, int(np.flatnonzero(nightly)[0]), picked).astype(np.int64)


def _durations(random: np.random.Generator, agent: Integers, lateness: Floats) -> Integers:
    slower = 1 + (_per_agent("slower_lately")[agent] - 1) * lateness
    took = lognormal(random, _per_agent("median_s")[agent] * 1_000, _per_agent("spread")[agent], len(agent)) * slower
    return np.maximum(took, 400).astype(np.int64)


def _outcomes(random: np.random.Generator, agent: Integers, lateness: Floats) -> Integers:
    chance = random.random(len(agent))
    lately = np.array([0.0 if a.failing_lately is None else a.failing_lately - a.failure for a in AGENTS])
    failing = _per_agent("failure")[agent] + lately[agent] * lateness
    return np.where(chance < failing, FAILED, np.where(chance > 0.978, CANCELLED, COMPLETED)).astype(np.int64)
