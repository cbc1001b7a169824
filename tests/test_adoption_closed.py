"""While a system is read in another schema, our own tables of it, which nobody reads, take no rows from anybody."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, backup, database, embedded, ingest, migration
from data.access import Actor
from data.errors import KeptElsewhere
from data.migration.files import FOLDER
from data.migration.state import inventory
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.backup_runs import counts, restored, source
from tests.test_adoption import add_job, everything, make

Connection = psycopg.Connection[DictRow]

SENTENCE = (
    "agents.jobs is kept as public.jobs, which the console reads: write there, or have it moved here"
    " (python -m data adopt agents --from public --move)"
)
WRITING = {
    "insert": "insert into agents.jobs (agent_identifier) values ('x')",
    "copy": "copy agents.jobs (agent_identifier) from stdin",
    "update": "update agents.jobs set status = 'failed'",
    "delete": "delete from agents.jobs",
}
WRITERS = ("authenticated", "service_role")
TRANSCRIPT = (
    '{"type":"user","uuid":"%s","sessionId":"one","timestamp":"2026-11-20T12:00:00Z","cwd":"/x",'
    '"message":{"role":"user","content":"go"}}\n'
)


def write(owner: Connection, role: str, way: str) -> None:
    with owner.transaction():
        owner.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        if way == "copy":
            with owner.cursor().copy(WRITING[way].encode()) as copy:
                copy.write("x\n")
        else:
            owner.execute(WRITING[way].encode())


def rows_in(owner: Connection, table: str) -> int:
    row = owner.execute(sql.SQL("select count(*) as n from {}").format(sql.Identifier(*table.split(".")))).fetchone()
    assert row is not None
    return int(row["n"])


@pytest.mark.parametrize(
    ("role", "way"), [("service_role", "copy"), *((role, way) for role in WRITERS for way in WRITING if way != "copy")]
)
def test_whoever_writes_our_table_is_told_where_it_is_kept(
    database_url: str, owner: Connection, role: str, way: str
) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as refused:
        write(owner, role, way)
    assert refused.value.diag.message_primary == SENTENCE


def test_the_owner_adds_no_rows_but_migrates_and_deletes_people(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    """A later migration may change all rows of ours, and deleting a person deletes what is hers everywhere."""
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="is kept as"):
        owner.execute(WRITING["insert"].encode())
    owner.execute(WRITING["update"].encode())
    owner.execute("grant select, delete on auth.users to service_role")
    with owner.transaction():
        owner.execute("set local role service_role")
        owner.execute("delete from auth.users where id = %s", (people["member"].user_id,))
    assert rows_in(owner, "public.jobs") == 0
    owner.execute("insert into agents.jobs (agent_identifier) select 'x' where false")  # as loading an empty table


def test_only_tables_that_are_read_elsewhere_are_closed(database_url: str, owner: Connection) -> None:
    make(owner, oddities.ENGINE)
    adoption.adopt(database_url, "engine", "public")
    owner.execute("insert into engine.sop_definitions (sop_id, title, steps) values ('a', 'A', '[]')")
    owner.execute("select engine.append_event('LEAD_SCORED', 'Lead', '1')")
    assert (rows_in(owner, "public.events"), rows_in(owner, "engine.events")) == (1, 0)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=r"kept as public\.human_approvals"):
        owner.execute("insert into engine.human_approvals (approval_type, title) values ('x', 'y')")


@pytest.mark.parametrize("then", ["release", "move"])
def test_a_table_that_is_ours_again_is_written_again(
    database_url: str, owner: Connection, people: dict[str, Actor], then: str
) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    if then == "release":
        adoption.release(database_url, "agents")
    else:
        adoption.adopt(database_url, "agents", "public", move=True)
    add_job(owner, people["member"], table="agents.jobs")
    assert rows_in(owner, "agents.jobs") == 1


def test_one_that_was_adopted_before_this_is_closed_when_migrations_are_applied(
    database_url: str, owner: Connection
) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    for trigger in ("kept_elsewhere", "kept_elsewhere_changes"):
        owner.execute(f"drop trigger {trigger} on agents.jobs".encode())
    assert adoption.has_unread(database_url)
    adoption.point_again(database_url)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        owner.execute(WRITING["insert"].encode())


def test_it_verifies_and_a_trigger_of_that_name_elsewhere_does_not(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    found = migration.verify(database_url, FOLDER)
    assert found.holds
    assert not any("kept_elsewhere" in extra for system in found.systems for extra in system.extra)
    owner.execute(
        "create trigger kept_elsewhere before insert on lift.sessions for each row"
        " execute function signalbox.refuse_kept_elsewhere('public', 'sessions')"
    )
    (extra,) = migration.verify(database_url, FOLDER).comparison.extra
    assert extra.identity == "lift.sessions.kept_elsewhere"


def test_an_import_is_refused_in_a_sentence(database_url: str, owner: Connection, tmp_path: Path) -> None:
    make(owner, documents.CHRONICLE)
    adoption.adopt(database_url, "chronicle", "public")
    (tmp_path / "one.jsonl").write_text(TRANSCRIPT % uuid4(), encoding="utf-8")
    with pytest.raises(KeptElsewhere, match=r"chronicle\.events is kept as public\.events.* Nothing was imported"):
        ingest.ingest([tmp_path], database_url)


def test_an_import_leaves_out_what_another_system_keeps_elsewhere(
    database_url: str, owner: Connection, tmp_path: Path
) -> None:
    make(owner, documents.AGENTS)
    make(owner, oddities.ENGINE, "theirs")
    for missing in ("sop_executions", "agent_metrics"):
        owner.execute(sql.SQL("create table theirs.{} (id uuid primary key)").format(sql.Identifier(missing)))
    adoption.adopt(database_url, "agents", "public")
    adoption.adopt(database_url, "engine", "theirs")
    (tmp_path / "one.jsonl").write_text(TRANSCRIPT % uuid4(), encoding="utf-8")
    report = ingest.ingest([tmp_path], database_url)
    assert report.holds
    assert report.counts["added_user_prompt"] == 1
    assert report.notes == [
        "theirs.human_approvals is read instead of engine.human_approvals, so nothing was derived into that.",
        "theirs.sop_executions is read instead of engine.sop_executions, so nothing was derived into that.",
        "public.jobs is read instead of agents.jobs, so nothing was derived into that.",
        "theirs.agent_metrics is read instead of engine.agent_metrics, so nothing was derived into that.",
    ]


def test_the_console_says_it_in_a_sentence(database_url: str, owner: Connection, people: dict[str, Actor]) -> None:
    make(owner, documents.AGENTS)
    adoption.adopt(database_url, "agents", "public")
    with pytest.raises(KeptElsewhere) as refused, database.operating() as unit:
        unit.connection.execute(WRITING["insert"].encode())
    assert refused.value.sentence == f"{SENTENCE}. Nothing was changed."


def test_a_backup_of_it_is_restored(
    server: embedded.Lease, database_url: str, owner: Connection, people: dict[str, Actor], tmp_path: Path
) -> None:
    make(owner, documents.AGENTS)
    add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public")
    expected = counts(database_url)
    made = backup.begin(people["admin"], source(database_url, tmp_path)).complete()
    assert restored(server, made.path)["public", "jobs"] == expected["public", "jobs"] == 1


def test_releasing_leaves_nothing_behind(database_url: str, owner: Connection) -> None:
    make(owner, documents.AGENTS)
    before: list[inventory.Item] = everything(database_url)
    adoption.adopt(database_url, "agents", "public")
    assert everything(database_url) != before
    adoption.release(database_url, "agents")
    assert everything(database_url) == before
