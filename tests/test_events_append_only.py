"""The log of events is never rewritten: by no role, in no way, not even while rows are replicated."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

Owner = psycopg.Connection[DictRow]

ROLES = ("postgres", "service_role", "authenticated", "anon", "application_owner")
REWRITING = {
    "update": "update engine.events set payload = '{}'",
    "update of nothing": "update engine.events set event_type = event_type",
    "delete": "delete from engine.events",
    "truncate": "truncate engine.events cascade",
    "insert that updates": (
        "insert into engine.events select * from engine.events on conflict (event_id) do update set payload = '{}'"
    ),
    "merge": (
        "merge into engine.events as e using engine.events as o on o.event_id = e.event_id when matched then delete"
    ),
}


@pytest.fixture
def written(owner: Owner) -> Owner:
    """An event in the log, and a role that an application might use as its owner: all rights, no superuser."""
    owner.execute("select engine.append_event('KEPT', 'Lead', 'one', '{\"a\": 1}')")
    owner.execute("drop role if exists application_owner")
    owner.execute("create role application_owner bypassrls")
    owner.execute("grant all on schema engine to application_owner")
    owner.execute("grant all on engine.events to application_owner")
    owner.execute("grant application_owner to current_user")
    return owner


def rewrite(owner: Owner, role: str, statement: str, replication: str) -> None:
    """As a role, in one of the states of replication, which a superuser alone may set and a role taken on keeps."""
    with owner.transaction():
        owner.execute("select set_config('session_replication_role', %s, true)", (replication,))
        owner.execute("select set_config('role', %s, true)", (role,))
        owner.execute(statement.encode())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", REWRITING)
def test_no_role_rewrites_the_log(written: Owner, role: str, way: str) -> None:
    for replication in ("origin", "replica", "local"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rewrite(written, role, REWRITING[way], replication)
    kept = written.execute("select event_type, payload from engine.events").fetchall()
    assert kept == [{"event_type": "KEPT", "payload": {"a": 1}}]


def test_as_the_owner_the_refusal_says_why(written: Owner) -> None:
    for way, statement in REWRITING.items():
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"engine\.events is append-only"):
            written.execute(statement.encode())
        assert way


def test_copying_over_it_is_refused_too(written: Owner) -> None:
    row = written.execute("select event_id from engine.events").fetchone()
    assert row
    columns = "event_id, event_type, aggregate_type, aggregate_id, sequence_number, emitted_by"
    statement = f"copy engine.events ({columns}) from stdin".encode()
    with (
        pytest.raises(psycopg.errors.UniqueViolation),
        written.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        copy.write_row((row["event_id"], "OTHER", "Lead", "two", 1, "x"))
