"""Streams the rows of a report: one statement, one connection of its own, memory that does not grow with the rows."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from data import database
from data.access import Actor
from data.database import copying
from data.database.copying import copied_pieces, count_rows
from data.errors import NotFound, SignalboxError
from data.exports.catalog import REPORTS
from data.exports.parameters import Report

log = logging.getLogger("signalbox.exports")

Format = copying.Format

CANCEL_TIMEOUT_S = 5.0


class ExportCancelled(SignalboxError):
    """The export was broken off."""


def report(name: str) -> Report:
    """The report of this name. Raises NotFound naming those there are."""
    try:
        return REPORTS[name]
    except KeyError:
        raise NotFound(f"There is no report “{name}” to export. There are: {', '.join(sorted(REPORTS))}.") from None


def parse(name: str, given: Mapping[str, list[str]]) -> dict[str, Any]:
    """The filters of a report from a query string. Raises NotFound, and BadFilter with a sentence naming the filter."""
    return report(name).parse(given)


def count(actor: Actor, name: str, parameters: Mapping[str, Any]) -> int:
    """How many rows the export would have for this person. Raises what `database.reading` raises."""
    actor.must("export_rows")
    actor.must(report(name).needs)
    given = report(name).looked_up(actor, parameters)
    with database.reading(actor) as unit:
        return count_rows(unit, report(name).query_for(parameters), given)


def file_name(actor: Actor, name: str, form: Format, given: Mapping[str, list[str]], at: datetime | None = None) -> str:
    """Report, filters, days of the period and time of export, in characters that every file system takes; what is
    made up says so first."""
    mark = "demo-" if actor.dataset == "demo" else ""
    filters = [
        f"{key}-{'+'.join(values)}"
        for key, values in sorted(given.items())
        if any(values) and key not in _OF_THE_PERIOD and not key.startswith("previous_")
    ]
    described = re.sub(r"[^A-Za-z0-9._+-]+", "-", "_".join([name, *filters]))[:120].strip("-._")
    days = "".join(f"_{word}-{day[0]}" for key, word in _OF_THE_PERIOD.items() if (day := _day_of(given.get(key))))
    return f"{mark}{described}{days}_at-{(at or datetime.now(UTC)):%Y-%m-%dT%H%MZ}.{form}"


_OF_THE_PERIOD = {"start": "from", "end": "until"}


def _day_of(values: list[str] | None) -> re.Match[str] | None:
    return re.match(r"\d{4}-\d\d-\d\d", values[0]) if values else None


def stream(actor: Actor, name: str, parameters: Mapping[str, Any], form: Format) -> Stream:
    """The rows of a report as large pieces of bytes. Nothing is asked of the database before the first is taken.

    Raises NotAllowed, NotFound at once; DatabaseUnavailable, NotAllowed while it runs.
    """
    actor.must("export_rows")
    actor.must(report(name).needs)
    return Stream(actor, report(name), dict(parameters), form)


@dataclass
class _Progress:
    connection: psycopg.Connection[Any] | None = None
    is_cancelled: bool = False
    rows: int = 0


class Stream(Iterator[bytes]):
    """One running export: take its pieces in any thread, one at a time, and close it; `cancel` from any other."""

    def __init__(self, actor: Actor, asked: Report, parameters: dict[str, Any], form: Format) -> None:
        self.report = asked.query_for(parameters)
        self._progress = _Progress()
        self._guard = threading.Lock()
        self._pieces = self._read(actor, asked, parameters, form)

    def __next__(self) -> bytes:
        return next(self._pieces)

    @property
    def rows(self) -> int:
        """How many rows were taken so far."""
        return self._progress.rows

    def cancel(self) -> None:
        """Stop a statement that is running, whoever waits for it. Blocks for CANCEL_TIMEOUT_S at most."""
        with self._guard:
            self._progress.is_cancelled = True
            connection = self._progress.connection
        if connection is not None:
            with suppress(psycopg.Error):  # it is over already, or the server is gone: both end the statement
                connection.cancel_safe(timeout=CANCEL_TIMEOUT_S)

    def close(self) -> None:
        """Give the connection back; no piece comes after this. Not while another thread takes one."""
        self._pieces.close()

    def _read(
        self, actor: Actor, asked: Report, parameters: dict[str, Any], form: Format
    ) -> Generator[bytes, None, None]:
        given = asked.looked_up(actor, parameters)
        with database.apart(actor) as unit:
            with self._guard:
                if self._progress.is_cancelled:
                    raise ExportCancelled
                self._progress.connection = unit.connection
            try:
                # Closed before the transaction is: the COPY has to be cancelled while there is a connection to do it.
                order = asked.order_of(given)
                with closing(copied_pieces(unit, self.report, form, given, asked.left_out, order)) as pieces:
                    for piece, rows in pieces:
                        self._progress.rows = rows
                        yield piece
            finally:
                with self._guard:
                    self._progress.connection = None
