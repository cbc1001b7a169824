"""The plan of a demo: how many sessions there are, when, whose, with which model, and how long. Small at any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.calendar import moments
from data.demo.chronicle.projects import PROJECTS
from data.demo.columns import Floats, Integers
from data.demo.people import PEOPLE
from data.demo.request import Request
from data.demo.work.agents import AGENTS

HOOKS, TRANSCRIPT, HOOK_LOG = 0, 1, 2
SOURCES = ("hooks", "transcript", "hooks")
DOERS = ("claude-code", *(agent.name for agent in AGENTS))  # the applications that events come from
_CALLS_PER_TURN = 7.5
_SHARE_OF_AGENTS = 0.16


@dataclass(frozen=True)
class Model:
    """A model and how it writes: median output tokens of a reply, and its share of the sessions."""

    name: str
    weight: float
    output_median: float


MODELS: tuple[Model, ...] = (
    Model("claude-opus-4-6", 0.36, 190),
    Model("claude-sonnet-4-5-20250929", 0.42, 210),
    Model("claude-haiku-4-5-20251001", 0.14, 240),
    Model("qwen3-coder-480b", 0.08, 260),  # hosted in the house: no list price is known
)
HELPER_MODEL = 2


@dataclass(frozen=True)
class SessionPlan:
    """One entry per session, ordered by start; `turn_calls` holds the calls of every turn, session after session.

    `agent` is the place in DOERS of who works: mostly the coding agent of a person, else one of those that take jobs.
    """

    start_ms: Integers
    person: Integers
    project: Integers
    agent: Integers
    branch: Integers
    model: Integers
    source: Integers
    turns: Integers
    turn_calls: Integers
    first_turn: Integers

    @property
    def live(self) -> int:
        """The position of the live session."""
        return self.count - 3

    @property
    def count(self) -> int:
        """How many sessions there are."""
        return len(self.start_ms)


def plan_sessions(request: Request) -> SessionPlan:
    """Sessions that together have about `request.events` events."""
    random = request.random(1)
    most = request.events // 12 + 8
    turns = np.minimum(1 + random.geometric(0.2, most), 40)
    turn_calls = np.where(
        random.random(turns.sum()) < 0.14,
        0,
        1 + random.negative_binomial(1.4, 1.4 / (1.4 + _CALLS_PER_TURN), turns.sum()),
    )
    turn_calls = np.minimum(turn_calls, 120)
    first_turn = np.concatenate([[0], np.cumsum(turns)[:-1]])
    calls = np.add.reduceat(turn_calls, first_turn)
    expected = 2.02 * calls + 1.33 * turns + 2.0
    count = max(4, int(np.searchsorted(np.cumsum(expected), request.events)))
    turns, first_turn = turns[:count], first_turn[:count]
    start_ms, person = moments(random, request.anchor, PEOPLE, count)
    start_ms[-3:] = request.anchor_ms - np.array([34, 19, 6]) * 60_000  # somebody is always at work
    person[-3:] = [3, 0, 5]
    project = _projects(random, person)
    project[-3] = 0  # the live session: a question about the storefront names it
    return SessionPlan(
        start_ms=start_ms,
        person=person,
        project=project,
        agent=_agents(request.random(13), project),
        branch=random.integers(0, 1000, count),
        model=_picks(random, [model.weight for model in MODELS], count),
        source=_sources(random, count),
        turns=turns,
        turn_calls=turn_calls[: int(turns.sum())],
        first_turn=first_turn,
    )


def _projects(random: np.random.Generator, person: Integers) -> Integers:
    """People work mostly in two projects each, sometimes in any other."""
    anywhere = _picks(random, [project.weight for project in PROJECTS], len(person))
    home = (person * 3 + random.integers(0, 2, len(person))) % len(PROJECTS)
    return np.where(random.random(len(person)) < 0.35, home, anywhere)


def _agents(random: np.random.Generator, project: Integers) -> Integers:
    """Some sessions in most projects are an agent's own; in the newest ones people ask and are asked."""
    per_project = [[DOERS.index(name) for name in each.agents] or [0] for each in PROJECTS]
    first = np.cumsum([0, *map(len, per_project[:-1])])
    places = np.concatenate(per_project)
    picked = first[project] + (random.random(len(project)) * np.array([*map(len, per_project)])[project]).astype(int)
    agent = np.where(random.random(len(project)) < _SHARE_OF_AGENTS, places[picked], 0)
    agent[-3:] = 0
    return agent


def _sources(random: np.random.Generator, count: int) -> Integers:
    """Most sessions are heard live, many read from transcripts; a few come from a log without times."""
    sources = _picks(random, [0.68, 0.305, 0.015], count)
    sources[-3:] = HOOKS
    sources[count // 3] = HOOK_LOG
    return sources


def _picks(random: np.random.Generator, weights: list[float], count: int) -> Integers:
    shares: Floats = np.array(weights) / sum(weights)
    return random.choice(len(weights), count, p=shares).astype(np.int64)
