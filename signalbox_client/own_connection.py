"""The one connection of an address: opened when needed, replaced when lost, used by one thread at a time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from signalbox_client.errors import DatabaseUnavailable
from signalbox_client.reaching import sentence_of

APPLICATION_NAME = "signalbox-client"
CHECK_AFTER_IDLE_S = 5.0  # a connection that rested longer is tried before it is used
CONNECT_TIMEOUT_S = 10

Connection = psycopg.Connection[Any]


class OwnConnection:
    """Lends the connection as a pool does; a block within a block of the same thread gets the very same one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._used_at = 0.0
        self._depth = 0
        self._guard = threading.RLock()
        self._process_id = os.getpid()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The connection, opened where there is none that works. Raises DatabaseUnavailable where none can be
        opened."""
        self._leave_to_parent()
        with self._guard:
            depth = self._depth
            # A lost connection takes the transaction around with it, so within one it is never replaced.
            connection = self._connection if depth and self._connection else self._alive()
            self._depth = depth + 1
            try:
                yield connection
            finally:
                self._depth = depth
                self._used_at = time.monotonic()

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        self._leave_to_parent()
        with self._guard:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _leave_to_parent(self) -> None:
        """In the child of a fork, forget the connection and the lock, in whatever state it was: both are the parent's.

        It is not closed here, which would end it for the parent, too; the driver leaves alone what a fork copied.
        """
        if os.getpid() != self._process_id:
            self._guard, self._connection, self._depth = threading.RLock(), None, 0
            self._process_id = os.getpid()

    def _alive(self) -> Connection:
        if self._connection and self._rested() and not _answers(self._connection):
            self._connection.close()
        if not self._connection or self._connection.closed:
            self._connection = _open(self._url)
        return self._connection

    def _rested(self) -> bool:
        return time.monotonic() - self._used_at > CHECK_AFTER_IDLE_S


def _open(url: str) -> Connection:
    try:
        return psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
        )
    except psycopg.OperationalError as error:
        # Without a cause: libpq may quote a part of the password as the host.
        raise DatabaseUnavailable(sentence_of(error, "the address given")) from None


def _answers(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True
