"""What the database page tells: connections, queries, tables, indexes, and what could not be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from data import database
from data.access import Actor
from data.backup.programs import APPLICATION_NAME as BACKUP
from data.database import APPLICATION_NAME as CONSOLE
from data.errors import DatabaseUnavailable, SignalboxError
from data.migration.connection import APPLICATION_NAME as MIGRATIONS
from data.operations.masking import masked

LONG_QUERY_MS = 60_000
LONG_WAIT_MS = 5_000  # for a lock: nobody waits so long unless somebody has forgotten one
LONG_IDLE_MS = 60_000  # of a transaction in which nothing happens
BRIEF_IDLE_MS = 1_000  # between two statements every program is idle for a moment
MOST_SESSIONS = 1000
MOST_MARKS = 200_000
MANY_MARKS = 50_000  # sums are stored every few seconds; so many wait only where that cannot keep up
LONG_PASSLESS_MS = 65_000  # whoever makes passes most seldom, pg_cron, makes one a minute
MANY_DEAD_ROWS = 10_000
DEAD_SHARE = 0.2
FULL_SHARE = 0.8  # of the connections that others than superusers may have

OWN_NAMES = (CONSOLE, MIGRATIONS, BACKUP, "signalbox launcher")

# Schemas that Supabase looks after itself: their tables and indexes are shown, but not judged.
FOREIGN_SCHEMAS = (
    "auth", "storage", "realtime", "_realtime", "vault", "extensions", "graphql", "graphql_public", "pgbouncer",
    "pgsodium", "pgsodium_masks", "supabase_functions", "supabase_migrations", "cron", "net", "_analytics", "pgmq",
)  # fmt: skip


class Locked(SignalboxError):
    """A table is locked by somebody, so this could not be looked at. Try again in a moment."""


@dataclass(frozen=True)
class Session:
    """A session of a client. Ages in milliseconds; `query` is masked; what is hidden from the console is None."""

    pid: int
    database_name: str
    role_name: str | None
    application_name: str
    backend_start: datetime | None
    query_start: datetime | None
    state: str | None
    query: str | None
    is_hidden: bool
    is_here: bool
    is_own: bool
    blocked_by: tuple[int, ...]
    query_age_ms: float | None
    transaction_age_ms: float | None
    state_age_ms: float | None
    was_cancelled: bool

    @property
    def is_long(self) -> bool:
        """Whether its query runs for more than a minute."""
        return self.state == "active" and (self.query_age_ms or 0) > LONG_QUERY_MS

    @property
    def is_idle_in_transaction(self) -> bool:
        """Whether it holds a transaction open in which nothing happens."""
        return (self.state or "").startswith("idle in transaction")


@dataclass(frozen=True)
class Server:
    """Limits and rights, as `operations.read_server` gives them, and the client sessions."""

    facts: dict[str, Any]
    sessions: tuple[Session, ...]

    @property
    def used(self) -> int:
        """How many connections clients have, this one included."""
        return int(self.facts["sessions"])

    @property
    def available(self) -> int:
        """How many connections others than superusers can have."""
        return int(self.facts["max_connections"] - self.facts["reserved_connections"])

    @property
    def stands_still(self) -> bool:
        """Whether changes wait to be summed up and nobody has made a pass for more than a minute, or ever."""
        age_ms = self.facts["rollups_passed_ms"]
        is_passless = age_ms is None or age_ms > LONG_PASSLESS_MS
        return bool(self.facts["change_log_marks"]) and is_passless and not self.facts["is_summing_up"]

    @property
    def is_nearly_full(self) -> bool:
        """Whether it is time to look for who holds them all."""
        return self.used >= FULL_SHARE * self.available

    @property
    def hidden(self) -> int:
        """How many sessions could not be looked into, those beyond MOST_SESSIONS among them."""
        return sum(session.is_hidden for session in self.sessions) + max(self.used - len(self.sessions), 0)

    @property
    def long_queries(self) -> tuple[Session, ...]:
        """The queries over a minute, the longest first; the console's own ones too."""
        return tuple(sorted((one for one in self.sessions if one.is_long), key=lambda one: -(one.query_age_ms or 0)))

    @property
    def idle_in_transaction(self) -> tuple[Session, ...]:
        """The transactions in which nothing happens, the longest first."""
        idle = (one for one in self.sessions if one.is_idle_in_transaction)
        return tuple(sorted(idle, key=lambda one: -(one.state_age_ms or 0)))

    @property
    def lasting_idle(self) -> tuple[Session, ...]:
        """Those of them that stand for more than a moment; of the console itself, whose own limits end them, those
        that have done so for more than a minute."""
        return tuple(
            one
            for one in self.idle_in_transaction
            if (one.state_age_ms or 0) > (LONG_IDLE_MS if one.is_own else BRIEF_IDLE_MS)
        )

    @property
    def long_idle(self) -> tuple[Session, ...]:
        """Those of them that have been so for more than a minute."""
        return tuple(one for one in self.idle_in_transaction if (one.state_age_ms or 0) > LONG_IDLE_MS)

    @property
    def waiting(self) -> tuple[Session, ...]:
        """Those that wait for a lock of somebody else's, the longest first."""
        waiting = (one for one in self.sessions if one.blocked_by)
        return tuple(sorted(waiting, key=lambda one: -(one.query_age_ms or 0)))

    @property
    def holding(self) -> tuple[Session, ...]:
        """Those at the head of such a queue: others wait for them, they wait for nobody."""
        awaited = {pid for one in self.sessions for pid in one.blocked_by}
        return tuple(one for one in self.sessions if one.pid in awaited and not one.blocked_by)

    def held_up_by(self, pid: int) -> tuple[int, ...]:
        """Who waits for that process."""
        return tuple(one.pid for one in self.sessions if pid in one.blocked_by)

    @property
    def by_client(self) -> list[tuple[tuple[str, str, str], Counter[str]]]:
        """Connections by database, role and application, the most first, each with how many are in which state."""
        groups: dict[tuple[str, str, str], Counter[str]] = {}
        for one in self.sessions:
            key = (one.database_name, one.role_name or "", one.application_name)
            groups.setdefault(key, Counter())[one.state or "hidden"] += 1
        return sorted(groups.items(), key=lambda pair: (-pair[1].total(), pair[0]))


# What tables can be sorted by, and the figure that it is.
TABLE_SORTS = {"size": "size_bytes", "rows": "estimated_rows", "dead": "dead_rows", "security": "exposure"}
_LEAST_EXPOSED = ("foreign", "well", "unguarded", "no policy", "open")


@dataclass(frozen=True)
class Table:
    """A table: size in bytes, rows by estimate (None: never counted), and who reaches it through which policies, each
    as its name, what it is for and for whom."""

    schema_name: str
    table_name: str
    is_foreign: bool
    size_bytes: int
    estimated_rows: int | None
    live_rows: int | None
    dead_rows: int | None
    vacuumed_at: datetime | None
    analyzed_at: datetime | None
    has_row_security: bool
    policies: tuple[str, ...]
    open_to: tuple[str, ...]

    @property
    def name(self) -> str:
        """Schema and table."""
        return f"{self.schema_name}.{self.table_name}"

    @property
    def needs_vacuum(self) -> bool:
        """Whether dead rows have piled up."""
        dead = self.dead_rows or 0
        return dead > MANY_DEAD_ROWS and dead > DEAD_SHARE * (dead + (self.live_rows or 0))

    @property
    def protection(self) -> str:
        """`open`: reachable from outside without row-level security; `unguarded`: without it, but not reachable;
        `no policy`: reachable, yet nobody sees a row; `well`. Supabase's own are `foreign`."""
        if self.is_foreign:
            return "foreign"
        if not self.has_row_security:
            return "open" if self.open_to else "unguarded"
        return "no policy" if self.open_to and not self.policies else "well"

    @property
    def exposure(self) -> int:
        """How badly it is protected, from 0."""
        return _LEAST_EXPOSED.index(self.protection)


@dataclass(frozen=True)
class IndexFinding:
    """An index that is invalid, a duplicate of `same_as`, or was never read. Size in bytes."""

    schema_name: str
    table_name: str
    index_name: str
    size_bytes: int
    scans: int
    total: int
    is_being_built: bool
    finding: str
    same_as: str | None


def read_server(actor: Actor) -> Server:
    """Connections and what they do. Raises NotAllowed, DatabaseUnavailable."""
    actor.must("operate_database")
    with database.operating(actor.dataset) as unit:
        facts = unit.row("operations.read_server", most_marks=MOST_MARKS) or {}
        rows = unit.rows("operations.list_sessions", own_names=list(OWN_NAMES), most=MOST_SESSIONS)
    return Server(facts, tuple(_session(row) for row in rows))


def list_tables(actor: Actor) -> list[Table]:
    """Every table, the largest first. Raises NotAllowed, Locked, DatabaseUnavailable."""
    actor.must("operate_database")
    rows = _looked(actor, "operations.list_tables")
    return [Table(**row | {"open_to": tuple(row["open_to"]), "policies": tuple(row["policies"])}) for row in rows]


def list_index_findings(actor: Actor) -> list[IndexFinding]:
    """What is wrong with indexes: invalid ones, duplicates, unused ones. Raises as `list_tables`."""
    actor.must("operate_database")
    return [IndexFinding(**row) for row in _looked(actor, "operations.list_index_findings")]


def _looked(actor: Actor, query: str) -> Sequence[dict[str, Any]]:
    try:
        with database.operating(actor.dataset) as unit:
            return unit.rows(query, foreign_schemas=list(FOREIGN_SCHEMAS))
    except DatabaseUnavailable as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):  # sizes wait for who changes a table
            raise Locked from error
        raise


def _session(row: dict[str, Any]) -> Session:
    known = {name: row[name] for name in Session.__dataclass_fields__}
    ages = {name: float(row[name]) for name in known if name.endswith("_ms") and row[name] is not None}
    query = None if row["is_hidden"] or not row["query"] else masked(row["query"])
    return Session(**known | ages | {"query": query, "blocked_by": tuple(row["blocked_by"])})
