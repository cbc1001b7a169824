"""The session store and the jobs client over HTTP: supabase-py against a server that speaks as a project does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import embedded
from signalbox_client import BadArgument, DatabaseUnavailable, NotAllowed, UnfitTable, UnreadableValue
from signalbox_client.jobs import AttemptLost, JobNotFound, Jobs, WrongTransition
from signalbox_client.jobs.over_http import SupabaseJobs
from signalbox_client.over_http import SchemaNotExposed
from signalbox_client.sessions import (
    AlreadyThere,
    Draft,
    PostgresSessionStore,
    Resolution,
    Revision,
    Session,
    SessionMoved,
    SessionNotFound,
    SessionStore,
)
from signalbox_client.sessions.over_http import SupabaseSessionStore
from tests.conftest import make_person
from tests.supabase_lite import Project, running
from tests.test_client_json import TOO_MUCH, add_job
from tests.test_client_sessions import IR, rows
from tests.ways import together

Owner = psycopg.Connection[DictRow]


@pytest.fixture(scope="module")
def database(server: embedded.Lease) -> Iterator[str]:
    """One migrated database for this module, as starting a server for each test would take long."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("create database over_http template signalbox_template strategy file_copy")
    yield server.url("over_http")
    server.drop_database("over_http")


@pytest.fixture(scope="module")
def project(database: str) -> Iterator[Project]:
    with running(database, ("lift", "agents")) as answering:
        yield answering


@pytest.fixture
def owner(database: str) -> Iterator[Owner]:
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection
        connection.execute("truncate agents.jobs")


@pytest.fixture
def me(owner: Owner) -> UUID:
    return person(owner)


def person(owner: Owner) -> UUID:
    return make_person(owner, uuid4().hex, "member").user_id


@pytest.mark.parametrize("acting", ["service", "person"])
def test_a_session_lives_through_all_eight_operations(project: Project, owner: Owner, me: UUID, acting: str) -> None:
    store: SessionStore = SupabaseSessionStore(project.service() if acting == "service" else project.person(me))
    session_id = store.create_session(Session(me, 'add "two", (numbers) é 🙂', current_ir=IR, metadata={"a": None}))
    session = store.get_session(session_id)
    assert (session.prompt, session.current_ir, session.metadata) == ('add "two", (numbers) é 🙂', IR, {"a": None})
    assert isinstance(session.created_at, datetime)
    assert session.created_at.utcoffset() is not None

    assert store.save_revision(Revision(session_id, IR, "first", "the model", [{"op": "add"}])) == 1
    assert store.save_revision(Revision(session_id, {"intent": "sub"})) == 2
    assert store.save_draft(Draft(session_id, "pass", True, None, {"model": "m", "cost_usd": 0.25})) == 1
    resolution = Resolution(session_id, "h1", {"as": "int64"}, "int", "human", 0.75)
    assert store.save_resolution(resolution) == resolution.resolution_id
    changed = store.update_session(session_id, {"status": "finalized", "prompt": None})
    assert (changed.status, changed.prompt) == ("finalized", None)
    assert (changed.revision_count, changed.draft_count, changed.hole_count) == (2, 1, 1)
    first, second = rows(owner, "session_revisions", session_id)
    assert (first["ir_content"], first["changes"], second["changes"]) == (IR, [{"op": "add"}], None)
    [draft] = rows(owner, "session_drafts", session_id)
    assert (draft["syntax_valid"], draft["ast_valid"], draft["llm_metrics"]["cost_usd"]) == (True, None, 0.25)
    [resolved] = rows(owner, "hole_resolutions", session_id)
    assert (resolved["resolution"], resolved["confidence"]) == ({"as": "int64"}, 0.75)
    assert {first["user_id"], draft["user_id"], resolved["user_id"]} == {me}
    # Both ways see the same.
    assert store.list_sessions(me) == PostgresSessionStore(owner).list_sessions(me)
    store.delete_session(session_id)
    for act in (store.get_session, store.delete_session):
        with pytest.raises(SessionNotFound):
            act(session_id)


def test_a_list_is_read_page_by_page(project: Project, owner: Owner, me: UUID) -> None:
    store = SupabaseSessionStore(project.service())
    ids = [store.create_session(Session(me, str(number))) for number in range(5)]
    owner.execute("update lift.sessions set created_at = now() where id = any(%s)", (ids[1:4],))
    seen: list[UUID] = []
    last: Session | None = None
    while page := store.list_sessions(me, 2, before=last):
        seen += [session.session_id for session in page]
        last = page[-1]
    assert sorted(seen) == sorted(ids)
    assert seen == [session.session_id for session in PostgresSessionStore(owner).list_sessions(me)]


def test_a_person_reaches_the_own_sessions_alone(project: Project, owner: Owner, me: UUID) -> None:
    mine = SupabaseSessionStore(project.person(me))
    session_id = mine.create_session(Session(me, "mine"))
    theirs = SupabaseSessionStore(project.person(person(owner)))
    acts: list[Any] = [
        lambda: theirs.get_session(session_id),
        lambda: theirs.update_session(session_id, {"prompt": "x"}),
        lambda: theirs.delete_session(session_id),
        lambda: theirs.save_revision(Revision(session_id, {})),
        lambda: theirs.save_resolution(Resolution(session_id, "h", 1)),
    ]
    for act in acts:
        with pytest.raises(SessionNotFound):
            act()
    with pytest.raises(NotAllowed):
        theirs.create_session(Session(me, "in somebody's name"))
    assert theirs.list_sessions(me) == []
    manager = make_person(owner, uuid4().hex, "manager").user_id
    watching = SupabaseSessionStore(project.person(manager))
    assert watching.get_session(session_id).prompt == "mine"
    for refused in (
        lambda: watching.update_session(session_id, {"prompt": "x"}),
        lambda: watching.delete_session(session_id),
    ):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(NotAllowed):
        watching.save_draft(Draft(session_id, "pass"))
    assert mine.get_session(session_id).draft_count == 0


def test_concurrent_revisions_get_each_number_once(project: Project, me: UUID) -> None:
    session_id = SupabaseSessionStore(project.service()).create_session(Session(me))

    def write(turn: int) -> list[int]:
        store = SupabaseSessionStore(project.person(me))
        return [store.save_revision(Revision(session_id, {"by": turn})) for _ in range(6)]

    numbers = sorted(number for mine in together(4, write) for number in mine)
    assert numbers == list(range(1, 25))
    assert SupabaseSessionStore(project.service()).get_session(session_id).revision_count == 24


def test_saving_twice_saves_once_and_taken_ids_are_refused(project: Project, me: UUID) -> None:
    store = SupabaseSessionStore(project.service())
    session = Session(me, "once")
    revision, draft = Revision(session.session_id, {}), Draft(session.session_id, "pass", number=3)
    resolution = Resolution(session.session_id, "h", [1])
    for _ in range(2):
        store.create_session(session)
        assert (store.save_revision(revision), store.save_draft(draft)) == (1, 3)
        store.save_resolution(resolution)
    counted = store.get_session(session.session_id)
    assert (counted.revision_count, counted.draft_count, counted.hole_count) == (1, 1, 1)
    second = store.create_session(Session(me, "second"))
    wrong: list[Any] = [
        lambda: store.create_session(replace(session, prompt="another")),
        lambda: store.save_draft(Draft(session.session_id, "pass", number=3)),
        lambda: store.save_revision(replace(revision, session_id=second, number=1)),
        lambda: store.save_revision(replace(revision, ir_content={"n": 2})),
        lambda: store.save_draft(replace(draft, code="return")),
        lambda: store.save_resolution(replace(resolution, resolution=[2])),
        lambda: store.save_resolution(replace(resolution, session_id=second)),
    ]
    for act in wrong:
        with pytest.raises(AlreadyThere):
            act()


def test_a_change_made_meanwhile_is_not_overwritten(project: Project, me: UUID) -> None:
    store = SupabaseSessionStore(project.service())
    read = store.get_session(store.create_session(Session(me, "a")))
    store.update_session(read.session_id, {"prompt": "b"}, as_read=read)
    with pytest.raises(SessionMoved):
        store.update_session(read.session_id, {"prompt": "c"}, as_read=read)
    assert store.get_session(read.session_id).prompt == "b"


def test_a_job_goes_from_asked_to_done(project: Project, owner: Owner, me: UUID) -> None:
    jobs = SupabaseJobs(project.service())
    asked = jobs.create("writer", {"title": "é 🙂"}, user_id=me)
    assert (asked.status, asked.data, asked.user_id) == ("pending", {"title": "é 🙂"}, me)
    assert jobs.take("reader") is None
    job = jobs.take(["painter", "writer"])
    assert job
    assert (job.job_id, job.status) == (asked.job_id, "running")
    assert jobs.take() is None
    assert jobs.progress(job, {"done": 1}).progress == {"done": 1}
    ended = jobs.complete(job, [1, None])
    assert (ended.status, ended.result) == ("completed", [1, None])
    assert jobs.complete(job, [1, None]) == ended
    assert Jobs(owner).get(job.job_id) == ended


def test_wrong_transitions_are_refused_by_name(project: Project, owner: Owner) -> None:
    jobs = SupabaseJobs(project.service())
    jobs.create("writer")
    job = jobs.take()
    assert job
    with pytest.raises(WrongTransition, match="is running, so it cannot become pending"):
        jobs.retry(job.job_id)
    owner.execute("update agents.jobs set started_at = started_at + interval '1 second' where id = %s", (job.job_id,))
    with pytest.raises(AttemptLost):
        jobs.complete(job)
    assert jobs.cancel(job.job_id).status == "cancelled"
    with pytest.raises(WrongTransition, match="is cancelled, so it cannot become failed"):
        jobs.fail(job, "x")
    assert jobs.retry(job.job_id).status == "pending"
    again = jobs.take()
    assert again
    assert jobs.fail(again, "no paper", {"pages": 1}).error_message == "no paper"
    with pytest.raises(JobNotFound):
        jobs.cancel(uuid4())


def test_no_two_workers_take_one_job(project: Project, owner: Owner) -> None:
    jobs = 30
    owner.execute("insert into agents.jobs (agent_identifier) select 'writer' from generate_series(1, %s)", (jobs,))

    def work(_: int) -> list[UUID]:
        client, mine = SupabaseJobs(project.service()), []
        while job := client.take("writer"):
            mine.append(job.job_id)
            client.complete(job)
        return mine

    taken = [job_id for mine in together(6, work) for job_id in mine]
    assert len(taken) == len(set(taken)) == jobs


def test_who_sees_jobs_and_may_not_do_them_gets_the_own_one_behind_them(
    project: Project, owner: Owner, me: UUID
) -> None:
    manager = make_person(owner, uuid4().hex, "manager").user_id
    owner.execute(
        "insert into agents.jobs (agent_identifier, user_id, created_at)"
        " select 'writer', %s, now() - interval '1 day' from generate_series(1, 25)",
        (me,),
    )
    watching = SupabaseJobs(project.person(manager))
    assert watching.take() is None
    own = watching.create("writer", user_id=manager)
    taken = watching.take()
    assert taken
    assert taken.job_id == own.job_id
    assert SupabaseJobs(project.person(person(owner))).take() is None
    assert SupabaseJobs(project.person(me)).take()


def test_what_stands_in_the_way_is_said(project: Project, owner: Owner, me: UUID) -> None:
    with pytest.raises(NotAllowed, match="Invalid API key"):
        SupabaseJobs(project.stranger("sb_secret_wrong")).take()
    assert SupabaseSessionStore(project.stranger()).list_sessions(me) == []
    with pytest.raises(NotAllowed):
        SupabaseSessionStore(project.stranger()).create_session(Session(me))
    with pytest.raises(BadArgument, match="user_id is the id of nobody"):
        SupabaseJobs(project.service()).create("writer", user_id=uuid4())
    with pytest.raises(BadArgument, match="client must be what"):
        SupabaseJobs("http://127.0.0.1")  # type: ignore[arg-type]
    with pytest.raises(DatabaseUnavailable):
        SupabaseJobs(Project("http://127.0.0.1:1").service()).create("writer")


def test_a_table_that_is_not_as_ours_is_said_to_be(project: Project, owner: Owner, me: UUID) -> None:
    """As one that was moved here, and asks every row for more than this package knows."""
    store = SupabaseSessionStore(project.service())
    session_id = store.create_session(Session(me))
    owner.execute("truncate lift.session_drafts")
    owner.execute("alter table lift.session_drafts add content text not null")
    try:
        with pytest.raises(UnfitTable, match=r'^A table is not as ours is \(null value in column "content"'):
            store.save_draft(Draft(session_id, "pass"))
    finally:
        owner.execute("alter table lift.session_drafts drop content")


def test_a_schema_that_is_not_exposed_is_said_so(database: str, owner: Owner) -> None:
    with running(database, ("lift",)) as project, pytest.raises(SchemaNotExposed):
        SupabaseJobs(project.service()).take()


def test_a_worker_goes_past_what_cannot_be_read(project: Project, owner: Owner, me: UUID) -> None:
    for data in TOO_MUCH:
        add_job(owner, data)
        owner.execute("insert into lift.sessions (user_id, current_ir) values (%s, %s)", (me, data))
    jobs = SupabaseJobs(project.service())
    good = jobs.create("writer", {"title": 'é "quoted"'})
    taken = jobs.take("writer")
    assert taken
    assert (taken.job_id, taken.data) == (good.job_id, {"title": 'é "quoted"'})
    assert jobs.take("writer") is None
    failed = owner.execute("select id, error_message from agents.jobs where status = 'failed'").fetchall()
    assert {row["error_message"].partition("for ")[2] for row in failed} == {f"{why}." for why in TOO_MUCH.values()}
    with pytest.raises(UnreadableValue, match=f"^job_data of agents.jobs, id {failed[0]['id']}, cannot be read"):
        jobs.retry(failed[0]["id"]).data["a"]

    listed = SupabaseSessionStore(project.service()).list_sessions(me)
    assert len(listed) == 3
    for session in listed:
        with pytest.raises(UnreadableValue, match=f"^current_ir of lift.sessions, id {session.session_id}, cannot"):
            dict(session.current_ir)
