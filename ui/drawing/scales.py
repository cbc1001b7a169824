"""The axis of figures: which round numbers stand beside a chart, and how high each is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_STEPS = 5
_LEAST = 1e-12


@dataclass(frozen=True)
class Scale:
    """From zero to `top`, with a line at each of `steps`."""

    top: float
    steps: tuple[float, ...]

    def place(self, amount: float) -> float:
        """How high an amount stands, in per cent."""
        return 100 * amount / self.top

    def written(self, step: float) -> str:
        """A step as it stands beside its line: 1,500 or 15k."""
        if self.top < 10_000:
            return f"{round(step, 6):,g}" if step < 1_000 else f"{step:,.0f}"
        for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if step >= size:
                return f"{step / size:.4g}{sign}"
        return f"{step:g}"


def scale_of(highest: float, *, least_step: float = 0) -> Scale:
    """A scale that reaches over the highest amount in at most five steps of a round length, none below `least_step`.
    Amounts too small to be told from nothing get that of nothing."""
    if not highest > _LEAST:
        return Scale(1.0, (0.0,))
    power = 10.0 ** math.floor(math.log10(highest / MOST_STEPS))
    step = next(size * power for size in (1, 2, 5, 10) if round(highest / (size * power), 9) <= MOST_STEPS)
    step = max(step, least_step)
    count = max(1, math.ceil(round(highest / step, 9)))
    return Scale(count * step, tuple(number * step for number in range(count + 1)))
