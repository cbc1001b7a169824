"""When work happens: working days and hours of each person, growth over the weeks, busy days and quiet ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from data.demo.columns import Floats, Integers
from data.demo.people import Person

DAYS = 90
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Share of a working day by local hour, from midnight on: a late-morning peak, lunch, an afternoon, a few evenings.
_OFFICE = np.array([0, 0, 0, 0, 0, 0, 0.3, 1.2, 4, 8, 10, 9, 4.5, 6, 9, 9.5, 8, 5, 2.2, 1.2, 1, 0.8, 0.4, 0.1])
_NIGHT = np.array([0, 8, 8, 3, *[0] * 20], dtype=float)
_WEEKDAYS = np.array([1.0, 1.08, 1.1, 1.02, 0.8, 0.07, 0.05])  # Monday first


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.astimezone(UTC).timestamp() * 1000)


def day_levels(random: np.random.Generator, first_day_ms: int) -> Floats:
    """How busy each day is, the day of the anchor last: weekly rhythm, growth, chance, a few bursts."""
    days = np.arange(DAYS + 1)
    weekday = (first_day_ms // DAY_MS + 3 + days) % 7  # 1970 began on a Thursday
    levels = _WEEKDAYS[weekday] * (0.75 + 0.5 * days / DAYS) * np.exp(0.16 * random.standard_normal(DAYS + 1))
    levels[random.choice(DAYS, 3, replace=False)] *= 1.7
    return np.asarray(levels)


def moments(
    random: np.random.Generator, anchor: datetime, people: tuple[Person, ...], count: int
) -> tuple[Integers, Integers]:
    """`count` beginnings of work before the anchor: milliseconds, ascending, and the position of the person."""
    anchor_ms = milliseconds(anchor)
    first_day_ms = anchor_ms // DAY_MS * DAY_MS - DAYS * DAY_MS
    levels = day_levels(random, first_day_ms)
    hours = np.stack([_NIGHT if p.is_nightly else np.roll(_OFFICE, -p.offset_hours) for p in people])
    hours = hours / hours.sum(axis=1, keepdims=True) * np.array([[p.weight] for p in people])
    night = np.array([p.is_nightly for p in people])
    weights = hours[:, None, :] * np.where(night[:, None, None], 1.0, levels[None, :, None])
    starts = first_day_ms + (np.arange(DAYS + 1)[:, None] * 24 + np.arange(24)[None, :]) * HOUR_MS
    share_before = np.clip((anchor_ms - starts) / HOUR_MS, 0.0, 1.0)
    weights = (weights * share_before[None, :, :]).ravel()
    cells = random.choice(weights.size, count, p=weights / weights.sum())
    hour_starts = starts.ravel()[cells % starts.size]
    width = np.minimum(HOUR_MS, anchor_ms - hour_starts)
    at = (hour_starts + random.random(count) * width).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return at[order], (cells // starts.size).astype(np.int64)[order]
