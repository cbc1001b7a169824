"""The pages of procedures and of one run: what they say first, where people step in, and the way from run to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from tests import recorded
from tests.page_runs import open_address, open_page, queries_during
from tests.performed import definition, engine_event, run
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)
PAGE, ONE = "reports/sops.py", "reports/sop_execution.py"
MOST_QUERIES = 8
HOSTILE = "<img src=x onerror=alert(1)> 🚦"
STEPS: list[dict[str, Any]] = [
    {"step": "check", "kind": "agent", "agent": "IntakeAgent", "outcome": "ok"},
    {"step": "approve", "kind": "human", "agent": "Maria", "outcome": "rejected", "note": "too much"},
]


def fill(owner: Owner, failing: int = 2) -> None:
    """Two periods of forty runs; in the newer one as many fail as asked for."""
    for number in range(40):
        bad = number < failing
        run(
            owner,
            NOW - timedelta(days=1, minutes=number),
            status="failed" if bad else "completed",
            error_message="no answer" if bad else None,
            steps=STEPS if number % 4 == 0 else [],
            human_interventions=1 if number % 4 == 0 else 0,
            estimated_cost=1,
        )
        run(owner, NOW - timedelta(days=31, minutes=number), status="failed" if number < 2 else "completed")


def test_it_says_why_there_is_nothing(people: People) -> None:
    text = open_page(people["manager"], PAGE).text
    assert "No procedure and no run of one is recorded yet" in text
    assert "imported logs bring runs" in text
    assert "data ingest PATH" in text
    assert "No run of yours is recorded" in open_page(people["member"], PAGE).text


def test_imported_runs_go_by_their_own_title_and_their_steps_say_no_ids(owner: Owner, people: People) -> None:
    step = {"step": "Skill", "kind": "agent", "call_id": str(uuid4())}
    run_id = run(owner, YESTERDAY, sop="epic", metadata=Jsonb({"title": "Live review updates"}), steps=[step])
    plain = run(owner, YESTERDAY, sop="epic")
    page = open_page(people["manager"], PAGE, sop="epic")
    assert page.ways("Live review updates")
    assert page.ways(str(plain)[:8])
    one = open_page(people["manager"], ONE, execution=str(run_id))
    assert "Live review updates" in one.text
    assert "Skill" in one.text
    assert "call_id" not in one.text


def test_it_says_what_ran_what_failed_and_where_people_step_in(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["manager"], PAGE)
    assert (
        "95.0 % of 40 runs completed in the last 30 days, was 95.0 % of 40 in the 30 days before; 2 failed" in page.text
    )
    assert "80.0 % of 400 actions ran without a person" in page.text
    assert "People stepped into 10 of 40 runs (10 interventions), most often at “approve” of refund (10 times)." in (
        page.text.replace(" “approve”  of", " “approve” of")
    )
    assert "rejected 10" in page.text
    for words, rows in (("40 runs", 40), ("2 failed", 2), ("10 of 40 runs", 40), ("10", 10), ("80.0 %", 40)):
        led = open_address(people["manager"], page.ways(words)[-1])
        assert led.rows[0] == rows, words
    ended = open_address(people["manager"], page.ways("40 runs")[0])
    assert {bar["series"] for chart in ended.charts for bar in chart} == {"failed", "completed"}
    assert "runs that came to an end by themselves alone." in ended.text
    assert "/sops?period=30d&sop=refund&status=failed" in page.links
    assert "/sops?period=30d&sop=refund&step=approve" in page.links
    assert "$40.00" in page.text
    assert "estimated for 40 of 40 runs" in page.text


def test_a_procedure_that_fails_more_often_stands_in_the_first_sentence(owner: Owner, people: People) -> None:
    fill(owner, failing=20)
    text = open_page(people["manager"], PAGE).text
    assert "fails more often: 50.0 % of 40 runs, was 5.0 % of 40." in text


def test_few_runs_are_compared_with_nothing(owner: Owner, people: People) -> None:
    run(owner, YESTERDAY, status="failed", estimated_cost=5)
    run(owner, NOW - timedelta(days=31), estimated_cost=1)
    text = open_page(people["manager"], PAGE).text
    assert "0 % of 1 run completed in the last 30 days; 1 failed." in text
    assert "more often" not in text
    assert " per run" not in text


def test_one_procedure_shows_its_runs_and_its_definition(owner: Owner, people: People) -> None:
    fill(owner)
    definition(owner, "refund", 1, title="Old", status="retired")
    definition(owner, "refund", 2, title="Refund a customer", steps=["look", {"name": "decide", "type": "human"}, 7])
    page = open_page(people["manager"], PAGE, sop="refund")
    assert "1 to 25 of 40" in page.text
    assert "CSV, 40 rows" in page.text
    assert [box.label[:20] for box in page.app.expander] == ["Version 2 · active ·", "Version 1 · retired "]
    for piece in ("look", "decide", "a person", "no answer"):
        assert piece in page.text
    failed = open_page(people["manager"], PAGE, sop="refund", status="failed")
    assert "CSV, 2 rows" in failed.text
    assert any("/export/sop_executions.csv?" in link and "status=failed" in link for link in failed.links)


def test_runs_that_overview_counts_as_open_for_over_a_day_are_those_it_leads_to(owner: Owner, people: People) -> None:
    """The oldest first, page by page, with the same in the export and in the way from run to run."""
    kept = [run(owner, None, status="running", started_at=NOW - timedelta(hours=80 - n)) for n in range(27)]
    for hours in (1, 23):
        run(owner, None, status="running", started_at=NOW - timedelta(hours=hours))
    run(owner, None, status="running")
    run(owner, YESTERDAY - timedelta(days=3))
    run(owner, YESTERDAY - timedelta(days=3), status="failed")
    recorded.session(owner, YESTERDAY)  # without one, Overview says how to begin
    overview = open_page(people["manager"], "reports/overview.py")
    assert "27 runs of procedures are open for over a day" in overview.text
    [leading] = {address for address in overview.links if "long=" in address}
    assert leading == "/sops?long=true&sort=when&period=all"
    asked = {"long": "true", "sort": "when", "period": "all"}
    pages = [open_page(people["manager"], PAGE, **asked, page=number) for number in ("1", "2")]
    listed = [link for page in pages for link in page.links if link.startswith("/sop_execution?")]
    assert [link.split("execution=")[1].split("&")[0] for link in listed] == [str(one) for one in kept]
    assert all("long=true" in link for link in listed)
    assert "1 to 25 of 27" in pages[0].text
    assert "CSV, 27 rows" in pages[0].text
    assert "open for over a day, now ×" in pages[0].text
    assert "the chart and the list are of runs open for over a day alone" in pages[0].text
    said = (
        "No sums are kept by how long a run is open, so the runs of the chart and the filters themselves were counted."
    )
    assert said in pages[0].text
    assert "Runs open for over a day per" in pages[0].text
    [drawn] = pages[1].charts
    assert sum(bar["number"] for bar in drawn) == 27, "of all pages, and nothing else"
    assert all("long=true" in bar["address"] for bar in drawn)
    assert any("/export/sop_executions.csv?" in link and "open_before=" in link for link in pages[0].links)
    one = open_page(people["manager"], ONE, **asked, execution=str(kept[1]), at="1")
    for place in (0, 2):
        assert any(str(kept[place]) in link and "long=true" in link for link in one.links)


def test_other_filters_hold_for_the_count_of_what_is_open_for_long(owner: Owner, people: People) -> None:
    began = NOW - timedelta(hours=30)
    for sop, agent, steps in (("refund", "a", STEPS), ("refund", "b", []), ("audit", "a", [])):
        run(owner, None, sop, status="running", started_at=began, agent_id=agent, steps=steps)
    run(owner, YESTERDAY, status="failed", agent_id="a", steps=STEPS)
    definition(owner, "refund")
    first = queries_during(lambda: open_page(people["manager"], PAGE, long="true", period="all", sop="refund"))
    of_page = {name: n for name, n in first.items() if not name.startswith(("web_sessions.", "audit."))}
    assert sum(of_page.values()) <= MOST_QUERIES - 1, of_page  # and who looks at it
    for narrowed, found in (
        ({}, 3), ({"sop": "refund"}, 2), ({"agent": "a"}, 2), ({"step": "approve"}, 1), ({"status": "running"}, 3),
    ):  # fmt: skip
        page = open_page(people["manager"], PAGE, long="true", period="all", **narrowed)
        assert sum(link.startswith("/sop_execution?") for link in page.links) == found, narrowed
        assert f"CSV, {found} row" in page.text, narrowed
    failed = open_page(people["manager"], PAGE, long="true", period="all", status="failed")
    assert "No run fits these filters." in failed.text


def test_a_step_leads_to_the_runs_in_which_a_person_took_it(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["manager"], PAGE, sop="refund", step="approve")
    assert "CSV, 10 rows" in page.text
    assert "the chart and the list are of runs in which a person stepped in there alone" in page.text
    assert sum(bar["number"] for chart in page.charts for bar in chart) == 10


def test_a_page_past_the_last_is_the_last_whatever_filters_are_set(owner: Owner, people: People) -> None:
    """Also where no sums tell how many runs there are."""
    for number in range(30):
        run(owner, YESTERDAY - timedelta(minutes=number), status="failed", steps=STEPS)
    narrowed = {"sop": "refund", "step": "approve", "status": "failed"}
    first = open_page(people["manager"], PAGE, **narrowed)
    assert "1 to 25 of 30" in first.text
    assert "CSV, 30 rows" in first.text
    assert any("page=2" in link and link.startswith("/sops?") for link in first.links)
    cached.forget()
    cold = queries_during(first.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
    for asked in (narrowed, {"sop": "refund"}):
        last = open_page(people["manager"], PAGE, **asked, page="99")
        assert "26 to 30 of 30" in last.text
        assert sum(link.startswith("/sop_execution?") for link in last.links) == 5


def test_a_defined_procedure_that_never_ran_is_there(owner: Owner, people: People) -> None:
    definition(owner, "idle", title="Never done")
    assert "Never done" in open_page(people["manager"], PAGE).text
    page = open_page(people["member"], PAGE, sop="idle")
    assert "No run is recorded" in page.text
    assert "approve" in page.text


def test_an_agent_that_ran_nothing_is_said_instead_of_figures(owner: Owner, people: People) -> None:
    definition(owner, "refund")
    page = open_page(people["manager"], PAGE, agent="nobody")
    assert "No run of a procedure in the last 30 days fits these filters." in page.text


def test_untimed_runs_are_said_and_can_be_looked_at(owner: Owner, people: People) -> None:
    run(owner, YESTERDAY)
    run(owner, None)
    assert "1 run without a recorded time is in no period." in open_page(people["manager"], PAGE).text
    assert (
        "100 % of 1 run completed among the runs without a time"
        in open_page(people["manager"], PAGE, period="untimed").text
    )


def test_one_run_is_shown_step_by_step_with_what_is_tied_to_it(owner: Owner, people: People) -> None:
    correlation, session = uuid4(), recorded.session(owner, YESTERDAY, project="shop")
    definition(owner, "refund", steps=[{"step": "check"}, {"step": "approve"}, {"step": "pay out"}])
    execution = run(
        owner,
        YESTERDAY,
        status="failed",
        error_message="nobody answered",
        steps=STEPS,
        current_step="approve",
        correlation_id=correlation,
        session_id=session,
        sop_version=1,
        human_interventions=1,
    )
    told = {"kind": "agent", "step": "approve", "error": "nobody came"}
    event = engine_event(owner, YESTERDAY, "SOP_FAILED", correlation_id=correlation, payload=told)
    question = recorded.question(owner, YESTERDAY, "Refund 240 EUR", status="rejected")
    owner.execute("update engine.human_approvals set correlation_id = %s where id = %s", (correlation, question))
    page = open_page(people["admin"], ONE, execution=str(execution))
    assert "This run failed after 2 h 00 min at “approve”. A person stepped in 1 time, at “approve”." in page.text
    assert "80.0 % of 10 actions ran without one." in page.text
    for piece in (
        "nobody answered",
        "too much",
        "Maria",
        "SOP_FAILED",
        "question asked",
        "question rejected",
        "Refund 240 EUR",
    ):
        assert piece in page.text
    assert "1 event, 1 question with its correlation" in page.text
    assert "Of its definition not reached or not recorded: pay out." in page.text
    assert f"/events?correlation={correlation}" in page.links
    assert f"/session?session={session}" in page.links
    assert f"/event_stream?event={event}" in page.links
    assert "approve: nobody came" in page.text
    assert f"/approvals?approval={question}" in page.links
    assert str(execution) in "".join(open_page(people["admin"], ONE, id=str(execution)).pieces)


def escalate(owner: Owner, execution: UUID, number: int, step: str, **given: Any) -> None:
    """An event that tells that a person helped with a step of a run."""
    told = {
        "execution_id": str(execution),
        "client_id": "lumen-print",
        "step": step,
        "reason": "The reply is ambiguous",
    }
    stream = {"aggregate_type": "SopExecution", "aggregate_id": str(execution), "sequence_number": number}
    engine_event(owner, YESTERDAY - timedelta(hours=1), "SOP_STEP_ESCALATED", payload=told, **stream, **given)


def test_a_person_who_helps_an_agent_steps_in_at_its_step(owner: Owner, people: People) -> None:
    correlation, told = uuid4(), {"correlation_id": uuid4()}
    theirs: dict[str, Any] = {"correlation_id": correlation, "client_id": "lumen-print"}
    theirs["user_id"] = people["member"].user_id
    both = run(owner, YESTERDAY, steps=STEPS, human_interventions=2, **theirs)
    escalate(owner, both, 1, "check", correlation_id=correlation)
    ended = {"execution_id": str(both), "client_id": "lumen-print"}
    stream = {"aggregate_type": "SopExecution", "aggregate_id": str(both), "sequence_number": 2}
    engine_event(owner, YESTERDAY, "SOP_EXECUTION_COMPLETED", payload=ended, correlation_id=correlation, **stream)
    page = open_page(people["manager"], ONE, execution=str(both))
    assert "A person stepped in 2 times, at “check”, “approve”. 80.0 %" in page.text
    assert "ok not timed no time escalated to a person: The reply is ambiguous" in page.text, "in the row of its step"
    assert "check: The reply is ambiguous" in page.text, "in the row of the event"
    assert "#2 2 steps, 10 actions in 2 h 00 min" in page.text, "not the client, whom the facts name"
    said = "A person stepped in 2 times, at “approve”; 1 of them at a step that is not recorded where you may see it."
    assert said in open_page(people["member"], ONE, execution=str(both)).text, "members see no event of the engine"
    unplaced = run(owner, YESTERDAY, human_interventions=2)
    escalate(owner, unplaced, 1, "check", **told)
    said = "A person stepped in 2 times, at “check”; 1 of them at a step that is not recorded."
    assert said in open_page(people["manager"], ONE, execution=str(unplaced)).text
    uncounted = run(owner, YESTERDAY, steps=STEPS)
    said = "A person stepped in 1 time, at “approve”. The run stores 0, which lists and sums take."
    assert said in open_page(people["manager"], ONE, execution=str(uncounted)).text

    page = open_page(people["manager"], PAGE)
    assert (
        "People stepped into 2 of 3 runs (4 interventions), most often at “approve” of refund (2 times)." in page.text
    )
    assert "check 2 refund 2 escalated 2" in page.text
    assert "The runs store 4 interventions" not in page.text
    listed = open_page(people["manager"], PAGE, step="check")
    assert [str(each)[:8] in listed.text for each in (both, unplaced, uncounted)] == [True, True, False]
    run(owner, YESTERDAY, human_interventions=3)
    said = "The runs store 7 interventions, which the sentence and the lists take; their steps and events tell of 4."
    assert said in open_page(people["manager"], PAGE).text


def test_a_run_that_no_event_tells_of_says_so(owner: Owner, people: People) -> None:
    told, untold = (run(owner, YESTERDAY, user_id=people["member"].user_id) for _ in range(2))
    engine_event(owner, YESTERDAY, "SOP_STARTED", aggregate_type="SopExecution", aggregate_id=str(told))
    engine_event(owner, YESTERDAY, "LEAD_SEEN", aggregate_id=str(untold))
    words = "Not event-sourced: no event tells of this run, so no replay brings it back."
    assert words in open_page(people["manager"], ONE, execution=str(untold)).text
    assert "no event tells" not in open_page(people["manager"], ONE, execution=str(told)).text
    for execution in (told, untold):
        page = open_page(people["member"], ONE, execution=str(execution))
        assert "No event that you may see tells of this run." in page.text
        assert "Not event-sourced" not in page.text, "members see no event of the engine"


def test_next_and_previous_stay_inside_the_filter(owner: Owner, people: People) -> None:
    ids = [run(owner, YESTERDAY - timedelta(hours=number), status="failed") for number in range(3)]
    run(owner, YESTERDAY - timedelta(minutes=5))
    listed = open_page(people["manager"], PAGE, status="failed", period="30d")
    second = f"/sop_execution?period=30d&status=failed&execution={ids[1]}&at=1"
    assert second in listed.links
    page = open_page(people["manager"], ONE, period="30d", status="failed", execution=str(ids[1]), at="1")
    assert f"/sop_execution?period=30d&status=failed&execution={ids[0]}&at=0" in page.links
    assert f"/sop_execution?period=30d&status=failed&execution={ids[2]}&at=2" in page.links
    assert "/sops?period=30d&status=failed" in page.links
    last = open_page(people["manager"], ONE, period="30d", status="failed", execution=str(ids[2]), at="2").text
    assert "run after" not in last


@pytest.mark.parametrize("execution", ["00000000-0000-0000-0000-000000000000", "nonsense", ""])
def test_an_address_without_a_run_is_answered(people: People, execution: str) -> None:
    text = open_page(people["manager"], ONE, execution=execution).text
    assert "There is no such run" in text or "This address names no run" in text


@pytest.mark.parametrize("steps", [["a", 1, None, [2], {"kind": {"x": HOSTILE}, "started_at": 5}], [{"step": HOSTILE}]])
def test_hostile_and_odd_documents_are_shown_as_text(owner: Owner, people: People, steps: list[Any]) -> None:
    execution = run(owner, YESTERDAY, HOSTILE, steps=steps, agent_id=HOSTILE, current_step=HOSTILE, client_id=HOSTILE)
    definition(owner, HOSTILE, title=HOSTILE, steps=steps, description=HOSTILE)
    for path, parameters in ((PAGE, {}), (PAGE, {"sop": HOSTILE}), (ONE, {"execution": str(execution)})):
        page = open_page(people["manager"], path, **parameters)
        assert "<img" not in "".join(page.pieces)
        assert "🚦" in page.text


@pytest.mark.parametrize("role", ["admin", "manager", "member"])
@pytest.mark.parametrize(
    "parameters",
    [{}, {"sop": "refund"}, {"status": "failed"}, {"list": "runs", "agent": "x"}, {"long": "true", "sop": "refund"}],
)
def test_it_needs_few_queries(owner: Owner, people: People, role: str, parameters: dict[str, str]) -> None:
    fill(owner)
    definition(owner, "refund")
    owner.execute("update engine.sop_executions set user_id = %s", (people["member"].user_id,))
    page = open_page(people[role], PAGE, **parameters)
    owner.execute("update engine.sop_executions set estimated_cost = 2")  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
    assert cold["sops.list_procedures"] == 1


def test_one_run_needs_few_queries(owner: Owner, people: People) -> None:
    execution = run(owner, YESTERDAY, correlation_id=uuid4())
    page = open_page(people["admin"], ONE, execution=str(execution), at="0")
    owner.execute("update engine.sop_executions set estimated_cost = 2")
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold
    assert cold["sop_runs.find_execution"] == 1


def test_a_run_that_is_over_and_does_not_say_when_is_not_open(owner: Owner, people: People) -> None:
    run(owner, None, status="completed", started_at=YESTERDAY, client_id="c" * 5000)
    run(owner, None, status="running", started_at=YESTERDAY)
    (runs,) = (piece for piece in open_page(people["manager"], PAGE, list="runs").pieces if 'label="Runs"' in piece)
    rows = {state: row for state in ("completed", "running") for row in runs.split("<tr") if f"{state}</span>" in row}
    assert ">began " in rows["completed"]
    assert ">since " in rows["running"]
    execution = owner.execute("select id from engine.sop_executions where status = 'completed'").fetchone()
    assert "c" * 61 not in open_page(people["manager"], ONE, execution=str((execution or {})["id"])).text


def test_members_see_their_own_runs_alone(owner: Owner, people: People) -> None:
    run(owner, YESTERDAY, "mine", user_id=people["member"].user_id)
    theirs = run(owner, YESTERDAY, "theirs", user_id=people["other"].user_id)
    assert "theirs" in open_page(people["manager"], PAGE).text
    assert "theirs" not in open_page(people["member"], PAGE).text
    assert "There is no such run" in open_page(people["member"], ONE, execution=str(theirs)).text
