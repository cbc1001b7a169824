"""Code as a model writes it at the first, second and third attempt, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from data.demo.chronicle.plan import MODELS
from data.demo.lift.tasks import Task
from data.demo.prices import Prices

_WRONG = 0.27  # of the first attempts


@dataclass(frozen=True)
class Draft:
    """One attempt; validity is None where nobody checked. `model` is None where nothing was recorded of the call."""

    code: str
    syntax_valid: bool | None
    ast_valid: bool | None
    model: str | None
    metrics: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether it was checked and found right."""
        return bool(self.syntax_valid and self.ast_valid)


def write_drafts(draw: Random, prices: Prices, task: Task) -> list[Draft]:
    """Attempts until one is right, three at most; the last may still be wrong."""
    model = draw.choices(MODELS, [model.weight for model in MODELS])[0].name
    drafts: list[Draft] = []
    is_too_hard = draw.random() < 0.07
    while len(drafts) < 3 and not (drafts and drafts[-1].is_good and draw.random() < 0.9):
        drafts.append(_draft(draw, prices, task, model, _WRONG * draw.random() if is_too_hard else draw.random()))
    return drafts


def _draft(draw: Random, prices: Prices, task: Task, model: str, chance: float) -> Draft:
    code, syntax_valid, ast_valid = task.code, True, True
    if chance < 0.13:
        code, syntax_valid, ast_valid = code.replace(") ->", " ->", 1), False, False
    elif chance < _WRONG:
        code, ast_valid = code.replace(f"def {task.name}", f"def {task.name}_of", 1), False  # not what was asked for
    elif chance < 0.33:
        return Draft(code, None, None, None, {})
    is_recorded = draw.random() < 0.88
    metrics = _metrics(draw, prices, task, model) if is_recorded else {}
    return Draft(code, syntax_valid, ast_valid, model if is_recorded else None, metrics)


def _metrics(draw: Random, prices: Prices, task: Task, model: str) -> dict[str, Any]:
    """What is known of the call; without a list price there is no cost."""
    read = int(draw.lognormvariate(7.6, 0.3))
    wrote = len(task.code) // 3 + int(draw.lognormvariate(5.2, 0.5))
    input_price, output_price, *_ = prices.of(model)
    cost = (read * input_price + wrote * output_price) / 1_000_000
    known: dict[str, Any] = {"model": model, "input_tokens": read, "output_tokens": wrote}
    known["latency_ms"] = int(900 + wrote * draw.uniform(9, 22))
    return known if cost != cost else known | {"cost_usd": round(cost, 6)}  # noqa: PLR0124 - NaN differs from itself
