"""Where a client writes: an address, a connection, or a pool; always in transactions that leave nothing behind.

It works over a direct connection, a session pooler and a transaction pooler: no server-side prepared statements,
no start-up options, no session settings; what is set is set for one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from signalbox_client import checking, json_values, queries, times
from signalbox_client.adopted import Elsewhere
from signalbox_client.errors import BadArgument, Closed, DatabaseUnavailable, InTransaction
from signalbox_client.own_connection import Connection, OwnConnection
from signalbox_client.translating import translated

MAX_TIMEOUT_MS = 2**31 - 1  # as the server has it
_TAKEN = (TransactionStatus.ACTIVE, TransactionStatus.INTRANS, TransactionStatus.INERROR)


@runtime_checkable
class Pool(Protocol):
    """Anything that lends connections as psycopg_pool.ConnectionPool does."""

    def connection(self) -> AbstractContextManager[Connection]:
        """A connection that goes back when the block ends."""
        ...


Source = str | Connection | Pool


@dataclass(frozen=True)
class Work:
    """An open transaction. Statements are called by name; parameters are keyword arguments.

    All raise AdoptedElsewhere for a statement on a table that this database keeps in another schema.
    """

    connection: Connection
    elsewhere: Elsewhere = field(default_factory=Elsewhere, repr=False, compare=False)

    def rows(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a named statement, none of one that gives no rows."""
        query = self._query(name)
        with self.cursor() as cursor:
            cursor.execute(query.text, parameters, prepare=False)
            return _fetched(cursor, query)

    def row(self, name: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The first row, None when there is none."""
        return next(iter(self.rows(name, **parameters)), None)

    def value(self, name: str, /, **parameters: Any) -> Any:
        """The first column of the first row, None when there is no row."""
        row = self.row(name, **parameters)
        return next(iter(row.values())) if row else None

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement for its effect; how many rows it touched."""
        query = self._query(name)
        with self.cursor() as cursor:
            return cursor.execute(query.text, parameters, prepare=False).rowcount

    def cursor(self) -> psycopg.Cursor[dict[str, Any]]:
        """A cursor whose rows are dictionaries, whatever the connection's own are; for COPY, above all."""
        return _cursor(self.connection)

    def _query(self, name: str) -> queries.Query:
        query = queries.find(name)
        self.elsewhere.refuse(self.connection, query.tables)
        return query


class Database:
    """The way to one database, shared by any number of clients and threads.

    `source` is an address (one connection is opened at first use, and again after it was lost; calls of several
    threads wait for each other; the child of a fork opens one of its own), a pool (each call borrows a connection), or
    a connection that stays yours: if it is in a transaction, the calls become part of that one, to be committed or
    rolled back by you.

    `settings` are set for each transaction that a client begins (not for one of yours), for instance `{"role":
    "authenticated", "request.jwt.claims": ...}` to write as a person. Times in milliseconds; None leaves the server's.

    Raises BadArgument for what is none of these. Opening raises nothing while the server is away: using it does. What
    uses it raises AdoptedElsewhere where this database keeps a system's table in another schema.
    """

    def __init__(
        self,
        source: Source,
        *,
        statement_timeout_ms: int | None = 30_000,
        lock_timeout_ms: int | None = 10_000,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        checked = _checked_source(source)
        self._source: OwnConnection | Connection | Pool = (
            checked if not isinstance(checked, str) else OwnConnection(checked)
        )
        self._elsewhere = Elsewhere()
        self._settings = _checked_settings(statement_timeout_ms, lock_timeout_ms, settings)
        self._is_closed = False

    @classmethod
    def of(cls, source: Source | Database) -> Database:
        """The database itself, or one made of a source with the usual limits."""
        return source if isinstance(source, Database) else cls(source)

    @contextmanager
    def transaction(self) -> Iterator[Work]:
        """A transaction, or a savepoint within the one that the connection is in. All of it is kept, or nothing.

        Raises DatabaseUnavailable, TookTooLong, NotAllowed, RefusedByDatabase; inside a transaction of yours what the
        driver raises passes unchanged.
        """
        with self._borrowed() as connection, self._begun(connection) as work:
            yield work

    def at_once(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of one named statement, in one round trip where that is possible (libpq 14 or newer, no
        transaction open). Raises as `transaction` does."""
        return self._at_once(name, parameters, alone=False)

    def alone(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """As `at_once`, for a statement that has to be a transaction by itself. Raises InTransaction inside another."""
        return self._at_once(name, parameters, alone=True)

    def _at_once(self, name: str, parameters: dict[str, Any], *, alone: bool) -> list[dict[str, Any]]:
        with self._borrowed() as connection:
            is_in_another = connection.info.transaction_status != TransactionStatus.IDLE
            if is_in_another and alone:
                raise InTransaction
            if is_in_another or not psycopg.Pipeline.is_supported():
                with self._begun(connection) as work:
                    return work.rows(name, **parameters)
            query = queries.find(name)
            self._elsewhere.refuse(connection, query.tables)
            with _cursor(connection) as cursor:
                try:
                    # What goes out together is one transaction to the server, without being told so.
                    with connection.pipeline():
                        self._set_locally(connection)
                        cursor.execute(query.text, parameters, prepare=False)
                        if not connection.autocommit:
                            connection.commit()
                except BaseException:  # whatever stopped it, the connection goes back as it came
                    with suppress(psycopg.Error):
                        connection.rollback()
                    raise
                return _fetched(cursor, query)

    @contextmanager
    def _begun(self, connection: Connection) -> Iterator[Work]:
        is_outermost = connection.info.transaction_status == TransactionStatus.IDLE
        with connection.transaction():
            if is_outermost:
                self._set_locally(connection)
            yield Work(connection, self._elsewhere)
            if connection.closed:  # the driver would leave the block without a word
                raise psycopg.OperationalError("the connection was lost within the transaction")

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        if self._is_closed:
            raise Closed
        if isinstance(self._source, psycopg.Connection):
            is_yours = self._source.info.transaction_status in _TAKEN
            with nullcontext() if is_yours else translated():
                yield self._source
        else:
            with translated(), self._source.connection() as connection:
                yield connection

    def _set_locally(self, connection: Connection) -> None:
        if self._settings:
            given = {"names": list(self._settings), "values": list(self._settings.values())}
            connection.execute(queries.find("connection.set_locally").text, given, prepare=False)

    def close(self) -> None:
        """Close the connection opened for an address; a pool and a lent connection stay as they are."""
        self._is_closed = True
        if isinstance(self._source, OwnConnection):
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _cursor(connection: Connection) -> psycopg.Cursor[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    json_values.read_carefully(cursor)
    times.read_all_times(cursor)
    return cursor


def _fetched(cursor: psycopg.Cursor[dict[str, Any]], query: queries.Query) -> list[dict[str, Any]]:
    rows = cursor.fetchall() if cursor.description else []
    json_values.name_places(rows, " and ".join(sorted(query.tables)) or query.name)
    return rows


def _checked_source(source: Source) -> Source:
    if isinstance(source, psycopg.Connection):
        if source.closed:
            raise DatabaseUnavailable("The connection given is closed. Give an open one.")
        return source
    if isinstance(source, str):
        checking.text("source", source, longest=None)
        try:
            psycopg.conninfo.conninfo_to_dict(source)
        except psycopg.ProgrammingError:
            # Not the driver's own words: they repeat the address, password and all.
            raise BadArgument("source", "is no address of a database (postgresql://user@host:port/name).") from None
        return source
    if hasattr(type(source), "__aenter__"):
        raise BadArgument("source", f"is asynchronous ({type(source).__name__}); this package is not.")
    if isinstance(source, Pool) and callable(source.connection):
        return source
    raise BadArgument("source", f"must be an address, a psycopg connection or a pool, not {type(source).__name__}.")


def _checked_settings(
    statement_timeout_ms: int | None, lock_timeout_ms: int | None, settings: Mapping[str, str] | None
) -> dict[str, str]:
    limits = {"statement_timeout": statement_timeout_ms, "lock_timeout": lock_timeout_ms}
    for name, value in limits.items():
        if value is not None and not checking.is_whole_number(value, least=0, most=MAX_TIMEOUT_MS):
            raise BadArgument(f"{name}_ms", f"must be milliseconds, 0 (no limit) to {MAX_TIMEOUT_MS}, or None.")
    checked = {name: f"{value}ms" for name, value in limits.items() if value is not None}
    if settings is not None and not isinstance(settings, Mapping):
        raise BadArgument("settings", f"must be a mapping of names to values, not {type(settings).__name__}.")
    for setting, given in (settings or {}).items():
        checking.text("settings", setting)
        checked[setting] = checking.text(f"settings.{setting}", given, longest=None, may_be_empty=True)
    return checked
