"""The page of approvals: the queue, one question in the order in which it is decided, and the decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from streamlit.testing.v1.element_tree import Button

from data import approvals
from data.access import Actor
from tests.page_runs import PageRun, open_address, open_page, queries_during
from tests.performed import engine_event
from tests.test_approvals import ask, stored, traces
from ui import page as ui_page
from ui.approvals.clock import clock

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "admin/approvals.py"
MOST_QUERIES = 8


def decide(page: PageRun, decision: str, approval_id: UUID, note: str = "") -> str:
    """Write a note and press a button in one go; what the page says then."""
    if note:
        page.app.text_area(key=f"note_{approval_id}").set_value(note)
    button(page, decision).click()
    return page.run().text.replace("\\", "")


def button(page: PageRun, verb: str) -> Button:
    [found] = [one for one in page.app.button if one.label.startswith(verb)]
    return found


@pytest.mark.parametrize("role", ["manager", "member"])
def test_it_is_for_admins_alone_also_by_a_cold_link(owner: Owner, people: People, role: str) -> None:
    approval_id = ask(owner, title="A secret question", user_id=people["member"].user_id)
    for parameters in ({}, {"approval": str(approval_id)}):
        page = open_page(people[role], PAGE, **parameters)
        assert "is for the role admin" in page.text
        assert "A secret question" not in page.text


def test_an_empty_queue_says_by_what_check(owner: Owner, people: People) -> None:
    text = open_page(people["admin"], PAGE).text
    assert "Nothing waits for a decision, and no question has ever been recorded." in text
    ask(owner, status="approved", decided_at=NOW)
    text = open_page(people["admin"], PAGE).text
    assert "Nothing waits for a decision. Looked at: every open question of this database." in text
    assert "No agent waits for a decision." in text


def test_the_queue_says_what_hurries(owner: Owner, people: People) -> None:
    ask(owner, title="Soon", expires_at=datetime.now(UTC) + timedelta(minutes=30))
    ask(owner, title="Old", created_at=NOW - timedelta(days=3))
    ask(owner, title="Risky", risk_level="critical")
    page = open_page(people["admin"], PAGE)
    hurried = "1 within an hour of running out, 1 waiting for more than a day and 1 of high or critical risk"
    assert f"3 questions wait for your decision, {hurried}." in page.text.replace(" ,", ",").replace(" .", ".")
    for told, title in zip(hurried.replace(" and ", ", ").split(", "), ("Soon", "Old", "Risky"), strict=True):
        [address] = page.ways(told)
        led = open_address(people["admin"], address)
        assert ([name for name in ("Soon", "Old", "Risky") if name in led.text], led.rows) == ([title], [1])
        assert f"1 {told.removeprefix('1 ')}" in led.text, "the sentence stays that of all"
    assert "overdue: waits for 3 d 0 h" in page.text
    assert "runs out in 29 min " in page.text


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(minutes=59, seconds=59), "runs out in 59\u00a0min"),
        (timedelta(minutes=24, seconds=38), "runs out in 24\u00a0min"),
        (timedelta(minutes=4, seconds=38), "runs out in 4\u00a0min\u00a038\u00a0s"),
        (timedelta(seconds=12), "runs out in 12.0\u00a0s"),
        (timedelta(hours=3, minutes=12), "runs out in 3\u00a0h\u00a012\u00a0min"),
    ],
)
def test_the_clock_counts_whole_minutes_until_the_last_five(left: timedelta, words: str) -> None:
    assert clock({"expires_at": NOW + left, "created_at": None}, NOW)[1] == words


def test_history_is_apart_by_how_it_ended(owner: Owner, people: People) -> None:
    ask(owner, title="Waits")
    ask(
        owner,
        title="Refused one",
        status="rejected",
        decided_at=NOW,
        decided_by_name="ada@example.com",
        decision_note="no",
    )
    ask(owner, title="Late", expires_at=NOW - timedelta(hours=1))
    ask(owner, title="Logged", status="approved", metadata=Jsonb({"imported": True}))
    shown = {
        show: open_page(people["admin"], PAGE, show=show).text for show in ("queue", "decided", "expired", "imported")
    }
    for title, home in (("Waits", "queue"), ("Refused one", "decided"), ("Late", "expired"), ("Logged", "imported")):
        assert [show for show, text in shown.items() if title in text] == [home]
    assert "ada@example.com" in shown["decided"]


def test_what_a_log_tells_of_a_question_without_a_yes_or_no_is_said(owner: Owner, people: People) -> None:
    logged = {"status": "expired", "metadata": Jsonb({"imported": True})}
    silent = ask(owner, **logged)
    told = ask(owner, **logged, decision_note="The pipe broke")
    assert "Nobody answered." in open_page(people["admin"], PAGE, approval=str(silent)).text
    page = open_page(people["admin"], PAGE, approval=str(told))
    assert "It ended undecided. Note: <q>The pipe broke</q>" in "".join(page.pieces)


def test_one_question_stands_in_the_order_in_which_it_is_decided(owner: Owner, people: People) -> None:
    ask(owner, title="An earlier one", status="approved", decided_at=NOW, decision_note='{"Which?": "The blue one"}')
    approval_id = ask(
        owner,
        reason="The parcel never arrived.",
        risk_level="high",
        expires_at=NOW + timedelta(hours=2, minutes=40),
        request_payload=Jsonb({"amount": 240, "currency": "USD", "order": 1881, "changes": {"plan": ["free", "pro"]}}),
    )
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    html = "".join(page.pieces)
    headings = ["What will happen", "Why the agent asks", "Risk and clock", "Evidence", "The last ones like it"]
    places = [html.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "<b>$240.00</b>" in html
    assert "The parcel never arrived." in page.text
    assert "Risk: ▲ high. ◆ runs out in 2 h" in page.text
    assert "-plan: free\n+plan: pro" in [code.value for code in page.app.code]
    assert "An earlier one" in page.text
    assert "The blue one" in page.text
    assert "Which?" not in page.text, "of answers to questions the answers alone"
    labels = [one.label.replace("\\", "") for one in page.app.button if one.label.startswith(("Reject", "Approve"))]
    assert labels == ["Reject: Refund of $240 to order 1881", "Approve: Refund of $240 to order 1881"]


def test_a_question_that_no_event_tells_of_says_so(owner: Owner, people: People) -> None:
    told, untold = ask(owner), ask(owner)
    engine_event(owner, NOW, "HUMAN_APPROVAL_REQUESTED", aggregate_type="HumanApproval", aggregate_id=str(told))
    engine_event(owner, NOW, "LEAD_SEEN", aggregate_id=str(untold))
    words = "Not event-sourced: no event tells of this question, so no replay brings it back."
    assert words in open_page(people["admin"], PAGE, approval=str(untold)).text
    assert "no event tells" not in open_page(people["admin"], PAGE, approval=str(told)).text


def test_approving_leaves_a_receipt_and_the_way_to_the_next(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    following = ask(owner, title="The next one")
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    text = decide(page, "Approve", approval_id, "checked")
    assert "You approved “Refund of $240 to order 1881” of billing at" in text
    assert "It is event 1 of its stream" in text
    row = stored(owner, approval_id)
    assert (row["status"], row["decision_note"]) == ("approved", "checked")
    events, acts = traces(owner, approval_id)
    assert (len(events), len(acts)) == (1, 1)
    assert f"/approvals?approval={following}" in page.links
    assert not [one for one in page.app.button if one.label.startswith(("Approve", "Reject"))]


def test_a_rejection_needs_its_note_and_keeps_what_was_typed(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    assert "A rejection needs a note" in decide(page, "Reject", approval_id)
    assert stored(owner, approval_id)["status"] == "pending"
    assert "You rejected" in decide(page, "Reject", approval_id, "too much")
    assert stored(owner, approval_id)["decision_note"] == "too much"


def test_the_second_of_two_admins_reads_who_decided(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    approvals.decide(people["admin"], approval_id, "rejected", "was first")
    text = decide(page, "Approve", approval_id)
    assert "admin@example.com rejected this at" in text
    assert "Your decision was not taken" in text
    assert stored(owner, approval_id)["status"] == "rejected"


def test_decisions_are_told_in_the_zone_of_the_page(
    owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    monkeypatch.setattr(ui_page, "zone_named", lambda _name: zone)
    mine, theirs = ask(owner), ask(owner)
    page = open_page(people["admin"], PAGE, approval=str(mine))
    said = decide(page, "Approve", mine, "fine")
    at = stored(owner, mine)["decided_at"].astimezone(zone)
    assert f"of billing at {at:%H:%M:%S} UTC+5:30. It is event" in said
    page = open_page(people["admin"], PAGE, approval=str(theirs))
    at = approvals.decide(people["admin"], theirs, "rejected", "was first").decided_at.astimezone(zone)
    told = f"admin@example.com rejected this at {at:%H:%M:%S} UTC+5:30 on {at:%Y-%m-%d}. Your decision"
    assert told in decide(page, "Approve", theirs)


def test_a_question_that_was_changed_while_the_page_stood_open_is_not_decided(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    for change in (
        "update engine.human_approvals set title = 'Delete everything'",
        "update engine.human_approvals set reason = 'no longer so'",
        "update engine.human_approvals set risk_level = 'critical'",
    ):
        page = open_page(people["admin"], PAGE, approval=str(approval_id))
        owner.execute(change)
        assert "The agent has changed this question since you read it" in decide(page, "Approve", approval_id)
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    owner.execute("update engine.human_approvals set request_payload = '{\"amount\": 24000}'")
    text = decide(page, "Approve", approval_id)
    assert "The agent has changed this question since you read it" in text
    assert stored(owner, approval_id)["status"] == "pending"
    assert traces(owner, approval_id) == ([], [])
    assert "You approved “Delete everything”" in decide(page, "Approve", approval_id)  # it has been shown since


def test_a_question_that_ran_out_while_the_page_stood_open_says_so(owner: Owner, people: People) -> None:
    approval_id = ask(owner, expires_at=NOW + timedelta(hours=1))
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    owner.execute("update engine.human_approvals set expires_at = now() - interval '1 second'")
    assert "The time to decide this ran out at" in decide(page, "Approve", approval_id)
    assert traces(owner, approval_id) == ([], [])


def test_imported_questions_have_no_buttons(owner: Owner, people: People) -> None:
    approval_id = ask(owner, metadata=Jsonb({"imported": True}), status="expired", created_at=None)
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    assert "no agent waits for it" in page.text
    assert not [one for one in page.app.button if one.label.startswith(("Approve", "Reject"))]


def test_what_agents_wrote_is_text_and_no_markup(owner: Owner, people: People) -> None:
    wild = "[click](https://example.com) :red[x] <b>b</b> $x^2$"
    approval_id = ask(owner, title=wild, reason="<script>alert(1)</script>", request_payload=Jsonb({wild: wild}))
    page = open_page(people["admin"], PAGE, approval=str(approval_id))
    html = "".join(page.pieces)
    assert "<script>alert" not in html
    assert "<b>b</b>" not in html
    label = button(page, "Approve").label
    assert "\\[click\\]\\(https\\:" in label
    assert "\\:red\\[" in label


@pytest.mark.parametrize("where", ["queue", "decided", "one"])
def test_it_needs_few_queries(owner: Owner, people: People, where: str) -> None:
    approval_id = ask(owner)
    ask(owner, status="approved", decided_at=NOW)
    given = {"approval": str(approval_id)} if where == "one" else {"show": where}
    page = open_page(people["admin"], PAGE, **given)
    owner.execute("update engine.human_approvals set reason = 'another version'")
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
