"""Acts of people: approve, reject, lose a race, cancel and retry a job, acknowledge a notification."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect
from psycopg.rows import DictRow

from tests.browser.steps import follow, number, press, table, turn_to, wait_until_idle

OpenPage = Callable[..., Page]
Rows = psycopg.Connection[DictRow]

QUEUE = "Questions that wait for a decision"


@pytest.fixture
def question(demo_rows: Rows) -> DictRow:
    """A question that waits."""
    found = demo_rows.execute(
        """select id, title, agent_id from engine.human_approvals
           where status = 'pending' and (expires_at is null or expires_at > now() + interval '10 minutes')
           order by created_at limit 1"""
    ).fetchone()
    assert found is not None, "the demo has no question left to decide"
    return found


def decision_of(rows: Rows, approval_id: Any) -> dict[str, Any]:
    """A question as it stands, with its newest event and its audit rows."""
    found = rows.execute(
        """select a.status, a.decision_note, a.decided_by_name,
            (select array_agg(e.event_type order by e.sequence_number) from engine.events as e
             where e.aggregate_type = 'HumanApproval' and e.aggregate_id = a.id::text) as events,
            (select array_agg(l.action || ' by ' || l.actor_email order by l.id) from signalbox.audit_log as l
             where l.target = 'approval:' || a.id) as audit
           from engine.human_approvals as a where a.id = %s""",
        (approval_id,),
    ).fetchone()
    assert found is not None
    return found


def test_approving_leaves_receipt_event_and_audit_row_and_shortens_the_queue(
    open_demo: OpenPage, demo_rows: Rows, question: DictRow
) -> None:
    page = open_demo("admin", "/approvals")
    waiting = number(page.locator(".sb-say").first.inner_text())
    assert len(table(page, QUEUE)) == waiting
    follow(page, page.get_by_role("link", name=question["title"], exact=True).first)
    approval_id = re.search(r"approval=([0-9a-f-]+)", page.url)
    assert approval_id
    press(page, "Approve: ")
    receipt = page.get_by_test_id("stAlert")
    expect(receipt).to_contain_text("You approved")
    expect(receipt).to_contain_text("audit log")
    after = decision_of(demo_rows, approval_id.group(1))
    assert (after["status"], after["decided_by_name"]) == ("approved", "admin@demo.invalid")
    assert after["events"][-1] == "HUMAN_APPROVAL_APPROVED"
    assert after["audit"] == ["approved a question by admin@demo.invalid"]
    follow(page, page.get_by_role("link", name="all questions"))
    assert number(page.locator(".sb-say").first.inner_text()) == waiting - 1
    assert len(table(page, QUEUE)) == waiting - 1


def test_a_rejection_needs_a_note_and_keeps_it(open_demo: OpenPage, demo_rows: Rows, question: DictRow) -> None:
    page = open_demo("admin", f"/approvals?approval={question['id']}")
    press(page, "Reject: ")
    expect(page.get_by_test_id("stAlert")).to_contain_text("A rejection needs a note")
    assert decision_of(demo_rows, question["id"])["status"] == "pending"
    note = "Not before the migration is rehearsed <b>twice</b>. 🚦"
    page.get_by_role("textbox", name="Note").fill(note)
    press(page, "Reject: ")
    expect(page.get_by_test_id("stAlert")).to_contain_text("You rejected")
    after = decision_of(demo_rows, question["id"])
    assert (after["status"], after["decision_note"]) == ("rejected", note)
    assert after["events"][-1] == "HUMAN_APPROVAL_REJECTED"
    assert after["audit"] == ["rejected a question by admin@demo.invalid"]
    expect(page.locator(".sb-say").first).to_contain_text(note)


def test_of_two_admins_the_second_reads_who_decided_and_changes_nothing(
    open_demo: OpenPage, demo_rows: Rows, question: DictRow
) -> None:
    first = open_demo("admin", f"/approvals?approval={question['id']}")
    second = open_demo("admin", f"/approvals?approval={question['id']}")
    second.get_by_role("textbox", name="Note").fill("No.")
    press(first, "Approve: ")
    expect(first.get_by_test_id("stAlert")).to_contain_text("You approved")
    press(second, "Reject: ")
    told = second.get_by_test_id("stAlert")
    expect(told).to_contain_text("admin@demo.invalid approved this at")
    expect(told).to_contain_text("Your decision was not taken")
    after = decision_of(demo_rows, question["id"])
    assert after["status"] == "approved"
    assert len(after["audit"]) == 1
    assert second.get_by_role("button", name="Reject: ").count() == 0


def test_enter_in_the_note_decides_nothing(open_demo: OpenPage, demo_rows: Rows, question: DictRow) -> None:
    page = open_demo("admin", f"/approvals?approval={question['id']}")
    note = page.get_by_role("textbox", name="Note")
    note.click()
    page.keyboard.type("yes")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for key in ("a", "r", "y"):
        page.keyboard.press(key)
    wait_until_idle(page)
    assert decision_of(demo_rows, question["id"])["status"] == "pending"


def job_of(rows: Rows, status: str) -> DictRow:
    found = rows.execute(
        "select id, agent_identifier from agents.jobs where status = %s::agents.job_status and not exists"
        " (select 1 from signalbox.audit_log as l where l.target = 'job:' || jobs.id)"
        " order by created_at desc limit 1",
        (status,),
    ).fetchone()
    assert found is not None
    return found


def test_a_job_is_cancelled_and_a_failed_one_put_back(open_demo: OpenPage, demo_rows: Rows) -> None:
    running, failed = job_of(demo_rows, "running"), job_of(demo_rows, "failed")
    page = open_demo("admin", f"/jobs?job={running['id']}")
    press(page, "Cancel job of")
    expect(page.get_by_test_id("stAlert")).to_contain_text("it was running")
    turn_to(page, f"/jobs?job={failed['id']}")
    press(page, "Retry job of")
    expect(page.get_by_test_id("stAlert")).to_contain_text("waits in the queue again")
    found = demo_rows.execute(
        "select id, status::text as status from agents.jobs where id in (%s, %s)", (running["id"], failed["id"])
    ).fetchall()
    now = {row["id"]: row["status"] for row in found}
    assert now == {running["id"]: "cancelled", failed["id"]: "pending"}
    for job in (running, failed):
        audit = demo_rows.execute(
            "select actor_email from signalbox.audit_log where target = %s", (f"job:{job['id']}",)
        ).fetchall()
        assert [row["actor_email"] for row in audit] == ["admin@demo.invalid"]


def test_a_manager_is_offered_no_act_on_a_job(open_demo: OpenPage, demo_rows: Rows) -> None:
    page = open_demo("manager", f"/jobs?job={job_of(demo_rows, 'failed')['id']}")
    expect(page.get_by_role("heading", name="Error")).to_be_visible()
    assert page.get_by_role("button", name=re.compile("^(Retry|Cancel) job")).count() == 0


def test_a_notification_is_acknowledged(open_demo: OpenPage, demo_rows: Rows) -> None:
    opened = demo_rows.execute(
        "select id, session_id, event_id from chronicle.notification_events"
        " where not coalesce(acknowledged, false) and severity <> 'info' and created_at is not null"
        " order by created_at desc limit 1"
    ).fetchone()
    assert opened is not None
    page = open_demo("manager", f"/session?session={opened['session_id']}&item={opened['event_id']}")
    press(page, "Acknowledge this notification")
    expect(page.get_by_test_id("stAlert")).to_contain_text("acknowledged")
    after = demo_rows.execute(
        "select acknowledged from chronicle.notification_events where id = %s", (opened["id"],)
    ).fetchone()
    assert after == {"acknowledged": True}
    assert page.get_by_role("button", name="Acknowledge").count() == 0
