"""Partitions, and tables that inherit: what is written straight into them is noticed, and what cannot be is said."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.rows import DictRow

from data import adoption, database
from data.access import Actor
from data.adoption import errors
from data.command import main
from tests import adoption_documents as documents
from tests import adoption_oddities as oddities
from tests.test_adoption import at_database, everything, finding, make

__all__ = ["at_database"]

Connection = psycopg.Connection[DictRow]

PARTITIONED = """
drop table public.jobs cascade;
create table public.jobs (id uuid default gen_random_uuid(), user_id uuid, agent_identifier text,
    status public.job_status default 'pending', created_at timestamptz default now(),
    primary key (id, created_at, agent_identifier))
    partition by range (created_at);
create schema "Old ""ones"" 🚂";
create table public.jobs_new partition of public.jobs default partition by list (agent_identifier);
create table public.jobs_rest partition of public.jobs_new default;
create table "Old ""ones"" 🚂".jobs partition of public.jobs for values from ('2020-01-01') to ('2021-01-01');
"""


def version(actor: Actor) -> str:
    return database.read_sources(actor).versions["agents.jobs"]


@pytest.mark.usefixtures("at_database")
def test_what_is_written_into_partitions_is_noticed(
    database_url: str, owner: Connection, people: dict[str, Actor], capsys: pytest.CaptureFixture[str]
) -> None:
    make(owner, documents.AGENTS)
    owner.execute(PARTITIONED)
    before = everything(database_url)
    found = adoption.adopt(database_url, "agents", "public")
    assert "3 tables hold its rows; what is written straight into one that is added later" in "".join(
        finding(found, "jobs").remarks
    )
    seen = [version(people["admin"])]
    for write in (
        "insert into public.jobs_rest (agent_identifier) values ('x')",
        "insert into public.jobs_new (agent_identifier) values ('x')",
        """insert into "Old ""ones"" 🚂".jobs (agent_identifier, created_at) values ('x', '2020-06-01')""",
        "update public.jobs_rest set agent_identifier = 'y'",
        "delete from public.jobs_new",
        "truncate public.jobs_rest",
    ):
        owner.execute(write.encode())
        seen.append(version(people["admin"]))
    assert len(set(seen)) == len(seen)
    owner.execute("create table public.jobs_x partition of public.jobs_new for values in ('later')")
    assert main(["adopt", "agents", "--status"]) == 1
    assert "wrong: public.jobs_x hold rows of public.jobs and were added since" in capsys.readouterr().out
    adoption.point_again(database_url)
    assert main(["adopt", "agents", "--status"]) == 0
    owner.execute(
        "alter table public.jobs_new detach partition public.jobs_x; alter table public.jobs_rest rename to r"
    )
    adoption.release(database_url, "agents")
    owner.execute("alter table public.r rename to jobs_rest; drop table public.jobs_x")
    assert everything(database_url) == before, "also off what is a partition no longer, or has another name by now"


def test_tables_that_inherit_are_noticed_and_guarded_when_they_are_moved(
    database_url: str, owner: Connection, people: dict[str, Actor]
) -> None:
    make(owner, documents.AGENTS)
    owner.execute("create table public.more_jobs (zeal integer) inherits (public.jobs)")
    adoption.adopt(database_url, "agents", "public", move=True)
    before = version(people["admin"])
    owner.execute("insert into public.more_jobs (id, agent_identifier) values (gen_random_uuid(), 'x')")
    assert version(people["admin"]) != before
    owner.execute("update public.more_jobs set status = 'failed'")
    row = owner.execute("select completed_at is not null as is_stamped from agents.jobs").fetchone()
    assert row == {"is_stamped": True}


def test_a_part_that_cannot_be_watched_is_said(database_url: str, owner: Connection) -> None:
    make(owner, oddities.AGENTS)
    owner.execute("create foreign data wrapper nowhere; create server nowhere foreign data wrapper nowhere")
    far = "create foreign table public.far_jobs () inherits (public.jobs) server nowhere"
    owner.execute(far)
    with pytest.raises(errors.AdoptionError, match=r"public\.jobs cannot be read: .* has no handler"):
        adoption.adopt(database_url, "agents", "public", dry_run=True)
    owner.execute("drop foreign table public.far_jobs; alter table public.jobs alter status drop default")
    owner.execute("alter table public.jobs alter status type agents.job_status using status::text::agents.job_status")
    owner.execute(far)
    (remark, _) = finding(adoption.adopt(database_url, "agents", "public"), "jobs").remarks
    assert remark.startswith("what is written straight into public.far_jobs is not noticed")
