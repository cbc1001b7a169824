"""Rows folded from events, written in place of those that are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors as postgres_errors

from signalbox_client.connection import Work
from signalbox_client.projections import folding
from signalbox_client.projections.folding import Failures, Folded
from signalbox_client.projections.projection import Projection, ProjectionFailed, Row

MOST_SENTENCES = 100
MOST_IN_ONE = 5  # sentences of an error

# What the server says of a row, and not of the table, the way to it, or the rights of this role.
_OF_ROWS = (
    postgres_errors.CheckViolation,
    postgres_errors.ForeignKeyViolation,
    postgres_errors.ProgramLimitExceeded,
    psycopg.DataError,
)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: rows written, and rows that cannot be made: no event tells their beginning, or what the
    events are about is not named by a UUID, as rows of these tables are. `gone`, `failed` and `failing` as in a
    Comparison."""

    name: str
    written: int
    incomplete: int
    gone: int = 0
    failed: tuple[str, ...] = ()
    failing: int = 0


class Rebuilding:
    """A rebuild under way, in a transaction: takes folded rows some at a time."""

    def __init__(self, work: Work, projection: Projection) -> None:
        self.failures = Failures(MOST_SENTENCES)
        self._work = work
        self._projection = projection
        self._written = self._incomplete = self._gone = 0

    def take(self, some: list[Folded]) -> None:
        """Write some rows more, but for those that cannot be. Raises what the driver raises."""
        whole = [folded for folded in some if not folding.incomplete(self._projection, folded)]
        self._incomplete += len(some) - len(whole)
        gone = folding.gone_of(self._work.rows, self._projection, whole)
        ready = []
        for folded in whole:
            row = folding.as_stored(self._projection, folded, folded.row, self.failures)
            if row is None:
                continue
            left = folding.without_gone(row, gone)
            if left is None:
                self._gone += 1
                continue
            ready.append((folded, written(left | {self._projection.key_column: folded.key})))
        self._write(ready)

    def rebuilt(self) -> Rebuilt:
        """What was done."""
        failures = self.failures
        return Rebuilt(
            self._projection.name,
            self._written,
            self._incomplete,
            self._gone,
            tuple(failures.sentences),
            failures.number,
        )

    def refused(self) -> ProjectionFailed:
        """That there are events that cannot be projected, in one error."""
        told, number = self.failures.sentences[:MOST_IN_ONE], self.failures.number
        more = f"; and {number - len(told)} more" if number > len(told) else ""
        return ProjectionFailed(f"{'; '.join(told)}{more}. Nothing was changed.")

    def _write(self, rows: list[tuple[Folded, Row]]) -> None:
        if not rows:
            return
        try:
            with self._work.connection.transaction():
                told = json.dumps([row for _, row in rows])
                self._work.run(f"projections.write_{self._projection.name}", rows=told)
                self._written += len(rows)
        except _OF_ROWS as error:  # of one of them at least, so the rest are tried without it
            if len(rows) > 1:
                self._write(rows[: len(rows) // 2])
                self._write(rows[len(rows) // 2 :])
                return
            said = error.diag.message_primary or type(error).__name__
            self.failures.add(self._projection.failed(rows[0][0].newest, f"the database refuses its row: {said}"))


def written(row: Row) -> Row:
    """A row as JSON; amounts as text, so that none loses a digit."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return str(value) if not isinstance(value, str | int | float | list | dict | None) else value
