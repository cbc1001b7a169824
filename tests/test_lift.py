"""What the database itself keeps of lift-sys: the counters of a session, its last change, what rows it takes."""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import DictRow, dict_row

from data.access import Actor
from tests.conftest import make_person

Owner = psycopg.Connection[DictRow]

# table -> the counter of the session it moves, and the columns a row of it needs beside session and user
CHILDREN: dict[str, tuple[str, str]] = {
    "session_revisions": ("revision_count", "revision_number, ir_content) values (%s, %s, %s, '{}'"),
    "session_drafts": ("draft_count", "draft_number, code) values (%s, %s, %s, 'pass'"),
    "hole_resolutions": ("hole_count", "hole_id, resolution) values (%s, %s, %s::text, '1'"),
}


@pytest.fixture
def author(owner: Owner) -> Actor:
    return make_person(owner, "author", "member")


def make_session(owner: Owner, author: Actor) -> UUID:
    session_id = uuid4()
    owner.execute("insert into lift.sessions (id, user_id) values (%s, %s)", (session_id, author.user_id))
    return session_id


def add(owner: Owner, table: str, session_id: UUID, author: Actor, number: int) -> None:
    statement = f"insert into lift.{table} (session_id, user_id, {CHILDREN[table][1]})"
    owner.execute(statement.encode(), (session_id, author.user_id, number))


def run(owner: Owner, text: str, table: str, *parameters: Any) -> None:
    """A statement about a child table, which stands as {} in it."""
    owner.execute(sql.SQL(text).format(sql.Identifier("lift", table)), parameters)


def counted(owner: Owner, session_id: UUID) -> dict[str, int]:
    """What the counters say; each must agree with the rows that are there."""
    row = owner.execute(
        "select revision_count, draft_count, hole_count from lift.sessions where id = %s", (session_id,)
    ).fetchone()
    there = owner.execute(
        "select (select count(*) from lift.session_revisions where session_id = %(id)s) as revision_count,"
        " (select count(*) from lift.session_drafts where session_id = %(id)s) as draft_count,"
        " (select count(*) from lift.hole_resolutions where session_id = %(id)s) as hole_count",
        {"id": session_id},
    ).fetchone()
    assert row == there
    return dict(row or {})


@pytest.mark.parametrize("table", CHILDREN)
def test_counter_of_a_session_follows_its_rows(owner: Owner, author: Actor, table: str) -> None:
    first, second = make_session(owner, author), make_session(owner, author)
    column = CHILDREN[table][0]
    for number in range(1, 4):
        add(owner, table, first, author, number)
    others = {name: 0 for name, _ in CHILDREN.values()}
    assert counted(owner, first) == others | {column: 3}
    assert counted(owner, second) == others

    run(owner, "update {} set session_id = %s where session_id = %s", table, second, first)
    assert (counted(owner, first)[column], counted(owner, second)[column]) == (0, 3)
    run(owner, "update {} set session_id = session_id", table)
    assert counted(owner, second)[column] == 3

    run(owner, "delete from {} where id in (select id from {} limit 2)".replace("{}", "{0}"), table)
    assert counted(owner, second) == others | {column: 1}
    add(owner, table, first, author, 9)
    run(owner, "truncate {}", table)
    assert counted(owner, first) == counted(owner, second) == others


def test_truncating_one_table_leaves_the_other_counters(owner: Owner, author: Actor) -> None:
    session_id = make_session(owner, author)
    for table in CHILDREN:
        add(owner, table, session_id, author, 1)
    run(owner, "truncate {}", "session_drafts")
    assert counted(owner, session_id) == {"revision_count": 1, "draft_count": 0, "hole_count": 1}


def test_many_rows_of_one_statement_are_all_counted(owner: Owner, author: Actor) -> None:
    session_id = make_session(owner, author)
    owner.execute(
        "insert into lift.session_revisions (session_id, user_id, revision_number, ir_content)"
        " select %s, %s, n, '{}' from generate_series(1, 250) as n",
        (session_id, author.user_id),
    )
    assert counted(owner, session_id)["revision_count"] == 250


def test_what_was_rolled_back_is_not_counted(owner: Owner, author: Actor) -> None:
    session_id = make_session(owner, author)

    def add_twice() -> None:
        with owner.transaction():
            add(owner, "session_drafts", session_id, author, 1)
            add(owner, "session_drafts", session_id, author, 1)

    with pytest.raises(errors.UniqueViolation):
        add_twice()
    assert counted(owner, session_id)["draft_count"] == 0


def test_deleting_a_session_takes_all_of_it(owner: Owner, author: Actor) -> None:
    session_id, kept = make_session(owner, author), make_session(owner, author)
    for table in CHILDREN:
        add(owner, table, session_id, author, 1)
        add(owner, table, kept, author, 1)
    owner.execute("delete from lift.sessions where id = %s", (session_id,))
    for table in CHILDREN:
        row = owner.execute(sql.SQL("select count(*) as rows from {}").format(sql.Identifier("lift", table))).fetchone()
        assert row == {"rows": 1}
    assert counted(owner, kept) == {"revision_count": 1, "draft_count": 1, "hole_count": 1}


@pytest.mark.parametrize("table", CHILDREN)
def test_a_child_is_a_change_of_its_session(owner: Owner, author: Actor, table: str) -> None:
    session_id = make_session(owner, author)
    query = "select updated_at, created_at from lift.sessions where id = %s"
    before = owner.execute(query, (session_id,)).fetchone()
    add(owner, table, session_id, author, 1)
    after = owner.execute(query, (session_id,)).fetchone()
    assert before
    assert after
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]


def test_author_moves_the_counter_of_the_own_session_under_row_level_security(owner: Owner, author: Actor) -> None:
    session_id = make_session(owner, author)
    claims = json.dumps({"sub": str(author.user_id), "role": "authenticated"})
    with owner.transaction():
        owner.execute(
            "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)", (claims,)
        )
        for table in CHILDREN:
            add(owner, table, session_id, author, 1)
    assert counted(owner, session_id) == {"revision_count": 1, "draft_count": 1, "hole_count": 1}


def test_concurrent_writers_of_one_session_are_all_counted(owner: Owner, author: Actor, database_url: str) -> None:
    session_id = make_session(owner, author)
    start = threading.Barrier(6)
    failed: list[psycopg.Error] = []

    def write(turn: int) -> None:
        with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
            start.wait()
            try:
                for number in range(1, 21):
                    table = list(CHILDREN)[turn % 3]
                    add(connection, table, session_id, author, turn * 100 + number)
                    if number % 4 == 0:
                        run(connection, "delete from {} where session_id = %s and id in "
                            "(select id from {} limit 1)".replace("{}", "{0}"), table, session_id)  # fmt: skip
            except psycopg.Error as error:
                failed.append(error)

    in_threads(write, 6)
    assert not failed
    assert counted(owner, session_id)["revision_count"] > 20


def test_moving_rows_between_two_sessions_from_both_sides_neither_locks_up_nor_loses_count(
    owner: Owner, author: Actor, database_url: str
) -> None:
    sessions = (make_session(owner, author), make_session(owner, author))
    for number in range(1, 9):
        add(owner, "hole_resolutions", sessions[number % 2], author, number)
    start = threading.Barrier(4)
    failed: list[psycopg.Error] = []

    def move(turn: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            start.wait()
            try:
                for number in range(40):
                    connection.execute(
                        "update lift.hole_resolutions set session_id = %s where hole_id = %s",
                        (sessions[(turn + number) % 2], str(turn * 2 + 1 + number // 2 % 2)),
                    )
            except psycopg.Error as error:
                failed.append(error)

    in_threads(move, 4)
    assert not failed
    assert sum(counted(owner, session_id)["hole_count"] for session_id in sessions) == 8


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("update lift.sessions set status = 'done'", errors.CheckViolation),
        ("update lift.session_revisions set revision_number = 0", errors.CheckViolation),
        ("update lift.session_drafts set draft_number = -1", errors.CheckViolation),
        ("update lift.hole_resolutions set confidence = 1.01", errors.CheckViolation),
        ("update lift.hole_resolutions set session_id = gen_random_uuid()", errors.ForeignKeyViolation),
        ("insert into lift.sessions (user_id) values (gen_random_uuid())", errors.ForeignKeyViolation),
    ],
)
def test_rows_that_make_no_sense_are_refused(
    owner: Owner, author: Actor, statement: str, error: type[psycopg.Error]
) -> None:
    session_id = make_session(owner, author)
    for table in CHILDREN:
        add(owner, table, session_id, author, 1)
    with pytest.raises(error):
        owner.execute(statement.encode())
    assert counted(owner, session_id) == {"revision_count": 1, "draft_count": 1, "hole_count": 1}


@pytest.mark.parametrize("table", ["session_revisions", "session_drafts"])
def test_one_session_has_each_number_once(owner: Owner, author: Actor, table: str) -> None:
    first, second = make_session(owner, author), make_session(owner, author)
    add(owner, table, first, author, 1)
    add(owner, table, second, author, 1)
    with pytest.raises(errors.UniqueViolation):
        add(owner, table, first, author, 1)


def in_threads(work: Any, number: int) -> None:
    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
