"""Where the console reads a system's tables in another schema, the kit refuses by name instead of filling our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import adoption
from data.access import Actor
from data.reports import integrity
from signalbox_client import (
    AdoptedElsewhere,
    Database,
    EventStore,
    Jobs,
    NewEvent,
    PostgresSessionStore,
    Procedures,
    Recorder,
    RefusedByDatabase,
)
from signalbox_client.events import WrongSequence
from signalbox_client.projections import replay
from signalbox_client.recorder import NotFlushed
from signalbox_client.sessions import Session
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.page_runs import open_page

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]


def adopt(url: str, owner: Owner, system: str, text: str, schema: str = "public", **how: Any) -> None:
    if schema != "public":
        owner.execute(f"create schema {schema}".encode())
    owner.execute(documents.tables_in(schema, text))
    adoption.adopt(url, system, schema, **how)


def count(owner: Owner, table: str) -> int:
    row = owner.execute(f"select count(*) as n from {table}".encode()).fetchone()  # noqa: S608 - names of tables
    return int(row["n"]) if row else 0


@pytest.mark.parametrize("role", [None, "authenticated", "service_role", "a person"])
def test_a_client_says_where_the_table_is_and_what_to_do_whoever_it_acts_as(
    database_url: str, owner: Owner, people: People, role: str | None
) -> None:
    """None of these roles but the owner sees what the console has noted about adopting without an account."""
    adopt(database_url, owner, "agents", documents.AGENTS)
    settings = {"role": role} if role in ("authenticated", "service_role") else None
    with Database(database_url, settings=settings) as database:
        jobs = Jobs(database, user_id=people["member"].user_id if role == "a person" else None)
        acts: list[Callable[[], object]] = [
            lambda: jobs.create("writer"),
            jobs.take,
            lambda: jobs.get(uuid4()),
            lambda: jobs.cancel(uuid4()),
        ]
        for act in acts:
            with pytest.raises(AdoptedElsewhere) as refused:
                act()
            assert (refused.value.table, refused.value.schema) == ("agents.jobs", "public")
    assert refused.value.sentence == (
        "agents.jobs is empty here: this database keeps it as public.jobs, which the console reads since the system"
        " agents was adopted from there. Nothing was read or written. Go on writing to public.jobs, or let somebody"
        " move it here: python -m data adopt agents --from public --move."
    )
    assert (count(owner, "agents.jobs"), count(owner, "public.jobs")) == (0, 0)


def test_every_client_refuses_and_the_recorder_keeps_what_it_was_given(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt(database_url, owner, "chronicle", documents.CHRONICLE, "recorded")
    adopt(database_url, owner, "lift", oddities.LIFT, "lifted")
    recorder = Recorder(database_url, flush_after_s=3600)
    recorder.start_session("s")
    with pytest.raises(NotFlushed, match=r"recorded\.sessions"):
        recorder.flush()
    assert [record.session_key for record in recorder.abandon()] == ["s"]
    with pytest.raises(AdoptedElsewhere, match=r"lifted\.sessions"):
        PostgresSessionStore(database_url).create_session(Session(people["member"].user_id))
    assert (count(owner, "chronicle.sessions"), count(owner, "lift.sessions")) == (0, 0)


def test_an_adopted_log_is_appended_to_where_it_is_and_not_read_as_empty(database_url: str, owner: Owner) -> None:
    """Appending goes through a function of the database that finds the log, and a cause is found there, too."""
    adopt(database_url, owner, "engine", oddities.ENGINE)
    store = EventStore(database_url)
    first = store.append(NewEvent("LEAD_SCORED", "Lead", "a", emitted_by="test"))
    second = store.append(NewEvent("LEAD_LOST", "Lead", "a", emitted_by="test", causation_id=first.event_id))
    assert (second.sequence_number, second.correlation_id) == (2, first.correlation_id)
    assert (count(owner, "engine.events"), count(owner, "public.events")) == (0, 2)
    for read in (
        lambda: store.sequence("Lead", "a"),
        lambda: list(store.stream("Lead", "a")),
        lambda: store.state("Lead", "a"),
        lambda: store.subscribe("beginning").poll(),
        lambda: replay(database_url).compare("human_approvals"),
    ):
        with pytest.raises(AdoptedElsewhere, match=r"public\.events"):
            read()


def test_the_documents_own_log_takes_what_it_has_columns_for(database_url: str, owner: Owner) -> None:
    """It knows no causes, and keeps confidence in a type of its own."""
    adopt(database_url, owner, "engine", documents.ENGINE)
    store = EventStore(database_url)
    first = store.append(NewEvent("LEAD_SCORED", "Lead", "a", {"n": [None, "1"]}, emitted_by="test", confidence=0.95))
    many = store.append_many([NewEvent("LEAD_LOST", "Lead", key, emitted_by="test") for key in ("a", "b")])
    assert [first.sequence_number, *(event.sequence_number for event in many)] == [1, 2, 1]
    row = owner.execute(
        "select event_id, payload, confidence::text, timestamp = %s as is_then from public.events"
        " where event_type = 'LEAD_SCORED'",
        (first.timestamp,),
    ).fetchone()
    assert row == {"event_id": first.event_id, "payload": {"n": [None, "1"]}, "confidence": "0.95", "is_then": True}
    with pytest.raises(WrongSequence):
        store.append(NewEvent("LEAD_LOST", "Lead", "a", emitted_by="test"), expected_sequence=1)
    caused = NewEvent("LEAD_WON", "Lead", "a", emitted_by="test", causation_id=first.event_id, confidence=0.5)
    with pytest.raises(RefusedByDatabase, match=r"lacks what this writes: causation_id\. Add it there"):
        store.append(caused)
    adoption.release(database_url, "engine")
    owner.execute("alter table public.events drop confidence cascade")
    adoption.adopt(database_url, "engine", "public")
    with pytest.raises(
        RefusedByDatabase, match=r"public\.events, read as engine\.events, lacks .*: causation_id, confidence\."
    ):
        store.append(caused)
    assert count(owner, "public.events") == 3


def test_a_table_that_was_not_there_to_adopt_is_ours_and_written(database_url: str, owner: Owner) -> None:
    """The engine's own document has no procedures: theirs stay here while its log lies elsewhere."""
    adopt(database_url, owner, "engine", oddities.ENGINE)
    owner.execute("insert into engine.sop_definitions (sop_id, title, steps) values ('a', 'A', '[]')")
    with Procedures(database_url, emitted_by="test") as procedures:
        run = procedures.start("a")
    assert run.status == "running"
    assert count(owner, "public.events") == count(owner, "engine.sop_executions") == 1


def test_moved_and_released_tables_are_ours_to_write(database_url: str, owner: Owner) -> None:
    """The first as the refusal advises."""
    adopt(database_url, owner, "agents", documents.AGENTS)
    adoption.adopt(database_url, "agents", "public", move=True)
    Jobs(database_url).create("writer")
    assert count(owner, "agents.jobs") == count(owner, "public.jobs") == 1
    adopt(database_url, owner, "lift", oddities.LIFT, "lifted")
    adoption.release(database_url, "lift")
    assert PostgresSessionStore(database_url).list_sessions(uuid4()) == []


def test_a_client_that_lives_on_hears_of_it(database_url: str, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = Jobs(database_url)
    assert jobs.take() is None
    adopt(database_url, owner, "agents", documents.AGENTS)
    monkeypatch.setattr("signalbox_client.adopted.LOOK_AGAIN_AFTER_S", 0.0)
    with pytest.raises(AdoptedElsewhere):
        jobs.take()


@pytest.mark.parametrize("move", [False, True], ids=["pointed", "moved"])
def test_the_console_compares_adopted_tables_with_a_replay_where_they_are(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    """Rows as their own engine writes them, whose table lacks a risk: what it lacks is named, not called wrong."""
    owner.execute("create schema theirs")
    owner.execute(documents.tables_in("theirs", documents.ENGINE))
    for number, status in enumerate(("pending", "approved"), 1):
        owner.execute(
            "insert into theirs.human_approvals (id, agent_id, approval_type, title, status)"
            " values (%s, 'a', 'refund', 'Refund it?', %s)",
            (UUID(int=number), status),
        )
        owner.execute(
            "insert into theirs.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number,"
            " payload, emitted_by) values ('HUMAN_APPROVAL_REQUESTED', gen_random_uuid(), 'HumanApproval', %s, 1, %s,"
            " 'a')",
            (str(UUID(int=number)), Jsonb({"approval_type": "refund", "title": "Refund it?", "risk_level": "high"})),
        )
    adoption.adopt(database_url, "engine", "theirs", move=move, managers_read=True)
    found = integrity.compare_projection(people["manager"], "human_approvals")
    assert (found.rows, found.missing, found.not_event_sourced) == (2, 0, 0)
    differing = {(one.key[-1], one.column) for one in found.differences}
    assert ("2", "status") in differing
    assert ("1", "status") not in differing
    assert "risk_level" in found.not_compared
    assert ("1", "risk_level") not in differing
    if move:  # rows that say it are compared
        owner.execute("update engine.human_approvals set risk_level = 'low' where id = %s", (UUID(int=1),))
        found = integrity.compare_projection(people["manager"], "human_approvals")
        assert ("1", "risk_level") in {(one.key[-1], one.column) for one in found.differences}
    health = integrity.compare_projection(people["manager"], "client_health")
    assert health.not_compared == (() if move else ("event_id",))


def test_a_comparison_says_which_columns_an_adopted_table_lacks(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt(database_url, owner, "engine", documents.ENGINE, "theirs", managers_read=True)
    owner.execute(documents.rows_in("theirs", "engine", people["member"].user_id))
    page = open_page(people["manager"], "reports/events.py", view="integrity")
    page.app.button(key="compare_projections").click()
    text = page.run().text
    assert "client_health: the adopted table is read without the column event_id, by which its rows are found." in text
    assert (
        "human_approvals: no event tells of a row, so there is nothing to compare. 2 rows are not event-sourced" in text
    )
    assert "is empty here" not in text
