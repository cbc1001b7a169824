"""Replies of models with their tokens: the context grows with every reply until it is compacted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.chronicle.plan import HELPER_MODEL, HOOK_LOG, MODELS
from data.demo.chronicle.scene import Scene
from data.demo.chronicle.timeline import PRE, REPLIES_PER_CONTEXT
from data.demo.columns import Block, Floats, Integers, block, glue, lognormal, numbers, pool, same, times, tokens
from data.demo.prices import Prices

_MODEL_NAMES = pool(model.name for model in MODELS)


@dataclass(frozen=True)
class Replies:
    """One entry per reply: the happening it came with, its session, its model and its tokens."""

    at: Integers
    session: Integers
    model: Integers
    input_tokens: Integers
    output_tokens: Integers
    cache_write_tokens: Integers
    cache_write_1h_tokens: Integers
    cache_read_tokens: Integers

    def cost_usd(self, prices: Prices) -> Floats:
        """What each reply costs at list price; NaN where the model has none."""
        listed = np.array([prices.of(model.name) for model in MODELS])[self.model]
        short = self.cache_write_tokens - self.cache_write_1h_tokens
        used = np.stack(
            [self.input_tokens, self.output_tokens, short, self.cache_write_1h_tokens, self.cache_read_tokens], axis=1
        )
        return np.asarray((listed * used).sum(axis=1) / 1_000_000)


def draw_replies(random: np.random.Generator, scene: Scene) -> Replies:
    """A reply for every call and one at the end of every turn; a log of hooks knows none."""
    line = scene.timeline
    is_turn_end = np.append(line.turn[1:] != line.turn[:-1], True)
    at = np.flatnonzero(((line.kind == PRE) | is_turn_end) & (scene.source[line.session] != HOOK_LOG))
    session = line.session[at]
    firsts = np.searchsorted(session, np.arange(len(scene.session_ids)))
    rank = np.arange(len(at)) - firsts[session]
    is_inner = (line.kind[at] == PRE) & scene.calls.is_inner[line.call[at]]
    model = np.where(is_inner, HELPER_MODEL, scene.stretch.plan.model[scene.stretch.sessions][session])
    place = np.where(is_inner, rank % 12, rank % REPLIES_PER_CONTEXT)
    medians = np.array([entry.output_median for entry in MODELS])[model]
    count = len(at)
    written = lognormal(random, 1_050, 0.8, count).astype(np.int64)
    keeps_long = (random.random(len(scene.session_ids)) < 0.4)[session]
    read = 15_500 + place * 1_850 + random.integers(0, 1_500, count)
    return Replies(
        at,
        session,
        model,
        input_tokens=1 + random.geometric(0.25, count),
        output_tokens=1 + lognormal(random, medians, 0.95, count).astype(np.int64),
        cache_write_tokens=written,
        cache_write_1h_tokens=np.where(keeps_long, written, 0),
        cache_read_tokens=np.where(is_inner, read // 2, read),
    )


def reply_rows(random: np.random.Generator, scene: Scene, told: Replies) -> Block:
    """One row per reply."""
    return block(
        "demo.copy_model_replies",
        len(told.at),
        [
            glue(same("msg_01"), tokens(random, len(told.at))),
            scene.sessions_of(told.at),
            _MODEL_NAMES[told.model].tolist(),
            times(scene.at_ms[told.at]),
            numbers(told.input_tokens),
            numbers(told.output_tokens),
            numbers(told.cache_write_tokens),
            numbers(told.cache_write_1h_tokens),
            numbers(told.cache_read_tokens),
        ],
    )
