"""Ends what runs too long: first the query, then, where that does not help, its whole connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from data import audit, database
from data.access import Actor
from data.database import Unit
from data.errors import Conflict, NotAllowed, WrongUse
from data.operations.inspection import OWN_NAMES
from data.operations.masking import masked


class SessionMoved(Conflict):
    """This query has ended, or its connection does something else by now; nothing was done."""


class OwnSession(WrongUse):
    """This is a connection of the console itself. Its queries end by their own time limit."""


class OtherDatabase(WrongUse):
    """This connection is to another database than the demo that is shown. Switch to the real data to end it."""


class CancelFirst(WrongUse):
    """Stop the query first: ending the connection is for queries that do not stop."""


class NotRunning(WrongUse):
    """This connection runs no query, so there is none to stop. A transaction left open ends with its connection."""


@dataclass(frozen=True)
class Ended:
    """What was done to whom."""

    pid: int
    role_name: str
    application_name: str
    query: str


def cancel(actor: Actor, pid: int, backend_start: datetime, query_start: datetime) -> Ended:
    """Ask a query to stop, if it is still the one that was seen; its connection stays.

    Raises NotAllowed (also where the console's own role may not), SessionMoved, OwnSession, OtherDatabase, NotRunning.
    """
    actor.must("operate_database")
    with database.operating(actor.dataset) as unit:
        found = _found(unit, actor, pid, backend_start, query_start)
        if found["state"] != "active":
            raise NotRunning
        return _end(unit, actor, found, "cancelled a query", "operations.cancel_query")


def terminate(actor: Actor, pid: int, backend_start: datetime, query_start: datetime) -> Ended:
    """End a connection: one whose query was cancelled before and goes on, or one with an idle transaction.

    Raises NotAllowed, SessionMoved, OwnSession, OtherDatabase, CancelFirst.
    """
    actor.must("operate_database")
    with database.operating(actor.dataset) as unit:
        found = _found(unit, actor, pid, backend_start, query_start)
        if not found["was_cancelled"] and not str(found["state"]).startswith("idle in transaction"):
            raise CancelFirst
        return _end(unit, actor, found, "ended a connection", "operations.end_session")


def _found(unit: Unit, actor: Actor, pid: int, backend_start: datetime, query_start: datetime) -> dict[str, Any]:
    found = unit.row(
        "operations.find_session",
        pid=pid,
        backend_start=backend_start,
        query_start=query_start,
        own_names=list(OWN_NAMES),
    )
    if found is None:
        raise SessionMoved
    if found["is_own"] or not found["is_client"]:
        raise OwnSession
    if actor.dataset != "real" and not found["is_here"]:
        raise OtherDatabase  # the audit log of the demo goes with the demo
    return found


def _end(unit: Unit, actor: Actor, found: dict[str, Any], action: str, query: str) -> Ended:
    ended = Ended(found["pid"], found["role_name"], found["application_name"], masked(found["query"] or ""))
    detail = {
        "role": ended.role_name,
        "application": ended.application_name,
        "query": ended.query,
        "ran_ms": round(found["query_age_ms"] or 0),
        "state": found["state"],
    }
    audit.record(unit, actor, action, found["target"], detail)
    # PostgreSQL shows one transaction one state of all sessions: what has moved since shows only after this.
    unit.run("operations.forget_sessions_seen")
    try:
        was_sent = unit.value(
            query,
            pid=ended.pid,
            backend_start=found["backend_start"],
            query_start=found["query_start"],
            state=found["state"],
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise NotAllowed(
            f"The role that the console connects as may not end what {ended.role_name} runs. Grant it "
            "pg_signal_backend (not enough for superusers), or ask whoever runs the server."
        ) from error
    if not was_sent:
        raise SessionMoved
    return ended
