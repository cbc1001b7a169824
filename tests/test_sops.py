"""How procedures ran: what became of runs, how long, how much without a person, where people stepped in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import exports
from data.access import Actor
from data.errors import NotFound
from data.reports import sop_runs, sops
from tests import recorded
from tests.page_runs import open_page
from tests.performed import definition, engine_event, run, window
from ui.sops.steps import steps_of

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
HOUR_MS = 3_600_000
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=1)}
BEFORE: dict[str, Any] = {"previous_start": DAY - timedelta(days=1), "previous_end": DAY}
HUMAN = {"step": "approve", "kind": "human", "outcome": "approved"}


def total(people: People, role: str = "manager", **asked: Any) -> sops.Procedure:
    return sops.read_procedures(people[role], **{**PERIOD, **BEFORE, **asked}).total


def test_an_empty_database_has_no_procedure(people: People) -> None:
    manager = people["manager"]
    found = sops.read_procedures(manager, **PERIOD)
    assert (found.total.executions, found.total.p50_ms, found.total.cost_usd, found.each) == (0, None, None, ())
    assert sops.read_buckets(manager, **PERIOD).empty
    assert sops.read_human_steps(manager, **PERIOD) == sops.HumanSteps((), 0)
    assert sop_runs.read_executions(manager, **PERIOD) == []
    assert sops.read_definitions(manager, sop="refund") == []
    assert not sops.read_coverage(manager).holds_rows
    with pytest.raises(NotFound):
        sop_runs.read_execution(manager, execution_id=uuid4())


def test_a_run_counts_when_it_ended_and_while_open_when_it_started(owner: Owner, people: People) -> None:
    run(owner, NOON)
    run(owner, DAY + timedelta(hours=1))  # began the day before
    run(owner, DAY + timedelta(days=1, hours=1))  # began on the day, ended on the next
    run(owner, None, status="running", started_at=NOON)
    run(owner, NOON, status="failed")
    run(owner, NOON, status="cancelled")
    run(owner, DAY - timedelta(hours=1), status="failed")
    run(owner, None)
    found = total(people)
    assert (found.executions, found.completed, found.failed, found.cancelled, found.running) == (5, 2, 1, 1, 1)
    assert found.started == 5
    assert (found.previous_executions, found.previous_failed) == (1, 1)
    assert total(people, start=None, end=None, untimed=True, previous_start=None, previous_end=None).executions == 1
    assert sops.read_coverage(people["manager"]).untimed == 1


def test_cycle_times_are_of_completed_runs_as_recorded_or_from_start_to_end(owner: Owner, people: People) -> None:
    run(owner, NOON, cycle_time_hours=1)
    run(owner, NOON, cycle_time_hours=None)  # two hours from start to end
    run(owner, NOON, cycle_time_hours=None, started_at=None)
    run(owner, NOON, cycle_time_hours=None, started_at=NOON + timedelta(hours=5))  # ends before it began
    run(owner, NOON, status="failed", cycle_time_hours=99)
    for downwards in (True, False):
        listed = sop_runs.read_executions(people["manager"], **PERIOD, sort="took", downwards=downwards)
        times = [row["cycle_ms"] for row in listed]
        assert times[3:] == [None, None], "what is not timed stands last either way"
        assert times[:3] == sorted(times[:3], reverse=downwards)
    found = total(people)
    assert (found.timed, found.p50_ms, found.average_ms) == (2, 1.5 * HOUR_MS, 1.5 * HOUR_MS)
    assert found.p95_ms == pytest.approx(1.95 * HOUR_MS)


def test_automation_is_weighted_and_cost_says_over_how_many(owner: Owner, people: People) -> None:
    run(owner, NOON, actions_total=90, actions_automated=90, estimated_cost=2)
    run(owner, NOON, actions_total=10, actions_automated=0, estimated_cost=None)
    run(owner, NOON, actions_total=None, actions_automated=None, automation_rate=0.5, estimated_cost=1)
    run(owner, NOON, actions_total=None, actions_automated=70)
    found = total(people)
    assert (found.rated_actions, found.automated, found.countless) == (100, 90.0, 2)
    assert (found.cost_usd, found.priced) == (3.0, 2)


def test_procedures_stand_apart_and_those_that_never_ran_stand_with_zeros(owner: Owner, people: People) -> None:
    run(owner, NOON, "refund", status="failed")
    run(owner, NOON, "undefined")
    definition(owner, "refund", 1, title="Old")
    definition(owner, "refund", 2, title="New", steps=[{"step": "one"}])
    definition(owner, "idle")
    found = sops.read_procedures(people["manager"], **PERIOD)
    assert [(one.sop_id, one.executions, one.versions) for one in found.each] == [
        ("refund", 1, 2),
        ("undefined", 1, 0),
        ("idle", 0, 1),
    ]
    assert (found.each[0].title, found.each[0].newest_version, found.each[0].steps) == ("New", 2, 1)
    assert found.total.executions == 2
    assert [row["version"] for row in sops.read_definitions(people["manager"], sop="refund")] == [2, 1]


def test_an_agent_narrows_every_figure(owner: Owner, people: People) -> None:
    run(owner, NOON, steps=[HUMAN])
    run(owner, NOON, agent_id="other", steps=[HUMAN, HUMAN])
    run(owner, NOON, agent_id=None)
    manager = people["manager"]
    assert sops.read_procedures(manager, agent="other", **PERIOD).agents() == {"IntakeAgent": 1, "other": 1}
    assert total(people, agent="other").executions == 1
    assert list(sops.read_buckets(manager, agent="other", **PERIOD)["executions"]) == [1]
    assert sops.read_human_steps(manager, agent="other", **PERIOD).shown[0].times == 2
    assert [row["agent"] for row in sop_runs.read_executions(manager, agent="other", **PERIOD)] == ["other"]


def test_a_step_that_waits_for_a_person_is_none_that_one_took(owner: Owner, people: People) -> None:
    waiting = {"step": "approve", "kind": "human"}
    taken, until = run(owner, NOON, steps=[HUMAN]), {**waiting, "completed_at": "2026-11-18T12:00:00Z"}
    finished = run(owner, NOON, steps=[until])
    open_run = run(owner, NOON, steps=[waiting, waiting | {"outcome": "", "completed_at": None}])
    [step] = sops.read_human_steps(people["manager"], **PERIOD).shown
    assert (step.times, step.executions, step.outcomes) == (2, 2, "approved 1")
    there = sop_runs.read_executions(people["manager"], sop="refund", step="approve", **PERIOD)
    assert {row["execution_id"] for row in there} == {taken, finished}
    page = open_page(people["manager"], "reports/sop_execution.py", execution=str(open_run))
    assert "No person stepped in." in page.text


def test_epics_of_imported_logs_do_not_say_whether_a_person_stepped_in(owner: Owner, people: People) -> None:
    epic = run(owner, NOON, "epic", metadata=Jsonb({"imported": True, "kind": "epic"}))
    run(owner, NOON, "refund", human_interventions=0)
    found = {one.sop_id: one for one in sops.read_procedures(people["manager"], **PERIOD).each}
    assert (found["epic"].silent, found["epic"].interventions) == (1, None)
    assert (found["refund"].silent, found["refund"].interventions, total(people).silent) == (0, 0, 1)
    [row] = sop_runs.read_executions(people["manager"], sop="epic", **PERIOD)
    assert row["human_interventions"] is None
    page = open_page(people["manager"], "reports/sop_execution.py", execution=str(epic))
    assert "Whether a person stepped in is not recorded." in page.text


def test_where_people_step_in_is_told_by_step_with_what_came_of_it(owner: Owner, people: People) -> None:
    run(owner, NOON, steps=[HUMAN, HUMAN | {"outcome": "rejected"}, {"step": "pay", "kind": "agent"}])
    run(owner, NOON, steps=[HUMAN])
    run(
        owner,
        NOON,
        "lead",
        steps=[{"name": "call", "type": "Human", "completed_at": "now"}, "a word", 7, None, ["x"], {"kind": {"a": 1}}],
    )
    run(
        owner,
        NOON,
        "lead",
        steps=[{"kind": "human", "completed_at": "2026-01-01"}, {"step": "wait", "kind": "human", "outcome": None}],
    )
    run(owner, DAY - timedelta(days=1), steps=[HUMAN])
    found = sops.read_human_steps(people["manager"], **PERIOD)
    assert [(one.sop_id, one.step_name, one.times, one.executions, one.outcomes) for one in found.shown] == [
        ("refund", "approve", 3, 2, "approved 2, rejected 1"),
        ("lead", "call", 1, 1, None),
        ("lead", None, 1, 1, None),
    ]
    assert found.steps == 3
    there = sop_runs.read_executions(people["manager"], sop="refund", step="approve", **PERIOD)
    assert len(there) == 2
    assert sop_runs.read_executions(people["manager"], step="pay", **PERIOD) == []


def test_what_hurts_stands_first_unless_sorted_otherwise(owner: Owner, people: People) -> None:
    completed = run(owner, NOON + timedelta(hours=5), estimated_cost=1, human_interventions=3)
    failed = run(owner, NOON, status="failed", estimated_cost=9, cycle_time_hours=1)
    cancelled = run(owner, NOON, status="cancelled", estimated_cost=None, cycle_time_hours=7)
    running = run(owner, None, status="running", started_at=NOON)

    def order(**asked: Any) -> list[Any]:
        return [row["execution_id"] for row in sop_runs.read_executions(people["manager"], **PERIOD, **asked)]

    assert order() == [failed, running, cancelled, completed]
    assert order(sort="cost")[:2] == [failed, completed]
    assert order(sort="cost", downwards=False)[:2] == [completed, failed]
    assert order(sort="took")[0] == cancelled
    assert order(sort="people")[0] == completed
    assert order(sort="when")[0] == completed
    assert order(limit=1, offset=1) == [running]
    assert order(status="failed") == [failed]


def test_one_run_comes_with_the_definition_of_its_version_and_its_session(owner: Owner, people: People) -> None:
    session = recorded.session(owner, NOON, project="shop")
    definition(owner, "refund", 1, title="First")
    definition(owner, "refund", 2, title="Second")
    first = run(owner, NOON, sop_version=1, session_id=session, steps=[HUMAN])
    found = sop_runs.read_execution(people["manager"], execution_id=first)
    assert (found["title"], found["defined_version"], found["project_name"]) == ("First", 1, "shop")
    assert (found["cycle_ms"], found["steps"]) == (2 * HOUR_MS, [HUMAN])
    newest = sop_runs.read_execution(people["manager"], execution_id=run(owner, NOON, sop_version=7))
    assert (newest["title"], newest["defined_version"]) == ("Second", 2)


def test_the_events_and_questions_of_a_run_are_those_of_its_correlation(owner: Owner, people: People) -> None:
    correlation, together = uuid4(), uuid4()
    engine_event(owner, NOON, "SOP_STARTED", correlation_id=correlation)
    engine_event(owner, NOON + timedelta(minutes=2), "SOP_COMPLETED", correlation_id=correlation)
    engine_event(owner, NOON, "OTHER")
    question = recorded.question(owner, NOON + timedelta(minutes=1), "Refund?", expires=NOON + timedelta(hours=1))
    owner.execute("update engine.human_approvals set correlation_id = %s where id = %s", (correlation, question))

    def told(hours: float) -> list[tuple[str, str, timedelta]]:
        now = NOON + timedelta(hours=hours)
        rows = sop_runs.read_happenings(people["manager"], correlation_id=correlation, now=now)
        assert rows[0]["happened"] == 2
        return [(row["kind"], row["what"], row["occurred_at"] - NOON) for row in rows]

    begun, ended = (
        ("event", "SOP_STARTED", timedelta(0)),
        ("event", "SOP_COMPLETED", timedelta(minutes=2)),
    )
    at = timedelta(minutes=1)
    assert told(0.5) == [begun, ("question", "pending", at), ended]
    for number in range(6):
        engine_event(owner, NOON + timedelta(minutes=5), f"STEP_{number}", correlation_id=together)
    steps = sop_runs.read_happenings(people["manager"], correlation_id=together, now=NOON)
    assert [step["what"] for step in steps] == [f"STEP_{number}" for number in range(6)], "as they were appended"
    asked = ("question", "asked", at)
    assert told(2) == [begun, asked, ended, ("question over", "expired", timedelta(hours=1))], "each at its time"
    owner.execute(
        "update engine.human_approvals set status = 'approved', decided_at = %s where id = %s",
        (NOON + timedelta(minutes=40), question),
    )
    assert told(2) == [begun, asked, ended, ("question over", "approved", timedelta(minutes=40))]


@pytest.mark.parametrize(
    ("now", "before", "slower"),
    [((25, 4.0), (25, 2.0), True), ((25, 2.4), (25, 2.0), False), ((25, 4.0), (5, 2.0), False)],
)
def test_a_procedure_is_slower_only_with_enough_runs(
    owner: Owner, people: People, now: tuple[int, float], before: tuple[int, float], slower: bool
) -> None:
    for (number, hours), at in ((now, NOON), (before, NOON - timedelta(days=1))):
        for _ in range(number):
            run(owner, at, cycle_time_hours=hours)
    assert total(people).is_slower == slower


def test_buckets_follow_the_days_of_the_viewers_zone(owner: Owner, people: People) -> None:
    run(owner, DAY - timedelta(minutes=30), status="failed")
    run(owner, DAY + timedelta(minutes=30))
    span: dict[str, Any] = {"start": DAY - timedelta(days=2), "end": DAY + timedelta(days=2)}
    berlin = sops.read_buckets(people["admin"], unit="day", zone="Europe/Berlin", **span)
    assert berlin[["executions", "completed", "failed"]].to_numpy().tolist() == [[2, 1, 1]]
    assert list(sops.read_buckets(people["admin"], unit="day", zone="UTC", **span)["executions"]) == [1, 1]


def test_members_see_their_own_runs_and_all_definitions(owner: Owner, people: People) -> None:
    member = people["member"]
    mine = run(owner, NOON, user_id=member.user_id, steps=[HUMAN])
    theirs = run(owner, NOON, user_id=people["other"].user_id, steps=[HUMAN])
    definition(owner, "refund")
    window(owner, NOON)
    assert total(people, "member").executions == 1
    assert [row["execution_id"] for row in sop_runs.read_executions(member, **PERIOD)] == [mine]
    assert sops.read_human_steps(member, **PERIOD).shown[0].times == 1
    assert len(sops.read_definitions(member, sop="refund")) == 1
    with pytest.raises(NotFound):
        sop_runs.read_execution(member, execution_id=theirs)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (None, []),
        ([], []),
        ("just do it", [("just do it", None)]),
        ([{"step": "a", "kind": "human"}, {"name": "b", "type": "agent"}], [("a", True), ("b", False)]),
        (["read", 7, {"id": 3}, {}], [("read", None), ("7", None), ("3", None), (None, None)]),
        ({"title": "one"}, [("one", None)]),
    ],
)
def test_steps_of_any_document_are_shown(document: Any, told: list[tuple[str | None, bool | None]]) -> None:
    assert [(step.name, step.is_human) for step in steps_of(document)] == told


def test_a_step_keeps_what_else_it_says_and_only_times_that_are_times() -> None:
    [step] = steps_of(
        [{"step": "a", "started_at": "2026-11-10T10:00:00Z", "completed_at": "2026-11-10T10:01:00", "sla": 4}]
    )
    assert (step.took_ms, step.rest) == (60_000, '{"sla": 4}')
    [odd] = steps_of([{"step": "a", "started_at": "yesterday", "completed_at": 7}])
    assert (odd.took_ms, odd.started_at, odd.completed_at) == (None, None, None)


def test_the_exports_hold_what_the_page_shows(owner: Owner, people: People) -> None:
    run(owner, NOON, steps=[HUMAN])
    run(owner, NOON, "lead", status="failed")
    run(owner, NOON - timedelta(days=2))
    definition(owner, "idle")
    span = {"start": [PERIOD["start"].isoformat()], "end": [PERIOD["end"].isoformat()]}

    def count(name: str, **given: str) -> int:
        asked = exports.parse(name, span | {key: [value] for key, value in given.items()})
        whole = b"".join(exports.stream(people["manager"], name, asked, "csv")).decode("utf-8-sig")
        number = exports.count(people["manager"], name, asked)
        assert number == len(whole.splitlines()) - 1
        return number

    assert (count("sops"), count("sops", with_total="true"), count("sops", sop="lead")) == (3, 4, 1)
    assert (count("sop_executions"), count("sop_executions", status="failed")) == (2, 1)
    assert count("sop_executions", sop="refund", step="approve", sort="took") == 1
    assert (count("sop_human_steps"), count("sop_human_steps", sop="lead")) == (1, 0)
