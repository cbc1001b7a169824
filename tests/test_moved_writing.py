"""Tables that were moved here from databases as the documents build them take what the kit and imports write.

Where one cannot, as a column of its own has to be filled or a key of its own is narrower, everybody says so in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from data import adoption, database, embedded, ingest, migration
from data.adoption import moving
from data.adoption.moving import fitting
from data.command import main
from data.migration.connection import connected
from data.migration.files import FOLDER
from signalbox_client import (
    EventStore,
    Jobs,
    NewEvent,
    PostgresSessionStore,
    Procedures,
    Recorder,
    RefusedByDatabase,
    UnfitTable,
)
from signalbox_client.procedures import ProcedureNotFound, read_definition
from signalbox_client.projections import replay
from signalbox_client.sessions import Draft, Resolution, Revision, Session
from tests import adoption_documents as documents
from tests import ingest_fixtures as logs
from tests.conftest import fresh_database, make_person
from tests.page_runs import open_page
from tests.test_adopted_documents import SCHEMAS
from ui import cached

PROCEDURE = read_definition('{"sop_id": "a", "title": "A", "steps": [{"step": "one", "kind": "human"}]}', "json")
NO_NAME = (
    "engine.sop_definitions asks every row for its name, which nothing here writes, so it takes no row until that may"
    " be null (alter table engine.sop_definitions alter column name drop not null)"
)
ONE_PER_CLIENT = (
    "engine.client_health takes one row for each client_id, ours any number: a second one is refused until that key is"
    " dropped (alter table engine.client_health drop constraint client_health_client_id_key)"
)
HOLE_TYPE = (
    "lift.hole_resolutions has rules of its own, and takes no row that one of them does not hold for: hole_type takes"
    " at most 50 characters"
)
OTHER_VERSIONS = "engine.sop_definitions cannot be used by procedures (operator does not exist: text + integer"


@dataclass(frozen=True)
class Moved:
    """A database into which all five systems were moved; `person` has an account, `said` is what moving remarked."""

    url: str
    owner: psycopg.Connection[DictRow]
    person: UUID
    rehearsed: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def moved(server: embedded.Lease) -> Iterator[Moved]:
    with (
        fresh_database(server) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner,
    ):
        person = make_person(owner, "ada", "member").user_id
        owner.execute("create schema workshop")
        for system, schema in SCHEMAS.items():
            owner.execute(documents.tables_in(schema, documents.BY_SYSTEM[system]))
            owner.execute(documents.rows_in(schema, system, person))
        rehearsed = adoption.adopt(url, "engine", SCHEMAS["engine"], move=True, dry_run=True).remarks
        said: list[str] = []
        for system, schema in SCHEMAS.items():
            said += adoption.adopt(url, system, schema, move=True).remarks
        yield Moved(url, owner, person, list(rehearsed), said)


def wrong(moved: Moved, system: str) -> tuple[str, ...]:
    (found,) = adoption.examine(moved.url, system)
    return found.wrong


def count(moved: Moved, table: str) -> int:
    row = moved.owner.execute(
        sql.SQL("select count(*) as n from {}").format(sql.Identifier(*table.split(".")))
    ).fetchone()
    return row["n"] if row else 0


def compared_on_the_page(moved: Moved) -> str:
    """What the Integrity view says once somebody asked it to compare."""
    database.open_database("real", moved.url)
    cached.forget()
    page = open_page(make_person(moved.owner, "maud", "manager"), "reports/events.py", view="integrity")
    page.app.button(key="compare_projections").click()
    return page.run().text


def test_every_operation_on_jobs(moved: Moved) -> None:
    """Their status is of the type that the document makes beside the table, which is not ours."""
    jobs = Jobs(moved.url)
    jobs.create("w")
    job = jobs.take("w")
    assert job is not None
    job = jobs.progress(job, {"done": 1})
    assert jobs.complete(job, {"n": 1}).status == "completed"
    assert jobs.complete(job, {"n": 1}).result == {"n": 1}, "asked again"
    jobs.create("w")
    failing = jobs.take("w")
    assert failing is not None
    failed = jobs.fail(failing, "the lamp broke")
    assert (failed.status, failed.error_message, failed.completed_at is not None) == ("failed", "the lamp broke", True)
    assert jobs.retry(failed.job_id).status == "pending"
    assert jobs.cancel(failed.job_id).status == "cancelled"
    assert jobs.take("w", lost_after=timedelta(days=1)) is None
    assert jobs.get(failed.job_id).status == "cancelled"


def test_an_import_fills_all_that_it_fills_in_ours(moved: Moved) -> None:
    before = {name: count(moved, name) for name in ("agents.jobs", "engine.agent_metrics", "chronicle.events")}
    report = ingest.ingest([logs.FOLDER], moved.url)
    assert [file.outcome for file in report.files if file.outcome == "failed"] == []
    assert report.notes == []
    assert all(count(moved, name) > number for name, number in before.items())
    after = {name: count(moved, name) for name in before}
    ingest.ingest([logs.FOLDER], moved.url)
    assert {name: count(moved, name) for name in before} == after, "again adds nothing"


def test_importing_nothing_ends_in_words(
    moved: Moved, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", moved.url)
    assert main(["ingest", "/nope", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["holds"] is False


def test_what_a_moved_table_cannot_take_is_left_out_of_an_import_by_name(moved: Moved) -> None:
    moved.owner.execute("alter table agents.jobs add tenant text not null default 'x'")
    moved.owner.execute("alter table agents.jobs alter tenant drop default")
    moved.owner.execute("alter table chronicle.project_context add tenant text not null default 'x'")
    try:
        before = count(moved, "agents.jobs")
        report = ingest.ingest([logs.ITEMS], moved.url)
        assert [note.partition(", which")[0] for note in report.notes] == ["agents.jobs asks every row for its tenant"]
        assert count(moved, "agents.jobs") == before
        with pytest.raises(UnfitTable, match=r"agents\.jobs asks every row for its tenant, and this writes none"):
            Jobs(moved.url).create("w")
        moved.owner.execute("alter table chronicle.project_context alter tenant drop default")
        with pytest.raises(UnfitTable, match=r"project_context asks every row for its tenant.* Nothing was imported\."):
            ingest.ingest([logs.ITEMS], moved.url)
    finally:
        moved.owner.execute("alter table agents.jobs drop tenant")
        moved.owner.execute("alter table chronicle.project_context drop tenant")


def test_recording_and_appending(moved: Moved) -> None:
    with Recorder(moved.url) as recorder:
        session = recorder.start_session("watch")
        session.prompt("light it")
        with session.tool("Bash", {"command": "light"}):
            pass
        session.end()
    row = moved.owner.execute("select status from chronicle.sessions where session_id = 'watch'").fetchone()
    assert row == {"status": "completed"}
    store = EventStore(moved.url)
    first = store.append(NewEvent("LEAD_SCORED", "Lead", "moved", emitted_by="test", confidence=0.5))
    store.append(NewEvent("LEAD_LOST", "Lead", "moved", emitted_by="test", causation_id=first.event_id))
    assert [event.sequence_number for event in store.stream("Lead", "moved")] == [1, 2]


def test_projections_are_rebuilt_as_far_as_the_table_holds_them(moved: Moved) -> None:
    """The key by which writers know an assessment again was added; the document's own, one row a client, stays."""
    store = EventStore(moved.url)
    assessed = {"client_id": "tide-co", "health_score": 50.0, "status": "at_risk"}
    store.append(NewEvent("CLIENT_HEALTH_ASSESSED", "Client", "tide-co", assessed, emitted_by="test"))
    asked = {"approval_type": "refund", "title": "Refund it?"}
    store.append(NewEvent("HUMAN_APPROVAL_REQUESTED", "HumanApproval", str(uuid4()), asked, emitted_by="test"))
    for name in ("human_approvals", "sop_executions", "client_health"):
        for _ in range(2):
            replay(moved.url).rebuild(name)
        assert replay(moved.url).compare(name).is_same
    store.append(NewEvent("CLIENT_HEALTH_ASSESSED", "Client", "tide-co", assessed, emitted_by="test"))
    with pytest.raises(RefusedByDatabase, match=r"engine\.client_health has a row like this already.*_client_id_key"):
        replay(moved.url).rebuild("client_health")
    text = compared_on_the_page(moved)
    assert "client_health: 1 row that events tell of is not there, of 2 rows from events. 1 row is not" in text
    assert f"{ONE_PER_CLIENT}." in text
    moved.owner.execute("alter table engine.client_health drop constraint client_health_client_id_key")
    try:
        assert ONE_PER_CLIENT not in wrong(moved, "engine")
        replay(moved.url).rebuild("client_health")
        assert replay(moved.url).compare("client_health").is_same
    finally:
        moved.owner.execute("delete from engine.client_health where client_id = 'tide-co'")
        moved.owner.execute(
            "alter table engine.client_health add constraint client_health_client_id_key unique (client_id)"
        )


def test_a_column_that_only_the_other_system_has_keeps_its_default(moved: Moved) -> None:
    store, row = EventStore(moved.url), uuid4()
    for name, what, of, told in (
        (
            "human_approvals",
            "HUMAN_APPROVAL_REQUESTED",
            "HumanApproval",
            {"approval_type": "refund", "title": "Refund?"},
        ),
        ("sop_executions", "SOP_EXECUTION_STARTED", "SopExecution", {"sop_id": "light-the-lamp"}),
    ):
        table = sql.Identifier("engine", name)
        find = sql.SQL("select tenant from {} where id = %s").format(table)
        moved.owner.execute(sql.SQL("alter table {} add tenant text not null default 'home'").format(table))
        store.append(NewEvent(what, of, row, told, emitted_by="test"))
        try:
            for tenant in ("home", "away"):  # a row that is new, and one that is there
                replay(moved.url).rebuild(name)
                assert replay(moved.url).compare(name).is_same
                assert moved.owner.execute(find, (row,)).fetchone() == {"tenant": tenant}
                moved.owner.execute(sql.SQL("update {} set tenant = 'away'").format(table))
        finally:
            moved.owner.execute(sql.SQL("alter table {} drop tenant").format(table))


def test_procedures_say_that_their_table_is_another(moved: Moved) -> None:
    with Procedures(moved.url, emitted_by="test") as procedures:
        for sop_id in ("nobody-knows-it", "light-the-lamp"):
            with pytest.raises(ProcedureNotFound):
                procedures.start(sop_id)
        with pytest.raises(UnfitTable, match=r"^A table is not as ours is .*`python -m data adopt SYSTEM --status`"):
            procedures.store(PROCEDURE)


def test_sessions_of_lift_are_written_as_far_as_the_tables_take_them(moved: Moved) -> None:
    store = PostgresSessionStore(moved.url)
    session = store.create_session(Session(moved.person, prompt="x"))
    store.update_session(session, {"prompt": "y"})
    assert store.save_revision(Revision(session, {"a": 1})) == 1
    store.save_resolution(Resolution(session, "hole", {"a": 1}))
    with pytest.raises(
        RefusedByDatabase, match=r"lift\.hole_resolutions has a row like this already, and its unique key"
    ):
        store.save_resolution(Resolution(session, "hole", {"a": 2}))
    with pytest.raises(UnfitTable, match=r"lift\.session_drafts asks every row for its content.*adopt lift --status"):
        store.save_draft(Draft(session, "code"))
    (sentence,) = [each for each in wrong(moved, "lift") if "content" in each]
    moved.owner.execute(sentence[sentence.index("(") + 1 : -1].encode())
    assert store.save_draft(Draft(session, "code")) == 1
    assert not any("content" in each for each in wrong(moved, "lift"))
    assert store.get_session(session).prompt == "y"
    store.delete_session(session)


def test_the_report_the_rehearsal_and_the_status_say_what_cannot_be_written(
    moved: Moved, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for said in (moved.rehearsed, moved.said, wrong(moved, "engine")):
        assert NO_NAME in said
        assert ONE_PER_CLIENT in said
        assert any(sentence.startswith(OTHER_VERSIONS) for sentence in said)
    for said in (moved.rehearsed, moved.said):
        assert "engine.sop_executions: correlation_id, started_at may be null from now on, as in ours" in said
    assert not any("unique key tells" in each or "events" in each for each in wrong(moved, "engine"))
    assert wrong(moved, "agents") == wrong(moved, "chronicle") == ()
    remarks = [
        remark for each in adoption.examine(moved.url) for remark in each.remarks if "rules of its own" in remark
    ]
    assert remarks == [HOLE_TYPE], "the checks of the documents are those of ours, written for other types"
    monkeypatch.setenv("DATABASE_URL", moved.url)
    assert main(["adopt", "engine", "--status"]) == 1
    assert f"  wrong: {NO_NAME}" in capsys.readouterr().out


def test_our_own_tables_take_everything_and_no_statement_goes_unseen(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(database_url) as connection:
        for system in adoption.SYSTEMS:
            assert moving.unfit(connection, system) == []
            assert moving.doubted(connection, system) == []
        # Whatever keeps a statement from being planned would be told here.
        monkeypatch.setattr(fitting, "OF_OTHER_TABLES", (psycopg.Error,))
        assert [said for system in adoption.SYSTEMS for said in moving.unfit(connection, system)] == []


def test_a_table_that_was_moved_earlier_gets_what_writers_need(moved: Moved) -> None:
    assessed = {"client_id": "gull-co", "health_score": 50.0, "status": "at_risk"}
    EventStore(moved.url).append(NewEvent("CLIENT_HEALTH_ASSESSED", "Client", "gull-co", assessed, emitted_by="test"))
    moved.owner.execute("alter table engine.client_health alter health_score set not null")
    assert any("asks every row for its health_score" in each for each in wrong(moved, "engine"))
    key = "engine.client_health.client_health_event_id_key"
    moved.owner.execute("drop index engine.client_health_event_id_key")
    assert key in migration.verify(moved.url, FOLDER).unkeyed
    (sentence,) = [each for each in wrong(moved, "engine") if "unique key tells" in each]
    assert (
        "engine.client_health cannot be used by rebuilding projections (no unique key tells its rows apart" in sentence
    )
    assert "create unique index on engine.client_health (event_id)" in sentence
    with pytest.raises(UnfitTable, match="no unique or exclusion constraint"):
        replay(moved.url).rebuild("client_health")
    numbered = "lift.session_drafts.session_drafts_number"
    moved.owner.execute("alter table lift.session_drafts drop constraint session_drafts_session_id_draft_number_key")
    assert numbered in migration.verify(moved.url, FOLDER).unkeyed
    adoption.point_again(moved.url)
    assert not {key, numbered} & set(migration.verify(moved.url, FOLDER).unkeyed)
    assert not any("unique key tells" in each or "health_score" in each for each in wrong(moved, "engine"))
