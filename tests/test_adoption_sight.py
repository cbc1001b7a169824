"""Who sees what of adopted tables, whose own policies decide: not the cache, and not the stored sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, rollups
from data.access import Actor
from data.command import main
from data.reports import agents
from tests import adoption_documents as documents
from tests.conftest import make_person
from tests.page_runs import open_page
from tests.test_adoption import add_job, agents_seen, at_database, make
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
