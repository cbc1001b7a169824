"""How long a question has waited and how long it still may, in words and with their state. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from data import calendar
from data.approvals import EXPIRING_S, OVERDUE_S
from ui.wording import figures

RISKS = {"critical": "broken", "high": "attention"}  # the others need no sign

_LAST_MS = 5 * 60_000
_HOUR_MS = 60 * 60_000


def clock(asked: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    """The state and the words of the clock of a waiting question."""
    left = (asked["expires_at"] - now) / timedelta(milliseconds=1) if asked["expires_at"] else None
    waited = calendar.took_ms(asked["created_at"], now)
    if left is not None and left <= 0:
        return "unknown", "its time has run out"
    if left is not None and left <= 1000 * EXPIRING_S:
        return "broken", f"runs out in {_span(left)}"
    if waited is not None and waited > 1000 * OVERDUE_S:
        return "attention", f"overdue: waits for {_span(waited)}"
    if left is not None:
        return "waiting", f"runs out in {_span(left)}"
    return "waiting", f"waits for {_span(waited)}" if waited is not None else "waits"


def _span(milliseconds: float) -> str:
    """In whole minutes, because a page stands still; in the last five, where seconds matter, with them."""
    if _LAST_MS <= milliseconds < _HOUR_MS:
        return figures.with_unit(int(milliseconds / 60_000), "min")
    return figures.duration(milliseconds)
