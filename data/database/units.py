"""Units of work: each is one transaction with its own role, claims and limits, and nothing of them survives it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import errors as postgres_errors
from psycopg import sql

from data import measures
from data.access import Actor, Dataset
from data.database import notes, queries, sharing, unreadable
from data.database.beginning import SETTINGS, begun, give_up, settings_for
from data.database.behind import named, where_current
from data.database.latest import polled
from data.database.nesting import read_shallow
from data.database.pools import Connection, Limits, Pool, connect_apart, database_of, is_replica
from data.database.translating import translated_errors
from data.errors import Busy, DatabaseUnavailable, NotAllowed, ReplicaUnavailable
from signalbox_client.json_values import read_carefully

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("signalbox.database")

SLOW_QUERY_S = 1.0  # agent-jobs.md logs queries over one second

_IN_THE_WAY = (
    postgres_errors.LockNotAvailable, postgres_errors.SerializationFailure, postgres_errors.DeadlockDetected
)  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """An open transaction. Queries are called by name; parameters are keyword arguments. What is read to be shown has
    JSON that is nested too deep cut."""

    _connection: Connection
    _is_to_show: bool = False

    @property
    def connection(self) -> Connection:
        """The connection itself, for statements that are no named queries; nobody can tell what those read."""
        notes.something_else_ran()
        return self._connection

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a named query."""
        with self._run(name, parameters) as cursor:
            return cursor.fetchall()

    def row(self, name: str, **parameters: Any) -> dict[str, Any] | None:
        """The first row of a named query, None when there is none."""
        with self._run(name, parameters) as cursor:
            return cursor.fetchone()

    def value(self, name: str, **parameters: Any) -> Any:
        """The first column of the first row, None when there is no row."""
        row = self.row(name, **parameters)
        return next(iter(row.values())) if row else None

    def run(self, name: str, **parameters: Any) -> int:
        """Run a named statement for its effect; the number of rows it touched."""
        with self._run(name, parameters) as cursor:
            return cursor.rowcount

    def frame(self, name: str, **parameters: Any) -> pd.DataFrame:
        """The rows of a named query as a frame with the query's columns, also when there are none."""
        # Here, because the command line reads no frames and would wait for this import at every call.
        import pandas as pd  # noqa: PLC0415 - see above

        with self._run(name, parameters) as cursor:
            columns = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=columns)

    @contextmanager
    def _run(self, name: str, parameters: Mapping[str, Any]) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        query = queries.find(name)
        notes.query_ran(name)
        started = time.perf_counter()
        with self._connection.cursor() as cursor:
            (read_shallow if self._is_to_show else read_carefully)(cursor)
            try:
                with named(name):
                    cursor.execute(query.text, parameters)
                yield cursor
            except psycopg.DataError as error:
                unreadable.note_query(error, name)
                raise
            finally:
                report(name, time.perf_counter() - started)


def report(name: str, seconds: float) -> None:
    """Count what ran under this name and how long it took; what was slow is logged."""
    measures.query_took(name, seconds)
    if seconds >= SLOW_QUERY_S:
        # By name alone: parameters may hold what people typed.
        log.warning("slow query", extra={"query": name, "duration_ms": round(seconds * 1000)})


@contextmanager
def reading(actor: Actor) -> Iterator[Unit]:
    """A read-only transaction as the actor: role authenticated, the actor's claims, under the statement timeout.

    Inside `together` it is the one of that block. Raises DatabaseUnavailable, TookTooLong, NotAllowed.
    """
    if shared := sharing.current(actor):
        with shared as unit:
            yield cast(Unit, unit)
        return
    database = database_of(actor.dataset)
    with _unit(database.reader, database.limits, actor, read_only=True) as unit:
        yield unit


@contextmanager
def together(actor: Actor) -> Iterator[None]:
    """Have everything that reads as the actor inside, in this thread, share one transaction, which the first begins.

    A connection that lies idle while its thread waits for another one could keep that from getting any: whoever waits
    inside calls `let_go` before.
    """
    database = database_of(actor.dataset)
    with sharing.of(actor, lambda: _unit(database.reader, database.limits, actor, read_only=True)):
        yield


@contextmanager
def writing(actor: Actor) -> Iterator[Unit]:
    """A transaction as the actor that may write; all of it is kept or none. Raises as `reading` does, and NotAllowed
    for whoever merely sees as this person."""
    if actor.watcher is not None:
        raise NotAllowed(f"You see as {actor.email}, which is for looking only; nothing was changed.")
    database = database_of(actor.dataset)
    with _unit(database.owner, database.limits, actor, read_only=False) as unit:
        yield unit
    polled.expire(actor.dataset)


@contextmanager
def watching(dataset: Dataset) -> Iterator[Unit]:
    """A read-only transaction where reports are read, as the role of the connection: for what concerns no person's
    rows. Raises as `reading` does."""
    database = database_of(dataset)
    with _unit(database.reader, database.limits, None, read_only=True) as unit:
        yield unit


@contextmanager
def operating(dataset: Dataset = "real") -> Iterator[Unit]:
    """A transaction as the owner of the database, for the console's own bookkeeping, never on a person's behalf."""
    database = database_of(dataset)
    with _unit(database.owner, database.limits, None, read_only=False) as unit:
        yield unit


def look_up(dataset: Dataset, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows of one named query that changes nothing, as the owner of the database: beginning, query and end are sent
    together, so one round trip, for what every run of a page waits for. Raises as `reading` does."""
    database = database_of(dataset)
    settings = settings_for(database.limits, None, read_only=True)
    query = queries.find(name)
    notes.query_ran(name)
    started = time.perf_counter()
    try:
        with _explained(database.owner):
            connection, cursor = begun(database.owner, database.limits, settings, query.text, parameters)
            try:
                for _ in ("the settings", "the query"):
                    cursor.nextset()
                return cursor.fetchall()
            finally:
                database.owner.putconn(connection)
    finally:
        report(name, time.perf_counter() - started)


@contextmanager
def locking(dataset: Dataset, locked: str) -> Iterator[Unit]:
    """Like `operating`, with one snapshot for all its statements, taken after the table `locked` is: whatever others
    did with it is in the snapshot, and they do no more. Readers and writers of single rows wait for nothing.

    Raises Busy when somebody holds the table, or changed meanwhile what is changed here; nothing is done then.
    """
    database = database_of(dataset)
    settings = settings_for(database.limits, None, read_only=False)
    statement = sql.SQL("lock table {} in share row exclusive mode nowait").format(sql.Identifier(*locked.split(".")))
    try:
        with translated_errors(), database.owner.connection() as connection, connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            connection.execute(statement)
            connection.execute(SETTINGS, settings)
            yield Unit(connection)
    except DatabaseUnavailable as error:
        if isinstance(error.__cause__, _IN_THE_WAY):
            raise Busy from error
        raise


@contextmanager
def apart(actor: Actor) -> Iterator[Unit]:
    """Like `reading`, but on a connection of its own and without a statement timeout: for exports that run for
    minutes and would otherwise empty the pool."""
    database = database_of(actor.dataset)
    settings = settings_for(database.limits, actor, read_only=True) | {"statement_timeout": "0"}
    with (
        _explained(database.reader),
        where_current(),
        connect_apart(database) as connection,
        connection.transaction(),
    ):
        connection.execute(SETTINGS, settings)
        yield Unit(connection)


@contextmanager
def _unit(pool: Pool, limits: Limits, actor: Actor | None, *, read_only: bool) -> Iterator[Unit]:
    settings = settings_for(limits, actor, read_only=read_only)
    # The console's own bookkeeping tells by itself what a database without its tables needs.
    with _explained(pool), where_current() if actor else nullcontext():
        connection, _ = begun(pool, limits, settings)
        try:
            yield Unit(connection, _is_to_show=read_only)
            connection.commit()
        except BaseException:
            give_up(connection)
            raise
        finally:
            pool.putconn(connection)


@contextmanager
def _explained(pool: Pool) -> Iterator[None]:
    """What goes wrong on a connection of this pool, in the errors that people read: a replica that is away under its
    own name, and a value that cannot be read in a sentence where it is an adopted table's."""
    try:
        with translated_errors():
            try:
                yield
            except psycopg.DataError as error:
                if (meant := unreadable.explained(error, pool)) is None:
                    raise
                raise meant from error
    except DatabaseUnavailable as error:
        if type(error) is not DatabaseUnavailable or not is_replica(pool):
            raise
        # What stood in the way of a connection says so itself, and has no cause.
        raise ReplicaUnavailable(None if error.__cause__ else error.sentence) from error.__cause__
