"""Opens the one connection a runner works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from data.database.pooled import changes_hands
from data.errors import DatabaseUnavailable, WrongSetting
from data.migration.errors import TransactionPooler

Connection = psycopg.Connection[DictRow]

APPLICATION_NAME = "signalbox migrate"
CONNECT_TIMEOUT_S = 15
TRANSACTION_POOLER_PORT = "6543"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection in autocommit mode, so that every transaction is one that we open ourselves.

    Raises TransactionPooler for port 6543 and whatever else hands its connections around, WrongSetting for a URL that
    is none, DatabaseUnavailable when the server does not answer or goes away.
    """
    if TRANSACTION_POOLER_PORT in str(_parameters(url).get("port", "")).split(","):
        raise TransactionPooler
    try:
        connection = Connection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            prepare_threshold=None,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
        )
    except psycopg.OperationalError:
        raise DatabaseUnavailable from None  # libpq may quote a part of the password as the host
    try:
        if str(connection.info.port) == TRANSACTION_POOLER_PORT or changes_hands(connection, url):
            raise TransactionPooler
        yield connection
    except psycopg.OperationalError as error:
        if not connection.broken:
            raise
        raise DatabaseUnavailable(f"The connection to the database ended: {str(error).strip()}") from error
    finally:
        connection.close()


def _parameters(url: str) -> dict[str, object]:
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        # Without a cause: libpq quotes what it cannot read, password and all.
        raise WrongSetting(
            "DATABASE_URL is no connection string: it should read postgresql://user:password@host/database."
        ) from None
