"""The time of a record: never the same twice, so that the order of times is the order of recording."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """The clock of one recorder, shared by its threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._newest = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The time, in UTC, at least a microsecond later than the one given before."""
        with self._guard:
            self._newest = max(datetime.now(UTC), self._newest + timedelta(microseconds=1))
            return self._newest
