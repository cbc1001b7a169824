"""The session store of lift-sys over a connection: its eight operations, as a person and as a service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from signalbox_client import BadArgument, NotAllowed, RefusedByDatabase
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
from tests.ways import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.ways import together
from tests.ways import transaction_url as transaction_url  # noqa: PLC0414 - a fixture
from tests.ways import url as url  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

IR = {"intent": "add", "holes": [{"id": "h1", "type": "int"}], "text": "é 🙂"}


def rows(owner: Owner, table: str, session_id: UUID) -> list[DictRow]:
    query = f"select * from lift.{table} where session_id = %s order by created_at, id"  # noqa: S608 - names of tables
    return owner.execute(query.encode(), (session_id,)).fetchall()


def test_a_session_lives_through_all_eight_operations(url: str, owner: Owner, people: People) -> None:
    me = people["member"].user_id
    store: SessionStore = PostgresSessionStore(url, user_id=me)
    session_id = store.create_session(Session(me, "add two numbers", current_ir=IR, metadata={"origin": "cli"}))
    session = store.get_session(session_id)
    assert (session.user_id, session.prompt, session.status) == (me, "add two numbers", "active")
    assert (session.current_ir, session.metadata) == (IR, {"origin": "cli"})

    assert store.save_revision(Revision(session_id, IR, "first", "the model", [{"op": "add"}])) == 1
    assert store.save_revision(Revision(session_id, {"intent": "sub"})) == 2
    metrics = {"model": "m", "input_tokens": 10, "output_tokens": 5, "cost_usd": 0.25, "latency_ms": 12.5, "own": [1]}
    assert store.save_draft(Draft(session_id, "def add(a, b):\n    return a + b", True, None, metrics)) == 1
    resolution_id = store.save_resolution(Resolution(session_id, "h1", "int64", "int", "human", 0.75))
    changed = store.update_session(session_id, {"status": "finalized", "current_ir": {"intent": "sub"}})

    assert (changed.status, changed.current_ir, changed.prompt) == ("finalized", {"intent": "sub"}, "add two numbers")
    assert (changed.revision_count, changed.draft_count, changed.hole_count) == (2, 1, 1)
    first, second = rows(owner, "session_revisions", session_id)
    assert (first["ir_content"], first["change_summary"], first["changed_by"]) == (IR, "first", "the model")
    assert (first["changes"], second["changes"]) == ([{"op": "add"}], None)
    [draft] = rows(owner, "session_drafts", session_id)
    assert (draft["syntax_valid"], draft["ast_valid"], draft["llm_metrics"]) == (True, None, metrics)
    [resolved] = rows(owner, "hole_resolutions", session_id)
    assert (resolved["id"], resolved["resolution"], resolved["confidence"]) == (resolution_id, "int64", 0.75)
    assert {first["user_id"], draft["user_id"], resolved["user_id"]} == {me}

    assert [each.session_id for each in store.list_sessions(me)] == [session_id]
    store.delete_session(session_id)
    assert store.list_sessions(me) == []
    assert rows(owner, "session_revisions", session_id) == []
    for act in (store.get_session, store.delete_session):
        with pytest.raises(SessionNotFound):
            act(session_id)


def test_a_list_is_read_page_by_page_the_newest_first(database_url: str, owner: Owner, people: People) -> None:
    me, other = people["member"].user_id, people["other"].user_id
    store = PostgresSessionStore(database_url)
    ids = [store.create_session(Session(me, str(number))) for number in range(7)]
    store.create_session(Session(other, "not mine"))
    # Three of one moment: the id decides between them, and no page repeats or misses one.
    owner.execute("update lift.sessions set created_at = now() where id = any(%s)", (ids[2:5],))
    seen: list[UUID] = []
    last: Session | None = None
    while page := store.list_sessions(me, 2, before=last):
        assert len(page) <= 2
        seen += [session.session_id for session in page]
        last = page[-1]
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 7
    assert seen == [session.session_id for session in store.list_sessions(me)]
    store.update_session(ids[0], {"status": "error"})
    assert [each.session_id for each in store.list_sessions(me, status="error")] == [ids[0]]


def test_a_person_reaches_the_own_sessions_alone(url: str, owner: Owner, people: People) -> None:
    me = people["member"].user_id
    mine = PostgresSessionStore(url, user_id=me)
    session_id = mine.create_session(Session(me, "mine"))
    theirs = PostgresSessionStore(url, user_id=people["other"].user_id)
    acts: list[Any] = [
        lambda store: store.get_session(session_id),
        lambda store: store.update_session(session_id, {"prompt": "x"}),
        lambda store: store.delete_session(session_id),
        lambda store: store.save_revision(Revision(session_id, {})),
        lambda store: store.save_draft(Draft(session_id, "")),
        lambda store: store.save_resolution(Resolution(session_id, "h", 1)),
    ]
    for act in acts:
        with pytest.raises(SessionNotFound):
            act(theirs)
    with pytest.raises(NotAllowed):
        theirs.create_session(Session(me, "in somebody's name"))
    assert theirs.list_sessions(me) == []
    manager = PostgresSessionStore(url, user_id=people["manager"].user_id)
    assert manager.get_session(session_id).prompt == "mine"
    for act in acts[1:]:
        with pytest.raises(NotAllowed):
            act(manager)
    assert mine.get_session(session_id).prompt == "mine"
    assert PostgresSessionStore(url).get_session(session_id).revision_count == 0


def test_what_a_service_saves_belongs_to_whom_the_session_belongs(
    database_url: str, owner: Owner, people: People
) -> None:
    me = people["member"].user_id
    service = PostgresSessionStore(database_url)
    session_id = service.create_session(Session(me))
    service.save_revision(Revision(session_id, {}, changed_by="the service"))
    assert rows(owner, "session_revisions", session_id)[0]["user_id"] == me


@pytest.mark.parametrize("writers", [2, 12])
def test_concurrent_revisions_get_each_number_once_and_all_count(
    transaction_url: str, owner: Owner, people: People, writers: int
) -> None:
    me = people["member"].user_id
    session_id = PostgresSessionStore(transaction_url).create_session(Session(me))

    def write(turn: int) -> list[int]:
        store = PostgresSessionStore(transaction_url, user_id=me)
        numbers = []
        for number in range(10):
            numbers.append(store.save_revision(Revision(session_id, {"by": turn}), make_current=number % 2 == 0))
            if number % 3 == 0:
                store.save_draft(Draft(session_id, "pass"))
                store.save_resolution(Resolution(session_id, "h", number))
        return numbers

    numbers = sorted(number for mine in together(writers, write) for number in mine)
    assert numbers == list(range(1, writers * 10 + 1))
    session = PostgresSessionStore(transaction_url).get_session(session_id)
    assert (session.revision_count, session.draft_count, session.hole_count) == (writers * 10, writers * 4, writers * 4)
    assert len(rows(owner, "session_revisions", session_id)) == writers * 10


def test_the_current_ir_and_the_revision_are_saved_together_or_not_at_all(
    database_url: str, owner: Owner, people: People
) -> None:
    me = people["member"].user_id
    store = PostgresSessionStore(database_url)
    session_id = store.create_session(Session(me, current_ir={"n": 0}))
    store.save_revision(Revision(session_id, {"n": 1}))
    assert store.get_session(session_id).current_ir == {"n": 0}
    store.save_revision(Revision(session_id, {"n": 2}), make_current=True)
    assert store.get_session(session_id).current_ir == {"n": 2}
    owner.execute(
        "alter table lift.sessions add constraint no_three check (current_ir ->> 'n' is distinct from '3') not valid"
    )
    with pytest.raises(RefusedByDatabase, match="no_three"):
        store.save_revision(Revision(session_id, {"n": 3}), make_current=True)
    assert [row["ir_content"]["n"] for row in rows(owner, "session_revisions", session_id)] == [1, 2]


def test_saving_twice_saves_once(database_url: str, owner: Owner, people: People) -> None:
    me = people["member"].user_id
    store = PostgresSessionStore(database_url, user_id=me)
    session = Session(me, "once")
    assert store.create_session(session) == store.create_session(session)
    revision, draft = Revision(session.session_id, {"n": 1}), Draft(session.session_id, "pass")
    resolution = Resolution(session.session_id, "h", [1])
    for turn in range(2):
        assert store.save_revision(revision, make_current=True) == 1
        assert store.save_draft(draft) == 1
        assert store.save_resolution(resolution) == resolution.resolution_id
        if turn == 0:
            store.update_session(session.session_id, {"current_ir": {"n": 2}})
    # The repeat did not bring the older IR back.
    assert store.get_session(session.session_id).current_ir == {"n": 2}
    counted = store.get_session(session.session_id)
    assert (counted.revision_count, counted.draft_count, counted.hole_count) == (1, 1, 1)
    for another in (
        lambda: store.save_revision(replace(revision, ir_content={"n": 3})),
        lambda: store.save_draft(replace(draft, code="return")),
        lambda: store.save_resolution(replace(resolution, resolution=[2])),
    ):
        with pytest.raises(AlreadyThere):
            another()


def test_ids_and_numbers_of_something_else_are_refused(database_url: str, people: People) -> None:
    me, other = people["member"].user_id, people["other"].user_id
    store = PostgresSessionStore(database_url)
    session, second = Session(me, "a"), Session(me, "b")
    store.create_session(session)
    store.create_session(second)
    for taken in (replace(session, prompt="c"), replace(session, user_id=other)):
        with pytest.raises(AlreadyThere):
            store.create_session(taken)
    revision = Revision(session.session_id, {}, number=4)
    assert store.save_revision(revision) == 4
    assert store.save_revision(Revision(session.session_id, {})) == 5
    for wrong in (Revision(session.session_id, {}, number=4), replace(revision, session_id=second.session_id)):
        with pytest.raises(AlreadyThere):
            store.save_revision(wrong)
    draft = Draft(session.session_id, "pass", number=2)
    store.save_draft(draft)
    with pytest.raises(AlreadyThere):
        store.save_draft(replace(draft, draft_id=uuid4()))
    resolution = Resolution(session.session_id, "h", 1)
    store.save_resolution(resolution)
    with pytest.raises(AlreadyThere):
        store.save_resolution(replace(resolution, session_id=second.session_id))


def test_a_change_made_meanwhile_is_not_overwritten(database_url: str, people: People) -> None:
    store = PostgresSessionStore(database_url)
    session_id = store.create_session(Session(people["member"].user_id, "a"))
    read = store.get_session(session_id)
    moved = store.update_session(session_id, {"prompt": "b"}, as_read=read)
    with pytest.raises(SessionMoved):
        store.update_session(session_id, {"prompt": "c"}, as_read=read)
    store.save_draft(Draft(session_id, ""))
    with pytest.raises(SessionMoved):
        store.update_session(session_id, {"prompt": "c"}, as_read=moved)
    assert store.get_session(session_id).prompt == "b"
    assert store.update_session(session_id, {"prompt": None}).prompt is None


def test_of_many_who_read_the_same_one_may_change_it(transaction_url: str, people: People) -> None:
    store = PostgresSessionStore(transaction_url)
    read = store.get_session(store.create_session(Session(people["member"].user_id, "a")))

    def change(turn: int) -> bool:
        try:
            PostgresSessionStore(transaction_url).update_session(read.session_id, {"prompt": str(turn)}, as_read=read)
        except SessionMoved:
            return False
        return True

    assert together(6, change).count(True) == 1


def test_saves_join_a_transaction_of_the_callers_own(database_url: str, people: People) -> None:
    me = people["member"].user_id
    with psycopg.connect(database_url) as connection:
        store = PostgresSessionStore(connection, user_id=me)
        with connection.transaction(force_rollback=True):
            session_id = store.create_session(Session(me))
            store.save_revision(Revision(session_id, {}))
        with connection.transaction():
            kept = store.create_session(Session(me, "kept"))
    assert [each.session_id for each in PostgresSessionStore(database_url).list_sessions(me)] == [kept]


SOME = uuid4()
NOTHING: Any = None
NO: Any = "yes"  # what no type would let pass
BAD: list[tuple[Any, str]] = [
    (lambda store: store.create_session({"user_id": SOME}), "session must be a Session"),
    (lambda store: store.create_session(Session(NO)), "session.user_id must be a UUID"),
    (lambda store: store.create_session(Session(SOME, "a\0")), "session.prompt has a zero character"),
    (lambda store: store.create_session(Session(SOME, status=NO)), "session.status must be one of active"),
    (lambda store: store.create_session(Session(SOME, current_ir=NO)), "session.current_ir must be an object"),
    (lambda store: store.get_session("x"), "session_id must be a UUID"),
    (lambda store: store.update_session(SOME, {}), "updates must be a mapping"),
    (lambda store: store.update_session(SOME, {"revision_count": 9}), "updates.revision_count cannot be changed"),
    (lambda store: store.update_session(SOME, {"user_id": SOME}), "updates.user_id cannot be changed"),
    (lambda store: store.update_session(SOME, {"prompt": "a"}, as_read=Session(SOME)), "as_read must be"),
    (lambda store: store.list_sessions(SOME, 0), "limit must be a whole number, from 1"),
    (lambda store: store.list_sessions(SOME, before=Session(SOME)), "before must be a session"),
    (lambda store: store.list_sessions(SOME, status="x"), "status must be one of"),
    (lambda store: store.save_revision(Draft(SOME, "")), "revision must be a Revision"),
    (lambda store: store.save_revision(Revision(SOME, {"a": ["\ud800"]})), "revision.ir_content.a[0] has half"),
    (lambda store: store.save_revision(Revision(SOME, {}, number=0)), "revision.number must be"),
    (lambda store: store.save_draft(Draft(SOME, NOTHING)), "draft.code must be text"),
    (lambda store: store.save_draft(Draft(SOME, "", NO)), "draft.syntax_valid must be True"),
    (lambda store: store.save_draft(Draft(SOME, "", llm_metrics={"cost_usd": "1"})), "draft.llm_metrics.cost_usd must"),
    (
        lambda store: store.save_draft(Draft(SOME, "", llm_metrics={"input_tokens": 1.5})),
        "input_tokens must be a whole",
    ),
    (lambda store: store.save_resolution(Resolution(SOME, "h", None)), "resolution.resolution is missing"),
    (lambda store: store.save_resolution(Resolution(SOME, "h", 1, confidence=1.1)), "resolution.confidence must be"),
    (lambda store: store.save_resolution(Resolution(SOME, "", 1)), "resolution.hole_id is empty"),
]


@pytest.mark.parametrize(("act", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_what_cannot_be_used_is_named_before_anything_is_written(act: Any, sentence: str) -> None:
    """No server stands behind this address: what gets there would say so instead."""
    with pytest.raises(BadArgument) as refused:
        act(PostgresSessionStore("postgresql://nobody@127.0.0.1:1/nowhere"))
    assert sentence in refused.value.sentence
    assert refused.value.sentence.endswith("Nothing was written.")


def test_somebody_who_has_no_account_gets_no_session(database_url: str) -> None:
    with pytest.raises(BadArgument, match="user_id is the id of nobody: there is no such account"):
        PostgresSessionStore(database_url).create_session(Session(uuid4()))
