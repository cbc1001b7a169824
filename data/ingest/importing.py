"""The import itself: file after file, each staged and merged in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors

from data.database import APPLICATION_NAME, queries
from data.database.units import translated_errors
from data.errors import NotFound, SignalboxError
from data.ingest import prices
from data.ingest.reading.walking import Found, walk
from data.ingest.report import FileReport, Problem, Report
from data.ingest.staging.ahead import Arrived, StagingAhead, stage_file
from data.ingest.staging.storing import Store

_ATTEMPTS = 3
# What another writer of the same tables can bring about; the file is then read again.
_PASSING = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation, errors.ForeignKeyViolation)


_NOT_MIGRATED = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)


class NotMigrated(SignalboxError):
    """The database is not up to date. Run `python -m data migrate up`, then import again."""


@dataclass(frozen=True)
class Progress:
    """How far an import is."""

    files_done: int
    files: int
    bytes_done: int
    bytes: int
    path: str


ProgressCallback = Callable[[Progress], None]


def ingest(
    paths: Sequence[Path | str],
    database: str | psycopg.Connection[Any],
    owner: str | None = None,
    progress: ProgressCallback | None = None,
    price_table: Path | None = None,
) -> Report:
    """Import every file behind `paths` into the database.

    `database` is a URL or a connection in autocommit mode, of the role that owns the tables. `owner` is the address of
    an account that the sessions will belong to. `progress` is called before each file and at the end.

    Raises NotFound when there is no such account, DatabaseUnavailable when the connection is lost (files done until
    then are kept), NotMigrated, WrongSetting for an unusable price table. All else that goes wrong is in the report.
    """
    with translated_errors(), _migrated():
        if isinstance(database, psycopg.Connection):
            return _ingest(paths, [Store(database, _owner_id(database, owner))], progress, price_table)
        with _connect(database) as one, _connect(database) as other:
            owner_id = _owner_id(one, owner)
            stores = [Store(connection, owner_id, is_ours=True) for connection in (one, other)]
            return _ingest(paths, stores, progress, price_table)


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url, autocommit=True, prepare_threshold=None, application_name=APPLICATION_NAME)


@contextmanager
def _migrated() -> Iterator[None]:
    try:
        yield
    except _NOT_MIGRATED as error:
        raise NotMigrated from error


def _ingest(
    paths: Sequence[Path | str],
    stores: Sequence[Store],
    progress: ProgressCallback | None,
    price_table: Path | None,
) -> Report:
    prices.sync(stores[0].connection, prices.load(price_table))
    found = walk(Path(path) for path in paths)
    files = found.files
    report = Report(unreadable=found.problems)
    total = sum(file.size_bytes for file in files)
    done = 0
    tell = progress or (lambda _: None)
    with _arriving(files, stores) as arriving:
        for arrived in arriving:
            try:
                tell(Progress(len(report.files), len(files), done, total, arrived.report.path))
                report.files.append(_merged(arrived))
            finally:
                arrived.give_up()
            done += arrived.file.size_bytes
    for store in stores:
        store.finish()
    tell(Progress(len(files), len(files), done, total, ""))
    return report


@contextmanager
def _arriving(files: Sequence[Found], stores: Sequence[Store]) -> Iterator[Iterable[Arrived]]:
    """The files one by one, as they are staged; ahead of time where there are two connections."""
    if len(stores) == 1:
        yield (stage_file(file, stores[0]) for file in files)
        return
    with StagingAhead(files, stores) as ahead:
        yield ahead


def _owner_id(connection: psycopg.Connection[Any], address: str | None) -> UUID | None:
    if address is None:
        return None
    row = connection.execute(queries.find("ingest.find_owner").text, {"address": address}).fetchone()
    if row is None:
        raise NotFound(f"There is no account with the address {address}; nothing was imported.")
    found = row["id"] if isinstance(row, dict) else row[0]
    return found if isinstance(found, UUID) else UUID(str(found))


def _merged(arrived: Arrived) -> FileReport:
    """Merge a file that was staged. Raises psycopg.OperationalError when the database went away, and errors of the
    program; all else is in the report."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if arrived.error:
                raise arrived.error
            if arrived.store is None or arrived.open is None:
                return arrived.report
            return arrived.store.merge(arrived.open).report
        except OSError as error:
            return _failed(arrived, f"the file cannot be read ({error.strerror or type(error).__name__})")
        except _PASSING as error:
            if attempt == _ATTEMPTS or arrived.store is None:
                return _failed(arrived, f"another writer was in the way: {error.diag.message_primary}")
            arrived = replace(stage_file(arrived.file, arrived.store), store=arrived.store)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            return _failed(arrived, f"the database refused the file: {error.diag.message_primary}")
    raise AssertionError("unreachable")  # pragma: no cover


def _failed(arrived: Arrived, reason: str) -> FileReport:
    report = FileReport(arrived.report.path, "failed", size_bytes=arrived.report.size_bytes)
    report.problems.append(Problem(report.path, None, reason))
    return report
