"""Projections: replay gives the stored rows again, tells what differs and what has no events, and rebuilds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import approvals, database
from data.access import Actor
from data.migration.files import FOLDER as MIGRATIONS
from data.reports import integrity
from signalbox_client import BadArgument, EventStore, NewEvent
from signalbox_client.events import ReducerFailed
from signalbox_client.procedures import Procedures, read_definition
from signalbox_client.projections import (
    ENGINE_REDUCERS,
    Projection,
    ProjectionFailed,
    Projections,
    Rebuilt,
    Replay,
    folding,
    replay,
    replaying,
)
from tests.conftest import make_person

Owner = psycopg.Connection[DictRow]
INTAKE = """{"sop_id": "intake", "title": "Intake", "steps": [
  {"step": "read", "kind": "agent", "agent": "reader"}, {"step": "call", "kind": "human"}]}"""


@pytest.fixture
def store(database_url: str) -> Iterator[EventStore]:
    with EventStore(database_url) as opened:
        yield opened


def told(what: str, kind: str, name: str, /, **payload: Any) -> NewEvent:
    return NewEvent(what, kind, name, payload, emitted_by="test")


def asked(store: EventStore, owner: Owner, **request: Any) -> str:
    """A question with its event and its row."""
    approval = str(uuid4())
    payload = {"title": "Refund", "approval_type": "refund", "request_payload": request, "agent_id": "billing"}
    event = store.append(told("HUMAN_APPROVAL_REQUESTED", "HumanApproval", approval, **payload))
    owner.execute(
        "insert into engine.human_approvals (id, event_id, correlation_id, approval_type, title, agent_id, created_at,"
        " request_payload) values (%s, %s, %s, 'refund', 'Refund', 'billing', %s, %s)",
        (approval, event.event_id, event.correlation_id, event.timestamp, Jsonb(request)),
    )
    return approval


def assessed(store: EventStore, owner: Owner, client: str, score: float) -> str:
    """An assessment with its event and its row."""
    given = {
        "client_id": client,
        "health_score": score,
        "status": "healthy",
        "signals": {"tickets": 2},
        "risk_factors": [],
    }
    event = store.append(told("CLIENT_HEALTH_ASSESSED", "Client", client, **given))
    owner.execute(
        "insert into engine.client_health (client_id, event_id, health_score, status, signals, computed_at)"
        " values (%s, %s, %s, 'healthy', %s, %s)",
        (client, event.event_id, score, Jsonb({"tickets": 2}), event.timestamp),
    )
    return str(event.event_id)


def executed(url: str) -> list[str]:
    """Executions in every way they can end, by the writers' kit."""
    with Procedures(url, emitted_by="runner") as procedures:
        procedures.store(read_definition(INTAKE, "json"))
        ids = []
        for end in ("complete", "fail", "cancel", "run"):
            one = procedures.start("intake", agent_id="reader", client_id="acme").execution_id
            ids.append(str(one))
            procedures.start_step(one, "read")
            procedures.escalate(one, "read", "Unsure", confidence=0.3)
            cost = None if end == "run" else Decimal("0.0123")
            procedures.complete_step(one, "read", actions=3, actions_automated=2, cost_usd=cost)
            procedures.start_step(one, "call")
            if end == "complete":
                procedures.complete_step(one, "call", note="Reached")
                procedures.complete(one)
            elif end == "fail":
                procedures.fail_step(one, "call", "No answer")
                procedures.fail(one, "Nobody there")
            elif end == "cancel":
                procedures.cancel(one, "Not wanted")
    return ids


def test_an_upgrade_folds_costs_and_times_of_runs_anew(owner: Owner, database_url: str) -> None:
    """Those that nobody told were stored as nothing, those under a third of a second as none."""
    executed(database_url)
    owner.execute(
        "update engine.sop_executions set estimated_cost = coalesce(estimated_cost, 0),"
        " cycle_time_hours = round(cycle_time_hours::numeric, 4)"
    )
    owner.execute("insert into engine.sop_executions (sop_id, estimated_cost) values ('by hand', 0)")
    assert not replay(database_url).compare("sop_executions").is_same
    (upgrade,) = MIGRATIONS.glob("*_costs_nobody_told.sql")
    owner.execute(upgrade.read_bytes())
    assert replay(database_url).compare("sop_executions").differences == []
    row = owner.execute("select estimated_cost from engine.sop_executions where sop_id = 'by hand'").fetchone()
    assert row == {"estimated_cost": 0}


NO_SCORE = "its payload has no health_score"
TABLES = ("client_health", "human_approvals", "sop_executions")


def test_what_the_kit_and_the_console_write_replays_to_the_same_rows(
    owner: Owner, store: EventStore, people: dict[str, Actor], database_url: str
) -> None:
    executed(database_url)
    for score in (80, 62.5):
        assessed(store, owner, "acme", score)
    for decision in ("approved", "rejected"):
        approvals.decide(people["admin"], UUID(asked(store, owner, amount=5)), decision, "Because")
    asked(store, owner)
    for name, rows in (("client_health", 2), ("human_approvals", 3), ("sop_executions", 4)):
        comparison = replay(database_url).compare(name)
        assert (comparison.rows, comparison.is_same, comparison.differences) == (rows, True, []), name
        assert comparison.not_event_sourced == 0


def test_a_rebuild_makes_the_same_rows_again(
    owner: Owner, store: EventStore, people: dict[str, Actor], database_url: str
) -> None:
    ids = executed(database_url)
    first = assessed(store, owner, "acme", 80)
    gone = asked(store, owner, amount=5)
    approvals.decide(people["admin"], UUID(gone), "approved", "Because")
    before = {name: content(owner, name) for name in TABLES}
    owner.execute("delete from engine.human_approvals")
    owner.execute("update engine.client_health set health_score = 1 where event_id = %s", (first,))
    owner.execute("delete from engine.sop_executions where id = %s", (ids[0],))
    owner.execute("update engine.sop_executions set steps = '[]', actions_total = null, status = 'failed'")
    for name in TABLES:
        assert not replay(database_url).compare(name).is_same
        rebuilt = replay(database_url).rebuild(name)
        assert rebuilt.incomplete == 0
        assert content(owner, name) == before[name]
        assert replay(database_url).compare(name).is_same


CONTENT = {
    "client_health": "select to_jsonb(t) - 'id' - 'created_at' as row from engine.client_health t order by event_id",
    "human_approvals": "select to_jsonb(t) as row from engine.human_approvals t order by id",
    "sop_executions": "select to_jsonb(t) - 'created_at' as row from engine.sop_executions t order by id",
}


def content(owner: Owner, name: str) -> list[Any]:
    return [row["row"] for row in owner.execute(CONTENT[name].encode())]


def test_a_difference_names_row_column_and_both_values(owner: Owner, store: EventStore, database_url: str) -> None:
    approval = asked(store, owner, amount=5)
    other = asked(store, owner)
    owner.execute("update engine.human_approvals set title = 'Else', risk_level = 'high' where id = %s", (approval,))
    comparison = replay(database_url).compare("human_approvals")
    assert (comparison.rows, comparison.differing, comparison.is_same) == (2, 1, False)
    assert [(d.key, d.column, d.replayed, d.stored) for d in comparison.differences] == [
        (approval, "title", "Refund", "Else")  # events say nothing of the risk
    ]
    owner.execute("delete from engine.human_approvals where id = %s", (other,))
    comparison = replay(database_url).compare("human_approvals", limit=0)
    assert (comparison.missing, comparison.differing, comparison.missing_keys, comparison.differences) == (1, 1, [], [])


def test_yes_is_no_number_and_a_large_number_is_itself(owner: Owner, store: EventStore, database_url: str) -> None:
    signals = {"on": True, "n": 0, "large": 1e23}
    assessment = {"client_id": "acme", "health_score": 5.0, "status": "healthy", "signals": signals, "risk_factors": []}
    store.append(told("CLIENT_HEALTH_ASSESSED", "Client", "acme", **assessment))
    again = replay(database_url)
    again.rebuild("client_health")
    assert again.compare("client_health").is_same
    owner.execute("update engine.client_health set signals = signals || %s", (Jsonb({"on": 1, "n": False}),))
    (difference,) = again.compare("client_health").differences
    assert (difference.column, difference.replayed["on"], difference.stored["on"]) == ("signals", True, 1)


def test_rows_without_events_are_told_apart_and_left_alone(owner: Owner, store: EventStore, database_url: str) -> None:
    owner.execute("insert into engine.human_approvals (approval_type, title) values ('x', 'by hand')")
    owner.execute("insert into engine.sop_executions (sop_id) values ('by hand')")
    owner.execute("insert into engine.client_health (client_id) values ('by hand')")
    event = store.append(told("CLIENT_CONTACTED", "Client", "acme"))
    owner.execute("insert into engine.client_health (client_id, event_id) values ('other', %s)", (event.event_id,))
    found = {name: replay(database_url).compare(name) for name in TABLES}
    assert {name: one.not_event_sourced for name, one in found.items()} == {
        "client_health": 2, "human_approvals": 1, "sop_executions": 1,
    }  # fmt: skip
    assert all(one.is_same for one in found.values())
    before = {name: content(owner, name) for name in TABLES}
    for name in TABLES:
        replay(database_url).rebuild(name)
    assert {name: content(owner, name) for name in TABLES} == before


def test_a_question_whose_asking_has_no_event_is_compared_as_far_as_events_tell(
    owner: Owner, people: dict[str, Actor], database_url: str
) -> None:
    row = owner.execute(
        "insert into engine.human_approvals (approval_type, title) values ('x', 'asked without an event') returning id"
    ).fetchone()
    assert row
    approvals.decide(people["admin"], row["id"], "approved")
    assert replay(database_url).compare("human_approvals").is_same
    owner.execute("update engine.human_approvals set status = 'rejected'")
    assert [d.column for d in replay(database_url).compare("human_approvals").differences] == ["status"]
    assert replay(database_url).rebuild("human_approvals").incomplete == 1


def test_an_event_that_cannot_be_projected_is_named(owner: Owner, store: EventStore, database_url: str) -> None:
    bad = store.append(told("CLIENT_HEALTH_ASSESSED", "Client", "acme"))
    assessed(store, owner, "other", 5)
    store.append(told("HUMAN_APPROVAL_REQUESTED", "HumanApproval", "no uuid", title="x", approval_type="y"))
    comparison = replay(database_url).compare("client_health")
    assert comparison.failed == [
        f"client_health cannot take event 1 (CLIENT_HEALTH_ASSESSED, {bad.event_id}) of Client acme: {NO_SCORE}"
    ]
    assert (comparison.rows, comparison.is_same) == (1, False)
    found = replay(database_url).compare("human_approvals")
    assert (found.missing, found.failing, found.is_same) == (0, 1, False)
    assert found.failed[0].endswith("of HumanApproval no uuid: id must be a UUID, not 'no uuid'")
    with pytest.raises(ProjectionFailed, match="Client acme"):
        replay(database_url).rebuild("client_health")


def test_replay_reads_in_pages(
    owner: Owner, store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PAGE", 3)
    monkeypatch.setattr(replaying, "ROWS_AT_ONCE", 2)
    executed(database_url)
    for number in range(7):
        assessed(store, owner, f"client-{number % 2}", number)
    assert {name: replay(database_url).compare(name).rows for name in TABLES} == {
        "client_health": 7, "human_approvals": 0, "sop_executions": 4,
    }  # fmt: skip
    assert all(replay(database_url).compare(name).is_same for name in TABLES)


def test_a_projection_of_ones_own_takes_the_events_it_names(store: EventStore, database_url: str) -> None:
    counting = Projection(
        "leads", "Lead", frozenset({"SCORED"}), "id", lambda e: e.aggregate_id,
        lambda row, event: {"scores": (row or {"scores": 0})["scores"] + 1}, frozenset({"scores"}),
    )  # fmt: skip
    store.append_many([told(what, "Lead", name) for what in ("SCORED", "OTHER") for name in "aab"])
    mine = Replay(database_url, Projections([counting]))
    assert list(mine.rows("leads")) == [("a", {"scores": 2}), ("b", {"scores": 1})]
    for act in (mine.compare, mine.rebuild):
        with pytest.raises(BadArgument, match="name leads has no table"):
            act("leads")
    with pytest.raises(BadArgument, match=r"projections\[1\] is the second"):
        Projections([counting, counting])
    for wrong in ("other", "", None):
        with pytest.raises(BadArgument, match="name must be one of"):
            replay(database_url).compare(wrong)  # type: ignore[arg-type]
    with pytest.raises(BadArgument, match="limit"):
        replay(database_url).compare("client_health", limit=-1)


def test_the_engines_reducers_give_the_state_that_the_rows_show(database_url: str, owner: Owner) -> None:
    ids = executed(database_url)
    with EventStore(database_url, reducers=ENGINE_REDUCERS) as store:
        state = store.state("SopExecution", ids[0])
        assert (state.reducer, state.state["status"], state.state["actions_total"]) == (
            "sop_execution@2",
            "completed",
            4,
        )
        assert state.state["estimated_cost"] == 0.0123
        assert store.state("SopExecution", ids[0], at_sequence=2).state["current_step"] == "read"
        store.append(told("CLIENT_ONBOARDED", "Client", "a", client_id="a", name="A", plan="x", account_manager="m"))
        store.append_many([told("CLIENT_CONTACTED", "Client", "a") for _ in range(150)])
        after = store.state("Client", "a")
        assert (after.state["contacts"], after.snapshot_sequence, after.folded) == (150, 100, 51)
        for _ in range(2):  # from the beginning, and from a snapshot in the middle of a run
            store.snapshot("SopExecution", ids[1], at_sequence=4)
        assert store.state("SopExecution", ids[1]).state["status"] == "failed"
        store.append(told("CLIENT_PLAN_CHANGED", "Client", "b"))
        with pytest.raises(ReducerFailed, match="plan"):
            store.state("Client", "b")


def test_integrity_tells_gaps_and_snapshots_that_lag(owner: Owner, people: dict[str, Actor], store: EventStore) -> None:
    manager = people["manager"]
    empty = integrity.read_integrity(manager)
    assert (empty.aggregates, empty.events, empty.with_gaps, empty.most_behind) == (0, 0, 0, None)
    store.append_many([told("CLIENT_CONTACTED", "Client", "long") for _ in range(230)])
    store.append_many([told("CLIENT_CONTACTED", "Client", "short") for _ in range(100)])
    store.append_many([told("SCORED", "Lead", "no reducer") for _ in range(120)])
    for number in (1, 2, 5, 9):
        owner.execute(
            "insert into engine.events (event_type, aggregate_type, aggregate_id, sequence_number, emitted_by)"
            " values ('X', 'Lead', 'broken', %s, 'x')",
            (number,),
        )
    whole = integrity.read_integrity(manager)
    assert (whole.aggregates, whole.events, whole.with_gaps, whole.numbers_missing) == (4, 454, 1, 5)
    assert (whole.with_reducer, whole.behind, whole.most_behind) == (2, 1, 230)
    gaps = [
        (gap["aggregate_id"], gap["first_missing"], gap["last_missing"], gap["numbers_missing"])
        for gap in integrity.read_gaps(manager)
    ]
    assert gaps == [("broken", 3, 4, 2), ("broken", 6, 8, 3)]
    owner.execute(
        "insert into engine.event_snapshots (aggregate_type, aggregate_id, sequence_number, state, reducer)"
        " values ('Client', 'long', 200, '{}', 'client@0'), ('Client', 'long', 100, '{}', 'client@1')"
    )
    (lag,) = integrity.read_snapshot_lags(manager)
    assert (lag["aggregate_id"], lag["snapshot_sequence"], lag["events_behind"]) == ("long", 100, 130)
    assert lag["snapshots_by_other_versions"] == 1
    assert integrity.read_integrity(people["member"]).events == 0
    assert integrity.projection_names() == ["client_health", "human_approvals", "sop_executions"]
    assert integrity.compare_projection(manager, "client_health").is_same


ASKING: dict[str, Any] = {"title": "Refund", "approval_type": "refund"}
SCORING: dict[str, Any] = {"health_score": 5}
STARTING: dict[str, Any] = {"sop_id": "intake"}
Case = tuple[dict[str, Any], str]
SCORES: list[Case] = [
    ({"health_score": "many"}, "health_score must be a finite number"),
    ({"health_score": True}, "health_score must be a finite number"),
    ({"health_score": 250}, "health_score must be at least 0 and at most 100, not 250"),
    ({"status": "weird"}, "status must be one of unknown, healthy, at_risk, critical, not 'weird'"),
    ({"risk_factors": "x"}, "risk_factors must be a list, not text"),
    ({"client_id": 5}, "client_id must be text, not a number"),
    ({"computed_at": "yesterday"}, "computed_at is no time: 'yesterday'"),
    ({"computed_at": 5}, "computed_at is no time: '5'"),
    ({"computed_at": "9999-12-31T23:59:59+00:00"}, "computed_at must lie between the years 1 and 9999"),
]
QUESTIONS: list[Case] = [
    ({"user_id": "nobody"}, "user_id must be a UUID"),
    ({"session_id": 5}, "session_id must be a UUID"),
    ({"risk_level": "mild"}, "risk_level must be one of unknown, low, medium, high, critical, not 'mild'"),
    ({"expires_at": "soon"}, "expires_at is no time: 'soon'"),
    ({"title": 5}, "title must be text, not a number"),
]
RUNS: list[Case] = [
    ({"sop_version": "one"}, "sop_version must be a whole number, from -2147483648 to 2147483647"),
    ({"sop_id": 7}, "sop_id must be text, not a number"),
    ({"session_id": "q"}, "session_id must be a UUID"),
]
UNFIT = [
    *(("client_health", "CLIENT_HEALTH_ASSESSED", "Client", SCORING | said, why) for said, why in SCORES),
    *(("human_approvals", "HUMAN_APPROVAL_REQUESTED", "HumanApproval", ASKING | said, why) for said, why in QUESTIONS),
    *(("sop_executions", "SOP_EXECUTION_STARTED", "SopExecution", STARTING | said, why) for said, why in RUNS),
    ("sop_executions", "SOP_STEP_COMPLETED", "SopExecution", {"step": "x"}, "step names one that no event began"),
]


def test_what_a_table_does_not_hold_is_named_by_event_and_field_and_the_rest_is_rebuilt(
    owner: Owner, store: EventStore, database_url: str
) -> None:
    bad = [(name, reason, store.append(told(what, of, str(uuid4()), **said))) for name, what, of, said, reason in UNFIT]
    fine = store.append(told("CLIENT_HEALTH_ASSESSED", "Client", bad[0][2].aggregate_id, health_score=7))
    for what, of, said in (
        ("HUMAN_APPROVAL_REQUESTED", "HumanApproval", ASKING | {"agent_id": None, "context": None}),
        ("SOP_EXECUTION_STARTED", "SopExecution", STARTING),
    ):
        store.append(told(what, of, str(uuid4()), **said))
    for name in TABLES:
        sentences = {
            f"{name} cannot take event 1 ({event.event_type}, {event.event_id})"
            f" of {event.aggregate_type} {event.aggregate_id}: {reason}"
            for table, reason, event in bad
            if table == name
        }
        again = replay(database_url)
        found = again.compare(name)
        assert set(found.failed) == sentences
        assert (found.failing, found.missing, found.differing) == (len(sentences), 1, 0)
        assert (again.compare(name, limit=0).failed, again.compare(name, limit=0).is_same) == ([], False)
        with pytest.raises(ProjectionFailed, match=r"cannot take event 1 .*\. Nothing was changed\.$"):
            again.rebuild(name)
        assert content(owner, name) == []
        rebuilt = again.rebuild(name, skip_failed=True)
        assert (rebuilt.written, set(rebuilt.failed), rebuilt.failing) == (1, sentences, len(sentences))
        found = again.compare(name)
        assert (found.missing, found.differing, found.failing) == (0, 0, len(sentences))
    row = owner.execute("select event_id from engine.client_health").fetchone()
    assert row == {"event_id": fine.event_id}, "an event that fails costs no other row of its aggregate"


def test_a_stored_row_that_such_an_event_should_change_is_told_as_that(
    owner: Owner, store: EventStore, database_url: str
) -> None:
    event = store.append(told("CLIENT_HEALTH_ASSESSED", "Client", "acme", health_score=250))
    owner.execute("insert into engine.client_health (client_id, event_id) values ('acme', %s)", (event.event_id,))
    found = replay(database_url).compare("client_health")
    assert (found.differing, found.failing) == (0, 1)


def test_what_only_the_table_knows_is_named_by_event_too(owner: Owner, store: EventStore, database_url: str) -> None:
    owner.execute("alter table engine.client_health add constraint no_quay check (client_id <> 'quay')")
    events = [
        store.append(told("CLIENT_HEALTH_ASSESSED", "Client", name, health_score=5)) for name in ("a", "quay", "b", "c")
    ]
    with pytest.raises(ProjectionFailed, match=f"{events[1].event_id}.* of Client quay: the database refuses.*no_quay"):
        replay(database_url).rebuild("client_health")
    rebuilt = replay(database_url).rebuild("client_health", skip_failed=True)
    assert (rebuilt.written, len(rebuilt.failed)) == (3, 1)


def test_a_replay_knows_what_became_of_rows_whose_account_or_session_was_deleted(
    owner: Owner, store: EventStore, people: dict[str, Actor], database_url: str
) -> None:
    """As their tables say: without the account the row stays without it, with the session it goes."""
    leaver = make_person(owner, "leaver", "member").user_id
    session = owner.execute("insert into chronicle.sessions (session_id) values ('gone') returning id").fetchone()
    assert session
    ids = [
        store.append(told("HUMAN_APPROVAL_REQUESTED", "HumanApproval", str(uuid4()).upper(), **about)).aggregate_id
        for about in (ASKING | {"user_id": str(leaver).upper()}, ASKING | {"session_id": str(session["id"])})
    ]
    start = told("SOP_EXECUTION_STARTED", "SopExecution", str(uuid4()), **STARTING, session_id=str(session["id"]))
    store.append(start)
    again = replay(database_url)
    assert again.rebuild("human_approvals").written == 2
    assert again.compare("human_approvals").is_same
    assert again.rebuild("sop_executions").written == 1
    owner.execute("delete from chronicle.sessions where id = %s", (session["id"],))
    owner.execute("delete from auth.users where id = %s", (leaver,))
    for name, rows, gone in (("human_approvals", 2, 1), ("sop_executions", 1, 1)):
        found = again.compare(name)
        assert (found.rows, found.gone, found.missing, found.is_same) == (rows, gone, 0, True)
        seen = integrity.compare_projection(people["manager"], name)
        assert (seen.gone, seen.is_same) == (gone, True)
    owner.execute("delete from engine.human_approvals")
    assert again.compare("human_approvals").missing_keys == [ids[0]]
    rebuilt = again.rebuild("human_approvals")
    assert (rebuilt.written, rebuilt.gone) == (1, 1)
    assert again.compare("human_approvals").is_same
    row = owner.execute("select id, user_id from engine.human_approvals").fetchone()
    assert row == {"id": UUID(ids[0]), "user_id": None}
    owner.execute("update engine.human_approvals set user_id = %s", (people["member"].user_id,))
    (difference,) = again.compare("human_approvals").differences
    assert (difference.column, difference.replayed) == ("user_id", None)


def test_a_question_that_is_asked_once_more_is_open_again(
    owner: Owner, store: EventStore, people: dict[str, Actor], database_url: str
) -> None:
    question = asked(store, owner)
    approvals.decide(people["admin"], UUID(question), "approved", "Because")
    store.append(told("HUMAN_APPROVAL_REQUESTED", "HumanApproval", question, **ASKING))
    replay(database_url).rebuild("human_approvals")
    row = owner.execute("select status, decided_by, decision_note from engine.human_approvals").fetchone()
    assert row == {"status": "pending", "decided_by": None, "decision_note": None}
    assert replay(database_url).compare("human_approvals").is_same


def test_a_rebuild_loses_nothing_of_what_is_written_meanwhile(
    owner: Owner, store: EventStore, database_url: str
) -> None:
    question = asked(store, owner)
    done: list[Rebuilt] = []
    with psycopg.connect(database_url) as other:
        other.execute("select 1")  # a transaction begins
        EventStore(other).append(told("HUMAN_APPROVAL_APPROVED", "HumanApproval", question))
        other.execute(
            "update engine.human_approvals set status = 'approved', decided_at ="
            " (select timestamp from engine.events where event_type = 'HUMAN_APPROVAL_APPROVED')"
        )
        rebuilding = threading.Thread(target=lambda: done.append(replay(database_url).rebuild("human_approvals")))
        rebuilding.start()
        waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        while rebuilding.is_alive() and owner.execute(waiting).fetchone() is None:
            time.sleep(0.01)
        other.commit()
        rebuilding.join(60)
    assert [rebuilt.written for rebuilt in done] == [1]
    assert owner.execute("select status from engine.human_approvals").fetchone() == {"status": "approved"}
    assert replay(database_url).compare("human_approvals").is_same


def test_members_learn_nothing_of_what_is_gone(owner: Owner, people: dict[str, Actor]) -> None:
    call = "select * from signalbox.gone_references('human_approvals', '{user_id}', %s::text[])"
    absent = [str(uuid4())]
    for role, number in (("manager", 1), ("admin", 1), ("member", 0)):
        with database.reading(people[role]) as unit:
            assert len(unit.connection.execute(call, (absent,)).fetchall()) == number
