"""What sessions hold that one may look for, in random histories: failures, refusals, calls that say neither begin nor
end, notifications, compactions and work of subagents, one by one and in masses."""

from __future__ import annotations

import random

import psycopg
from psycopg.rows import DictRow

from tests.recorded import REFUSAL
from tests.rolled_times import some, some_time

Connection = psycopg.Connection[DictRow]

# More rows of a quarter of an hour than are logged one by one.
MANY = 104

_ADDED = (
    b"""insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message, created_at)
    select %(session)s, 'A', %(phase)s, %(success)s, %(message)s, %(at)s from generate_series(1, %(rows)s)""",
    b"""insert into chronicle.notification_events (session_id, acknowledged, severity, created_at)
    select %(session)s, %(acknowledged)s, 'warning', %(at)s from generate_series(1, %(rows)s)""",
    b"""insert into chronicle.events (session_id, event_type, data, metadata, timestamp)
    select %(session)s, %(kind)s, '{}', %(metadata)s::jsonb, %(at)s from generate_series(1, %(rows)s)""",
)
_CHANGED = (
    b"update chronicle.tool_events set success = %(success)s, error_message = %(message)s where id = %(call)s",
    b"update chronicle.tool_events set phase = %(phase)s where id = %(call)s",
    b"update chronicle.tool_events set session_id = %(session)s where id = %(call)s",
    b"update chronicle.tool_events set session_id = %(session)s where session_id = %(other)s",
    b"update chronicle.tool_events set created_at = %(at)s where session_id = %(other)s",
    b"update chronicle.notification_events set acknowledged = %(acknowledged)s where session_id = %(other)s",
    b"""update chronicle.notification_events set session_id = %(session)s, created_at = %(at)s
    where id = %(notification)s""",
    b"update chronicle.events set event_type = %(kind)s, metadata = %(metadata)s::jsonb where id = %(event)s",
    b"update chronicle.events set session_id = %(session)s where session_id = %(other)s",
    b"update chronicle.events set timestamp = %(at)s where id = %(event)s",
    b"delete from chronicle.tool_events where id = %(call)s",
    b"delete from chronicle.tool_events where session_id = %(other)s",
    b"delete from chronicle.tool_events where created_at = %(at)s or not success",
    b"delete from chronicle.notification_events where session_id = %(other)s",
    b"delete from chronicle.events where session_id = %(other)s and event_type <> 'session_start'",
)
_EMPTIED = (
    b"truncate chronicle.tool_events",
    b"truncate chronicle.notification_events",
    b"truncate chronicle.events cascade",
)


def add_content(connection: Connection, chance: random.Random) -> None:
    """Something that one may look for, or just not, comes into a session."""
    _execute(connection, chance, _ADDED)


def change_content(connection: Connection, chance: random.Random) -> None:
    """It is something else, belongs to another session or another time, or is gone."""
    _execute(connection, chance, _CHANGED)


def empty_contents(connection: Connection, chance: random.Random) -> None:
    """A table loses all of its rows at once."""
    _execute(connection, chance, _EMPTIED)


def _execute(connection: Connection, chance: random.Random, statements: tuple[bytes, ...]) -> None:
    values = {
        "session": some(connection, chance, "select id from chronicle.sessions"),
        "other": some(connection, chance, "select id from chronicle.sessions"),
        "call": some(connection, chance, "select id from chronicle.tool_events"),
        "notification": some(connection, chance, "select id from chronicle.notification_events"),
        "event": some(connection, chance, "select id from chronicle.events"),
        "at": some_time(chance),
        "rows": chance.choice((1, 1, 1, 2, 5, MANY)),
        "phase": chance.choice(("pre", "post", "post", "post", None)),
        "success": chance.choice((True, False, False, None)),
        "message": chance.choice((None, "boom", REFUSAL)),
        "acknowledged": chance.choice((True, False, None)),
        "kind": chance.choice(("session_start", "compact_pre")),
        "metadata": chance.choice((None, "{}", '{"agent_id": "r1"}')),
    }
    connection.execute(chance.choice(statements), values)
