"""The page of the database: what it finds, what it cannot see, and the end of a query."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, sql
from psycopg.rows import DictRow
from streamlit.testing.v1.element_tree import Button

from data import adoption, database, embedded, rollups
from data.access import Actor
from data.errors import NotAllowed
from data.operations import ending, inspection
from data.operations.masking import masked
from tests import recorded
from tests.page_runs import PageRun, file_rows, open_page, queries_during
from tests.test_adopted_documents import SCHEMAS, build
from ui.database import findings
from ui.database.looking import Looked

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

PAGE = "admin/database.py"
MOST_QUERIES = 8
_SLEEP = "select pg_sleep(600) /* a remark */, 'geheim' as secret"


@contextmanager
def busy(
    url: str, *statements: str, application: str = "nightly report"
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of somebody else's whose last statement runs in a thread."""
    connection = psycopg.connect(url, application_name=application)
    for statement in statements[:-1]:
        connection.execute(statement.encode())
    failed: list[BaseException] = []

    def work() -> None:
        with suppress(psycopg.Error):
            connection.execute(statements[-1].encode())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield connection
    finally:
        with suppress(psycopg.Error):
            connection.cancel_safe()
        thread.join()
        connection.close()
        assert not failed


def until(found: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline, "it never came to be so"
        time.sleep(0.05)


def session(actor: Actor, application: str = "nightly report") -> inspection.Session | None:
    sessions = inspection.read_server(actor).sessions
    return next((one for one in sessions if one.application_name == application and one.is_here), None)


def its(actor: Actor, application: str = "nightly report", state: str = "active") -> inspection.Session:
    """The session of an application, once it does what it is there for."""
    until(lambda: (found := session(actor, application)) is not None and found.state == state)
    found = session(actor, application)
    assert found
    return found


def given(one: inspection.Session) -> tuple[int, datetime, datetime]:
    assert one.backend_start
    assert one.query_start
    return one.pid, one.backend_start, one.query_start


def button(page: PageRun, verb: str) -> Button:
    [found] = [one for one in page.app.button if one.label.startswith(verb)]
    return found


@pytest.fixture
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query of a tenth of a second is long."""
    monkeypatch.setattr(inspection, "LONG_QUERY_MS", 100)
    monkeypatch.setattr(inspection, "LONG_IDLE_MS", 100)


@pytest.mark.parametrize("role", ["manager", "member"])
def test_it_is_for_admins_alone_also_by_a_cold_link_and_in_the_data(people: People, role: str) -> None:
    page = open_page(people[role], PAGE)
    assert "is for the role admin" in page.text
    assert "chronicle." not in page.text
    for reader in (inspection.read_server, inspection.list_tables, inspection.list_index_findings):
        with pytest.raises(NotAllowed):
            reader(people[role])


def test_it_opens_with_sentences_about_what_was_checked(people: People) -> None:
    fresh = open_page(people["admin"], PAGE).text
    assert "changes wait to be summed up, and nothing has summed up so far: figures are right and take longer" in fresh
    rollups.finish("real")
    page = open_page(people["admin"], PAGE)
    for words in (
        "connections are used.",
        "No query runs for more than a minute.",
        "No transaction stands open and idle for more than a minute.",
        "have row-level security, and policies where it is open.",
        "No table has many dead rows.",
        "No index is invalid, there twice, or larger than 10 MB and never read.",
        "0 changes wait to be summed up, last done ",
    ):
        assert words in page.text
    assert "chronicle.events" in page.text
    assert "Nothing found wrong in test_" in page.text


def test_it_says_which_sums_cannot_be_stored_and_why(owner: Owner, people: People) -> None:
    owner.execute("alter table analytics.prompt_rollup add constraint full_up check (prompts < 0)")
    recorded.prompt(owner, recorded.session(owner, None), None, "hello")
    rollups.finish("real")
    text = open_page(people["admin"], PAGE).text
    assert "The sums of prompts cannot be stored, since " in text
    assert 'violates check constraint "full_up"' in text
    assert "Nothing found wrong" not in text
    owner.execute("alter table analytics.prompt_rollup drop constraint full_up")
    rollups.finish("real")
    assert "cannot be stored" not in open_page(people["admin"], PAGE).text


def test_sums_that_no_pass_stores_are_not_said_to_be_built(database_url: str, owner: Owner, people: People) -> None:
    build(owner, people, ["agents"])
    adoption.adopt(database_url, "agents", SCHEMAS["agents"])
    rollups.finish("real")
    text = open_page(people["admin"], PAGE).text
    assert "still being built" not in text
    assert "0 changes wait to be summed up, last done" in text
    assert "1 rollup is not stored: the tables below are adopted, and nothing tells of their changes." in text
    owner.execute("update signalbox.rollup_state set built_from = 0 where subject = 'tools'")
    assert "1 rollup is still being built, last done" in open_page(people["admin"], PAGE).text


def test_a_table_without_row_level_security_is_red_when_it_can_be_reached(owner: Owner, people: People) -> None:
    rollups.finish("real")
    owner.execute("create table agents.loose (id int); grant select on agents.loose to authenticated")
    owner.execute("create table agents.quiet (id int)")
    owner.execute("create table agents.shut (id int); alter table agents.shut enable row level security")
    owner.execute("grant select on agents.shut to anon; grant usage on schema agents to anon")
    owner.execute("create table agents.narrow (id int, note text); grant select (id) on agents.narrow to anon")
    found = {table.name: table.protection for table in inspection.list_tables(people["admin"])}
    assert (found["agents.loose"], found["agents.quiet"], found["agents.shut"]) == ("open", "unguarded", "no policy")
    assert found["chronicle.events"] == "well"
    assert found["agents.narrow"] == "open", "a right to one column is a way in"
    owner.execute("drop table agents.narrow")
    assert found["auth.users"] == "foreign"
    policies = {table.name: table.policies for table in inspection.list_tables(people["admin"])}
    assert "audit_log_select: select to authenticated" in policies["signalbox.audit_log"]
    text = open_page(people["admin"], PAGE).text
    assert "1 table without row-level security can be reached from outside: every row of agents.loose." in text
    assert "1 table without row-level security, reached by the owner alone so far: agents.quiet." in text
    assert "1 table can be reached, yet no policy lets anybody see a row: agents.shut." in text
    assert "3 things need a look" in text


def test_tables_indexes_and_connections_are_taken_away_as_they_are_shown(owner: Owner, people: People) -> None:
    owner.execute("create index twice on signalbox.members (role); create index again on signalbox.members (role)")
    page = open_page(people["admin"], PAGE, sort="-security")
    found = {name: file_rows(people["admin"], f"database_{name}", {}) for name in ("tables", "indexes", "connections")}
    assert [row["size_bytes"] for row in found["tables"]] == sorted(
        (row["size_bytes"] for row in found["tables"]), reverse=True
    )
    assert any("_select" in row["policies"] and row["open_to"] == "authenticated" for row in found["tables"])
    assert {"twice", "again"} & {row["index_name"] for row in found["indexes"] if row["finding"] == "duplicate"}
    assert any(row["connections"] >= 1 and row["states"] for row in found["connections"])
    assert "/export/database_tables.csv?sort=security&downwards=true" in page.links
    assert f"CSV, {len(found['tables'])} tables" in page.text
    sorted_file = file_rows(people["admin"], "database_tables", {"sort": ["rows"], "downwards": ["false"]})
    counts = [row["estimated_rows"] for row in sorted_file]
    known = [count for count in counts if count is not None]
    assert counts == sorted(known) + [None] * (len(counts) - len(known))
    with pytest.raises(NotAllowed):
        file_rows(people["manager"], "database_tables", {})


def test_indexes_that_cost_and_do_not_help_are_found(owner: Owner, people: People) -> None:
    owner.execute("create table agents.much (id int primary key, a int, b text)")
    owner.execute("create index much_a on agents.much (a)")
    owner.execute("create index much_a_again on agents.much (a)")
    owner.execute("create index much_a_partly on agents.much (a) where b is null")
    owner.execute("create unique index much_id_again on agents.much (id)")
    owner.execute("create unique index much_b on agents.much (b)")
    owner.execute("create unique index much_b_strict on agents.much (b) nulls not distinct")
    owner.execute("insert into agents.much values (1, 1, null), (2, 1, 'x')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("create unique index concurrently much_broken on agents.much (a)")
    found = {one.index_name: one for one in inspection.list_index_findings(people["admin"]) if "much" in one.table_name}
    assert {name: one.finding for name, one in found.items()} == {
        "much_a": "unused",
        "much_a_again": "duplicate",
        "much_a_partly": "unused",
        "much_broken": "invalid",
        "much_id_again": "duplicate",
    }
    assert (found["much_a_again"].same_as, found["much_id_again"].same_as) == ("much_a", "much_pkey")
    text = open_page(people["admin"], PAGE).text
    assert "1 index is invalid and used by no query: much_broken." in text
    assert "2 indexes are there twice: much_a_again and much_id_again." in text
    assert "drop index concurrently if exists agents.much_broken" in text


def test_dead_rows_and_the_backlog_of_the_change_log_are_said(owner: Owner, people: People) -> None:
    owner.execute("create table agents.worn (id int) with (autovacuum_enabled = off)")
    owner.execute("insert into agents.worn select generate_series(1, 20000)")
    owner.execute("delete from agents.worn where id > 100")
    rollups.finish("real")  # what the migrations left
    owner.execute("insert into signalbox.change_log (source, slot) select 1, n from generate_series(1, 50001) as n")
    owner.execute("select pg_stat_force_next_flush()")
    until(lambda: any(table.needs_vacuum for table in inspection.list_tables(people["admin"])))
    text = open_page(people["admin"], PAGE).text
    assert "1 table has many dead rows: agents.worn." in text
    assert "50,001 changes wait to be summed up" in text


def test_where_nothing_sums_up_that_is_said_before_much_waits(owner: Owner, people: People) -> None:
    """As long as passes are made, whatever waits does so for a moment."""
    rollups.finish("real")
    owner.execute("insert into signalbox.change_log (source, slot) values (1, 7)")
    text = open_page(people["admin"], PAGE).text
    assert "1 change waits to be summed up, last done" in text
    assert "Nothing found wrong" in text
    owner.execute("update signalbox.rollup_state set passed_at = now() - interval '66 s'")
    text = open_page(people["admin"], PAGE).text
    assert "1 change waits to be summed up, and nothing has summed up since" in text
    assert "python -m data rollup" in text
    with owner.transaction():
        owner.execute("select pg_advisory_xact_lock(hashtextextended('signalbox.refresh_rollups', 20261120))")
        assert "Nothing found wrong" in open_page(people["admin"], PAGE).text
    rollups.finish("real")
    assert "0 changes wait to be summed up, last done" in open_page(people["admin"], PAGE).text


@pytest.mark.usefixtures("short_minute")
def test_a_long_query_is_shown_without_its_values_and_stopped_from_the_page(
    owner: Owner, people: People, database_url: str
) -> None:
    admin = people["admin"]
    with busy(database_url, _SLEEP):
        one = its(admin)
        page = open_page(admin, PAGE, process=str(one.pid))
        # Another query may run for a tenth of a second, too.
        until(lambda: "select pg_sleep(…) , … as secret" in page.run().text)
        assert "for more than a minute" in page.text
        assert "geheim" not in page.text
        assert "a remark" not in page.text
        assert not [found for found in page.app.button if found.label.startswith("End the connection")]
        assert "closed until its query was asked to stop" in page.text
        button(page, f"Stop the query of process {one.pid}").click()
        assert f"The query of process {one.pid} (postgres) was asked to stop." in page.run().text.replace("\\", "")
        until(lambda: (left := session(admin)) is None or left.state != "active")
    row = owner.execute("select * from signalbox.audit_log where action = 'cancelled a query'").fetchone()
    assert row
    assert (row["actor_email"], row["target"].split(":")[:2]) == ("admin@example.com", ["session", str(one.pid)])
    assert row["detail"]["query"] == "select pg_sleep(…) , … as secret"


_STUBBORN = """
do $$ begin
    loop
        begin
            perform pg_sleep(600);
        exception when query_canceled then null;
        end;
    end loop;
end $$
"""


@pytest.mark.usefixtures("short_minute")
def test_a_connection_is_ended_only_after_its_query_was_asked_to_stop(
    owner: Owner, people: People, database_url: str
) -> None:
    admin = people["admin"]
    with busy(database_url, _STUBBORN):
        one = its(admin)
        with pytest.raises(ending.CancelFirst):
            ending.terminate(admin, *given(one))
        ending.cancel(admin, *given(one))
        page = open_page(admin, PAGE, process=str(one.pid))
        assert button(page, "End the connection").disabled
        page.app.text_input(key=f"typed_{one.pid}").set_value("12")
        assert button(page.run(), "End the connection").disabled
        page.app.text_input(key=f"typed_{one.pid}").set_value(str(one.pid))
        assert not button(page.run(), "End the connection").disabled
        button(page, "End the connection").click()
        assert f"The connection of process {one.pid} (postgres) is ended." in page.run().text.replace("\\", "")
        until(lambda: session(admin) is None)
    acts = owner.execute("select action from signalbox.audit_log where target like 'session:%' order by id").fetchall()
    assert [act["action"] for act in acts] == ["cancelled a query", "ended a connection"]


@pytest.mark.usefixtures("short_minute")
def test_an_idle_transaction_is_told_and_can_be_ended_at_once(people: People, database_url: str) -> None:
    admin = people["admin"]
    with psycopg.connect(database_url, application_name="forgotten console") as connection:
        connection.execute("select 1")
        one = its(admin, "forgotten console", "idle in transaction")
        page = open_page(admin, PAGE, process=str(one.pid))
        until(lambda: "1 transaction stands open and idle for more than a minute" in page.run().text)
        with pytest.raises(ending.NotRunning):
            ending.cancel(admin, *given(one))
        ending.terminate(admin, *given(one))
        until(lambda: session(admin, "forgotten console") is None)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_long_names_leave_room_for_the_rest_of_the_list_of_indexes(owner: Owner, people: People) -> None:
    names = [f"{letter * 58}_ends" for letter in "ab"]
    for name in names:
        owner.execute(sql.SQL("create index {} on chronicle.events (id, created_at)").format(sql.Identifier(name)))
    pieces = "".join(open_page(people["admin"], PAGE).pieces)
    listed = pieces[pieces.index('aria-label="Indexes that cost') :]
    assert all(f'title="{name}">{name[0] * 13}…' in listed for name in names[1:])
    assert f"the same as {names[0]}" not in listed
    assert f'<td class="sb-wide"><code>drop index concurrently if exists chronicle.{names[1]}</code>' in listed


def test_a_transaction_idle_for_a_moment_is_not_listed(
    people: People, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two statements every program is; what the console itself reads ends by its own limits."""
    admin = people["admin"]
    with (
        psycopg.connect(database_url, application_name="between two statements") as theirs,
        psycopg.connect(database_url, application_name=database.APPLICATION_NAME) as own,
    ):
        theirs.execute("select 1")
        own.execute("select 1")
        one, console = theirs.info.backend_pid, own.info.backend_pid

        def listed() -> set[int]:
            links = " ".join(open_page(admin, PAGE).links)
            return {pid for pid in (one, console) if f"process={pid}" in links}

        monkeypatch.setattr(inspection, "BRIEF_IDLE_MS", 60_000)
        assert listed() == set()
        monkeypatch.setattr(inspection, "BRIEF_IDLE_MS", 0)
        until(lambda: listed() == {one})
        monkeypatch.setattr(inspection, "LONG_IDLE_MS", 0)
        until(lambda: listed() == {one, console})


def test_who_holds_up_whom_is_told_first(people: People, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LONG_WAIT_MS", 0)
    admin = people["admin"]
    with psycopg.connect(database_url, application_name="forgotten console") as holder:
        holder.execute("lock table agents.jobs in share mode")
        with busy(database_url, "update agents.jobs set title = 'x'", application="worker 7"):
            until(lambda: bool(inspection.read_server(admin).waiting))
            waiter, head = its(admin, "worker 7"), its(admin, "forgotten console", "idle in transaction")
            page = open_page(admin, PAGE, process=str(head.pid))
            told = " ".join(page.text.split())
            assert "■ 1 query waits for a lock, since " in told
            assert f"It is held by process {head.pid} (forgotten console, idle in transaction)." in told
            assert f"idle in transaction, holds up {waiter.pid}" in told
            assert f"waits for {head.pid}" in told
            assert f"Process {waiter.pid} waits for it." in told
            assert f"/database?process={head.pid}" in page.links


def test_a_query_that_is_over_or_another_by_now_is_not_ended(people: People, database_url: str) -> None:
    admin = people["admin"]
    with psycopg.connect(database_url, application_name="quick", autocommit=True) as connection:
        connection.execute("select 1")
        seen = its(admin, "quick", "idle")
        connection.execute("select 2")
        with pytest.raises(ending.SessionMoved):
            ending.cancel(admin, *given(seen))
    with pytest.raises(ending.SessionMoved):
        ending.terminate(admin, *given(seen))


@pytest.mark.parametrize("name", inspection.OWN_NAMES)
def test_the_consoles_own_connections_are_refused(people: People, database_url: str, name: str) -> None:
    with busy(database_url, "select pg_sleep(600), 'own'", application=name):
        until(
            lambda: bool(
                [one for one in inspection.read_server(people["admin"]).sessions if "sleep" in (one.query or "")]
            )
        )
        [one] = [one for one in inspection.read_server(people["admin"]).sessions if "sleep" in (one.query or "")]
        for act in (ending.cancel, ending.terminate):
            with pytest.raises(ending.OwnSession):
                act(people["admin"], *given(one))
        text = open_page(people["admin"], PAGE, process=str(one.pid)).text
        assert "A connection of the console itself" in text


@pytest.mark.parametrize("act", ["operations.cancel_query", "operations.end_session"])
def test_what_has_moved_on_at_the_last_moment_is_left_alone(people: People, database_url: str, act: str) -> None:
    """The connection takes up something else after it was found and before it is ended, in the very transaction."""
    admin = people["admin"]
    with psycopg.connect(database_url, application_name="quick", autocommit=True) as connection:
        connection.execute("select 1")
        seen = its(admin, "quick", "idle")
        with database.operating("real") as unit:
            found = ending._found(unit, admin, *given(seen))
            connection.execute("select 2")
            with pytest.raises(ending.SessionMoved):
                ending._end(unit, admin, found, "ended a connection", act)
        assert connection.execute("select 3").fetchone() == (3,)


def test_who_looks_at_the_demo_ends_nothing_of_other_databases(
    people: People, database_url: str, server: embedded.Lease
) -> None:
    """The audit row would stand in the demo, and go with it."""
    database.open_database("demo", database_url)
    actor = replace(people["admin"], dataset="demo")
    with busy(server.url("postgres"), _SLEEP):
        until(lambda: any(one.application_name == "nightly report" and one.query for one in sessions(actor)))
        [one] = [one for one in sessions(actor) if one.application_name == "nightly report"]
        assert not one.is_here
        for act in (ending.cancel, ending.terminate):
            with pytest.raises(ending.OtherDatabase, match="another database than the demo"):
                act(actor, *given(one))


def sessions(actor: Actor) -> tuple[inspection.Session, ...]:
    return inspection.read_server(actor).sessions


def test_a_session_that_the_server_does_not_track_is_unknown_and_never_well(people: People, database_url: str) -> None:
    with psycopg.connect(database_url, application_name="untracked", options="-c track_activities=off") as connection:
        connection.execute("select 1")
        text = open_page(people["admin"], PAGE).text
    assert "○ What 1 session do could not be seen: the server does not tell (track_activities is off)." in text
    assert "○ No query that can be seen runs for more than a minute" in text
    assert "pg_read_all_stats" not in text


@pytest.mark.usefixtures("short_minute")
def test_a_long_query_of_the_console_itself_is_told_and_no_alarm(people: People, database_url: str) -> None:
    with busy(database_url, "select pg_sleep(600)", application="signalbox backup"):
        its(people["admin"], "signalbox backup")
        page = open_page(people["admin"], PAGE)
        words = "● No query runs for more than a minute but 1 query of the console itself."
        until(lambda: words in page.run().text)


def test_managers_end_nothing(people: People, database_url: str) -> None:
    with busy(database_url, _SLEEP):
        one = its(people["admin"])
        for act in (ending.cancel, ending.terminate):
            with pytest.raises(NotAllowed, match="is for the role admin"):
                act(people["manager"], *given(one))
        assert its(people["admin"]).state == "active"


@pytest.fixture
def modest(owner: Owner, database_url: str, people: People) -> Iterator[Actor]:
    """The admin on a console that connects as the owner of the tables, which has no other rights on the server."""
    role = f"modest_{uuid4().hex[:8]}"
    owner.execute(sql.SQL("create role {} login bypassrls password 'modest'").format(sql.Identifier(role)))
    owner.execute(sql.SQL("grant anon, authenticated, service_role to {}").format(sql.Identifier(role)))
    for schema in ("signalbox", "chronicle", "agents", "engine", "analytics", "auth"):
        names = sql.Identifier(schema), sql.Identifier(role)
        owner.execute(sql.SQL("grant usage on schema {} to {}").format(*names))
        owner.execute(sql.SQL("grant all on all tables in schema {} to {}").format(*names))
        owner.execute(sql.SQL("grant all on all sequences in schema {} to {}").format(*names))
        owner.execute(sql.SQL("grant execute on all functions in schema {} to {}").format(*names))
    database.open_database("real", conninfo.make_conninfo(database_url, user=role, password="modest"))
    yield people["admin"]
    database.open_database("real", database_url)
    owner.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))


@pytest.mark.usefixtures("short_minute")
def test_what_a_modest_role_cannot_see_is_unknown_and_never_well(modest: Actor, database_url: str) -> None:
    with busy(database_url, _SLEEP):
        until(lambda: session(modest) is not None)
        one = session(modest)
        assert one
        assert one.is_hidden
        page = open_page(modest, PAGE, process=str(one.pid))
        assert "of other roles do could not be seen: the role modest_" in page.text
        assert "lacks pg_read_all_stats" in page.text
        assert "No query that can be seen runs for more than a minute; some sessions are hidden." in page.text
        assert "○ No query that can be seen" in page.text
        assert "things could not be checked." in page.text
        assert "so it is not ended from here" in page.text


def test_a_role_without_the_right_to_end_queries_is_told_which_one_it_lacks(
    modest: Actor, owner: Owner, database_url: str
) -> None:
    role = database.database_of("real").url.split("user=")[1].split()[0]
    owner.execute(sql.SQL("grant pg_read_all_stats to {}").format(sql.Identifier(role)))
    database.open_database("real", database.database_of("real").url)
    with busy(database_url, _SLEEP):
        one = its(modest)
        with pytest.raises(NotAllowed, match="Grant it pg_signal_backend"):
            ending.cancel(modest, *given(one))
        rows = owner.execute("select * from signalbox.audit_log where action = 'cancelled a query'").fetchall()
        assert not rows


def test_a_part_that_cannot_be_looked_at_says_so_and_the_rest_stays(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: Actor) -> list[inspection.Table]:
        raise inspection.Locked

    monkeypatch.setattr(inspection, "list_tables", locked)
    text = open_page(people["admin"], PAGE).text
    assert "○ The tables could not be looked at: A table is locked by somebody" in text
    assert "have row-level security" not in text
    assert "1 thing could not be checked." in text
    assert "connections are used" in text
    assert Looked("tables", None, "why").found is None


def test_a_locked_table_is_named_as_the_reason(owner: Owner, people: People, database_url: str) -> None:
    owner.execute("create table agents.held (id int)")
    opened = database.database_of("real")
    object.__setattr__(opened.limits, "lock_timeout_ms", 200)
    with psycopg.connect(database_url) as connection:
        connection.execute("lock table agents.held in access exclusive mode")
        with pytest.raises(inspection.Locked):
            inspection.list_tables(people["admin"])


def test_names_of_tables_and_programs_are_text_and_no_markup(owner: Owner, people: People, database_url: str) -> None:
    owner.execute('create table agents."<b>🚦</b>" (id int)')
    with psycopg.connect(database_url, application_name="<script>alert(1)</script>"):
        page = open_page(people["admin"], PAGE)
    joined = "".join(page.pieces)
    assert "<script>alert" not in joined
    assert "agents.<b>" not in joined
    assert "<b>🚦</b>" in page.text or "🚦" in page.text


@pytest.mark.parametrize("parameters", [{}, {"process": "1"}, {"sort": "-dead", "page": "2"}])
def test_it_needs_few_queries(people: People, parameters: dict[str, str]) -> None:
    page = open_page(people["admin"], PAGE, **parameters)
    asked = queries_during(page.run)
    assert sum(asked.values()) <= MOST_QUERIES, asked


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("alter role ada password 'geheim'", "alter role ada password …"),
        ("select * from t where id = 12 and \"Name\" = E'a\\'b'", 'select * from t where id = … and "Name" = …'),
        ("select $$geheim$$, $x$geheim$x$", "select …, …"),
        ("select 'geheim", "select …"),
        ("select 1 -- geheim\n, 2", "select … , …"),
        ("select a1 from t2", "select a1 from t2"),
        ("select " + "a, " * 200, None),
    ],
)
def test_values_in_queries_of_others_are_never_shown(query: str, shown: str | None) -> None:
    told = masked(query)
    assert "geheim" not in told
    assert len(told) <= 240
    assert shown is None or told == shown
