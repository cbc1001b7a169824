"""What happened in a stretch of sessions, in order and with times: prompts, calls, notifications, compactions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.calendar import HOUR_MS
from data.demo.chronicle.calls import UNANSWERED, Calls, Stretch
from data.demo.chronicle.plan import HOOK_LOG, HOOKS
from data.demo.chronicle.toolset import TASK
from data.demo.columns import Flags, Integers, lognormal
from data.demo.request import Request

START, RESUME, PROMPT, API_ERROR, PRE, PERMISSION, POST, HELPER_STOP, COMPACT, IDLE, STOP = range(11)
_TURN = 2_048  # room for the steps of one turn, so that turn and step together give the order
_STEP = 8
REPLIES_PER_CONTEXT = 78


@dataclass(frozen=True)
class Timeline:
    """One entry per happening, ordered by session and time. `call` is -1 where it is not about a call."""

    kind: Integers
    session: Integers
    turn: Integers
    call: Integers
    at_ms: Integers

    def of(self, *kinds: int) -> Integers:
        """Positions of the happenings of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))


@dataclass(frozen=True)
class Endings:
    """One entry per session: whether it was resumed at some turn (-1: not), and whether its end was told."""

    resumed_at: Integers
    is_told: Flags


def draw_timeline(
    random: np.random.Generator, request: Request, stretch: Stretch, calls: Calls, endings: Endings
) -> Timeline:
    """Everything that happened up to the anchor; what would come later is cut off."""
    parts = [*_of_turns(random, stretch, calls, endings), *_of_calls(stretch, calls)]
    kind = np.concatenate([np.full(len(key), kind) for kind, key, _ in parts])
    key = np.concatenate([key for _, key, _ in parts])
    call = np.concatenate([call for _, _, call in parts])
    order = np.argsort(key, kind="stable")
    kind, key, call = kind[order], key[order], call[order]
    turn = key // _TURN
    session = stretch.turn_session[turn]
    gaps = _gaps(random, stretch, calls, Timeline(kind, session, turn, call, key))
    passed = np.cumsum(gaps)
    first = np.searchsorted(session, np.arange(stretch.last - stretch.first))
    at_ms = stretch.plan.start_ms[stretch.sessions][session] + passed - passed[first][session]
    is_past = at_ms <= request.anchor_ms
    return Timeline(kind[is_past], session[is_past], turn[is_past], call[is_past], at_ms[is_past])


def _of_turns(
    random: np.random.Generator, stretch: Stretch, calls: Calls, endings: Endings
) -> list[tuple[int, Integers, Integers]]:
    turns = len(stretch.turn_calls)
    turn = np.arange(turns)
    firsts = stretch.plan.first_turn[stretch.sessions] - stretch.plan.first_turn[stretch.first]
    lasts = firsts + stretch.plan.turns[stretch.sessions] - 1
    is_heard = (stretch.plan.source[stretch.sessions] == HOOKS)[stretch.turn_session]
    is_last = np.isin(turn, lasts)
    resumed = (firsts + endings.resumed_at)[endings.resumed_at >= 0]
    at = {
        START: firsts * _TURN,
        RESUME: resumed * _TURN + 1,
        PROMPT: turn * _TURN + 2,
        API_ERROR: np.flatnonzero(random.random(turns) < 0.008) * _TURN + 3,
        COMPACT: _full_contexts(stretch, firsts) * _TURN + 2_000,
        IDLE: np.flatnonzero(is_heard & ~is_last & (random.random(turns) < 0.3)) * _TURN + 2_010,
        STOP: lasts[endings.is_told] * _TURN + 2_020,
    }
    return [(kind, key, np.full(len(key), -1)) for kind, key in at.items()]


def _full_contexts(stretch: Stretch, firsts: Integers) -> Integers:
    """Turns after which the context was full and had to be compacted."""
    replies = np.cumsum(stretch.turn_calls + 1)
    before = np.concatenate([[0], replies])[firsts][stretch.turn_session]
    contexts = (replies - before) // REPLIES_PER_CONTEXT
    earlier = np.concatenate([[0], contexts[:-1]])
    earlier[firsts] = 0
    return np.flatnonzero(contexts > earlier)


def _of_calls(stretch: Stretch, calls: Calls) -> list[tuple[int, Integers, Integers]]:
    position = np.arange(calls.count)
    base = calls.turn * _TURN + 10
    opened, closed = base + calls.step * _STEP, base + calls.closes_at * _STEP
    is_helper = calls.tool == TASK
    is_answered = calls.outcome != UNANSWERED
    source = stretch.plan.source[stretch.sessions][calls.session]
    is_asked = (calls.wait_ms > 0) & (source == HOOKS)
    return [
        (PRE, opened, position),
        (PERMISSION, opened[is_asked] + 1, position[is_asked]),
        (POST, (closed + np.where(is_helper, 4, 2))[is_answered], position[is_answered]),
        (HELPER_STOP, closed[is_helper] + 3, position[is_helper]),
    ]


def _gaps(random: np.random.Generator, stretch: Stretch, calls: Calls, line: Timeline) -> Integers:
    """Milliseconds between each happening and the one before it."""
    count = len(line.kind)
    gaps = np.full(count, 60.0)
    is_post = np.flatnonzero(line.kind == POST)
    about = line.call[is_post]
    gaps[is_post] = np.where(calls.tool[about] == TASK, 300, calls.duration_ms[about] + calls.wait_ms[about])
    for kind, median, spread in (
        (PRE, 4_300, 0.75),
        (PROMPT, 75_000, 1.15),
        (COMPACT, 34_000, 0.3),
        (STOP, 45_000, 1.2),
    ):
        places = np.flatnonzero(line.kind == kind)
        gaps[places] = lognormal(random, median, spread, len(places)) + 400
    gaps[line.kind == IDLE] = 60_000
    after_start = np.flatnonzero(np.isin(line.kind, (START, RESUME))) + 1
    gaps[after_start[after_start < count]] = 8_000
    resumes = np.flatnonzero(line.kind == RESUME)
    starts = stretch.plan.start_ms[stretch.sessions][line.session[resumes]]
    is_friday = (starts // (24 * HOUR_MS) + 3) % 7 == 4
    gaps[resumes] = (random.uniform(14, 20, len(resumes)) + np.where(is_friday, 48, 0)) * HOUR_MS
    return gaps.astype(np.int64)


def draw_endings(random: np.random.Generator, request: Request, stretch: Stretch) -> Endings:
    """Which sessions were taken up again the next day, and which ended without saying so."""
    turns = stretch.plan.turns[stretch.sessions]
    count = len(turns)
    source = stretch.plan.source[stretch.sessions]
    is_recent = stretch.plan.start_ms[stretch.sessions] > request.anchor_ms - HOUR_MS
    resumes = (turns >= 3) & (random.random(count) < 0.09) & (source != HOOK_LOG) & ~is_recent
    turn = 1 + (random.random(count) * (turns - 1)).astype(np.int64)
    return Endings(np.where(resumes, turn, -1), (random.random(count) > 0.055) & ~is_recent)
