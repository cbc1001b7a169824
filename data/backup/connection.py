"""The connection that holds the lock of a backup: to the database itself, never through a transaction pooler."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from data import database
from data.backup import programs
from data.backup.dumping import Connection
from data.backup.errors import OtherDatabase, PoolerRefused, ReplicaRefused
from data.database.pooled import changes_hands
from data.database.queries import find
from data.database.reaching import reaching

CONNECT_TIMEOUT_S = 15
TRANSACTION_POOLER_PORT = "6543"


def connect(url: str) -> Connection:
    """Open it. Raises PoolerRefused, WrongSetting, DatabaseUnavailable."""
    with reaching(url):
        if TRANSACTION_POOLER_PORT in str(conninfo_to_dict(url).get("port", "")).split(","):
            raise PoolerRefused
        connection = psycopg.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            prepare_threshold=None,
            application_name=programs.APPLICATION_NAME,
            connect_timeout=CONNECT_TIMEOUT_S,
            keepalives=1,
            keepalives_idle=30,
            keepalives_interval=10,
        )
    if str(connection.info.port) == TRANSACTION_POOLER_PORT or changes_hands(connection, url):
        connection.close()
        raise PoolerRefused
    return connection


def server_of(connection: Connection) -> dict[str, Any]:
    """What is at the other end; it must be what the pages show. Raises ReplicaRefused, OtherDatabase."""
    server = connection.execute(find("backup.find_server").text).fetchone() or {}
    with database.operating("real") as unit:
        shown = unit.row("backup.find_server") or {}
    if server["is_replica"]:
        raise ReplicaRefused
    same = ("database_name", "database_id", "server_started_at")
    if any(server[name] != shown[name] for name in same):
        raise OtherDatabase
    return server
