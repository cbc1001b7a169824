"""Pages on adopted tables that lack columns which reports can do without: what those would tell is unknown, and never
none, nothing or well."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, rollups
from data.access import Actor
from data.migration.files import FOLDER as MIGRATIONS
from data.reports import events
from tests.page_runs import PageRun, open_page
from tests.test_adopted_documents import SCHEMAS, WAYS, build
from tests.test_adopted_sight import file_of, verdicts
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def adopt_without(url: str, owner: Owner, people: People, system: str, columns: str, *, move: bool = False) -> None:
    """Adopt a document's tables with its rows, but for these columns, written as table.column one after the other."""
    build(owner, people, [system])
    for name in columns.split():
        table, _, column = name.partition(".")
        owner.execute(
            sql.SQL("alter table {} drop column {} cascade").format(
                sql.Identifier(SCHEMAS[system], table), sql.Identifier(column)
            )
        )
    adoption.adopt(url, system, SCHEMAS[system], managers_read=True, move=move)


def look(people: People, page: str, **parameters: str) -> PageRun:
    return open_page(people["manager"], file_of(page), **parameters)


def said(page: PageRun) -> str:
    return " ".join(page.text.split())


def test_runs_without_a_count_of_interventions_are_not_said_to_have_had_none(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt_without(database_url, owner, people, "engine", "")
    unknown = "Whether a person stepped in is unknown: the adopted table is read without a column human_interventions."
    for parameters in ({}, {"sop": "light-the-lamp"}):
        page = look(people, "sops", **parameters)
        assert unknown in page.text
        assert "No person stepped in" not in page.text
        assert "At which is unknown: the adopted table is read without a column steps." in page.text
        assert "No run of this period records a step" not in page.text
    assert "no counts none recorded ≈ $12.50" in said(look(people, "sops")), "the column People stepped in"


def test_of_moved_runs_those_that_say_it_are_told_apart(database_url: str, owner: Owner, people: People) -> None:
    adopt_without(database_url, owner, people, "engine", "", move=True)
    moved = look(people, "sops").text
    for what, column in (("Whether a person stepped in", "human_interventions"), ("At which", "steps")):
        untold = f"{what} is not recorded of rows from before .* UTC: the adopted table had no column {column}."
        assert re.search(untold, moved)
    for migrated in (False, True):
        if migrated:  # as a table that was moved before
            owner.execute("delete from engine.sop_executions where sop_id = 'written-by-an-old-program'")
            owner.execute("alter table engine.sop_executions alter human_interventions set default 0")
            text = MIGRATIONS.joinpath("20261122040000_counts_that_nobody_keeps.sql").read_text(encoding="utf-8")
            owner.execute(text.encode())
        row = owner.execute(
            "insert into workshop.sop_executions (sop_id, correlation_id, status, completed_at)"
            " values ('written-by-an-old-program', gen_random_uuid(), 'completed', now()) returning id"
        ).fetchone()
        kept = owner.execute("select human_interventions from engine.sop_executions where id = %(id)s", row).fetchone()
        assert kept == {"human_interventions": None}
    assert "No person stepped in" not in look(people, "sops").text
    owner.execute("delete from engine.sop_executions where sop_id = 'written-by-an-old-program'")
    owner.execute(
        "insert into engine.sop_executions (sop_id, correlation_id, status, completed_at, human_interventions)"
        " values ('light-the-lamp', gen_random_uuid(), 'completed', now(), 0)"
    )
    page = look(people, "sops")
    assert "No person stepped into 1 run; 2 runs do not say whether a person stepped in." in page.text
    owner.execute("update engine.sop_executions set human_interventions = 2 where human_interventions = 0")
    assert "People stepped into 1 of 3 runs (2 interventions); at which step is not recorded. 2 runs do not say" in (
        look(people, "sops").text
    )


@WAYS
def test_jobs_and_runs_without_a_state_are_unknown_on_overview(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    adopt_without(database_url, owner, people, "agents", "jobs.status", move=move)
    adopt_without(database_url, owner, people, "engine", "sop_executions.status", move=move)
    questions = sql.Identifier("engine" if move else SCHEMAS["engine"], "human_approvals")
    owner.execute(sql.SQL("delete from {}").format(questions))
    rollups.finish("real")
    assert rollups.list_failures("real") == {}
    page = look(people, "overview")
    assert "Nothing that could be checked needs you" in page.text
    assert "What became of 4 jobs and 2 runs of procedures is not known." in page.text
    assert "Jobs finished unknown" in said(page)
    assert "0 failed; of 4 it is not known" in said(page)
    assert "sb-well" not in verdicts(page)


def test_jobs_without_a_state_are_not_said_to_stand_still(database_url: str, owner: Owner, people: People) -> None:
    adopt_without(database_url, owner, people, "agents", "jobs.status jobs.created_at")
    page = look(people, "jobs", period="all")
    assert "What became of 4 jobs" in page.text
    assert "Whether any runs or waits now is not known." in page.text
    assert "Which jobs failed is unknown: the adopted table is read without a column status." in page.text
    assert "Running now unknown" in said(page)
    for claim in ("Nothing runs or waits", "No job ran to an end", "No job failed", "0 waiting"):
        assert claim not in page.text
    overview = look(people, "overview", period="all")
    for shown in (page, overview):
        assert "sb-well" not in verdicts(shown)
    assert "Nothing that could be checked needs you" in overview.text


def test_runs_without_a_state_are_not_said_to_be_open(database_url: str, owner: Owner, people: People) -> None:
    adopt_without(database_url, owner, people, "engine", "sop_executions.status")
    page = look(people, "sops")
    assert "What became of 2 runs in the last 30 days is not known." in page.text
    assert "No run came to an end" not in page.text
    assert "version not recorded none recorded 2" in said(page), "the column Failed"
    assert "sb-well" not in verdicts(page)


@WAYS
def test_windows_without_escalations_are_not_said_to_have_had_none(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    adopt_without(database_url, owner, people, "engine", "agent_metrics.human_escalations", move=move)
    page = look(people, "agents")
    assert "Escalations unknown" in said(page)
    assert "IntakeAgent none recorded" in said(page)
    assert "sb-well" not in verdicts(page)


def test_clients_whose_assessments_give_no_status_are_counted_as_unknown(
    database_url: str, owner: Owner, people: People
) -> None:
    build(owner, people, ["engine"])
    owner.execute(
        "alter table workshop.client_health add computed_at timestamptz default now() - interval '1 hour';"
        "insert into workshop.client_health (client_id, health_score) values ('quay-co', 90)"
    )
    adoption.adopt(database_url, "engine", "workshop")
    page = look(people, "clients")
    assert "Nothing is known of 2 clients." in page.text
    assert "Unknown 2 of 2 clients" in said(page)


def test_events_without_an_emitter_are_not_counted_as_of_one(database_url: str, owner: Owner, people: People) -> None:
    adopt_without(database_url, owner, people, "engine", "events.emitted_by")
    for parameters in ({}, {"correlation": "33333333-3333-4333-8333-333333333333"}):
        page = look(people, "events", **parameters)
        assert "3 events" in page.text
        assert "emitter," not in page.text
        assert "1 emitter" not in page.text
    assert "Who emitted it is not recorded" in look(people, "event_stream", type="Lead", id="lead-001").text


def test_sessions_without_a_status_are_not_said_to_have_ended_well(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt_without(database_url, owner, people, "chronicle", "sessions.status")
    page = look(people, "sessions")
    assert "How 2 of them ended is not known." in page.text
    assert "None ended in an error" not in page.text
    assert "sb-well" not in verdicts(page)
    assert {bar["series"] for bar in page.charts[0]} == {"not known"}


LIFT = (
    "sessions.status sessions.current_ir sessions.revision_count sessions.draft_count sessions.hole_count"
    " session_revisions.revision_number session_revisions.ir_content session_drafts.draft_number"
    " hole_resolutions.hole_id hole_resolutions.resolution"
)


@WAYS
def test_sessions_of_lift_sys_do_not_make_up_what_their_tables_never_had(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    adopt_without(database_url, owner, people, "lift", LIFT, move=move)
    page = look(people, "lift_sessions")
    assert "How 2 of them ended is not known." in page.text
    assert "sb-well" not in verdicts(page)
    person = said(look(people, "people"))
    assert "lift-sys finalized unknown" in person
    assert "member@example.com 0 2 unknown 0 none ended" in person
    page = look(people, "lift_session", session="44444444-4444-4444-8444-444444444444")
    text = said(page)
    why = (
        "not recorded of rows from before .{1,14} UTC: the adopted table had no"
        if move
        else "unknown: the adopted table is read without a"
    )
    assert "2 revisions, 1 draft and 1 resolution of unnamed holes" in text
    assert re.search(f"Its present IR is {why} column current_ir.", text)
    assert re.search(f"Which revision is the newest is {why} column revision_number.", text)
    assert text.count("number not recorded") == 2
    assert page.app.expander[-1].label == "Code of a draft without a number"
    for claim in ("no IR yet", "Revision None", "recorded revision", "1 hole filled", "(replaced)", "null"):
        assert claim not in text
    assert "sb-well" not in verdicts(page)


@WAYS
def test_what_a_revision_changed_is_not_nothing_where_it_holds_no_ir(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    adopt_without(database_url, owner, people, "lift", "session_revisions.ir_content", move=move)
    text = look(people, "lift_session", session="44444444-4444-4444-8444-444444444444").text
    assert "Nothing changed in the IR" not in text
    assert "What it changed is " in text


@WAYS
def test_a_run_an_experiment_and_a_definition_do_not_say_none_of_what_their_tables_never_had(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    adopt_without(database_url, owner, people, "engine", "chaos_experiments.created_at", move=move)
    run = said(look(people, "sop_execution", execution="33333333-3333-4333-8333-444444444444"))
    assert "session not recorded" in run
    definition = look(people, "sops", sop="light-the-lamp")
    assert "lists no steps" not in definition.text
    assert "Its steps are " in definition.text
    experiments = said(look(people, "clients", view="experiments", period="all"))
    assert "none yet" not in experiments
    assert "none named" not in experiments
    assert "not begun" not in experiments
    assert "not recorded radius not recorded" in experiments
    assert "3 events, 1 question with its correlation" in run, "as the event has it that the question came of"
    questions = sql.Identifier("engine" if move else SCHEMAS["engine"], "human_approvals")
    for row in owner.execute(sql.SQL("select id, event_id from {}").format(questions)).fetchall():
        asked = said(open_page(people["admin"], file_of("approvals"), approval=str(row["id"])))
        assert "Nothing else is recorded in its session or its stream." not in asked
        if row["event_id"]:
            assert "event lead scored" in asked
        else:
            assert "It names neither a session nor an event of the engine" in asked
    owner.execute(sql.SQL("update {} set event_id = null").format(questions))
    run = said(look(people, "sop_execution", execution="33333333-3333-4333-8333-444444444444"))
    assert "3 events, an unknown number of questions with its correlation" in run


@WAYS
def test_events_of_one_time_stand_in_their_order_in_lists_and_in_runs(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    """An adopted log that keeps no order of all its events has the numbers of each stream."""
    adopt_without(database_url, owner, people, "engine", "", move=move)
    owner.execute(
        sql.SQL(
            "insert into {log} (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number, payload,"
            " emitted_by, timestamp) select 'STEP_' || n, correlation_id, aggregate_type, aggregate_id, n, '{{}}', 'x',"
            " timestamp from {log}, generate_series(4, 9) as n where sequence_number = 1"
        ).format(log=sql.Identifier("engine" if move else SCHEMAS["engine"], "events"))
    )
    names = ["LEAD_INQUIRY_RECEIVED", "LEAD_SCORED", "LEAD_WON", *(f"STEP_{number}" for number in range(4, 10))]
    run = look(people, "sop_execution", execution="33333333-3333-4333-8333-444444444444").text
    assert re.findall("LEAD_[A-Z_]+|STEP_[0-9]", run) == names
    newest = [row["event_type"] for row in events.list_events(people["manager"]).rows]
    assert newest == names[::-1]
