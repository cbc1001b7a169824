"""The proof that a server is ours: it knows our password and serves our folder."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import Any

import psycopg
from psycopg import pq

from data.embedded.cluster import Cluster

HOST = "127.0.0.1"
_PROOF = "select current_setting('data_directory'), (select system_identifier::text from pg_control_system())"
_CONNECT_LIMIT_SECONDS = 5
_REQUIRE_AUTH_SINCE = 160000  # libpq 16


class Answer(Enum):
    """What stands at a port."""

    OURS = auto()
    STARTING = auto()  # or recovering from a crash, which takes as long as it takes
    STOPPING = auto()
    FULL = auto()  # no connection is left
    NOT_OURS = auto()
    NOTHING = auto()


def arguments(port: int, password: str, database: str = "postgres") -> dict[str, Any]:
    """How to connect, said so completely that no PG* variable of the environment changes it."""
    known: dict[str, Any] = {
        "host": HOST,
        "hostaddr": HOST,
        "port": port,
        "user": "postgres",
        "password": password,
        "dbname": database,
        "sslmode": "disable",
        "gssencmode": "disable",
        "channel_binding": "disable",
        "target_session_attrs": "any",
        "options": "",
        "application_name": "signalbox launcher",
        "connect_timeout": _CONNECT_LIMIT_SECONDS,
    }
    if pq.version() >= _REQUIRE_AUTH_SINCE:
        # Both sides prove that they know the password, and a stranger who listens there is never told it.
        known["require_auth"] = "scram-sha-256"
    return known


def ask(port: int, password: str, data: Path, cluster: Cluster) -> Answer:
    """What stands at this port of loopback."""
    try:
        with psycopg.connect(**arguments(port, password), autocommit=True) as connection:
            told = connection.execute(_PROOF).fetchone()
    except psycopg.OperationalError as error:
        return _meaning(error)
    except psycopg.Error:
        return Answer.NOT_OURS
    return Answer.OURS if told == (str(data), cluster.system_identifier) else Answer.NOT_OURS


def _meaning(error: psycopg.OperationalError) -> Answer:
    # libpq gives no SQLSTATE for a connection that failed, so the (English) message has to do.
    text = str(error)
    if any(words in text for words in ("starting up", "in recovery", "not yet accepting", "not accepting connections")):
        return Answer.STARTING
    if "shutting down" in text:
        return Answer.STOPPING
    if any(words in text for words in ("too many clients", "connection slots are reserved")):
        return Answer.FULL
    if any(
        words in text for words in ("password authentication failed", "authentication method", "SCRAM", "pg_hba.conf")
    ):
        return Answer.NOT_OURS
    return Answer.NOTHING
