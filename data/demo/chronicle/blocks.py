"""Sessions of coding agents, stretch by stretch, as blocks for the tables of Chronicle and of the import."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from data.demo.chronicle import details, events, questions, replies, sessions
from data.demo.chronicle.calls import Stretch
from data.demo.chronicle.plan import SessionPlan, plan_sessions
from data.demo.chronicle.scene import draw_scene
from data.demo.columns import Block
from data.demo.prices import Prices
from data.demo.request import Request

STRETCH_EVENTS = 16_000


def blocks(request: Request, prices: Prices) -> Iterator[list[Block]]:
    """Everything of Chronicle, one list per stretch, its tables in the order that their references need."""
    for number, stretch in enumerate(_stretches(plan_sessions(request))):
        random = request.random(2, number)
        scene = draw_scene(random, request, stretch)
        told = replies.draw_replies(random, scene)
        yield [
            sessions.session_rows(random, scene, told, prices),
            events.event_rows(scene),
            events.tool_rows(random, scene),
            *details.detail_rows(random, scene),
            questions.question_rows(random, scene),
            replies.reply_rows(random, scene, told),
        ]


def _stretches(plan: SessionPlan) -> Iterator[Stretch]:
    calls = np.add.reduceat(plan.turn_calls, plan.first_turn)
    ends = np.cumsum(2 * calls + plan.turns + 2)
    cuts = np.searchsorted(ends, np.arange(STRETCH_EVENTS, int(ends[-1]), STRETCH_EVENTS))
    bounds = np.unique(np.concatenate([[0], cuts, [plan.count]])).tolist()
    for first, last in pairwise(bounds):
        yield Stretch(plan, first, last)
