"""Opens the one connection a runner works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from data.database.pooled import changes_hands
from data.database.reaching import reaching
from data.errors import DatabaseUnavailable
from data.migration.errors import TransactionPooler

Connection = psycopg.Connection[DictRow]

APPLICATION_NAME = "signalbox migrate"
CONNECT_TIMEOUT_S = 15
TRANSACTION_POOLER_PORT = "6543"


@contextmanager
def connected(url: str, *, to_look: bool = False) -> Iterator[Connection]:
    """A connection in autocommit mode, so that every transaction is one that we open ourselves. Who comes `to_look` in
    one transaction needs none that stays the same.

    Else raises TransactionPooler for port 6543 and whatever else hands its connections around; WrongSetting for a URL
    that is none, DatabaseUnavailable when the server does not answer, refuses or goes away.
    """
    with reaching(url):
        if not to_look and TRANSACTION_POOLER_PORT in str(conninfo_to_dict(url).get("port", "")).split(","):
            raise TransactionPooler
    with reaching(url):
        connection = Connection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            prepare_threshold=None,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
        )
    try:
        if not to_look and (str(connection.info.port) == TRANSACTION_POOLER_PORT or changes_hands(connection, url)):
            raise TransactionPooler
        yield connection
    except psycopg.OperationalError as error:
        if not connection.broken:
            raise
        raise DatabaseUnavailable(f"The connection to the database ended: {str(error).strip()}") from error
    finally:
        connection.close()


@contextmanager
def read_only(connection: Connection) -> Iterator[None]:
    """One transaction that changes nothing."""
    connection.read_only = True
    with connection.transaction():
        yield
