"""The import itself: file after file, each staged and merged in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors

from data.access import Actor
from data.database import APPLICATION_NAME
from data.database.reaching import reaching
from data.database.translating import translated_errors
from data.errors import Conflict, DatabaseFull, NotFound, SignalboxError
from data.ingest import prices
from data.ingest.merging.statements import Statements
from data.ingest.merging.storing import Store
from data.ingest.reading.files import FileReading
from data.ingest.reading.walking import Found, walk
from data.ingest.report import FileReport, Problem, Report, readable_path
from data.ingest.staging.escaping import readable
from data.ingest.writing_down import Act
from signalbox_client.errors import UnfitTable
from signalbox_client.translating import OF_OTHER_TABLES, of_a_rule, of_another_table

_ATTEMPTS = 3
# What another writer of the same tables can bring about; the file is then read again.
_PASSING = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation, errors.ForeignKeyViolation)

# What the rows of one file bring about: values, rules of tables, and limits of what a row or an index holds.
_OF_ROWS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    errors.ProgramLimitExceeded,
    errors.StatementTooComplex,
    errors.CardinalityViolation,
    errors.RaiseException,
    errors.InternalError_,
)
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
    actor: Actor | None = None,
) -> Report:
    """Import every file behind `paths` into the database.

    `database` is a URL or a connection in autocommit mode, of the role that owns the tables. `owner` is the address
    or the id of an account that the sessions will belong to. `progress` is called before each file and at the end.

    One audit row says before anything else who imports which paths, `actor` or else the command line, and one at the
    end what came of it, so an import that was stopped has the first alone.

    Raises NotFound when there is no such account, Conflict when several share the address, DatabaseUnavailable when
    the connection is lost and DatabaseFull when there is no room (files done until then are kept), NotMigrated,
    WrongSetting for an unusable price table, KeptElsewhere and UnfitTable where the tables of Chronicle are another
    program's. All else that goes wrong is in the report.
    """
    act = Act(actor, paths, owner)
    with _of_an_import(), translated_errors(), _migrated():
        if isinstance(database, psycopg.Connection):
            return _ingest(act, Store(database, _owner_id(database, owner)), progress, price_table)
        with reaching(database):
            connected = psycopg.connect(
                database, autocommit=True, prepare_threshold=None, application_name=APPLICATION_NAME
            )
        with connected as connection:
            return _ingest(act, Store(connection, _owner_id(connection, owner), is_ours=True), progress, price_table)


@contextmanager
def _of_an_import() -> Iterator[None]:
    try:
        yield
    except DatabaseFull as error:
        raise DatabaseFull(
            "The database has no room left for this, on disk or in memory. Free some, then import again; "
            "files that were done before are kept."
        ) from error


@contextmanager
def _migrated() -> Iterator[None]:
    try:
        yield
    except _NOT_MIGRATED as error:
        raise NotMigrated from error
    except OF_OTHER_TABLES as error:
        raise UnfitTable(f"{of_another_table(error)}. Files that were done before are kept.") from error


def _ingest(act: Act, store: Store, progress: ProgressCallback | None, price_table: Path | None) -> Report:
    act.begin(store.connection)
    if prices.sync(store.connection, prices.load(price_table)):
        store.reprice()
    found = walk(Path(path) for path in act.paths)
    files = found.files
    report = Report(unreadable=found.problems, notes=found.notes)
    total = sum(file.size_bytes for file in files)
    done = 0
    tell = progress or (lambda _: None)
    for file in files:
        tell(Progress(len(report.files), len(files), done, total, readable_path(file.path)))
        report.files.append(_import(file, store))
        done += file.size_bytes
    store.finish(lambda: act.end(store.connection, report))
    report.notes += store.left_out
    tell(Progress(len(files), len(files), done, total, ""))
    return report


def _owner_id(connection: psycopg.Connection[Any], address: str | None) -> UUID | None:
    if address is None:
        return None
    found = Statements(connection).rows("ingest.importing.find_owners", address=address.strip())
    if not found:
        raise NotFound(f"There is no account with the address {address}; nothing was imported.")
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found)
        raise Conflict(
            f"{len(found)} accounts share the address {address}; nothing was imported. Name one by its id: {ids}."
        )
    return UUID(str(found[0]["id"]))


def _import(file: Found, store: Store) -> FileReport:
    """One file. Raises psycopg.Error when the database went away or is not as an import needs it; whatever is wrong
    with the file is in the report."""
    attempt = 0
    while True:
        attempt += 1
        with FileReading(file) as reading:
            if not reading.recognise():
                return reading.report
            try:
                return store.import_file(reading.fill)
            except OSError as error:
                return _failed(reading.report, f"the file cannot be read ({error.strerror or type(error).__name__})")
            except _PASSING as error:
                if attempt == _ATTEMPTS:
                    why = of_a_rule(error) or f"another writer was in the way: {error.diag.message_primary}"
                    return _failed(reading.report, why)
            except _OF_ROWS as error:
                refused = of_a_rule(error) or error.diag.message_primary or str(error)
                return _failed(reading.report, f"the database refused the file: {refused}")
            except (psycopg.Error, SignalboxError):
                raise
            except Exception as error:  # noqa: BLE001  # whatever one file brings about, the others go in
                what = readable(f"{type(error).__name__}: {error}")[:300]
                return _failed(reading.report, f"Signalbox failed at it, which is an error of Signalbox: {what}")


def _failed(begun: FileReport, reason: str) -> FileReport:
    problem = Problem(begun.path, None, reason)
    return FileReport(begun.path, "failed", size_bytes=begun.size_bytes, problems=[problem])
