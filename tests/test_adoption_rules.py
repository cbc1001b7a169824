"""Rules of another system's tables that refuse what is written here: said before and after, and met in words."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, ingest, jobs
from data.access import Actor
from data.errors import RowRefused
from signalbox_client import Jobs, RefusedByDatabase, UnfitTable
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests import ingest_fixtures as logs
from tests.test_adoption import add_job, make

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

RULES = """
create table {schema}.crew (name text primary key);
alter table {schema}.jobs
add constraint seen_through check (status <> 'cancelled'),
add constraint has_result check (status <> 'completed' or result is not null),
add constraint crew check (agent_identifier <> '') not valid,
add foreign key (agent_identifier) references {schema}.crew (name),
add priority integer not null default 0 check (priority >= 0);
create index by_order on {schema}.jobs (((job_data ->> 'order')::integer));
create unique index one_at_once on {schema}.jobs (agent_identifier) where completed_at is null;
create unique index one_of_kind on {schema}.jobs (lower(error_message));
create index by_kind on {schema}.jobs (lower(agent_identifier));
create policy lets on {schema}.jobs for all using (true);
"""
SEEN_THROUGH = (
    "{table} takes no row whose status is cancelled, by its check seen_through, until that is dropped (alter table"
    " {table} drop constraint seen_through)"
)
HAS_RESULT = "has_result CHECK (((status <> 'completed'::{kind}job_status) OR (result IS NOT NULL)))"
OWN = "{table} has rules of its own, and takes no row that one of them does not hold for: "
ONE_AT_ONCE = "agents.jobs takes one row for each agent_identifier where (completed_at IS NULL), ours any number"


def test_rules_are_said_before_and_after_adopting_and_met_in_words(
    database_url: str, owner: Owner, people: People
) -> None:
    make(owner, documents.AGENTS + RULES)
    owner.execute("insert into public.crew values ('intake')")
    job_id = add_job(owner, people["member"])
    rehearsed = adoption.adopt(database_url, "agents", "public", dry_run=True).remarks
    said = adoption.adopt(database_url, "agents", "public", managers_read=True).remarks
    (found,) = adoption.examine(database_url)
    for remarks in (rehearsed, said, found.remarks):
        known, doubted = (each for each in remarks if each.startswith("public.jobs "))
        assert known == SEEN_THROUGH.format(table="public.jobs")
        # What is done on pages writes neither an agent nor what a job is about.
        assert doubted.startswith(
            f"{OWN.format(table='public.jobs')}{HAS_RESULT.format(kind='')}; the unique index one_"
        )
        assert "by_order" not in doubted
    with pytest.raises(
        RowRefused, match=r"^public\.jobs refuses this by its check seen_through; nothing was changed\."
    ):
        jobs.cancel(people["admin"], job_id, "running")

    adoption.release(database_url, "agents")
    rehearsed = adoption.adopt(database_url, "agents", "public", move=True, dry_run=True).remarks
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    (found,) = adoption.examine(database_url)
    for remarks in (rehearsed, said, (*found.wrong, *found.remarks)):
        assert SEEN_THROUGH.format(table="agents.jobs") in remarks
        assert any(each.startswith(ONE_AT_ONCE) for each in remarks)
        (doubted,) = (each for each in remarks if each.startswith(OWN.format(table="agents.jobs")))
        for rule in (
            HAS_RESULT.format(kind=""),
            "crew CHECK ((agent_identifier <> ''::text)) NOT VALID",
            "jobs_agent_identifier_fkey FOREIGN KEY (agent_identifier) REFERENCES crew(name)",
            "the index by_order (btree ((((job_data ->> 'order'::text))::integer)))",
            "the unique index one_of_kind (btree (lower(error_message)))",
        ):
            assert rule in doubted
        assert not any(word in doubted for word in ("priority", "by_kind", "one_at_once", "user_id_fkey"))
    with pytest.raises(
        RowRefused, match=r"^agents\.jobs refuses this by its check seen_through; nothing was changed\."
    ):
        jobs.cancel(people["admin"], job_id, "running")
    kit = Jobs(database_url)
    with pytest.raises(RefusedByDatabase, match=r"^agents\.jobs refuses this by its check seen_through; nothing of"):
        kit.cancel(job_id)
    with pytest.raises(RefusedByDatabase, match=r"^agents\.jobs refuses this by its foreign key jobs_agent_ident"):
        kit.create("nobody")
    failed = [file.problems[0].reason for file in ingest.ingest([logs.ITEMS], database_url).files]
    assert set(failed) == {"the database refused the file: agents.jobs refuses this by its check seen_through"}


OF_TYPE = (
    "drop view public.job_stats; create type public.state as enum ('pending', 'running', 'completed', 'failed');"
    " alter table public.jobs alter status drop default, alter status type {} using status::text::{}"
)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("text", None),
        ("varchar(8)", "completed or cancelled, as its type is character varying(8)"),
        ("state", "cancelled, which its type state does not know (alter type state add value 'cancelled')"),
    ],
)
def test_words_that_a_type_has_no_place_for_are_named(
    database_url: str, owner: Owner, kind: str, why: str | None
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(OF_TYPE.format(kind, kind).encode())
    remarks = adoption.adopt(database_url, "agents", "public", dry_run=True).remarks
    said = [each for each in remarks if each.startswith("public.jobs ")]
    assert said == ([f"public.jobs takes no row whose status is {why}"] if why else [])


def test_words_that_no_report_knows_are_named(database_url: str, owner: Owner) -> None:
    make(owner, oddities.ENGINE)
    owner.execute(
        "insert into public.human_approvals (approval_type, title, status)"
        " select 'x', 'y', unnest(array['pending', 'denied', 'on hold', 'denied'])"
    )
    found = adoption.adopt(database_url, "engine", "public")
    (approvals,) = (table for table in found.there if table.name == "human_approvals")
    said = (
        "status holds denied and on hold, which is none of pending, approved, rejected, expired: figures by status"
        " leave such rows out, or count them as not known"
    )
    assert approvals.remarks == (said,)
    (status,) = adoption.examine(database_url)
    assert f"public.human_approvals: {said}" in status.remarks


@pytest.mark.parametrize("rows", [0, 1], ids=["empty", "with rows"])
def test_a_key_of_another_type_is_not_called_missing(database_url: str, owner: Owner, rows: int) -> None:
    """Also before the first row is written: none of them could be told apart."""
    owner.execute("create table public.jobs (id bigint primary key, agent_identifier text)")
    owner.execute("insert into public.jobs select n, 'x' from generate_series(1, %s) as n", (rows,))
    found = adoption.adopt(database_url, "agents", "public", dry_run=True)
    assert found.obstacles == ("jobs has no id of the type uuid (it is bigint), by which its rows are known",)


def test_a_table_of_another_system_is_not_taken_for_one_of_the_same_name(database_url: str, owner: Owner) -> None:
    """Two systems own `sessions`; which of them made it, its columns say."""
    make(owner, documents.CHRONICLE)
    found = adoption.adopt(database_url, "lift", "public", dry_run=True)
    assert found.obstacles == ("sessions has the columns of the table of that name of chronicle",)
    assert adoption.adopt(database_url, "chronicle", "public", dry_run=True).obstacles == ()


@pytest.mark.parametrize("kind", ["varchar(8)", "state"])
def test_what_a_type_has_no_place_for_is_refused_and_not_cut(
    database_url: str, owner: Owner, people: People, kind: str
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(OF_TYPE.format(kind, kind).encode())
    owner.execute("create policy lets on public.jobs for all using (true)")
    job_id = add_job(owner, people["member"])
    adoption.adopt(database_url, "agents", "public", managers_read=True)
    with pytest.raises(RowRefused, match=r"no place for what this writes \(.*(state|varying\(8\))"):
        jobs.cancel(people["admin"], job_id, "running")
    assert owner.execute("select status::text as now from public.jobs").fetchall() == [{"now": "running"}]


@pytest.mark.parametrize("kind", ["varchar(8)", "char(8)", "state"])
def test_a_word_that_a_moved_table_has_no_place_for_is_refused_by_name_and_not_cut(
    database_url: str, owner: Owner, kind: str
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(OF_TYPE.format(kind, kind).encode())
    owner.execute("alter table public.jobs alter status set default 'pending'")
    said = adoption.adopt(database_url, "agents", "public", move=True).remarks
    assert any("agents.jobs.status keeps the type that it has" in sentence for sentence in said)
    client = Jobs(database_url)
    job = client.create("a", {})
    with pytest.raises(UnfitTable, match=r"not as ours is \(.*(state|\(8\)).*adopt SYSTEM --status"):
        client.cancel(job.job_id)
    assert [row["now"] for row in owner.execute("select status::text as now from agents.jobs")] == ["pending"]
