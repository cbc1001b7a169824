"""Rates of failures against the period before: what counts as a change, and what chance alone explains. Pure."""

from __future__ import annotations

from math import sqrt

LEAST_CASES = 20  # below this a rate says more about chance than about what failed
LEAST_CONTRADICTION = 0.005  # half a point; below this a stored rate is rounded, as agents.list_agents counts
SURPRISE = 2.6  # standard errors: with twenty tools, chance alone shows one such rise in ten views


def is_compared(known: int, previous_known: int) -> bool:
    """Whether both periods hold enough cases with a known outcome to compare their rates."""
    return min(known, previous_known) >= LEAST_CASES


def is_contradicted(rate: float | None, stored: float | None) -> bool:
    """Whether the stored rate is another than the one that the counts beside it give."""
    return rate is not None and stored is not None and abs(rate - stored) > LEAST_CONTRADICTION


def fails_more_often(failed: int, known: int, previous_failed: int, previous_known: int) -> bool:
    """Whether the rise of the share of failures among known outcomes is more than chance explains."""
    return _rise(failed, known, previous_failed, previous_known) > SURPRISE


def fails_less_often(failed: int, known: int, previous_failed: int, previous_known: int) -> bool:
    """Whether its fall is."""
    return _rise(failed, known, previous_failed, previous_known) < -SURPRISE


def _rise(failed: int, known: int, previous_failed: int, previous_known: int) -> float:
    """The rise of the rate in standard errors, 0 where there are too few cases."""
    if not is_compared(known, previous_known):
        return 0.0
    pooled = (failed + previous_failed) / (known + previous_known)
    error = sqrt(pooled * (1 - pooled) * (1 / known + 1 / previous_known))
    return (failed / known - previous_failed / previous_known) / error if error else 0.0
