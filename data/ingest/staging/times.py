"""Times as logs write them. A time without a zone is no moment: it stays unknown, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_LONGEST_MS = 2_147_483_647  # what the column holds; almost 25 days


def moment(value: Any) -> datetime | None:
    """The moment that `value` names: ISO 8601 with a zone, or seconds or milliseconds since 1970; None otherwise."""
    if isinstance(value, str):
        try:
            named = datetime.fromisoformat(value)
        except ValueError:
            return None
        return named if named.tzinfo else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        try:
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return None


def written(value: datetime | None) -> bytes:
    """`value` as a timestamptz field of COPY's text format."""
    return b"\\N" if value is None else value.isoformat().encode()


def duration_ms(begin: datetime | None, end: datetime | None) -> int | None:
    """Milliseconds from `begin` to `end`; None when either is unknown or the clock went backwards."""
    if begin is None or end is None:
        return None
    return whole_ms((end - begin).total_seconds() * 1000)


def whole_ms(value: Any) -> int | None:
    """`value` as whole milliseconds where it is a number that an execution can take."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value) if 0 <= value <= _LONGEST_MS else None
