"""Applies migrations: each file with its row in the history in one transaction, one runner at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from data.database.queries import find
from data.migration import alone, failure, history
from data.migration.connection import Connection, connected
from data.migration.errors import AnotherRunner, ConnectionLost, OutOfOrder, StatementFailed
from data.migration.files import MigrationFile, read_folder
from data.migration.plan import out_of_order_sentence, plan
from data.migration.statements import Statement

Progress = Callable[[str], None]
Written = Callable[[Connection, MigrationFile, int], None]

RUNNER_LOCK = 6_732_411_809_153_274  # ours alone: the Supabase CLI takes no lock, its primary key decides
LOCK_TIMEOUT = "4s"  # a migration that waits for a lock makes everybody behind it wait too
STATEMENT_TIMEOUT = "15min"
# Building an index concurrently waits for every older transaction, but nobody waits for it.
CONCURRENT_LOCK_TIMEOUT = "5min"
CONCURRENT_STATEMENT_TIMEOUT = "2h"

WAIT_FOR_RUNNER_S = 1800.0
POLL_S = 0.2
ATTEMPTS = 3  # for what another session's locks spoil: a lock timeout, a deadlock
PAUSE_S = 1.0
_SPOILED_BY_OTHERS = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

Outcome = Literal["applied", "applied by someone else"]


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """What became of one file. `duration_ms` counts its statements; it is 0 where someone else applied it."""

    version: str
    name: str
    outcome: Outcome
    statement_count: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to apply, and how."""

    connection: Connection
    file: MigrationFile
    progress: Progress
    include_all: bool
    written: Written | None


class _Failed(Exception):
    """Carries a failing statement to where its transaction is over."""

    def __init__(self, statement: Statement | None, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.statement = statement
        self.error = error


def up(
    url: str, directory: Path, progress: Progress, *, include_all: bool = False, written: Written | None = None
) -> list[AppliedMigration]:
    """Apply every pending migration of `directory` to the database at `url`; say what became of each.

    `include_all` also applies files older than the newest applied one. `progress` gets one line at a time. `written` is
    called in the transaction that writes a file into the history, with how many milliseconds its statements took.
    What was applied before a failure stays applied.
    Raises a MigrationError, DatabaseUnavailable or TransactionPooler.
    """
    folder = read_folder(directory)
    for notice in folder.notices:
        progress(notice)
    with connected(url) as connection:
        connection.add_notice_handler(lambda notice: progress(f"{notice.severity}: {notice.message_primary}"))
        intended = plan(folder.files, history.read(connection))
        intended.must_be_sound(include_all=include_all)
        files = intended.to_apply(include_all=include_all)
        for file in files:
            alone.lone_statement(file)  # what is wrong in a later file is said before the first one runs
        done: list[AppliedMigration] = []
        if files:
            history.prepare(connection)
        for file in files:
            done.append(_apply(_Job(connection, file, progress, include_all, written)))
            connection.execute("discard all")  # no setting, role or temporary table reaches the next file
    return done


def _apply(job: _Job) -> AppliedMigration:
    file = job.file
    job.progress(f"Applying {file.path.name} ...")
    lone = alone.lone_statement(file)
    duration_ms: int | None = None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            duration_ms = _apply_alone(job, lone) if lone else _apply_in_transaction(job)
        except _Failed as failed:
            if job.connection.closed:
                raise ConnectionLost(_connection_lost(file, failed.error)) from failed.error
            if file.version in history.versions_from(job.connection, file.version):
                break
            if attempt == ATTEMPTS or not isinstance(failed.error, _SPOILED_BY_OTHERS):
                raise StatementFailed(_failure(job, failed, lone)) from failed.error
            job.progress(f"{file.path.name}: {failed.error.diag.message_primary}; trying again.")
            time.sleep(PAUSE_S * attempt)
        else:
            break
    if duration_ms is None:
        job.progress(f"{file.path.name}: someone else has just applied it.")
        return AppliedMigration(file.version, file.name, "applied by someone else", len(file.statements), 0)
    count = len(file.statements)
    job.progress(f"Applied {file.path.name} ({count} {'statement' if count == 1 else 'statements'}, {duration_ms} ms).")
    return AppliedMigration(file.version, file.name, "applied", count, duration_ms)


def _apply_in_transaction(job: _Job) -> int | None:
    """The milliseconds the statements took; None where the version is in the history by now."""
    connection = job.connection
    waiting = _Waiting(job)
    while True:
        statement: Statement | None = None
        try:
            with connection.transaction():
                history.set_limits(connection, lock_timeout=LOCK_TIMEOUT, statement_timeout=STATEMENT_TIMEOUT)
                if _takes_lock(connection, "migration.try_lock_transaction"):
                    if _is_there(job):
                        return None
                    begin = time.monotonic()
                    for statement in job.file.statements:
                        _run(connection, statement)
                    statement = None
                    duration_ms = _since(begin)
                    _record(job, duration_ms)
                    return duration_ms
        except psycopg.Error as error:
            raise _Failed(statement, error) from error
        waiting.pause()


def _apply_alone(job: _Job, lone: Statement) -> int | None:
    """Like _apply_in_transaction, for a statement that must stand outside one.

    The lock is polled for, never waited on: a waiting transaction would hold up a concurrent build for ever.
    """
    connection = job.connection
    waiting = _Waiting(job)
    while not _takes_lock(connection, "migration.try_lock_session"):
        waiting.pause()
    statement: Statement | None = None
    try:
        if _is_there(job):
            return None
        concurrent = alone.is_concurrent(lone)
        history.set_limits(
            connection,
            lock_timeout=CONCURRENT_LOCK_TIMEOUT if concurrent else LOCK_TIMEOUT,
            statement_timeout=CONCURRENT_STATEMENT_TIMEOUT if concurrent else STATEMENT_TIMEOUT,
            in_transaction=False,
        )
        index = alone.new_index(lone)
        if index and alone.drop_leftover(connection, index):
            job.progress(f"{job.file.path.name}: dropped {index.index}, which a failed build had left half-built.")
        begin = time.monotonic()
        statement = lone
        _run(connection, statement)
        statement = None
        duration_ms = _since(begin)
        with connection.transaction():
            _record(job, duration_ms)
    except psycopg.Error as error:
        raise _Failed(statement, error) from error
    finally:
        if not connection.closed:
            connection.execute(find("migration.unlock_session").text, {"lock": RUNNER_LOCK})
    return duration_ms


def _run(connection: Connection, statement: Statement) -> None:
    if not statement.is_comment:  # those are recorded, there is nothing to run
        connection.execute(statement.text.encode())


def _record(job: _Job, duration_ms: int) -> None:
    job.connection.execute("set local role none")  # the file may have changed it
    history.record(job.connection, job.file, duration_ms)
    if job.written:
        job.written(job.connection, job.file, duration_ms)


def _is_there(job: _Job) -> bool:
    """Whether the version is in the history by now. Raises OutOfOrder where only a later one is."""
    versions = history.versions_from(job.connection, job.file.version)
    if job.file.version in versions:
        return True
    if versions and not job.include_all:
        raise OutOfOrder(out_of_order_sentence([job.file.path.name]))
    return False


def _takes_lock(connection: Connection, query: str) -> bool:
    row = connection.execute(find(query).text, {"lock": RUNNER_LOCK}).fetchone()
    return row is not None and next(iter(row.values())) is True


class _Waiting:
    """Waits in small steps for another runner, says so once, and gives up in the end."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._until = time.monotonic() + WAIT_FOR_RUNNER_S
        self._said = False

    def pause(self) -> None:
        if time.monotonic() > self._until:
            raise AnotherRunner
        if not self._said:
            self._job.progress(f"{self._job.file.path.name}: waiting for another migration runner.")
            self._said = True
        time.sleep(POLL_S)


def _since(begin: float) -> int:
    return round((time.monotonic() - begin) * 1000)


def _failure(job: _Job, failed: _Failed, lone: Statement | None) -> str:
    index = alone.new_index(lone) if lone else None
    if index:
        kept = f"If the index {index.index} is there half-built, the next run drops it first."
    elif lone:
        kept = "The statement ran outside a transaction: look at what it has done before you run it again."
    else:
        kept = "Nothing of this file was kept; the files before it are applied."
    return failure.sentence(job.file, failed.statement, failed.error) + "\n" + kept


def _connection_lost(file: MigrationFile, error: psycopg.Error) -> str:
    return (
        f"The connection ended during {file.path.name}: {str(error).strip()}\n"
        "Run `python -m data migrate status` to see whether it was applied."
    )
