"""Who sees what of adopted tables, whose own policies decide: not the cache, and not the stored sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow

from data import adoption, database, rollups
from data.access import Actor
from data.command import main
from data.reports import agents
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.conftest import make_person
from tests.page_runs import open_page
from tests.test_adoption import add_job, agents_seen, at_database, everything, make
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]
PAGE = "reports/jobs.py"

__all__ = ["at_database"]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


@pytest.mark.parametrize("move", [False, True], ids=["pointed", "moved"])
def test_two_managers_whom_its_policies_tell_apart_share_no_answer(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    make(owner, documents.AGENTS)
    second = make_person(owner, "second", "manager")
    add_job(owner, people["manager"], "private-agent")
    adoption.adopt(database_url, "agents", "public", move=move)
    assert agents_seen(people["manager"]), "the policy of the table is for its owner"
    assert "private-agent" in open_page(people["manager"], PAGE, period="all").text
    assert "private-agent" not in open_page(second, PAGE, period="all").text


def test_sums_of_moved_tables_show_managers_nothing_that_policies_hide(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.AGENTS)
    at = datetime.now(UTC) - timedelta(days=2)
    for _ in range(5):
        owner.execute(
            "insert into public.jobs (user_id, agent_identifier, status, created_at, started_at, completed_at) "
            "values (%s, 'hidden-agent', 'failed', %s, %s, %s)",
            (people["member"].user_id, at, at, at + timedelta(minutes=1)),
        )
    adoption.adopt(database_url, "agents", "public", move=True)
    rollups.finish("real")
    assert not agents_seen(people["manager"])
    assert "hidden-agent" not in [row.agent for row in agents.read_agents(people["manager"])]
    assert "5 jobs" not in open_page(people["manager"], PAGE, period="30d").text
    owner.execute("create policy everybody on agents.jobs for select to authenticated using (true)")
    cached.forget()
    assert [row.jobs for row in agents.read_agents(people["manager"])] == [5]
    assert "5 jobs" in open_page(people["manager"], PAGE, period="30d").text
    owner.execute("create policy never on agents.jobs as restrictive for select to authenticated using (false)")
    assert not agents.read_agents(people["manager"])


@pytest.mark.usefixtures("at_database")
def test_columns_that_nobody_signed_in_may_read_are_named_and_not_called_missing(
    owner: Owner, capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, documents.AGENTS)
    owner.execute("revoke all on public.jobs from authenticated, anon, public")
    refused = " may not be read by signed-in people: reports are refused (--managers-read grants it)"
    for some, sentences in (
        (
            "(id, result, user_id, agent_identifier, status, job_data, started_at, completed_at)",
            ["created_at and error_message and updated_at" + refused],
        ),
        ("(created_at, updated_at)", ["error_message" + refused]),
        ("(error_message)", []),
    ):
        owner.execute(f"grant select {some} on public.jobs to authenticated".encode())
        assert main(["adopt", "agents", "--from", "public", "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert [line.strip() for line in said.splitlines() if "may not" in line] == sentences
        assert "missing" not in said


@pytest.mark.parametrize("move", [False, True], ids=["pointed", "moved"])
def test_letting_managers_read_shows_nobody_else_a_row(
    database_url: str, owner: Owner, people: People, move: bool
) -> None:
    make(owner, documents.TOOLBOX, "own")
    owner.execute("revoke all on all tables in schema own from authenticated, anon, public")
    owner.execute(documents.rows_in("own", "toolbox", people["other"].user_id))
    before = everything(database_url)
    said = (
        "own.project_members has no row security; turn it on "
        '(alter table "own"."project_members" enable row level security); own.workspace_members has no row security'
    )
    tried = adoption.adopt(database_url, "toolbox", "own", move=move, managers_read=True, dry_run=True)
    with pytest.raises(adoption.AdoptionError) as refused:
        adoption.adopt(database_url, "toolbox", "own", move=move, managers_read=True)
    for each in (*tried.obstacles, str(refused.value)):
        assert said in each
    assert len(tried.obstacles) == 1
    assert everything(database_url) == before
    for table in ("workspace_members", "project_members"):
        owner.execute(sql.SQL("alter table own.{} enable row level security").format(sql.Identifier(table)))
    owner.execute("create policy anybody on own.projects using (true)")
    with pytest.raises(adoption.AdoptionError, match=r"own\.projects has a policy that lets everybody see every row"):
        adoption.adopt(database_url, "toolbox", "own", move=move, managers_read=True)
    owner.execute("drop policy anybody on own.projects")
    found = adoption.adopt(database_url, "toolbox", "own", move=move, managers_read=True)
    assert {(table.managers_see, table.members_see) for table in found.there} == {("all", "own"), ("all", "none")}
    for role, rows in (("manager", 1), ("member", 0)):
        with database.reading(people[role]) as unit:
            seen = unit.connection.execute(
                "select count(*) as n from analytics.stg_toolbox__project_members"
            ).fetchone()
        assert seen == {"n": rows}, role


@pytest.mark.usefixtures("at_database")
@pytest.mark.parametrize(
    ("text", "system", "said"),
    [
        (oddities.CHRONICLE, "chronicle", "row security is off: every signed-in person sees every row"),
        (documents.ENGINE, "engine", "its policies let every signed-in person see every row"),
    ],
    ids=["unsecured", "open"],
)
def test_that_everybody_sees_every_row_is_said_wherever_it_is_true(
    owner: Owner, capsys: pytest.CaptureFixture[str], text: str, system: str, said: str
) -> None:
    make(owner, text)
    look = ["adopt", system, "--from", "public"]
    for way in ([*look, "--dry-run"], [*look, "--dry-run", "--managers-read"], [*look, "--managers-read"],
                ["adopt", system, "--status"]):  # fmt: skip
        assert main(way) == 0
        assert said in capsys.readouterr().out, way


def test_what_members_see_is_said_as_it_is_once_managers_may_read(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.AGENTS)
    owner.execute("revoke all on public.jobs from authenticated, anon, public")
    add_job(owner, people["member"])
    for dry_run in (True, False):
        remarks = adoption.adopt(
            database_url, "agents", "public", move=True, managers_read=True, dry_run=dry_run
        ).remarks
        (sight,) = (each for each in remarks if each.startswith("Grants and policies"))
        assert "of ours one is added, by which managers and admins see every row. A member sees of jobs what" in sight
        assert "“Users can view own jobs” allows" in sight
    assert (agents_seen(people["member"]), agents_seen(people["other"])) == (["intake"], [])


@pytest.mark.usefixtures("at_database")
def test_releasing_names_the_grants_that_stay(owner: Owner, capsys: pytest.CaptureFixture[str]) -> None:
    make(owner, documents.AGENTS, "own")
    for ways, is_said in ((["--managers-read"], True), ([], False)):
        owner.execute("revoke usage on schema own from authenticated")
        owner.execute("revoke all on own.jobs from authenticated, anon, public")
        assert main(["adopt", "agents", "--from", "own", *ways]) == 0
        capsys.readouterr()
        assert main(["adopt", "agents", "--release"]) == 0
        said = capsys.readouterr().out
        for statement in ('select on "own"."jobs"', 'usage on schema "own"'):
            assert (f"(revoke {statement} from authenticated)." in said) is is_said
