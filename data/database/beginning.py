"""How a transaction begins: on a connection that lives, with who is asking and how long it may take."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, LiteralString

import psycopg

from data.access import Actor
from data.database.pools import Connection, Limits, Pool
from data.errors import DatabaseReadOnly

# Sent together, so one round trip: the beginning, who is asking and how long it may take, for this transaction alone.
SETTINGS = """
select set_config('role', %(role)s, true), set_config('request.jwt.claims', %(claims)s, true),
       set_config('statement_timeout', %(statement_timeout)s, true),
       set_config('lock_timeout', %(lock_timeout)s, true),
       set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true),
       set_config('transaction_read_only', %(read_only)s, true), set_config('timezone', 'UTC', true),
       set_config('datestyle', 'ISO', true),
       set_config('jit', 'off', true)
"""
# Whatever the database has as its own: each statement sees what is committed when it begins, and none is refused for
# what others did meanwhile.
_BEGIN = f"begin isolation level read committed; {SETTINGS}"


def begun(
    pool: Pool,
    limits: Limits,
    settings: Mapping[str, str],
    alone: LiteralString | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> tuple[Connection, psycopg.ClientCursor[dict[str, Any]]]:
    """A connection of the pool in a new transaction, and the cursor that began it. The transaction holds one statement
    `alone` and has ended with it, if there is one.

    Connections that have died since they were used last show it here, before anything was done: they are given back to
    be replaced, and the next one is taken. So a living one costs no question whether it lives.
    """
    left = limits.pool_size
    while True:
        connection = pool.getconn()
        try:
            # Bound here and not by the server, which would take one statement at a time.
            cursor = psycopg.ClientCursor(connection)
            sent = cursor.mogrify(_BEGIN, settings)
            if alone is not None:
                sent = f"{sent}; {cursor.mogrify(alone, parameters)}; commit"
            cursor.execute(sent.encode(connection.info.encoding))
        except BaseException as error:
            give_up(connection)
            has_died = connection.closed and isinstance(error, psycopg.OperationalError)
            pool.putconn(connection)
            if isinstance(error, psycopg.errors.ActiveSqlTransaction):
                # How a server that takes no writes, a replica among them, refuses a transaction that is to write.
                raise DatabaseReadOnly from error
            if not has_died or not left:
                raise
            left -= 1
        else:
            return connection, cursor


def give_up(connection: Connection) -> None:
    """Roll back what is left of a transaction; on a dead connection nothing is."""
    with suppress(psycopg.Error):
        connection.rollback()


def settings_for(limits: Limits, actor: Actor | None, *, read_only: bool) -> dict[str, str]:
    """The values of `SETTINGS`: without an actor the role stays that of the connection."""
    return {
        "role": "authenticated" if actor else "none",
        "claims": claims_of(actor) if actor else "",
        "statement_timeout": f"{limits.statement_timeout_ms}ms",
        "lock_timeout": f"{limits.lock_timeout_ms}ms",
        "idle_timeout": f"{limits.idle_in_transaction_timeout_ms}ms",
        "read_only": "on" if read_only else "off",
    }


def claims_of(actor: Actor) -> str:
    """The claims that policies read through auth.uid() and auth.jwt(), as JSON. Roles are not among them:
    the database looks those up in signalbox.members."""
    claims = {"sub": str(actor.user_id), "role": "authenticated", "email": actor.email}
    return json.dumps(claims | ({"client_id": actor.client_id} if actor.client_id else {}))
