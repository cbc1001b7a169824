"""The connection pools, one per database and process: the only place that opens connections for pages."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from data.access import Dataset
from data.database.reaching import reaching
from data.database.times import read_times
from data.errors import DatabaseUnavailable
from data.settings import POOL_SIZES, STATEMENT_TIMEOUTS_MS, Environment

Connection = psycopg.Connection[DictRow]

log = logging.getLogger("signalbox.database.pools")
# It would repeat every second what libpq says, which may quote a part of the password as the host.
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

DOUBT_AFTER_S = 1.0  # of waiting: is it for others, or for a server that is gone?
CHECKOUT_TIMEOUT_S = 10.0  # a page that waits longer for a connection says so instead of hanging
APPLICATION_NAME = "signalbox"  # how our statements are recognised in pg_stat_activity

# No server-side prepared statements and no start-up options: a transaction pooler refuses both.
_CONNECTION: dict[str, Any] = {
    "prepare_threshold": None,
    "row_factory": dict_row,
    "application_name": APPLICATION_NAME,
}


class Pool(ConnectionPool[Connection]):
    """A pool that says why no connection can be had. A pool of the driver opens them behind its callers, who learn
    after their patience alone that there was none; so one is tried in the open wherever it is not known that it can be
    had: before the first is taken, after none came, and where opening one failed while somebody waits."""

    _can_be_had = False
    _is_told = False
    _failures = 0  # to open one behind the callers, up to when one was had in the open

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection. Raises DatabaseUnavailable with the reason, PoolTimeout where all are in use for too long."""
        if not self._can_be_had and not self.closed:
            self._try()
        patience = self.timeout if timeout is None else timeout
        with suppress(PoolTimeout):
            return super().getconn(min(patience, DOUBT_AFTER_S))
        if self._failures_now() > self._failures or not self._can_be_had:
            self._try()
        try:
            return super().getconn(max(patience - DOUBT_AFTER_S, 0))
        except PoolTimeout:
            self._can_be_had = False
            raise

    def _failures_now(self) -> int:
        return self.get_stats().get("connections_errors", 0)

    def _try(self) -> None:
        failures = self._failures_now()
        url, options = cast(str, self.conninfo), cast(dict[str, Any], self.kwargs)
        try:
            with reaching(url):
                Connection.connect(url, **options, connect_timeout=int(CHECKOUT_TIMEOUT_S)).close()
        except DatabaseUnavailable as error:
            self._can_be_had = False
            if not self._is_told:  # once, however many ask
                level = logging.INFO if self.name.startswith("demo-") else logging.WARNING  # demos come and go
                log.log(level, "no connection", extra={"pool": self.name, "reason": error.sentence})
            self._is_told = True
            raise
        self._can_be_had, self._is_told, self._failures = True, False, failures


@dataclass(frozen=True)
class Limits:
    """How long things may take, per environment, as chronicle.md and toolbox.md give them; times in milliseconds."""

    pool_size: int
    statement_timeout_ms: int
    lock_timeout_ms: int = 10_000
    idle_in_transaction_timeout_ms: int = 60_000


@dataclass(frozen=True)
class Database:
    """A database with its pools: `owner` for writes and bookkeeping, `reader` for reports (a replica, or the same).
    `zones` are the time zones that were asked for, and whether the server of `reader` knows them."""

    url: str = field(repr=False)
    read_url: str = field(repr=False)
    limits: Limits
    owner: Pool
    reader: Pool
    zones: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @property
    def pools(self) -> dict[str, Pool]:
        """Each pool once, by its name."""
        return {"owner": self.owner} | ({"reader": self.reader} if self.reader is not self.owner else {})


_databases: dict[Dataset, Database] = {}
_guard = threading.Lock()


def open_database(
    dataset: Dataset,
    url: str,
    *,
    read_url: str | None = None,
    environment: Environment = "development",
    pool_size: int | None = None,
) -> Database:
    """Make the pools of a dataset, replacing (and closing) what was open under that name.

    The connections are made on first use. Raises nothing when the server is away or refuses: using it does.
    """
    limits = Limits(pool_size or POOL_SIZES[environment], STATEMENT_TIMEOUTS_MS[environment])
    owner = _pool(url, limits.pool_size, f"{dataset}-owner")
    reader = _pool(read_url, limits.pool_size, f"{dataset}-reader") if read_url else owner
    opened = Database(url, read_url or url, limits, owner, reader)
    with _guard:
        replaced = _databases.get(dataset)
        _databases[dataset] = opened
    if replaced:
        _close(replaced)
    return opened


def database_of(dataset: Dataset) -> Database:
    """The open database of a dataset. Raises DatabaseUnavailable when there is none."""
    try:
        return _databases[dataset]
    except KeyError:
        raise DatabaseUnavailable(f"The {dataset} database is not there.") from None


def open_datasets() -> dict[Dataset, Database]:
    """The databases that are open now, by dataset."""
    with _guard:
        return dict(_databases)


def is_replica(pool: Pool) -> bool:
    """Whether reports alone use this pool, because they are read from elsewhere."""
    return any(opened.reader is pool is not opened.owner for opened in open_datasets().values())


def statistics() -> dict[Dataset, dict[str, dict[str, int]]]:
    """What each pool is doing, by dataset and "owner" or, where reports have one of their own, "reader": pool_size,
    pool_available, requests_waiting, pool_max and more."""
    return {
        dataset: {name: dict(pool.get_stats()) for name, pool in opened.pools.items()}
        for dataset, opened in open_datasets().items()
    }


def connect_apart(opened: Database) -> Connection:
    """A connection outside the pools, to where reports are read from; the caller closes it."""
    with reaching(opened.read_url):
        connection = Connection.connect(opened.read_url, **_CONNECTION)
    connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # as the transactions of the pools begin
    read_times(connection)
    return connection


def close_database(dataset: Dataset) -> None:
    """Close the pools of one dataset; does nothing when it is not open."""
    with _guard:
        closed = _databases.pop(dataset, None)
    if closed:
        _close(closed)


def close_all() -> None:
    """Close every pool of this process."""
    for dataset in open_datasets():
        close_database(dataset)


def _close(closed: Database) -> None:
    closed.owner.close()
    closed.reader.close()


def _pool(url: str, size: int, name: str) -> Pool:
    return Pool(
        url,
        connection_class=Connection,
        kwargs=_CONNECTION | {"autocommit": True},  # units begin their transactions themselves
        configure=read_times,
        min_size=0,
        max_size=size,
        timeout=CHECKOUT_TIMEOUT_S,
        max_lifetime=3600,
        max_idle=120,
        reconnect_timeout=CHECKOUT_TIMEOUT_S,
        name=name,
        open=True,
    )
