"""Databases built as the five documents build theirs: adopted either way, every page opens and shows their rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, migration
from data.access import Actor
from data.command import main
from data.migration.documents import SystemReport
from data.migration.files import FOLDER as MIGRATIONS
from tests import adoption_documents as documents
from tests.page_runs import open_page
from tests.test_adoption import at_database
from ui import cached
from ui.navigation import FOLDER, PAGES

__all__ = ["at_database"]

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

# `sessions` and `events` are each of two systems: a project of all five has them in two schemas at least.
SCHEMAS = {"chronicle": "public", "agents": "public", "toolbox": "public", "lift": "workshop", "engine": "workshop"}
SYSTEMS = sorted(SCHEMAS)
WAYS = pytest.mark.parametrize("move", [False, True], ids=["pointed", "moved"])


@dataclass(frozen=True)
class Look:
    """A page with parameters of its address, what of a system's rows it shows, and what it says is missing."""

    page: str
    shows: tuple[str, ...]
    parameters: dict[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def build(owner: Owner, people: People, systems: list[str]) -> None:
    """The tables of these systems with their rows, each system in its schema."""
    for system in systems:
        owner.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMAS[system])))
        owner.execute(documents.tables_in(SCHEMAS[system], documents.BY_SYSTEM[system]))
        owner.execute(documents.rows_in(SCHEMAS[system], system, people["member"].user_id))


def adopt_all(url: str, systems: list[str], *, move: bool) -> None:
    """As the documents suggest: each after a dry run that has nothing against it."""
    for system in systems:
        schema = SCHEMAS[system]
        tried = adoption.adopt(url, system, schema, move=move, managers_read=True, dry_run=True)
        assert tried.obstacles == ()
        assert [table.name for table in tried.there] == list(adoption.tables_of(system)), "a table of it was not made"
        adoption.adopt(url, system, schema, move=move, managers_read=True)


# What Python calls nothing; sentences of pages begin with the word, too.
NOTHING_AS_A_WORD = re.compile(r"\bNone\b(?! (recorded|ended|is removed|at this))")
CALL_ID = "chronicle.tool_events, adopted from elsewhere, is read without the column call_id"
LOOKS = {
    "agents": (
        Look("overview", ("The lighthouse is dark", "harbour-intake")),
        Look("jobs", ("4 Failed 50.0 % 1 of 2", "harbour-intake", "tide-writer", "The lighthouse is dark")),
        Look("agents", ("harbour-intake", "tide-writer")),
        Look("people", ("4 jobs",)),
    ),
    "chronicle": (
        Look("overview", ("2 sessions", "1 prompt", "50.0 % of 2 tool calls succeeded", "No oil"), lacks=(CALL_ID,)),
        Look("sessions", ("2 sessions started", "Light the lamp", "lighthouse"), lacks=(CALL_ID,)),
        Look(
            "session",
            ("“Light the lamp”", "1 prompt and 2 tool calls; 1 call failed", "Notifications 1", "lamp/wick.py"),
            {"session": "11111111-1111-4111-8111-111111111111"},
            lacks=(CALL_ID,),
        ),
        Look("tools", ("No oil", "harbour"), {"tool": "Bash"}, lacks=(CALL_ID,)),
        Look(
            "tools",
            ("Calls 2", "Grep 0 0 % 1", "Bash 1 100 % 1", "No oil", "such a call counts once it has ended"),
            lacks=(CALL_ID,),
        ),
        Look("people", ("2 sessions",), lacks=(CALL_ID,)),
    ),
    "engine": (
        Look("overview", ("1 question waits for a decision", "Refund the harbour?", "Offer the lighthouse?")),
        Look(
            "agents",
            ("IntakeAgent 3 no counts no counts none recorded",),
            lacks=("engine.agent_metrics, adopted from elsewhere, is read without the columns actions_automated",),
        ),
        Look(
            "sops",
            ("100 % of 1 run completed", "1 h 30 min", "$12.50", "light-the-lamp version not recorded"),
            lacks=("engine.sop_definitions, adopted from elsewhere, is read without the columns description, status",),
        ),
        Look(
            "sop_execution",
            ("This run completed after 1 h 30 min", "Whether a person stepped in is not recorded", "80.0 % ran"),
            {"execution": "33333333-3333-4333-8333-444444444444"},
            lacks=("session_id, sop_version, steps and user_id: what rests on that is unknown here",),
        ),
        Look(
            "events",
            ("3 events in the last 30 days", "LEAD_WON", "0.95", "harbour-co"),
            lacks=("engine.events, adopted from elsewhere, is read without the columns causation_id and position",),
        ),
        Look(
            "events",
            ("3 events in 1 stream",),
            {"view": "integrity"},
            lacks=("engine.event_snapshots, adopted from elsewhere, is read without the column reducer",),
        ),
        Look(
            "sops",
            ("Definition 1 version, the newest first", "Its steps are "),
            {"sop": "light-the-lamp"},
        ),
        Look("events", ("LEAD_WON",), {"correlation": "33333333-3333-4333-8333-333333333333"}),
        Look("clients", ("62.5 of 100, by its only assessment",), {"client": "harbour-co"}),
        Look("agents", ("IntakeAgent",), {"agent": "IntakeAgent"}),
        Look("approvals", ("Offer the lighthouse?",), {"show": "decided"}),
        Look("event_stream", ("Event 3: LEAD_WON", "harbour-co"), {"type": "Lead", "id": "lead-001"}),
        Look(
            "clients",
            ("1 assessment of clients is recorded, and it does not say when it was made", "harbour-co 62.5"),
            lacks=(
                "engine.client_health, adopted from elsewhere, is read without the columns computed_at, created_at",
            ),
        ),
        Look(
            "clients",
            ("Put the lamp out", "Ships still find the harbour"),
            {"view": "experiments"},
            lacks=("engine.chaos_experiments, adopted from elsewhere, is read without the columns blast_radius",),
        ),
        Look(
            "approvals",
            ("1 question waits for your decision", "Refund the harbour?", "not given"),
            lacks=(
                "engine.human_approvals, adopted from elsewhere, is read without the columns context, correlation_id",
            ),
        ),
    ),
    "lift": (
        Look(
            "lift_sessions",
            ("2 sessions of lift-sys", "beacon 1", "$0.25"),
            lacks=("lift.sessions, adopted from elsewhere, is read without the column prompt",),
        ),
        Look(
            "lift_session",
            ("2 revisions, 1 draft and 1 hole filled", '"wick": 2', "h-wick", "The code of this draft is not recorded"),
            {"session": "44444444-4444-4444-8444-444444444444"},
            lacks=("lift.session_drafts, adopted from elsewhere, is read without the column code",),
        ),
        Look("people", ("2 sessions of lift-sys",)),
    ),
    "toolbox": (
        Look(
            "projects",
            (
                "1 project, none of them with a status; 1 workspace",
                "Lighthouse none recorded Coast keeper@example.com 2",
                "Coast unknown 1 1",
            ),
            lacks=("toolbox.projects, adopted from elsewhere, is read without the columns description, status",),
        ),
        Look(
            "projects",
            ("Lighthouse status not recorded, in Coast", "keeper@example.com", "mate@example.com"),
            {"project": "55555555-5555-4555-8555-777777777777"},
        ),
        Look(
            "projects",
            ("Members of Coast", "mate@example.com – member no time"),
            {"workspace": "55555555-5555-4555-8555-666666666666"},
            lacks=("toolbox.workspaces, adopted from elsewhere, is read without the columns owner_id and updated_at",),
        ),
    ),
}


def look_at(actor: Actor, looks: tuple[Look, ...], *, moved: bool = False) -> None:
    """Open pages and find what they show, and what is missing, by its name; where it was moved, what was missing."""
    files = {entry.url_path: str(entry.path.relative_to(FOLDER)) for entry in PAGES}
    for look in looks:
        text = open_page(actor, files[look.page], **look.parameters).text
        assert "If trying again does not help" not in text, look.page
        assert not NOTHING_AS_A_WORD.search(text), look.page
        lacks = " / ".join(look.lacks)
        for pointed, now in AS_MOVED.items() if moved else ():
            lacks = lacks.replace(pointed, now)
        for words in (*look.shows, *lacks.split(" / ")):
            assert words in MOVED_AT.sub("", " ".join(text.split())), (look.page, words, text)


# What a page says of a table that lacks columns, and of one that got them empty when it was moved here.
AS_MOVED = {
    "adopted from elsewhere, is read without the": "moved here, had no",
    "columns causation_id and position": "column causation_id",  # positions are given to the rows that are there
    "is unknown here": "is not recorded of the rows from before",
}
MOVED_AT = re.compile(r"(?<=moved here) at \d\d:\d\d UTC(?=, had no)")


# What a document names and its own tables, as they are built here, do not have.
NOT_BUILT = {"engine": ["Clients see own events"]}


def says_what_is_there(report: SystemReport, move: bool) -> None:
    """Nothing is both missing and more than the document names, and whatever it counts otherwise has its reason."""
    assert [each.name for each in report.missing] == (NOT_BUILT.get(report.schema, []) if move else [])
    named = {each.name for each in (*report.there, *report.missing)} - {each.name for each in report.left_out}
    assert [extra for extra in report.extra if extra.rpartition(".")[2] in named] == []
    for count in report.counts:
        assert count.agrees
        assert count.document == count.here or count.why, count
        if move and count.document != count.here:
            assert count.why
            assert "as another program made" in count.why


@WAYS
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_page_of_a_system_shows_its_rows(
    database_url: str, owner: Owner, people: People, system: str, move: bool
) -> None:
    build(owner, people, [system])
    adopt_all(database_url, [system], move=move)
    # Moving adds the columns that were missing, and nobody knows what the rows from before would say in them.
    look_at(people["manager"], tuple(look for look in LOOKS[system] if look.page != "approvals"), moved=move)
    verified = migration.verify(database_url, MIGRATIONS)
    says_what_is_there(next(each for each in verified.systems if each.schema == system), move)
    tables = [f"{system}.{table}" for table in sorted(adoption.tables_of(system))]
    assert sorted(verified.moved) == (tables if move else [])
    assert [each.partition(" in ")[0] for each in verified.pointed] == ([] if move else tables)
    found = verified.comparison
    assert not found.missing
    # The one fault that a document leaves: everybody may read the members of every project.
    left_open = ["table toolbox.project_members", "table toolbox.workspace_members"] if move else []
    assert [each.expected.name for each in found.different] == (left_open if system == "toolbox" else [])


def looks_for(actor: Actor) -> tuple[Look, ...]:
    """Every page that is for this person, with whatever of any system it shows."""
    known = [look for system in SYSTEMS for look in LOOKS[system]]
    pages = [entry.url_path for entry in PAGES if actor.can(entry.needs)]
    return tuple(look for page in pages for look in [each for each in known if each.page == page] or [Look(page, ())])


@WAYS
def test_every_page_opens_on_all_systems_at_once(database_url: str, owner: Owner, people: People, move: bool) -> None:
    """Each page once either way: as an admin, or as a manager where it is for managers. The proof opens it as both."""
    build(owner, people, SYSTEMS)
    adopt_all(database_url, SYSTEMS, move=move)
    opened = set[str]()
    for role in ("admin",) if move else ("manager", "admin"):
        looks = tuple(look for look in looks_for(people[role]) if look.page not in opened)
        look_at(people[role], looks, moved=move)
        opened |= {look.page for look in looks}
    assert opened == {entry.url_path for entry in PAGES}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_table_keeps_its_rows_when_it_is_moved(
    database_url: str, owner: Owner, people: People, system: str
) -> None:
    build(owner, people, [system])

    def rows(schema: str) -> dict[str, int]:
        counts = {}
        for table in adoption.tables_of(system):
            counted = sql.SQL("select count(*) as n from {}").format(sql.Identifier(schema, table))
            row = owner.execute(counted).fetchone()
            counts[table] = row["n"] if row else 0
        return counts

    before = rows(SCHEMAS[system])
    assert all(before.values()), "a table without rows proves nothing"
    adoption.adopt(database_url, system, SCHEMAS[system], move=True)
    assert rows(system) == before == rows(SCHEMAS[system])


def test_what_a_member_sees_of_tables_moved_out_of_a_closed_schema_is_said_as_it_is(
    database_url: str, owner: Owner, people: People
) -> None:
    """Nobody signed in may look into theirs; ours is open, and the table's own policies let its people read."""
    build(owner, people, ["lift"])
    said = adoption.adopt(database_url, "lift", SCHEMAS["lift"], move=True).remarks
    (sight,) = [one for one in said if one.startswith("Grants and policies stay")]
    assert "of sessions what “sessions_select” allows" in sight
    with database.reading(people["member"]) as unit:
        row = unit.connection.execute("select count(*) as n from analytics.stg_lift__sessions").fetchone()
    assert row == {"n": 2}


def test_a_moved_log_has_one_index_on_its_positions(database_url: str, owner: Owner, people: People) -> None:
    build(owner, people, ["engine"])
    adoption.adopt(database_url, "engine", SCHEMAS["engine"], move=True)
    row = owner.execute(
        "select array_agg(indexname::text) as names from pg_indexes where schemaname = 'engine'"
        " and indexdef like '%(\"position\")'"
    ).fetchone()
    assert row == {"names": ["idx_events_position"]}


@pytest.mark.parametrize(
    ("table", "column"), [("events", "sequence_number"), ("events", "event_type"), ("human_approvals", "status")]
)
def test_a_table_whose_rows_would_tell_nothing_is_left_out_by_the_name_of_the_column(
    database_url: str, owner: Owner, people: People, table: str, column: str
) -> None:
    build(owner, people, ["engine"])
    owner.execute(sql.SQL("alter table workshop.{} drop {}").format(sql.Identifier(table), sql.Identifier(column)))
    said = f"{table} has no {column}, without which its rows tell nothing"
    for dry_run in (True, False):
        found = adoption.adopt(database_url, "engine", "workshop", dry_run=dry_run)
        assert found.obstacles == ()
        assert {each.name: each.left_out for each in found.tables if each.left_out} == {table: said}
    row = owner.execute("select array_agg(table_name) as names from signalbox.adopted_tables").fetchone()
    assert row is not None
    assert sorted([*row["names"], table]) == sorted(adoption.tables_of("engine"))
    with pytest.raises(adoption.AdoptionError, match=f"{table} has no {column}.* a system is moved.* whole"):
        adoption.adopt(database_url, "engine", "workshop", move=True)


@pytest.mark.usefixtures("at_database")
def test_a_table_with_a_key_of_its_own_is_left_out_and_the_others_are_read(
    database_url: str, owner: Owner, people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    build(owner, people, ["engine"])
    owner.execute("alter table workshop.client_health drop id, add primary key (client_id)")
    said = "workshop.client_health: left out, since client_health has no id, by which its rows are known; its reports"
    for way in (["--dry-run"], []):
        assert main(["adopt", "engine", "--from", "workshop", "--managers-read", *way]) == 0
        assert f"{said} stay empty.\n" in capsys.readouterr().out
    looks = [look for look in LOOKS["engine"] if look.page in ("overview", "event_stream")]
    look_at(people["manager"], tuple(looks))
    lacking = "engine, adopted from elsewhere, is read without the table client_health: what rests on that is unknown"
    clients = open_page(people["manager"], "reports/clients.py").text
    assert lacking in clients
    without = "engine, adopted from elsewhere, is read without its table client_health"
    assert f"Nothing is known of assessments of clients: {without}." in clients
    owner.execute("alter table workshop.client_health add id uuid not null default gen_random_uuid()")
    assert adoption.adopt(database_url, "engine", "workshop", managers_read=True).tables[-1].left_out == ""
    look_at(people["manager"], tuple(look for look in LOOKS["engine"] if look.page == "clients"))
