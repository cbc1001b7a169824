"""Pages on adopted systems: what their policies hide or their tables lack is said, and never looks fine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption
from data.access import Actor
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests import recorded
from tests.page_runs import PageRun, open_page, queries_during
from tests.test_adoption import make
from ui import cached
from ui.navigation import FOLDER, PAGES

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
APPROVALS, OVERVIEW = "admin/approvals.py", "reports/overview.py"
MOST_QUERIES = 8
# `open_page` signs in anew, which looks the person up once more than a run of a page does.
_OF_SIGNING_IN = ("web_sessions.", "audit.")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def adopt_questions(url: str, owner: Owner, seen: str) -> None:
    """Adopt the engine, where a policy of its own lets through the questions of which `seen` holds."""
    make(owner, oddities.ENGINE)
    owner.execute('drop policy "Enable all for authenticated users" on public.human_approvals')
    owner.execute(f"create policy theirs on public.human_approvals for select to authenticated using ({seen})".encode())
    adoption.adopt(url, "engine", "public")


def ask(owner: Owner, title: str, status: str = "pending") -> None:
    owner.execute(
        "insert into public.human_approvals (approval_type, title, status) values ('refund', %s, %s)", (title, status)
    )


def first_sentence(page: PageRun) -> str:
    return next(piece for piece in page.pieces if "sb-say" in piece).partition("</p>")[0]


def test_questions_that_a_policy_hides_are_said_and_not_called_well(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt_questions(database_url, owner, "false")
    ask(owner, "Refund it?")
    page = open_page(people["admin"], APPROVALS)
    assert "1 question waits for a decision, but your role does not see it." in page.text
    assert "public.human_approvals: the policy “theirs” lets through false" in page.text
    assert "Your role sees no question of this list." in page.text
    assert "sb-unknown" in first_sentence(page)
    assert "ever been recorded" not in page.text
    assert "Refund it?" not in page.text


def test_questions_that_are_hidden_beside_others_are_said(database_url: str, owner: Owner, people: People) -> None:
    adopt_questions(database_url, owner, "title = 'Open'")
    for title in ("Open", "Secret", "More secret"):
        ask(owner, title)
    page = open_page(people["admin"], APPROVALS)
    assert "Beside those that you see, 2 questions wait for a decision, but your role sees none of them." in page.text
    assert "1 question waits for your decision" in page.text


def test_a_hidden_history_is_not_called_none(database_url: str, owner: Owner, people: People) -> None:
    adopt_questions(database_url, owner, "false")
    page = open_page(people["admin"], APPROVALS)
    assert "no question has ever been recorded" in page.text
    ask(owner, "Done", "approved")
    page = open_page(people["admin"], APPROVALS, show="decided")
    assert "There are questions that are over, but your role sees none of them." in page.text
    assert "Nothing has been decided" not in page.text
    assert "sb-unknown" in first_sentence(page)


def test_filters_do_not_make_hidden_questions_look_well(database_url: str, owner: Owner, people: People) -> None:
    adopt_questions(database_url, owner, "title = 'Open'")
    ask(owner, "Secret")
    page = open_page(people["admin"], APPROVALS, kind="refund")
    assert "Your role sees no question of this list." in page.text
    assert "sb-unknown" in first_sentence(page)
    ask(owner, "Open")
    page = open_page(people["admin"], APPROVALS, kind="deploy")
    assert "1 question waits for your decision, but it does not match these filters." in page.text
    assert "Beside those that you see, 1 question waits for a decision, but your role does not see it." in page.text
    assert "No question that waits has the kind “deploy”." in page.text
    assert "sb-waiting" in first_sentence(page)
    owner.execute("update public.human_approvals set status = 'approved' where title = 'Open'")
    page = open_page(people["admin"], APPROVALS, show="decided", kind="refund")
    assert "1 question asked in the last 7 days that matches these filters was decided" in page.text
    assert "1 question waits for a decision, but your role does not see it." in page.text
    assert "sb-well" not in "".join(piece for piece in page.pieces if "sb-say" in piece)
    page = open_page(people["admin"], APPROVALS, show="expired")
    assert "Your role sees no question of this list." in page.text
    assert "/approvals?show=expired&period=all" in page.links


def test_overview_says_which_policy_hides_waiting_questions(database_url: str, owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2), user_id=people["member"].user_id)
    adopt_questions(database_url, owner, "status <> 'pending'")
    page = open_page(people["manager"], OVERVIEW)
    assert "Nothing that your role sees needs you" in page.text
    assert "sb-unknown" in first_sentence(page)
    ask(owner, "Refund it?")
    page = open_page(people["manager"], OVERVIEW)
    assert "Nothing needs you" not in page.text
    assert "sb-unknown" in first_sentence(page)
    assert page.text.count("1 question waits for a decision, but your role does not see it.") == 2
    assert "public.human_approvals: the policy “theirs” lets through (status <> 'pending'" in page.text
    assert "your role does not see" not in open_page(people["member"], OVERVIEW).text


def test_the_overview_of_a_project_says_it_too(database_url: str, owner: Owner, people: People) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    adopt_questions(database_url, owner, "title = 'Seen'")
    for title in ("Hidden", "Seen"):
        ask(owner, title)
    page = open_page(people["manager"], OVERVIEW, project="shop")
    assert "Nothing of the project" not in page.text
    assert "sb-unknown" in first_sentence(page)
    assert page.text.count("1 question waits for a decision, but your role does not see it.") == 2


def test_an_overview_without_a_session_says_it_too(database_url: str, owner: Owner, people: People) -> None:
    adopt_questions(database_url, owner, "false")
    ask(owner, "Refund it?")
    page = open_page(people["admin"], OVERVIEW)
    assert "There are two ways on" in page.text
    assert "1 question waits for a decision, but your role does not see it." in page.text


@pytest.mark.parametrize(("path", "given"), [(APPROVALS, {}), (OVERVIEW, {}), (OVERVIEW, {"project": "shop"})])
def test_asking_what_is_hidden_stays_within_the_queries_of_a_page(
    database_url: str, owner: Owner, people: People, path: str, given: dict[str, str]
) -> None:
    recorded.session(owner, NOW - timedelta(hours=2))
    asks = "absence.find_hidden_questions"
    assert (asks in queries_during(lambda: open_page(people["admin"], path))) == (path == APPROVALS)
    adopt_questions(database_url, owner, "false")
    ask(owner, "Refund it?")
    ran = queries_during(lambda: open_page(people["admin"], path, **given))
    assert ran[asks] == 1
    assert_few(ran)


def assert_few(ran: Counter[str]) -> None:
    look_up_of_the_person = 1
    shown = {name: times for name, times in ran.items() if not name.startswith(_OF_SIGNING_IN)}
    assert sum(shown.values()) + look_up_of_the_person <= MOST_QUERIES, shown


def test_a_filtered_history_beside_hidden_questions_stays_within_the_queries_of_a_page(
    database_url: str, owner: Owner, people: People
) -> None:
    adopt_questions(database_url, owner, "status <> 'pending'")
    ask(owner, "Refund it?")
    ask(owner, "Refunded", "approved")
    ran = queries_during(lambda: open_page(people["admin"], APPROVALS, show="decided", kind="refund"))
    assert ran["absence.find_hidden_questions"] == ran["approvals.list_history"] == 1
    assert_few(ran)


def test_a_page_says_which_tables_and_columns_an_adopted_system_lacks(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.CHRONICLE)
    make(owner, oddities.LIFT, "lift_sys")
    adoption.adopt(database_url, "chronicle", "public", managers_read=True)
    adoption.adopt(database_url, "lift", "lift_sys", managers_read=True)
    unknown = "what rests on that is unknown here."
    tools = open_page(people["manager"], "reports/tools.py").text
    assert f"chronicle.tool_events, adopted from elsewhere, is read without the column call_id: {unknown}" in tools
    assert "session_drafts" not in tools
    lift = open_page(people["manager"], "reports/lift_sessions.py").text
    assert f"lift, adopted from elsewhere, is read without the table session_drafts: {unknown}" in lift
    assert f"lift.sessions, adopted from elsewhere, is read without the column prompt: {unknown}" in lift
    assert "call_id" not in lift
    session = {"session": "44444444-4444-4444-8444-444444444444"}
    owner.execute(
        "insert into lift_sys.sessions (id, user_id) values (%s, %s)", (session["session"], people["member"].user_id)
    )
    one = open_page(people["manager"], "reports/lift_session.py", **session).text
    assert f"is read without the tables hole_resolutions and session_drafts: {unknown}" in one


def test_a_table_that_is_written_here_is_not_called_missing(database_url: str, owner: Owner, people: People) -> None:
    make(owner, oddities.LIFT, "lift_sys")
    adoption.adopt(database_url, "lift", "lift_sys")
    assert "is read without the table" in open_page(people["manager"], "reports/lift_sessions.py").text
    owner.execute(
        "insert into signalbox.change_log (source, slot) select source, 0 from signalbox.change_sources"
        " where name = 'lift.session_drafts'"
    )
    text = open_page(people["manager"], "reports/lift_sessions.py").text
    assert "Sessions of lift-sys" in text
    assert "is read without the table" not in text


def fill(owner: Owner, user_id: UUID) -> dict[str, dict[str, str]]:
    """A row or two in each adopted system; the parameters of pages of one thing."""
    owner.execute("insert into public.sessions (session_id, project_name) values ('one', 'harbour')")
    session = owner.execute("select id from public.sessions").fetchone()
    owner.execute("insert into lift_sys.sessions (user_id, title) values (%s, 'x')", (user_id,))
    lift = owner.execute("select id from lift_sys.sessions").fetchone()
    owner.execute(
        "insert into jobs_sys.jobs (user_id, agent_identifier, status) values (%s, 'a', 'running')", (user_id,)
    )
    owner.execute(
        "insert into engine_sys.events (event_type, correlation_id, aggregate_type, aggregate_id, sequence_number,"
        " payload, emitted_by) values ('A', gen_random_uuid(), 'Lead', '1', 1, '{}', 'x')"
    )
    owner.execute("insert into engine_sys.human_approvals (approval_type, title) values ('refund', 'Refund it?')")
    owner.execute("insert into toolbox_sys.users (id, email) values (%s, 'm@example.com')", (user_id,))
    owner.execute("insert into toolbox_sys.projects (owner_id, name) values (%s, 'Lighthouse')", (user_id,))
    assert session
    assert lift
    return {
        "session": {"session": str(session["id"])},
        "lift_session": {"session": str(lift["id"])},
        "event_stream": {"type": "Lead", "id": "1"},
    }


def test_no_part_of_a_page_fails_on_adopted_systems(database_url: str, owner: Owner, people: People) -> None:
    made = (
        ("chronicle", "public", documents.CHRONICLE),
        ("lift", "lift_sys", oddities.LIFT),
        ("agents", "jobs_sys", documents.AGENTS),
        ("engine", "engine_sys", oddities.ENGINE),
        ("toolbox", "toolbox_sys", documents.TOOLBOX),
    )
    for _, schema, text in made:
        make(owner, text, schema)
        owner.execute(f"grant usage on schema {schema} to authenticated".encode())
    given = fill(owner, people["member"].user_id)
    for system, schema, _ in made:
        adoption.adopt(database_url, system, schema, managers_read=True)
    pages = [entry for entry in PAGES if entry.systems and people["manager"].can(entry.needs)]
    assert len(pages) > 10
    opened = [(str(entry.path.relative_to(FOLDER)), given.get(entry.url_path, {})) for entry in pages]
    for path, parameters in (*opened, (OVERVIEW, {"project": "harbour"})):
        text = open_page(people["manager"], path, **parameters).text
        assert "If trying again does not help" not in text, path


def test_what_many_tables_lack_stands_behind_one_line(database_url: str, owner: Owner, people: People) -> None:
    make(owner, documents.ENGINE)
    owner.execute(documents.rows_in("public", "engine", people["member"].user_id))
    adoption.adopt(database_url, "engine", "public", managers_read=True)
    page = open_page(people["manager"], "reports/sop_execution.py", execution="33333333-3333-4333-8333-444444444444")
    (folded,) = page.app.expander
    behind = "adopted tables or systems lack something that this page reads: what rests on that is unknown here"
    assert folded.label == f"4 {behind}"
    named = ["events", "human_approvals", "sop_definitions", "sop_executions"]
    assert lacking_on(page) == [f"engine.{table}" for table in named], "in the order of their names, once each"
    # A page names the tables that it rests on, and no other of their system.
    events = open_page(people["manager"], "reports/events.py")
    assert "engine.events, adopted from elsewhere, is read without the columns causation_id and position" in events.text
    assert lacking_on(events) == ["engine.events"]
    row = owner.execute("insert into chronicle.sessions (session_id) values ('one') returning id").fetchone()
    assert row is not None
    session = open_page(people["manager"], "reports/session.py", session=str(row["id"]))
    assert lacking_on(session) == ["engine.human_approvals"], "also where not all that it reads is known"


def lacking_on(page: PageRun) -> list[str]:
    """The tables that a page says lack columns, in the order in which it names them."""
    return re.findall(r"(\w+\.\w+), adopted from elsewhere, is read without", page.text)
