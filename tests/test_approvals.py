"""Approvals: the queue and its order, one question with its context, the decision and its races."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import approvals, database, exports
from data.access import Actor
from data.errors import NotAllowed, NotFound, SignalboxError

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC).replace(microsecond=0)
WAITING = approvals.Questions(NOW)


def ask(owner: Owner, **given: Any) -> UUID:
    """A question in the database; what is not given is a pending refund asked an hour ago."""
    columns: dict[str, Any] = {
        "id": uuid4(),
        "agent_id": "billing",
        "approval_type": "refund",
        "title": "Refund of $240 to order 1881",
        "risk_level": "medium",
        "created_at": NOW - timedelta(hours=1),
        "expires_at": None,
        "status": "pending",
        "request_payload": Jsonb({"amount": 240, "currency": "USD"}),
        "metadata": Jsonb({}),
        "correlation_id": uuid4(),
    } | given
    names = list(columns)
    query = psycopg.sql.SQL("insert into engine.human_approvals ({}) values ({})").format(
        psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names)),
        psycopg.sql.SQL(", ").join(psycopg.sql.Placeholder() * len(names)),
    )
    owner.execute(query, [columns[name] for name in names])
    return UUID(str(columns["id"]))


def stored(owner: Owner, approval_id: UUID) -> DictRow:
    row = owner.execute("select * from engine.human_approvals where id = %s", (approval_id,)).fetchone()
    assert row
    return row


def traces(owner: Owner, approval_id: UUID) -> tuple[list[DictRow], list[DictRow]]:
    """The events and the audit rows that a question has left."""
    events = owner.execute(
        "select * from engine.events where aggregate_id = %s order by sequence_number", (str(approval_id),)
    ).fetchall()
    acts = owner.execute(
        "select * from signalbox.audit_log where target = %s order by id", (f"approval:{approval_id}",)
    ).fetchall()
    return events, acts


def test_a_decision_leaves_its_event_and_its_audit_row(owner: Owner, people: People) -> None:
    correlation = uuid4()
    asked = owner.execute(
        "select event_id from engine.append_event('HUMAN_APPROVAL_REQUESTED', 'HumanApproval', 'x',"
        " '{}', 'billing', %s)",
        (correlation,),
    ).fetchone()
    assert asked
    approval_id = ask(owner, correlation_id=correlation, event_id=asked["event_id"])

    receipt = approvals.decide(people["admin"], approval_id, "approved", "  checked with the bank ")

    row = stored(owner, approval_id)
    assert (row["status"], row["decided_by"], row["decision_note"]) == (
        "approved",
        people["admin"].user_id,
        "checked with the bank",
    )
    [event], [act] = traces(owner, approval_id)
    assert (event["event_type"], event["aggregate_type"]) == ("HUMAN_APPROVAL_APPROVED", "HumanApproval")
    assert (event["correlation_id"], event["causation_id"]) == (correlation, asked["event_id"])
    assert event["payload"]["decided_by_name"] == "admin@example.com"
    assert (event["event_id"], event["sequence_number"]) == (receipt.event_id, receipt.sequence_number)
    assert (act["actor_id"], act["action"]) == (people["admin"].user_id, "approved a question")
    assert act["detail"]["title"] == "Refund of $240 to order 1881"


def test_a_rejection_without_a_note_changes_nothing(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    with pytest.raises(approvals.RejectionNeedsNote):
        approvals.decide(people["admin"], approval_id, "rejected", " \n ")
    assert stored(owner, approval_id)["status"] == "pending"
    approvals.decide(people["admin"], approval_id, "rejected", "too much")
    [event], _ = traces(owner, approval_id)
    assert (event["event_type"], event["payload"]["note"]) == ("HUMAN_APPROVAL_REJECTED", "too much")


def test_a_note_is_kept_whole_or_refused(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    with pytest.raises(approvals.NoteTooLong, match=r"at most 4,000 characters, and this one has 4,001"):
        approvals.decide(people["admin"], approval_id, "approved", "é" * 4001)
    assert stored(owner, approval_id)["status"] == "pending"
    approvals.decide(people["admin"], approval_id, "approved", f" {'é' * 4000}\n")
    [event], _ = traces(owner, approval_id)
    assert event["payload"]["note"] == "é" * 4000


@pytest.mark.parametrize("role", ["manager", "member"])
def test_only_admins_decide(owner: Owner, people: People, role: str) -> None:
    approval_id = ask(owner, user_id=people["member"].user_id)
    with pytest.raises(NotAllowed):
        approvals.decide(people[role], approval_id, "approved")
    assert stored(owner, approval_id)["status"] == "pending"


def test_the_database_refuses_who_lost_the_role_in_between(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    owner.execute("update signalbox.members set role = 'manager' where user_id = %s", (people["admin"].user_id,))
    with pytest.raises(SignalboxError):
        approvals.decide(people["admin"], approval_id, "approved")
    assert stored(owner, approval_id)["status"] == "pending"
    assert traces(owner, approval_id) == ([], [])


def test_the_loser_reads_who_decided_what_and_when(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    won = approvals.decide(people["admin"], approval_id, "rejected", "no")
    with pytest.raises(approvals.AlreadyDecided) as lost:
        approvals.decide(people["admin"], approval_id, "approved")
    assert "admin@example.com rejected this at" in lost.value.sentence
    assert f"{won.decided_at:%H:%M:%S} UTC on {won.decided_at:%Y-%m-%d}" in lost.value.sentence
    assert stored(owner, approval_id)["status"] == "rejected"
    events, acts = traces(owner, approval_id)
    assert (len(events), len(acts)) == (1, 1)


def test_a_question_whose_time_ran_out_says_so(owner: Owner, people: People) -> None:
    approval_id = ask(owner, expires_at=NOW - timedelta(minutes=5))
    with pytest.raises(approvals.TimeRanOut) as late:
        approvals.decide(people["admin"], approval_id, "approved")
    assert f"{NOW - timedelta(minutes=5):%H:%M:%S} UTC" in late.value.sentence
    assert traces(owner, approval_id) == ([], [])


def test_a_decision_that_came_just_in_time_is_told_and_not_the_end_of_the_time(
    owner: Owner, people: People, database_url: str
) -> None:
    """The winner began before the end of the time and has not committed yet when the loser asks after it."""
    approval_id = ask(owner, expires_at=NOW - timedelta(seconds=1))
    lost: list[SignalboxError] = []

    def come_late() -> None:
        try:
            approvals.decide(people["admin"], approval_id, "rejected", "no")
        except SignalboxError as error:
            lost.append(error)

    late = threading.Thread(target=come_late)
    with psycopg.connect(database_url) as winner:
        winner.execute(
            "update engine.human_approvals set status = 'approved', decided_at = now(), decided_by_name = 'ada'"
            " where id = %s",
            (approval_id,),
        )
        late.start()
        while late.is_alive() and not somebody_waits(owner):
            time.sleep(0.01)
    late.join()
    [error] = lost
    assert isinstance(error, approvals.AlreadyDecided)
    assert error.sentence.startswith("ada approved this at")


def somebody_waits(owner: Owner) -> bool:
    """Whether a statement in this database waits for a lock."""
    row = owner.execute(
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    ).fetchone()
    return bool(row and row["exists"])


def test_imported_questions_are_history(owner: Owner, people: People) -> None:
    approval_id = ask(owner, metadata=Jsonb({"imported": True}))
    with pytest.raises(approvals.OnlyHistory):
        approvals.decide(people["admin"], approval_id, "approved")
    assert stored(owner, approval_id)["status"] == "pending"
    assert approvals.read_queue(people["admin"], chosen=WAITING).waiting == 0


def test_a_question_that_is_not_there_is_not_found(people: People) -> None:
    with pytest.raises(NotFound):
        approvals.decide(people["admin"], uuid4(), "approved")
    with pytest.raises(NotFound):
        approvals.read_approval(people["admin"], approval_id=uuid4(), now=NOW)


def test_two_admins_at_once_give_one_winner_and_one_clear_sentence(owner: Owner, people: People) -> None:
    from tests.conftest import make_person  # noqa: PLC0415 - a plain function of the fixtures' module

    second = make_person(owner, "second", "admin")
    for _ in range(5):
        approval_id = ask(owner)
        won, lost = race(approval_id, [(people["admin"], "approved"), (second, "rejected")])
        assert len(won) == 1
        assert len(lost) == 1
        [winner] = won
        assert isinstance(lost[0], approvals.AlreadyDecided)
        row = stored(owner, approval_id)
        assert row["status"] == winner.decision
        assert f"{row['decided_by_name']} {row['status']} this" in lost[0].sentence
        events, acts = traces(owner, approval_id)
        assert (len(events), len(acts)) == (1, 1)


def race(
    approval_id: UUID, racers: list[tuple[Actor, approvals.Decision]]
) -> tuple[list[approvals.Receipt], list[SignalboxError]]:
    """Let everybody decide at the same moment; who won and what the others read."""
    start = threading.Barrier(len(racers))
    won: list[approvals.Receipt] = []
    lost: list[SignalboxError] = []

    def run(actor: Actor, decision: approvals.Decision) -> None:
        start.wait()
        try:
            won.append(approvals.decide(actor, approval_id, decision, "because"))
        except SignalboxError as error:
            lost.append(error)

    threads = [threading.Thread(target=run, args=racer) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won, lost


def test_a_decision_that_fails_half_way_leaves_nothing(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    owner.execute("alter table signalbox.audit_log add constraint nobody check (action <> 'approved a question')")
    with pytest.raises(psycopg.errors.CheckViolation):
        approvals.decide(people["admin"], approval_id, "approved")
    assert stored(owner, approval_id)["status"] == "pending"
    assert traces(owner, approval_id) == ([], [])


def test_the_queue_shows_what_runs_out_first_then_risk_then_age(owner: Owner, people: People) -> None:
    ask(owner, title="old", risk_level="low", created_at=NOW - timedelta(days=3))
    ask(owner, title="young", risk_level="low", created_at=NOW - timedelta(minutes=1))
    ask(owner, title="risky", risk_level="critical")
    ask(owner, title="soon", risk_level="low", expires_at=NOW + timedelta(minutes=20))
    ask(owner, title="later", risk_level="high", expires_at=NOW + timedelta(days=1))
    ask(owner, title="gone", risk_level="critical", expires_at=NOW - timedelta(seconds=1))
    ask(owner, title="done", status="approved", decided_at=NOW)
    ask(owner, title="read in a log", metadata=Jsonb({"imported": True}), status="expired")

    queue = approvals.read_queue(people["admin"], chosen=WAITING)

    assert [row["title"] for row in queue.shown] == ["soon", "risky", "later", "old", "young"]
    assert queue.waiting == 5
    assert [row["title"] for row in approvals.read_queue(people["admin"], chosen=WAITING, limit=2, offset=1).shown] == [
        "risky",
        "later",
    ]


def test_every_question_is_counted_in_one_view_and_listed_there(owner: Owner, people: People) -> None:
    ask(owner)
    ask(owner, status="approved", decided_at=NOW)
    ask(owner, status="rejected", decided_at=NOW - timedelta(hours=2))
    ask(owner, status="expired", expires_at=NOW - timedelta(hours=2))
    ask(owner, expires_at=NOW - timedelta(hours=1))
    ask(owner, metadata=Jsonb({"imported": True}), status="approved", created_at=None)
    ask(owner, metadata=Jsonb({"imported": True}), status="expired")
    counts = approvals.read_counts(people["admin"], chosen=WAITING)
    assert counts == approvals.Counts(waiting=1, queue=1, decided=2, expired=2, imported=2, stateless=0)
    outcomes = {
        view: [row["outcome"] for row in approvals.read_history(people["admin"], chosen=approvals.Questions(NOW, view))]
        for view in approvals.VIEWS
    }
    assert outcomes == {
        "queue": [],
        "decided": ["approved", "rejected"],
        "expired": ["expired", "expired"],
        "imported": ["expired", "approved"],
        "stateless": [],
    }
    assert exports.count(people["admin"], "approvals", exports.parse("approvals", {})) == sum(
        map(len, outcomes.values())
    )


def test_members_see_their_own_questions_and_nobody_elses(owner: Owner, people: People) -> None:
    mine = ask(owner, user_id=people["member"].user_id)
    theirs = ask(owner, user_id=people["other"].user_id)
    assert approvals.read_approval(people["member"], approval_id=mine, now=NOW)["title"]
    with pytest.raises(NotFound):
        approvals.read_approval(people["member"], approval_id=theirs, now=NOW)
    assert approvals.read_counts(people["member"], chosen=WAITING).waiting == 1
    assert approvals.read_counts(people["manager"], chosen=WAITING).waiting == 2


def test_managers_read_every_question_which_admins_alone_decide(owner: Owner, people: People) -> None:
    mine, theirs = (ask(owner, user_id=people[name].user_id) for name in ("member", "other"))
    everything = {mine, theirs}
    for name, visible in (("admin", everything), ("manager", everything), ("member", {mine}), ("other", {theirs})):
        reader = people[name]
        queue = approvals.read_queue(reader, chosen=WAITING)
        assert {row["approval_id"] for row in queue.shown} == visible, name
        for approval_id in visible:
            assert approvals.read_approval(reader, approval_id=approval_id, now=NOW)["title"]
        filters = exports.parse("approvals_queue", {"now": [NOW.isoformat()]})
        assert exports.count(reader, "approvals_queue", filters) == len(visible), name
        assert reader.can("decide_approvals") is (name == "admin")


def test_evidence_is_what_happened_around_the_question(owner: Owner, people: People) -> None:
    session, call = uuid4(), uuid4()
    owner.execute("insert into chronicle.sessions (id, session_id) values (%s, 's')", (session,))
    at = NOW - timedelta(hours=1)
    owner.execute(
        "insert into chronicle.prompt_events (session_id, prompt_text, created_at) values (%s, 'please refund', %s)",
        (session, at - timedelta(minutes=3)),
    )
    for phase, success, minutes in (("pre", None, 2), ("post", False, 1)):
        owner.execute(
            "insert into chronicle.tool_events (session_id, tool_name, phase, success, call_id, created_at, parameters)"
            " values (%s, 'Bash', %s, %s, %s, %s, %s)",
            (session, phase, success, call, at - timedelta(minutes=minutes), Jsonb({"command": "ls"})),
        )
    correlation = uuid4()
    owner.execute(
        "select engine.append_event('REFUND_REQUESTED', 'Order', '1881', '{}', 'intake', %s, p_timestamp => %s)",
        (correlation, at - timedelta(days=4)),
    )
    approval_id = ask(owner, session_id=session, correlation_id=correlation)
    approvals.decide(people["admin"], approval_id, "approved")

    found = approvals.read_evidence(people["admin"], approval_id=approval_id)

    assert [(row["kind"], row["what"]) for row in found] == [
        ("engine", "REFUND_REQUESTED"),
        ("prompt", "a person wrote"),
        ("tool call", "Bash"),
        ("question", None),
        ("engine", "HUMAN_APPROVAL_APPROVED"),
    ]
    assert found[2]["outcome"] == "failed"
    assert [row["is_question"] for row in found] == [False, False, False, True, False]


def test_a_question_without_a_time_has_no_surroundings(owner: Owner, people: People) -> None:
    approval_id = ask(owner, created_at=None)
    assert approvals.read_evidence(people["admin"], approval_id=approval_id) == []


def test_the_last_five_like_it_come_with_what_became_of_them(owner: Owner, people: People) -> None:
    for number in range(7):
        ask(owner, title=f"like {number}", status="approved", decided_at=NOW - timedelta(days=number))
    ask(owner, title="other agent", agent_id="sales", status="rejected", decided_at=NOW)
    ask(owner, title="other kind", approval_type="deploy", status="approved", decided_at=NOW)
    correlation = uuid4()
    ask(owner, title="with end", status="approved", decided_at=NOW - timedelta(hours=1), correlation_id=correlation)
    owner.execute(
        "select engine.append_event('REFUND_PAID', 'Order', '7', '{}', 'billing', %s, p_timestamp => %s)",
        (correlation, NOW),
    )
    approval_id = ask(owner)
    found = approvals.read_similar(people["admin"], approval_id=approval_id)
    assert [row["title"] for row in found] == ["like 0", "with end", "like 1", "like 2", "like 3"]
    assert [row["came_of_it"] for row in found] == [None, "REFUND_PAID", None, None, None]


def test_an_empty_database_has_an_empty_queue(people: People) -> None:
    assert approvals.read_queue(people["admin"], chosen=WAITING) == approvals.Queue((), 0)
    assert approvals.read_counts(people["admin"], chosen=WAITING) == approvals.Counts(0, 0, 0, 0, 0, 0)
    with database.reading(people["admin"]) as unit:
        nothing = dict.fromkeys(("start", "end", "untimed", "agent", "kind", "risk", "project", "outcome"))
        asked = {**nothing, "shown": "nonsense", "now": NOW, "limit": 5, "offset": 0}
        assert unit.rows("approvals.list_history", **asked) == []


def test_twenty_admins_at_once_give_one_winner(owner: Owner, database_url: str) -> None:
    """A tenth of the proof's rounds."""
    from tests.proofs import prove_approval_races as proof  # noqa: PLC0415 - proofs are imported by what runs them

    proof.run_rounds(owner, database_url, proof.ROUNDS // 10, seed=7)
