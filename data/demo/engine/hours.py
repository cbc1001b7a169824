"""When people answer: on working days, by daylight."""

from __future__ import annotations

from random import Random

from data.demo.calendar import DAY_MS, HOUR_MS

_OPENS, _CLOSES = 7, 18  # hours of the day, UTC


def at_work(draw: Random, at_ms: int) -> int:
    """The moment itself where people work then, else some time in the next morning of a working day."""
    day, within_ms = divmod(at_ms, DAY_MS)
    if _is_working_day(day) and _OPENS * HOUR_MS <= within_ms < _CLOSES * HOUR_MS:
        return at_ms
    if within_ms >= _OPENS * HOUR_MS:
        day += 1
    while not _is_working_day(day):
        day += 1
    return day * DAY_MS + _OPENS * HOUR_MS + int(draw.expovariate(1) * 40 * 60_000)


def _is_working_day(day: int) -> bool:
    return (day + 3) % 7 < 5  # 1970 began on a Thursday
