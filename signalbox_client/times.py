"""Times that PostgreSQL has and Python has not: infinite ones, and years outside 1 to 9999, are read as unknown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class ReadableTimestamptzLoader(TimestamptzLoader):
    """Loads a time, None where Python cannot hold it: one such row keeps nobody from the others."""

    def load(self, data: Buffer) -> datetime:
        """The time, or None."""
        try:
            return super().load(data)
        except psycopg.DataError:
            return None  # type: ignore[return-value]  # and whoever reads rows minds it, as where there is none


def read_all_times(reader: psycopg.Connection[Any] | psycopg.Cursor[Any]) -> None:
    """Have a connection or a cursor read every time that the database holds."""
    reader.adapters.register_loader("timestamptz", ReadableTimestamptzLoader)
