"""Pages on adopted tables whose own row security keeps rows from whoever looks: each says so of the tables that it
rests on, whoever looks and whichever page it is, and calls nothing well that rests on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database
from data.access import Actor
from tests.page_runs import PageRun, open_page
from tests.test_adopted_documents import LOOKS, SCHEMAS, SYSTEMS, WAYS, build
from ui import cached
from ui.navigation import FOLDER, PAGES

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

EVERY = re.compile(r"Row security keeps every row of ([\w., ]+) from (your role|you): what rests on (?:it|them)")
SOME = re.compile(r"Row security decides which rows of ([\w., ]+?) (your role|you) may see: what rests on (?:it|them)")
# One of the tables behind each page that shows figures or lists.
BEHIND = {
    "overview": "chronicle.sessions", "sessions": "chronicle.sessions", "tools": "chronicle.tool_events",
    "jobs": "agents.jobs", "agents": "engine.agent_metrics", "sops": "engine.sop_executions",
    "events": "engine.events", "clients": "engine.client_health", "people": "chronicle.sessions",
    "projects": "toolbox.projects", "lift_sessions": "lift.sessions", "approvals": "engine.human_approvals",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def only(owner: Owner, schema: str, table: str, *policies: str) -> None:
    """Let nothing through but what these policies do, each written as from "to" or "using" on."""
    found = owner.execute(
        "select policyname as name from pg_policies where schemaname = %s and tablename = %s", (schema, table)
    ).fetchall()
    place = sql.Identifier(schema, table)
    for row in found:
        owner.execute(sql.SQL("drop policy {} on {}").format(sql.Identifier(row["name"]), place))
    owner.execute(sql.SQL("alter table {} enable row level security").format(place))
    owner.execute(sql.SQL("grant select on {} to authenticated").format(place))
    for number, text in enumerate(policies):
        name = sql.Identifier(f"theirs_{number}")
        owner.execute(sql.SQL("create policy {} on {} {}").format(name, place, sql.SQL(text)))


def adopt(url: str, owner: Owner, systems: list[str], *, move: bool) -> None:
    owner.execute("grant usage on schema workshop to authenticated")
    for system in systems:
        adoption.adopt(url, system, SCHEMAS[system], move=move)


def named(page: PageRun, said: re.Pattern[str]) -> set[str]:
    """The tables that a page names once in such a sentence, nothing where it says none."""
    found = said.findall(page.text)
    assert len(found) <= 1, "it is said once"
    return set(re.split(r", | and ", found[0][0])) if found else set()


def verdicts(page: PageRun) -> str:
    return "".join(piece for piece in page.pieces if "sb-say" in piece or "sb-lines" in piece)


def file_of(url_path: str) -> str:
    return next(str(entry.path.relative_to(FOLDER)) for entry in PAGES if entry.url_path == url_path)


@WAYS
def test_every_page_says_which_tables_show_it_nothing_and_calls_nothing_well(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    build(owner, people, SYSTEMS)
    for system in SYSTEMS:
        for table in adoption.tables_of(system):
            only(owner, SCHEMAS[system], table)
    adopt(database_url, owner, SYSTEMS, move=move)
    for role, whom in (("member", "you"), ("manager", "your role"), ("admin", "your role")):
        for page, behind in BEHIND.items():
            entry = next(each for each in PAGES if each.url_path == page)
            if not people[role].can(entry.needs):
                continue
            shown = open_page(people[role], file_of(page))
            system, _, table = behind.partition(".")
            assert f"{system if move else SCHEMAS[system]}.{table}" in named(shown, EVERY), (role, page, shown.text)
            assert EVERY.findall(shown.text)[0][1] == whom
            assert 'class="sb-mark sb-well"' not in verdicts(shown), (role, page)
    integrity = open_page(people["manager"], file_of("events"), view="integrity")
    assert "sb-well" not in verdicts(integrity)
    assert len(named(integrity.run(), EVERY)) == 2, "what was found in an earlier run rests on them, too"


@WAYS
def test_the_documents_own_policies_leave_managers_less_than_members_own_rows(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    build(owner, people, SYSTEMS)
    adopt(database_url, owner, SYSTEMS, move=move)
    jobs, tools = ("agents.jobs", "chronicle.tool_events") if move else ("public.jobs", "public.tool_events")
    assert named(open_page(people["manager"], file_of("jobs")), SOME) == {jobs}
    member = open_page(people["member"], file_of("jobs"))
    assert "1 of 2 jobs that ran to an end failed" in member.text
    assert "Row security" not in member.text
    for role in ("member", "manager"):
        shown = open_page(people[role], file_of("tools"))
        assert tools in named(shown, EVERY)
        assert "sb-well" not in verdicts(shown)
    assert "Whether there are calls of tools for you to see cannot be told." in open_page(
        people["member"], file_of("tools")
    ).text  # fmt: skip
    overview = " ".join(open_page(people["manager"], file_of("overview")).text.split())
    assert "No session and no call of a tool that your role sees is recorded in the last 7 days." in overview
    assert "Sessions started unknown prompts unknown Tool calls that succeeded unknown" in overview
    assert "Jobs finished unknown unknown failed Cost of sessions unknown" in overview
    assert overview.count("None that your role sees recorded in this period.") == 3
    projects = open_page(people["member"], file_of("projects")).text
    assert "not yours to see" in projects
    assert "; 0 workspaces that you see." in projects
    agents = open_page(people["member"], file_of("agents"), agent="harbour-intake").text
    assert "none recorded" in agents
    assert "none yours to see" not in agents
    assert "managers see all" not in agents
    # What everybody may see is told as before.
    for role in ("member", "manager"):
        sops = open_page(people[role], file_of("sops"))
        assert "Row security" not in sops.text
        assert "sb-well" in verdicts(sops)


def test_a_session_whose_happenings_are_kept_from_its_reader_is_not_called_well(
    database_url: str, owner: Owner, people: People
) -> None:
    build(owner, people, ["chronicle"])
    for table in adoption.tables_of("chronicle"):
        only(owner, "public", table, *(["using (true)"] if table == "sessions" else []))
    adoption.adopt(database_url, "chronicle", "public")
    (look,) = [one for one in LOOKS["chronicle"] if one.page == "session"]
    for role in ("member", "manager"):
        shown = open_page(people[role], file_of("session"), **look.parameters)
        assert "nothing is known to have gone wrong" not in shown.text
        nobody_knows = (
            "unknown number of prompts and an unknown number of tool calls; whether anything went wrong is not"
        )
        assert f"An {nobody_knows} known." in shown.text
        assert "Whether more is recorded of this session than that it existed cannot be told." in shown.text
        assert not re.search(r"\b0 (prompts|tool calls|known outcomes)\b", shown.text)
        assert "sb-well" not in verdicts(shown)
        assert "public.tool_events" in named(shown, EVERY)
        listed = " ".join(open_page(people[role], file_of("sessions")).text.split())
        assert "unknown unknown unknown none recorded" in listed, "prompts, calls, failed"
        overview = " ".join(open_page(people[role], file_of("overview")).text.split())
        assert "Sessions started 2 prompts unknown Tool calls that succeeded unknown Jobs finished" in overview
    owner.execute("create policy everything on public.sessions as restrictive for select using (false)")
    cached.forget()
    first = open_page(people["manager"], file_of("overview"))
    assert "There are sessions, but your role sees none of them." in first.text
    assert "No session of an agent is recorded" not in first.text
    first = open_page(people["member"], file_of("overview"))
    assert "Whether there are sessions for you to see cannot be told." in first.text
    assert "No session of yours is recorded" not in first.text


def test_a_log_of_which_a_part_is_hidden_is_neither_whole_nor_broken(
    database_url: str, owner: Owner, people: People
) -> None:
    build(owner, people, ["engine"])
    only(owner, "workshop", "events", "to authenticated using (sequence_number <> 2)")
    adopt(database_url, owner, ["engine"], move=False)
    for parameters in ({"view": "integrity"}, {"type": "Lead", "id": "lead-001"}):
        path = file_of("events" if "view" in parameters else "event_stream")
        shown = open_page(people["manager"], path, **parameters)
        assert "1 number" in shown.text
        assert "sb-broken" not in verdicts(shown)
        assert "sb-unknown" in verdicts(shown)
        assert named(shown, SOME) == {"workshop.events"}


def test_what_is_kept_follows_the_policies_at_once(database_url: str, owner: Owner, people: People) -> None:
    build(owner, people, ["engine"])
    adopt(database_url, owner, ["engine"], move=False)
    assert "sb-well" in verdicts(open_page(people["manager"], file_of("sops")))
    only(owner, "workshop", "sop_executions", "to authenticated using (status <> 'failed')")
    page = open_page(people["manager"], file_of("sops"))
    assert "sb-well" not in verdicts(page)
    assert named(page, SOME) == {"workshop.sop_executions"}


OWN = "using ((select auth.uid()) = user_id)"
SIGHTS = (
    (("using (true)",), "all", "all"),
    (("to authenticated using (auth.role() = 'authenticated')",), "all", "all"),
    (("using ((select auth.uid()) is not null)",), "all", "all"),
    ((), "none", "none"),
    (("using (false)",), "none", "none"),
    (("to service_role using (true)",), "none", "none"),
    (("using (auth.jwt() ->> 'role' = 'service_role')",), "none", "none"),
    (("for insert with check (true)",), "none", "none"),
    ((OWN,), "some", "own"),
    ((OWN, "using ((select signalbox.sees_all()))"), "all", "own"),
    (("using (signalbox.sees_all() or user_id = auth.uid())",), "all", "own"),
    (("using ((signalbox.sees_all() or user_id = auth.uid()) and status <> 'failed')",), "some", "own"),
    (("using (status <> 'failed')",), "some", "some"),
    (("using (true)", "as restrictive using (status <> 'failed')"), "some", "some"),
    (("using (true)", "as restrictive for select using (false)"), "none", "none"),
    (("using (true)", "as restrictive using (auth.uid() is not null)"), "all", "all"),
)  # fmt: skip


def test_how_much_policies_show_is_judged_by_what_they_say(database_url: str, owner: Owner, people: People) -> None:
    build(owner, people, ["agents"])
    adoption.adopt(database_url, "agents", "public")
    for policies, of_managers, of_members in SIGHTS:
        only(owner, "public", "jobs", *policies)
        sight = database.read_sources(people["member"]).sights["agents.jobs"]
        assert (sight.place, sight.of_managers, sight.of_members) == ("public.jobs", of_managers, of_members), policies
    owner.execute("revoke select on public.jobs from authenticated")
    assert database.read_sources(people["member"]).sights["agents.jobs"].of_managers == "none"
    owner.execute("grant select on public.jobs to authenticated; alter table public.jobs disable row level security")
    assert database.read_sources(people["member"]).sights["agents.jobs"].of_members == "all"
