"""Tables that the console reads in another schema: there this package's own are empty, and rows in them never seen."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from signalbox_client import queries
from signalbox_client.errors import SignalboxError

LOOK_AGAIN_AFTER_S = 60.0


class AdoptedElsewhere(SignalboxError):
    """The console reads this table in another schema, so what is written here would never be seen."""

    def __init__(self, table: str, schema: str) -> None:
        self.table = table
        self.schema = schema
        system, _, name = table.partition(".")
        super().__init__(
            f"{table} is empty here: this database keeps it as {schema}.{name}, which the console reads since the"
            f" system {system} was adopted from there. Nothing was read or written. Go on writing to {schema}.{name},"
            f" or let somebody move it here: python -m data adopt {system} --from {schema} --move."
        )


@dataclass
class Elsewhere:
    """Which tables one database keeps in another schema, looked up in its catalog, which every role may read."""

    _schemas: dict[str, str] = field(default_factory=dict)
    _looked_at: float | None = None

    def refuse(self, connection: psycopg.Connection[Any], tables: Collection[str]) -> None:
        """Raises AdoptedElsewhere where one of these tables is kept elsewhere."""
        if not tables:
            return
        if self._looked_at is None or time.monotonic() - self._looked_at > LOOK_AGAIN_AFTER_S:
            self._look(connection)
        for table in sorted(tables):
            if table in self._schemas:
                raise AdoptedElsewhere(table, self._schemas[table])

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(queries.find("adopted.list_elsewhere").text, prepare=False).fetchall()
        self._schemas = {name.removeprefix("adopted_").replace("__", ".", 1): schema for name, schema in found}
        self._looked_at = time.monotonic()
