"""Times as the console reads them: what its calendar does not hold is read as unknown."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg.abc import Buffer
from psycopg.rows import DictRow

from data import calendar
from signalbox_client.times import ReadableTimestamptzLoader

_FIRST = calendar.FIRST - calendar.LONGEST_SLICE


class CalendarTimeLoader(ReadableTimestamptzLoader):
    """Loads a time, None where the calendar does not hold it: no zone has to have a clock for it."""

    def load(self, data: Buffer) -> datetime:
        """The time, or None."""
        when = super().load(data)
        if when is None or not _FIRST <= when < calendar.END:
            return None  # type: ignore[return-value]  # pages say "no time", as where there is none
        return when


def read_times(connection: psycopg.Connection[DictRow]) -> None:
    """Have a connection read times so."""
    connection.adapters.register_loader("timestamptz", CalendarTimeLoader)
