"""Named statements of the import on one connection."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from data.database import queries
from data.ingest.report import FileReport
from signalbox_client.times import read_all_times


class Statements:
    """Runs `ingest.<step>.<name>` queries inside whatever transaction the connection has open."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._cursor = connection.cursor(row_factory=dict_row)
        read_all_times(self._cursor)
        self.raw_from: datetime | None = None  # before it, rows of what happened in sessions were dropped

    def run(self, name: str, **parameters: Any) -> int:
        """Run a statement for its effect; the number of rows it touched."""
        return max(self._cursor.execute(queries.find(name).text, parameters or None).rowcount, 0)

    def tally(self, report: FileReport, what: str, name: str, **parameters: Any) -> DictRow:
        """Run a statement that says how many rows it `added`, `renewed` and `removed`, and note it in the report; what
        it said.

        A row that an insert brought in has no xmax yet, one that it met and changed has: so these statements know.
        """
        (counts,) = self.rows(name, **parameters)
        for noted in ("added", "renewed", "removed"):
            getattr(report, noted)[what] += counts.get(noted, 0)
        return counts

    def rows(self, name: str, **parameters: Any) -> list[DictRow]:
        """The rows of a query."""
        return self._cursor.execute(queries.find(name).text, parameters or None).fetchall()
