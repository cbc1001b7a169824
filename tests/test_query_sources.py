"""Which tables each named query reads is found out from the database, and what cannot be found out is said."""

from __future__ import annotations

import ast
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import DictRow

from data import embedded, sources
from data.database import queries
from data.database.queries import Query
from data.migration.connection import connected
from data.sources import columns
from data.sources.__main__ import written
from data.sources.columns import find_pages
from data.sources.finding import find_sources

ROOT = Path(__file__).parent.parent
Owner = psycopg.Connection[DictRow]


def found_for(database_url: str, text: str) -> list[str] | str:
    """What is found out about one query."""
    probe = Query("tests.probe", "A query of this test.", text)
    with connected(database_url) as connection:
        return find_sources(connection, [probe])[probe.name]


def test_the_file_says_what_the_database_says(server: embedded.Lease, database_url: str) -> None:
    with connected(database_url) as connection:
        found = find_sources(connection)
        assert sources.FILE.read_text(encoding="utf-8") == written(found), "run python -m data.sources"
        pages = find_pages(connection)
        assert sources.COLUMNS_FILE.read_text(encoding="utf-8") == written(pages), "run python -m data.sources"


def test_pages_that_rest_on_a_column_are_known() -> None:
    """Through a view that passes it on, through a function over sums, and not because the table is read."""
    assert sources.pages_on("engine.chaos_experiments.findings") == ("Clients",)
    assert sources.pages_on("agents.jobs.result") == ("Jobs",)
    assert "Tools" in sources.pages_on("chronicle.tool_events.execution_time_ms")
    assert sources.pages_on("toolbox.users.clerk_id") == ()


def test_every_file_of_queries_of_a_page_is_known() -> None:
    files = {name.partition(".")[0] for name in queries.all_queries()}
    pages = {path.stem for path in (ROOT / "pages").rglob("*.py")}
    assert set(columns.PAGES) <= files
    assert (files & pages) - {"backups", "database", "migrations", "seen_as"} <= set(columns.PAGES)


def test_views_functions_and_row_security_are_followed(database_url: str) -> None:
    for text, tables in {
        "select count(*) from analytics.stg_agents__jobs where agent = %(agent)s": ["agents.jobs"],
        "select 1 where exists (with a as (select * from lift.sessions) select from a)": ["lift.sessions"],
        # its policy looks at the session, which has the owner
        "select * from chronicle.tool_events": ["chronicle.sessions", "chronicle.tool_events"],
        # a function in SQL, whose text PostgreSQL keeps as text
        "select * from analytics.events_containing(%(payload)s::jsonb)": ["engine.events", "signalbox.adopted_tables"],
    }.items():
        found = found_for(database_url, text)
        assert set(tables) <= set(found) <= {*tables, "chronicle.sessions", "signalbox.members"}, text


@pytest.mark.parametrize(
    "text",
    [
        "select signalbox.has_rows(%(name)s)",
        "select * from signalbox.audit_log",
        "select token_hash from signalbox.web_sessions",
        "select count(*) from pg_catalog.pg_class, agents.jobs",
        "select random(), count(*) from agents.jobs",
        "select * from pg_catalog.query_to_xml('select 1', true, true, ''), agents.jobs",
        "select public.hidden()",
        "select public.moody()",
        "select public.unqualified()",
        "with gone as (delete from agents.jobs returning id) select * from gone",
        "select no_such_column from agents.jobs",
    ],
)
def test_what_cannot_be_followed_is_never_guessed(owner: Owner, database_url: str, text: str) -> None:
    for name, language, body in (
        ("hidden", "plpgsql", "begin execute 'select 1'; return 1; end"),
        ("moody", "sql", "select count(*)::int + random()::int from agents.jobs"),
    ):
        made = f"create function public.{name}() returns int language {language} set search_path = '' as $${body}$$"
        owner.execute(made.encode())
    owner.execute("create function public.unqualified() returns int language sql as 'select 1'")
    assert isinstance(found_for(database_url, text), str)


def test_a_table_that_the_change_log_begins_to_hear_of_is_found(owner: Owner, database_url: str) -> None:
    text = "select * from signalbox.audit_log"
    assert isinstance(found_for(database_url, text), str), "what nobody is told of"
    owner.execute(
        "insert into signalbox.change_sources (source, name, time_column) values (99, 'signalbox.audit_log', '-')"
        " on conflict do nothing"
    )
    assert "signalbox.audit_log" in found_for(database_url, text)


def test_one_query_that_is_not_known_makes_all_of_them_unknown() -> None:
    # Row security of both asks who the reader is.
    members = frozenset({"signalbox.members"})
    both = members | {"agents.jobs", "engine.sop_definitions"}
    assert sources.of_queries(["jobs.find_job"]) == members | {"agents.jobs"}
    assert sources.of_queries(["jobs.find_job", "sops.list_definitions"]) == both
    for name in ("absence.has_rows", "tests.never_heard_of"):
        assert sources.of_queries(["jobs.find_job", name]) is None
    assert sources.of_queries([]) is None


def test_readers_read_in_their_own_thread() -> None:
    """Queries are noted in the thread of the reader: one that ran elsewhere would be missed."""
    for path in [*(ROOT / "data" / "reports").rglob("*.py"), *(ROOT / "data").glob("[aj]*/reading.py")]:
        names = {
            name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        }
        assert not {name.partition(".")[0] for name in names} & {"threading", "concurrent", "asyncio"}, path
