"""Applying migrations: a file and its row in the history are one transaction, and every refusal says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from data import embedded
from data.errors import DatabaseUnavailable, WrongSetting
from data.migration import status, up
from data.migration.errors import (
    ConnectionLost,
    Edited,
    HistoryUnreadable,
    NotAlone,
    OutOfOrder,
    RemoteOnly,
    StatementFailed,
    TransactionInFile,
    TransactionPooler,
)
from tests.migration_scratch import connected, empty_database, history, rows, value, write_migrations

FIRST = "-- one\ncreate table a (id int);\n\ninsert into a values (1); ;\n"
SECOND = "insert into a values (2);"


@pytest.fixture
def url(server: embedded.Lease) -> Iterator[str]:
    with empty_database(server) as address:
        yield address


def test_files_are_applied_in_order_and_recorded_as_the_cli_does(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260102000000_second=SECOND, m20260101000000_first=FIRST)
    said: list[str] = []
    done = up(url, folder, said.append)
    assert [(each.version, each.outcome, each.statement_count) for each in done] == [
        ("20260101000000", "applied", 2),
        ("20260102000000", "applied", 1),
    ]
    assert history(url) == [
        {
            "version": "20260101000000",
            "name": "first",
            "statements": ["-- one\ncreate table a (id int)", "insert into a values (1)"],
        },
        {"version": "20260102000000", "name": "second", "statements": ["insert into a values (2)"]},
    ]
    assert "Applying 20260101000000_first.sql ..." in said
    assert up(url, folder, said.append) == []
    assert value(url, "select array_agg(id order by id) from a") == [1, 2]


def test_failing_statement_takes_its_whole_file_back(url: str, tmp_path: Path) -> None:
    text = "create table b (id int);\n\n-- why\ncreate table c (\n\tid int,\n\tother strange_type\n);\nselect 1;"
    folder = write_migrations(tmp_path, m20260101000000_first=FIRST, m20260102000000_bad=text)
    with pytest.raises(StatementFailed) as caught:
        up(url, folder, lambda _: None)
    lines = caught.value.sentence.splitlines()
    assert lines[0] == "20260102000000_bad.sql failed at statement 2 of 3, line 6:"
    place = lines.index("    \tother strange_type")
    assert lines[place + 1] == "    \t      ^"
    assert 'PostgreSQL says: type "strange_type" does not exist (42704)' in lines
    assert [row["version"] for row in history(url)] == ["20260101000000"]
    assert value(url, "select to_regclass('public.b')") is None


def test_failure_shows_detail_hint_and_the_inner_context(url: str, tmp_path: Path) -> None:
    text = (
        "do $$ begin raise exception 'no way' using errcode = 'P0001', detail = 'the detail', hint = 'the hint'; end $$"
    )
    with pytest.raises(StatementFailed) as caught:
        up(url, write_migrations(tmp_path, m20260101000000_a="\n\n" + text), lambda _: None)
    sentence = caught.value.sentence
    for part in (
        "line 3",
        "no way (P0001)",
        "Detail: the detail",
        "Hint: the hint",
        "Where: PL/pgSQL function",
    ):
        assert part in sentence


def test_failure_at_the_commit_is_told_from_one_of_a_statement(url: str, tmp_path: Path) -> None:
    text = "create table k (id int primary key, other int references k deferrable initially deferred);"
    text += "insert into k values (1, 2);"
    with pytest.raises(StatementFailed, match="failed at its end"):
        up(
            url,
            write_migrations(tmp_path, m20260101000000_a=text),
            lambda _: None,
        )
    assert history(url) == []


def test_text_that_is_not_closed_fails_and_keeps_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(StatementFailed, match="unterminated quoted string"):
        up(
            url,
            write_migrations(tmp_path, m20260101000000_a="create table a ();\nselect 'x;"),
            lambda _: None,
        )
    assert history(url) == []


def test_no_setting_role_or_temporary_table_reaches_the_next_file(url: str, tmp_path: Path) -> None:
    leaving = "create schema other; set search_path = other; set role authenticated; set lock_timeout = '9s';"
    leaving += "reset role; create temporary table a (); set role authenticated;"
    looking = "create table public.seen as select current_user::text, current_setting('search_path') as path, "
    looking += "to_regclass('pg_temp.a') as temporary, current_setting('lock_timeout') as lock_timeout, "
    looking += "current_setting('statement_timeout') as statement_timeout"
    up(url, write_migrations(tmp_path, m20260101000000_a=leaving, m20260102000000_b=looking), lambda _: None)
    assert rows(url, "select * from seen") == [
        {
            "current_user": "postgres",
            "path": '"$user", public',
            "temporary": None,
            "lock_timeout": "4s",
            "statement_timeout": "15min",
        }
    ]


def test_columns_that_others_added_to_the_history_are_tolerated(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a="select 1")
    up(url, folder, lambda _: None)
    with connected(url) as connection:
        connection.execute(
            "alter table supabase_migrations.schema_migrations add created_by text, add idempotency_key text, "
            "add rollback text[], add aaa int not null default 7"
        )
    write_migrations(tmp_path, m20260102000000_b="select 2")
    up(url, folder, lambda _: None)
    assert status(url, folder).is_current


def test_history_in_its_oldest_form_gets_its_columns(url: str, tmp_path: Path) -> None:
    with connected(url) as connection:
        connection.execute("create schema supabase_migrations")
        connection.execute("create table supabase_migrations.schema_migrations (version text primary key)")
        connection.execute("insert into supabase_migrations.schema_migrations values ('20260101000000')")
    folder = write_migrations(tmp_path, m20260101000000_a="select 1", m20260102000000_b="select 2")
    first, second = status(url, folder).migrations
    assert (first.state, first.is_comparable, second.state) == ("applied", False, "pending")
    up(url, folder, lambda _: None)
    assert [row["statements"] for row in history(url)] == [None, ["select 2"]]


def test_versions_without_a_file_stop_everything(url: str, tmp_path: Path) -> None:
    up(
        url,
        write_migrations(tmp_path / "all", m20260101000000_a="select 1", m20260102000000_b="select 2"),
        print,
    )
    folder = write_migrations(tmp_path / "some", m20260101000000_a="select 1", m20260103000000_c="create table c ()")
    with pytest.raises(RemoteOnly, match="20260102000000"):
        up(url, folder, print)
    assert [row.state for row in status(url, folder).migrations] == ["applied", "remote only", "pending"]
    assert value(url, "select to_regclass('public.c')") is None


def test_late_file_is_applied_only_when_asked_for(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260102000000_b="select 2")
    up(url, folder, print)
    write_migrations(folder, m20260101000000_a="create table late ()")
    with pytest.raises(OutOfOrder):
        up(url, folder, print)
    assert [row.state for row in status(url, folder).migrations] == ["out of order", "applied"]
    up(url, folder, print, include_all=True)
    assert status(url, folder).is_current


def test_edited_file_stops_everything(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a="create table a (id int);")
    up(url, folder, print)
    write_migrations(folder, m20260101000000_a="create table a (id bigint);", m20260102000000_b="create table b ();")
    with pytest.raises(Edited, match=r"\+create table a \(id bigint\)"):
        up(url, folder, print)
    edited, pending = status(url, folder).migrations
    assert (edited.state, pending.state) == ("edited", "pending")
    assert "-create table a (id int)" in (edited.difference or "")
    write_migrations(folder, m20260101000000_a="\n\ncreate table a (id int)\n;;\n")  # blanks alone are no edit
    up(url, folder, print)
    assert status(url, folder).is_current


def test_file_that_ends_the_transaction_is_refused_before_anything_runs(url: str, tmp_path: Path) -> None:
    folder = write_migrations(
        tmp_path,
        m20260101000000_a="create table a (); savepoint x; rollback to x;",
        m20260102000000_b="select 1;\n\ncommit;",
    )
    with pytest.raises(TransactionInFile, match=r"20260102000000_b\.sql, line 3: COMMIT"):
        up(url, folder, print)
    assert value(url, "select to_regclass('public.a')") is None


INDEX = "-- for the list\ncreate index concurrently if not exists a_id on public.a (id);\n"


def test_concurrent_index_runs_alone_outside_a_transaction(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a=FIRST, m20260102000000_b=INDEX, m20260103000000_c=SECOND)
    up(url, folder, print)
    assert value(url, "select indisvalid from pg_index where indexrelid = 'a_id'::regclass")
    assert [row["statements"] for row in history(url)][1] == [INDEX.strip().removesuffix(";")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (INDEX + "select 1;", "it must be alone in its file, which has 2"),
        ("vacuum a; select 1;", "it must be alone in its file"),
        (
            "select 1;\nalter system set work_mem = '4MB';",
            "line 2: this statement cannot run in a transaction",
        ),
        ("create index concurrently a_id on a (id);", "write CREATE INDEX CONCURRENTLY IF NOT EXISTS"),
        ("create unique index concurrently if not exists on a (id);", "write CREATE INDEX CONCURRENTLY"),
    ],
)
def test_statement_that_needs_to_be_alone_is_refused_in_company(
    url: str, tmp_path: Path, text: str, reason: str
) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a=FIRST, m20260102000000_b=text)
    with pytest.raises(NotAlone, match=reason):
        up(url, folder, print)
    assert value(url, "select to_regclass('public.a')") is None


def test_index_that_a_failed_build_left_behind_is_built_anew(url: str, tmp_path: Path) -> None:
    unique = "create unique index concurrently if not exists a_id on a (id)"
    folder = write_migrations(
        tmp_path,
        m20260101000000_a="create table a (id int); insert into a values (1), (1);",
        m20260102000000_b=unique,
    )
    with pytest.raises(StatementFailed, match="the next run drops it first"):
        up(url, folder, print)
    assert value(url, "select indisvalid from pg_index where indexrelid = 'a_id'::regclass") is False
    assert [row["version"] for row in history(url)] == ["20260101000000"]
    with connected(url) as connection:
        connection.execute("delete from a")
    said: list[str] = []
    up(url, folder, said.append)
    assert value(url, "select indisvalid from pg_index where indexrelid = 'a_id'::regclass")
    assert any("dropped a_id" in line for line in said)


def test_vacuum_and_others_run_in_files_of_their_own(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a=FIRST, m20260102000000_b="vacuum (analyze) a -- now\n;")
    up(url, folder, print)
    assert status(url, folder).is_current


def test_end_of_the_connection_is_told_from_a_failure(url: str, tmp_path: Path) -> None:
    text = "create table a (); select pg_terminate_backend(pg_backend_pid());"
    with pytest.raises(ConnectionLost, match="migrate status"):
        up(url, write_migrations(tmp_path, m20260101000000_a=text), print)
    assert history(url) == []


def test_transaction_pooler_is_refused_without_being_asked(tmp_path: Path) -> None:
    with pytest.raises(TransactionPooler, match="ADMIN_DATABASE_URL"):
        up("postgresql://postgres.ref:secret@pooler.example.com:6543/postgres", tmp_path, print)


def test_neither_a_dead_server_nor_a_wrong_address_tells_the_password(tmp_path: Path) -> None:
    for wrong, kind in (
        ("postgresql://postgres:s3cret@127.0.0.1:1/x", DatabaseUnavailable),
        ("postgresql://postgres:s3cret@word@127.0.0.1:1/x", DatabaseUnavailable),
        ("s3cret", WrongSetting),
    ):
        with pytest.raises(kind) as caught:
            status(wrong, tmp_path)
        assert "s3cret" not in caught.value.sentence
        assert caught.value.__cause__ is None


def test_history_that_may_not_be_read_is_said_so(url: str, tmp_path: Path) -> None:
    folder = write_migrations(tmp_path, m20260101000000_a="select 1")
    up(url, folder, print)
    with connected(url) as connection:
        connection.execute("drop role if exists outsider")
        connection.execute("create role outsider login password 'outsider'")
    try:
        with pytest.raises(HistoryUnreadable):
            status(psycopg.conninfo.make_conninfo(url, user="outsider", password="outsider"), folder)
    finally:
        with connected(url) as connection:
            connection.execute("drop role outsider")


def test_our_own_table_keeps_times_and_checksums(url: str, tmp_path: Path) -> None:
    table = """
        create schema signalbox;
        create table signalbox.migration_runs (
            version text primary key, name text not null, sha256 text not null,
            applied_at timestamptz not null default now(), duration_ms bigint not null,
            applied_by text not null default session_user, statement_count int not null);
        set role authenticated;
    """
    folder = write_migrations(
        tmp_path, m20260101000000_a="select 1", m20260102000000_b=table, m20260103000000_c="select 3"
    )
    up(url, folder, print)
    kept = rows(url, "select version, name, length(sha256) as digits, applied_by, statement_count "
                     "from signalbox.migration_runs order by 1")  # fmt: skip
    assert kept == [
        {
            "version": "20260102000000",
            "name": "b",
            "digits": 64,
            "applied_by": "postgres",
            "statement_count": 3,
        },
        {
            "version": "20260103000000",
            "name": "c",
            "digits": 64,
            "applied_by": "postgres",
            "statement_count": 1,
        },
    ]
    before, own, _ = status(url, folder).migrations
    assert before.applied_at is None
    assert own.applied_by == "postgres"
    assert own.duration_ms is not None
