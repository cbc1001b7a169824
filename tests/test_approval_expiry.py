"""A question whose time runs out leaves the queue with a record, once, and never one that was decided."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import approvals, database
from data.access import Actor
from signalbox_client.projections import human_approvals
from tests.page_runs import open_page

Connection = psycopg.Connection[DictRow]


def ask(owner: Connection, minutes_left: float | None, **more: str) -> UUID:
    row = owner.execute(
        "insert into engine.human_approvals (approval_type, title, expires_at, metadata)"
        " values ('x', 'Send it?', now() + make_interval(secs => %s * 60), %s::jsonb) returning id",
        (minutes_left, more.get("metadata", "{}")),
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def stored(owner: Connection, approval_id: UUID) -> str:
    row = owner.execute("select status from engine.human_approvals where id = %s", (approval_id,)).fetchone()
    assert row is not None
    return str(row["status"])


def count(owner: Connection, query: str) -> int:
    row = owner.execute(query.encode()).fetchone()
    assert row is not None
    return int(next(iter(row.values())))


@pytest.mark.usefixtures("people")
def test_it_leaves_state_event_and_audit_row(owner: Connection) -> None:
    due, later, never = ask(owner, -1), ask(owner, 5), ask(owner, None)
    asked = owner.execute(
        "update engine.human_approvals set correlation_id = gen_random_uuid(), event_id ="
        " (engine.append_event('ASKED', 'Lead', '1')).event_id where id = %s"
        " returning correlation_id, event_id, expires_at",
        (due,),
    ).fetchone()
    assert asked is not None
    history = ask(owner, -1, metadata='{"imported": true}')
    assert approvals.expire_due("real") == 1
    assert [stored(owner, one) for one in (due, later, never, history)] == ["expired", "pending", "pending", "pending"]
    event = owner.execute("select * from engine.events where event_type <> 'ASKED'").fetchone()
    assert event is not None
    assert (event["correlation_id"], event["causation_id"]) == (asked["correlation_id"], asked["event_id"])
    assert event["payload"]["expired_at"] == asked["expires_at"].isoformat()
    assert (event["event_type"], event["aggregate_id"]) == (human_approvals.EXPIRED, str(due))
    row = owner.execute("select actor_email, action, target from signalbox.audit_log").fetchone()
    assert row == {"actor_email": "signalbox", "action": "a question ran out of time", "target": f"approval:{due}"}
    assert approvals.expire_due("real") == 0


@pytest.mark.usefixtures("people")
def test_more_than_one_round_holds(owner: Connection) -> None:
    for _ in range(approvals.expiring.AT_ONCE + 3):
        ask(owner, -1)
    assert approvals.expire_due("real") == approvals.expiring.AT_ONCE + 3
    assert count(owner, "select count(*) from engine.events") == approvals.expiring.AT_ONCE + 3


@pytest.mark.usefixtures("people")
def test_two_consoles_expire_each_question_once(owner: Connection) -> None:
    for _ in range(30):
        ask(owner, -1)
    counted: list[int] = []
    consoles = [threading.Thread(target=lambda: counted.append(approvals.expire_due("real"))) for _ in range(3)]
    for console in consoles:
        console.start()
    for console in consoles:
        console.join()
    assert sum(counted) == 30
    assert count(owner, "select count(*) from engine.events") == 30


def test_a_question_that_is_being_decided_is_left_alone(
    owner: Connection, database_url: str, people: dict[str, Actor]
) -> None:
    due = ask(owner, -1)
    with psycopg.connect(database_url) as deciding:
        deciding.execute("select from engine.human_approvals where id = %s for update", (due,))
        assert approvals.expire_due("real") == 0
    assert approvals.expire_due("real") == 1
    with pytest.raises(approvals.TimeRanOut):
        approvals.decide(people["admin"], due, "approved")


def test_nothing_is_kept_of_half_an_expiry(owner: Connection, people: dict[str, Actor]) -> None:
    ask(owner, -1)
    owner.execute("alter table engine.events add constraint no_expiry check (event_type <> 'HUMAN_APPROVAL_EXPIRED')")
    with pytest.raises(Exception, match="no_expiry"):
        approvals.expire_due("real")
    assert count(owner, "select count(*) from engine.human_approvals where status = 'expired'") == 0
    assert count(owner, "select count(*) from signalbox.audit_log") == 0
    assert database.read_sources(people["admin"]).versions["engine.human_approvals"]


@pytest.mark.parametrize(
    "odd", ["expires_at = '-infinity'", "expires_at = '0044-03-15 BC'", """metadata = '{"imported": "maybe"}'"""]
)
def test_one_odd_row_closes_nothing(owner: Connection, people: dict[str, Actor], odd: str) -> None:
    strange, due = ask(owner, -1), ask(owner, -1)
    statement = sql.SQL("update engine.human_approvals set {} where id = {}")
    owner.execute(statement.format(sql.SQL(odd), sql.Literal(strange)))
    assert approvals.expire_due("real") == 2
    assert stored(owner, due) == "expired"
    page = open_page(people["admin"], "admin/approvals.py", show="expired")
    assert page.text.count("Send it?") == 2
