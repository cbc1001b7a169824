"""What a view of a page asks of the database when nothing is cached: every statement that the server saw, whoever sent
it and through whatever, without the beginning and the end of transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import adoption, database, demo, embedded
from data.access import ACTIONS, Actor, Role
from data.identity import demo_accounts
from tests import adoption_documents as documents
from tests import recorded
from tests.benchmarks.page_views import VIEWS, PageView
from tests.conftest import MIGRATIONS, Prepared, fresh_database, make_people
from tests.page_runs import open_page
from tests.test_adopted_documents import build
from tests.test_adoption import make
from ui import cached, navigation

Counted = psycopg.Connection[tuple[str, int]]
Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

MOST_STATEMENTS = 8
ROLES: dict[str, Role] = {"admin": "admin", "manager": "manager", "member": "member"}
EVENTS = 3000

# The frame of a transaction, and who counts here.
_FRAME = ("begin", "commit", "rollback", "select set_config(", "start transaction")
_SEEN = """
    select s.query, sum(s.calls)::bigint
    from extensions.pg_stat_statements as s
    where s.dbid = (select d.oid from pg_database as d where d.datname = current_database())
    group by s.query
"""

# The server's own upkeep asks the functions in conditions of indexes, and that would be counted as sent.
_LEFT_ALONE = """
    do $$
    declare kept regclass;
    begin
        for kept in
            select c.oid from pg_class as c
            inner join pg_namespace as n on n.oid = c.relnamespace
            where c.relkind = 'r' and n.nspname in ('chronicle', 'engine', 'agents', 'lift', 'toolbox', 'analytics')
        loop
            execute format('alter table %s set (autovacuum_enabled = false)', kept);
        end loop;
    end
    $$
"""


@pytest.fixture(scope="module")
def demo_url(server: embedded.Lease) -> Iterator[str]:
    """A database in which there is something of everything."""
    demo.create(Prepared(server), MIGRATIONS, events=EVENTS, seed=7, progress=lambda _: None, replace=True)
    with psycopg.connect(server.url(demo.DATABASE), autocommit=True) as connection:
        connection.execute(_LEFT_ALONE)
    yield server.url(demo.DATABASE)
    database.close_all()
    demo.remove(server)


@pytest.fixture(scope="module")
def counted(demo_url: str) -> Iterator[Counted]:
    """A connection that counts; the database is open as the real one."""
    database.open_database("real", demo_url)
    demo_accounts.add_to("real")
    with psycopg.connect(demo_url, autocommit=True) as connection:
        yield connection
    database.close_all()


def statements(connection: Counted) -> Counter[str]:
    """How often each statement was sent so far."""
    rows = connection.execute(_SEEN).fetchall()
    return Counter(
        {
            " ".join(text.split()): calls
            for text, calls in rows
            if not text.strip().lower().startswith(_FRAME) and "pg_stat_statements" not in text
        }
    )


def in_one_view(connection: Counted, view: PageView, actor: Actor) -> Counter[str]:
    """What was sent while the page ran once for somebody who is signed in, with nothing cached."""
    parameters = dict(view.parameters)
    if view.found_by is not None:
        cursor = connection.execute(view.found_by)
        row = cursor.fetchone()
        assert row is not None, "there is something of everything"
        parameters |= {column.name: str(value) for column, value in zip(cursor.description or (), row, strict=True)}
    path = navigation.entry_of(view.page).path.relative_to(navigation.FOLDER)
    page = open_page(actor, str(path), **parameters)
    assert "could not be shown" not in page.text
    cached.forget()
    before = statements(connection)
    page.run()
    return statements(connection) - before


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: " ".join([view.page, *view.parameters.values()]))
def test_a_view_sends_at_most_eight_statements(counted: Counted, view: PageView) -> None:
    needed = navigation.entry_of(view.page).needs
    for role in ("admin", "member"):
        if role in ACTIONS[needed][1]:
            person = demo_accounts.of_role(role)
            sent = in_one_view(counted, view, Actor(person.user_id, person.email, role))
            assert sum(sent.values()) <= MOST_STATEMENTS, "\n".join(f"{n} × {text[:100]}" for text, n in sent.items())
            assert sent, "what was sent is counted"


@pytest.fixture(scope="module")
def empty(server: embedded.Lease) -> Iterator[tuple[str, People]]:
    """A database without rows and the people in it."""
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        yield url, make_people(owner, ROLES)


@pytest.fixture(scope="module")
def emptied(server: embedded.Lease) -> Iterator[tuple[str, People]]:
    """A database in which row security lets nobody see the rows of adopted systems, and the people in it."""
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        people = make_people(owner, ROLES)
        for system, text in (("chronicle", documents.CHRONICLE), ("agents", documents.AGENTS)):
            make(owner, text)
            adoption.adopt(url, system, "public")
        owner.execute(_LEFT_ALONE)
        yield url, people


def sent_in(place: tuple[str, People], name: str, role: str) -> Counter[str]:
    """What one view of the page sends in that database."""
    url, people = place
    database.open_database("real", url)
    with psycopg.connect(url, autocommit=True) as connection:
        sent = in_one_view(connection, PageView(name), people[role])
    database.close_all()
    return sent


@pytest.mark.parametrize("role", ["admin", "manager", "member"])
@pytest.mark.parametrize("name", ["overview", "sessions", "tools", "jobs", "agents", "sops", "events", "clients"])
def test_a_view_of_an_empty_database_sends_no_more(empty: tuple[str, People], name: str, role: str) -> None:
    sent = sent_in(empty, name, role)
    assert sum(sent.values()) <= MOST_STATEMENTS, "\n".join(f"{n} × {text[:100]}" for text, n in sent.items())
    assert sent, "what was sent is counted"


@pytest.mark.parametrize("hides", [False, True], ids=["seen", "hidden"])
def test_the_overview_of_an_adopted_engine_sends_no_more(
    database_url: str, owner: Owner, people: People, hides: bool
) -> None:
    build(owner, people, ["engine"])
    if hides:
        owner.execute('drop policy "Enable all for authenticated users" on workshop.human_approvals')
    adoption.adopt(database_url, "engine", "workshop")
    recorded.session(owner, datetime.now(UTC) - timedelta(hours=2))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_LEFT_ALONE)
        for role in ("manager", "admin"):
            sent = in_one_view(connection, PageView("overview"), people[role])
            assert sum(sent.values()) <= MOST_STATEMENTS, "\n".join(f"{n} × {text[:100]}" for text, n in sent.items())
            assert any("human_approvals" in text and "read_by" in text for text in sent) == hides, "what is hidden"
            page = open_page(people[role], "reports/overview.py")
            assert "no backup has been made" not in page.text, "none is due before a day has passed"
    owner.execute("update signalbox.migration_runs set applied_at = applied_at - interval '3 days'")
    cached.forget()
    assert "No backup has been made" in open_page(people["manager"], "reports/overview.py").text.replace("no b", "No b")


@pytest.mark.parametrize("role", ["admin", "manager"])
@pytest.mark.parametrize("name", ["sessions", "tools", "jobs"])
def test_a_view_that_row_security_empties_sends_no_more(emptied: tuple[str, People], name: str, role: str) -> None:
    sent = sent_in(emptied, name, role)
    assert sum(sent.values()) <= MOST_STATEMENTS, "\n".join(f"{n} × {text[:100]}" for text, n in sent.items())
    assert sent, "what was sent is counted"
