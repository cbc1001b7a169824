"""Times as logs write them. A time without a zone is no moment, and one before 1970 or after 2200 a mere placeholder:
both stay unknown, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

# For a time that they do not know programs write the zero of their clock (the year 1, 1601, the first moment of 1970),
# or the last that it can tell.
_ZERO, _BEYOND = datetime(1970, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_LONGEST_MS = 2_147_483_647  # what the column holds; almost 25 days


class Times:
    """Reads times and counts those that can only be placeholders."""

    def __init__(self) -> None:
        self.placeholders = 0

    def moment(self, value: Any) -> datetime | None:
        """The moment that `value` names, in UTC: ISO 8601 with a zone, or seconds or milliseconds since 1970; None
        otherwise, and where it lies before 1970 or after 2200."""
        if isinstance(value, str):
            try:
                named = datetime.fromisoformat(value)
            except ValueError:
                return None
            return self._possible(named) if named.tzinfo else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                named = datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
            except (ValueError, OverflowError, OSError):
                named = _ZERO  # further away than any calendar reaches
            return self._possible(named)
        return None

    def _possible(self, named: datetime) -> datetime | None:
        if _ZERO < named < _BEYOND:
            return named.astimezone(UTC)
        self.placeholders += 1
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
