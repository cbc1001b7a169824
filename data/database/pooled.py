"""Finds out whether a connection is one to the server's own process, or one that a pooler hands from client to client.

Settings, locks and prepared statements of a session are then anybody's. Supabase's transaction pooler listens at 6543;
others listen anywhere, so it is asked of what they do, not of where they are.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from data.database.queries import find

# Beside other clients a pooler may give back the same process by chance.
_CLIENTS, _TURNS = 3, 8
_PATIENCE_S = 5.0  # a session pooler whose places are all taken, by us among others, lets a second client wait


def changes_hands(connection: psycopg.Connection[Any], url: str) -> bool:
    """Whether a pooler gives the process that serves this connection to others between two transactions.

    `connection` is in autocommit mode. A second one to `url` is opened for a moment, where there is a pooler at all.
    """
    ours = _serving(connection)
    if ours == connection.info.backend_pid:  # a pooler tells a number of its own making
        return False
    for _ in range(_CLIENTS):
        with suppress(psycopg.OperationalError), _second(url) as other:
            if any(_is_handed_on(connection, ours, other) for _ in range(_TURNS)):
                return True
    return False


def _is_handed_on(connection: psycopg.Connection[Any], ours: int, other: psycopg.Connection[Any]) -> bool:
    """Whether our process serves the other's transaction, or another one us meanwhile."""
    with other.transaction():
        return _serving(other) == ours or _serving(connection) != ours


def _serving(connection: psycopg.Connection[Any]) -> int:
    """The process that serves the next statement, or the transaction that is open."""
    row = connection.execute(find("console.find_backend").text).fetchone()
    assert row is not None  # noqa: S101 - it has no from
    found: int = row["pid"] if isinstance(row, dict) else row[0]
    return found


@contextmanager
def _second(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A second client, given up where it is not served in time."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=int(_PATIENCE_S)) as other:
        timer = threading.Timer(_PATIENCE_S, _hang_up, (other.fileno(),))
        timer.start()
        try:
            yield other
        finally:
            timer.cancel()


def _hang_up(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)
