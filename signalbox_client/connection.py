"""Where a client writes: an address, a connection, or a pool; always in transactions that leave nothing behind.

It works over a direct connection, a session pooler and a transaction pooler: no server-side prepared statements,
no start-up options, no session settings; what is set is set for one transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from signalbox_client import queries
from signalbox_client.checking import is_whole_number
from signalbox_client.errors import BadArgument, Closed, DatabaseUnavailable, InTransaction
from signalbox_client.translating import translated

APPLICATION_NAME = "signalbox-client"
CHECK_AFTER_IDLE_S = 5.0  # a connection that rested longer is tried before it is used
CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[Any]


@runtime_checkable
class Pool(Protocol):
    """Anything that lends connections as psycopg_pool.ConnectionPool does."""

    def connection(self) -> AbstractContextManager[Connection]:
        """A connection that goes back when the block ends."""
        ...


Source = str | Connection | Pool


@dataclass(frozen=True)
class Work:
    """An open transaction. Statements are called by name; parameters are keyword arguments."""

    connection: Connection

    def rows(self, name: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a named statement, none of one that gives no rows."""
        with self.cursor() as cursor:
            cursor.execute(queries.find(name).text, parameters, prepare=False)
            return cursor.fetchall() if cursor.description else []

    def row(self, name: str, /, **parameters: Any) -> dict[str, Any] | None:
        """The first row, None when there is none."""
        with self.cursor() as cursor:
            cursor.execute(queries.find(name).text, parameters, prepare=False)
            return cursor.fetchone()

    def value(self, name: str, /, **parameters: Any) -> Any:
        """The first column of the first row, None when there is no row."""
        row = self.row(name, **parameters)
        return next(iter(row.values())) if row else None

    def run(self, name: str, /, **parameters: Any) -> int:
        """Run a statement for its effect; how many rows it touched."""
        with self.cursor() as cursor:
            return cursor.execute(queries.find(name).text, parameters, prepare=False).rowcount

    def cursor(self) -> psycopg.Cursor[dict[str, Any]]:
        """A cursor whose rows are dictionaries, whatever the connection's own are; for COPY, above all."""
        return self.connection.cursor(row_factory=dict_row)


class Database:
    """The way to one database, shared by any number of clients and threads.

    `source` is an address (one connection is opened at first use, and again after it was lost; calls of several
    threads wait for each other), a pool (each call borrows a connection), or a connection that stays yours: if it is
    in a transaction, the calls become part of that one, to be committed or rolled back by you.

    `settings` are set for each transaction that a client begins (not for one of yours), for instance `{"role":
    "authenticated", "request.jwt.claims": ...}` to write as a person. Times in milliseconds; None leaves the server's.

    Raises BadArgument for what is none of these. Opening raises nothing while the server is away: using it does.
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
        self._source: _OwnConnection | Connection | Pool = (
            checked if not isinstance(checked, str) else _OwnConnection(checked)
        )
        self._settings = _checked_settings(statement_timeout_ms, lock_timeout_ms, settings)
        self._is_closed = False

    @classmethod
    def of(cls, source: Source | Database) -> Database:
        """The database itself, or one made of a source with the usual limits."""
        return source if isinstance(source, Database) else cls(source)

    @property
    def is_lent(self) -> bool:
        """Whether all calls share one connection that belongs to the caller."""
        return isinstance(self._source, psycopg.Connection)

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
            with connection.cursor(row_factory=dict_row) as cursor:
                try:
                    # What goes out together is one transaction to the server, without being told so.
                    with connection.pipeline():
                        self._set_locally(connection)
                        cursor.execute(queries.find(name).text, parameters, prepare=False)
                        if not connection.autocommit:
                            connection.commit()
                except psycopg.Error:
                    if not connection.closed:
                        connection.rollback()
                    raise
                return cursor.fetchall() if cursor.description else []

    @contextmanager
    def _begun(self, connection: Connection) -> Iterator[Work]:
        is_outermost = connection.info.transaction_status == TransactionStatus.IDLE
        with connection.transaction():
            if is_outermost:
                self._set_locally(connection)
            yield Work(connection)

    @contextmanager
    def _borrowed(self) -> Iterator[Connection]:
        if self._is_closed:
            raise Closed
        if isinstance(self._source, psycopg.Connection):
            is_yours = self._source.info.transaction_status != TransactionStatus.IDLE
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
        if isinstance(self._source, _OwnConnection):
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class _OwnConnection:
    """The one connection of an address: opened when needed, replaced when lost, used by one thread at a time."""

    url: str = field(repr=False)
    _connection: Connection | None = None
    _used_at: float = 0.0
    _guard: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        with self._guard:
            connection = self._alive()
            try:
                yield connection
            finally:
                self._used_at = time.monotonic()

    def close(self) -> None:
        with self._guard:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _alive(self) -> Connection:
        if self._connection and self._rested() and not _answers(self._connection):
            self._connection.close()
        if not self._connection or self._connection.closed:
            self._connection = _open(self.url)
        return self._connection

    def _rested(self) -> bool:
        return time.monotonic() - self._used_at > CHECK_AFTER_IDLE_S


def _open(url: str) -> Connection:
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=None,
        application_name=APPLICATION_NAME,
        connect_timeout=CONNECT_TIMEOUT_S,
    )


def _answers(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True


def _checked_source(source: Source) -> Source:
    if isinstance(source, psycopg.Connection):
        if source.closed:
            raise DatabaseUnavailable("The connection given is closed. Give an open one.")
        return source
    if isinstance(source, str):
        try:
            psycopg.conninfo.conninfo_to_dict(source)
        except psycopg.ProgrammingError:
            # Not the driver's own words: they repeat the address, password and all.
            raise BadArgument("source", "is no address of a database (postgresql://user@host:port/name).") from None
        if not source.strip():
            raise BadArgument("source", "is an empty address.")
        return source
    if isinstance(source, Pool):
        return source
    raise BadArgument("source", f"must be an address, a psycopg connection or a pool, not {type(source).__name__}.")


def _checked_settings(
    statement_timeout_ms: int | None, lock_timeout_ms: int | None, settings: Mapping[str, str] | None
) -> dict[str, str]:
    limits = {"statement_timeout": statement_timeout_ms, "lock_timeout": lock_timeout_ms}
    for name, value in limits.items():
        if value is not None and not is_whole_number(value, least=0):
            raise BadArgument(f"{name}_ms", "must be a whole number of milliseconds, 0 for no limit.")
    checked = {name: f"{value}ms" for name, value in limits.items() if value is not None}
    for setting, given in (settings or {}).items():
        if not isinstance(setting, str) or not isinstance(given, str) or "\0" in setting + given:
            raise BadArgument("settings", "must be names and values in text.")
        checked[setting] = given
    return checked
