"""The jobs client: who gets which job, what ends it, what is refused; straight and through poolers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from signalbox_client import BadArgument, Database, DatabaseUnavailable, NotAllowed
from signalbox_client.jobs import STATUSES, AttemptLost, Job, JobNotFound, Jobs, WrongTransition
from tests.ways import poolers as poolers  # noqa: PLC0414 - a fixture
from tests.ways import together
from tests.ways import transaction_url as transaction_url  # noqa: PLC0414 - a fixture
from tests.ways import url as url  # noqa: PLC0414 - a fixture

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

MINUTE = timedelta(minutes=1)


def count(owner: Owner, status: str) -> int:
    row = owner.execute("select count(*) as jobs from agents.jobs where status::text = %s", (status,)).fetchone()
    return int(row["jobs"]) if row else 0


def in_state(jobs: Jobs, status: str) -> Job:
    """A job that went to this state by the client's own acts."""
    job = jobs.create("writer", {"title": "x"})
    if status == "cancelled":
        return jobs.cancel(job.job_id)
    if status == "pending":
        return job
    taken = jobs.take("writer")
    assert taken
    if status == "completed":
        return jobs.complete(taken, {"pages": 1})
    return jobs.fail(taken, "no paper") if status == "failed" else taken


def silent_for(owner: Owner, job: Job, seconds: int) -> None:
    """As if its worker had reported nothing for so long."""
    with owner.transaction():
        owner.execute("alter table agents.jobs disable trigger jobs_stamp")
        owner.execute(
            "update agents.jobs set updated_at = now() - make_interval(secs => %s) where id = %s", (seconds, job.job_id)
        )
        owner.execute("alter table agents.jobs enable trigger jobs_stamp")


def test_a_job_goes_from_asked_to_done(url: str, people: People) -> None:
    with_jobs = Jobs(url)
    asked = with_jobs.create("writer", {"title": "Report 🙂", "pages": [1, 2]}, user_id=people["member"].user_id)
    assert (asked.status, asked.agent, asked.user_id) == ("pending", "writer", people["member"].user_id)
    assert asked.data == {"title": "Report 🙂", "pages": [1, 2]}

    job = with_jobs.take("writer")
    assert job
    assert (job.job_id, job.status, job.completed_at) == (asked.job_id, "running", None)
    assert job.started_at
    assert with_jobs.take("writer") is None

    reported = with_jobs.progress(job, {"done": 1, "of": 2})
    assert (reported.status, reported.progress) == ("running", {"done": 1, "of": 2})
    ended = with_jobs.complete(job, {"url": "https://example.com"})
    assert (ended.status, ended.result, ended.error_message) == ("completed", {"url": "https://example.com"}, None)
    assert ended.started_at == job.started_at
    assert ended.completed_at
    assert with_jobs.get(job.job_id) == ended


def test_a_failure_keeps_its_reason_and_a_retry_starts_clean(url: str) -> None:
    jobs = Jobs(url)
    failed = in_state(jobs, "failed")
    assert (failed.status, failed.error_message) == ("failed", "no paper")
    again = jobs.retry(failed.job_id)
    assert (again.status, again.error_message, again.result) == ("pending", None, None)
    assert (again.started_at, again.completed_at) == (None, None)
    taken = jobs.take()
    assert taken
    assert taken.job_id == failed.job_id


def test_the_oldest_goes_first_and_agents_are_told_apart(database_url: str, owner: Owner) -> None:
    jobs = Jobs(database_url)
    ids = [jobs.create(agent).job_id for agent in ("writer", "reader", "writer")]
    owner.execute("update agents.jobs set created_at = now() - interval '1 day' where id = %s", (ids[2],))
    order = [jobs.take("writer"), jobs.take(["painter", "reader"]), jobs.take("reader"), jobs.take()]
    assert [job and job.job_id for job in order] == [ids[2], ids[1], None, ids[0]]


@pytest.mark.parametrize("workers", [2, 20])
@pytest.mark.parametrize("way", ["direct", "transaction"])
def test_no_two_workers_take_one_job(request: pytest.FixtureRequest, owner: Owner, workers: int, way: str) -> None:
    address = request.getfixturevalue("database_url" if way == "direct" else "transaction_url")
    jobs = 60
    owner.execute("insert into agents.jobs (agent_identifier) select 'writer' from generate_series(1, %s)", (jobs,))

    def work(_: int) -> list[UUID]:
        client, mine = Jobs(address), []
        while job := client.take("writer"):
            mine.append(job.job_id)
            client.complete(job, len(mine))
        return mine

    taken = [job_id for mine in together(workers, work) for job_id in mine]
    assert len(taken) == len(set(taken)) == jobs == count(owner, "completed")


def test_a_worker_does_not_wait_for_a_job_that_another_is_taking(database_url: str) -> None:
    jobs = Jobs(database_url)
    first, second = jobs.create("writer"), jobs.create("writer")
    with psycopg.connect(database_url) as other:
        held = Jobs(other)
        other.execute("select 1")  # a transaction of the caller's own, open until the block ends
        taken = held.take()
        assert taken
        assert taken.job_id == first.job_id
        mine = jobs.take()
        assert mine
        assert mine.job_id == second.job_id
        assert jobs.take() is None
        other.rollback()
    again = jobs.take()
    assert again
    assert again.job_id == first.job_id


ACTS: dict[str, tuple[Any, set[str]]] = {
    "running": (lambda jobs, job: jobs.progress(job, 1), {"running"}),
    "completed": (lambda jobs, job: jobs.complete(job, {"pages": 2}), {"running"}),
    "failed": (lambda jobs, job: jobs.fail(job, "another reason"), {"running"}),
    "cancelled": (lambda jobs, job: jobs.cancel(job.job_id), {"pending", "running"}),
    "pending": (lambda jobs, job: jobs.retry(job.job_id), {"failed", "cancelled"}),
}


@pytest.mark.parametrize("wanted", ACTS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_transition_is_made_or_refused_by_name(database_url: str, owner: Owner, status: str, wanted: str) -> None:
    jobs = Jobs(database_url)
    job = in_state(jobs, status)
    act, possible = ACTS[wanted]
    if status in possible:
        assert act(jobs, job).status == wanted
        return
    before = jobs.get(job.job_id)
    attempt = job if job.started_at or wanted in {"cancelled", "pending"} else as_if_taken(job)
    with pytest.raises(WrongTransition) as refused:
        act(jobs, attempt)
    assert (refused.value.status, refused.value.wanted) == (status, wanted)
    assert f"is {status}, so it cannot become {wanted}" in refused.value.sentence
    assert jobs.get(job.job_id) == before


def as_if_taken(job: Job) -> Job:
    return Job(**{**job.__dict__, "started_at": job.created_at})


def test_saying_twice_that_a_job_is_done_is_as_good_as_once(database_url: str) -> None:
    jobs = Jobs(database_url)
    jobs.create("writer")
    job = jobs.take()
    assert job
    ended = jobs.complete(job, {"a": [1, None]})
    assert jobs.complete(job, {"a": [1, None]}) == ended
    with pytest.raises(WrongTransition):
        jobs.complete(job, {"a": 2})
    with pytest.raises(WrongTransition):
        jobs.fail(job, "no")


def test_a_lost_worker_is_replaced_only_on_request_and_then_its_reports_do_not_count(url: str, owner: Owner) -> None:
    jobs = Jobs(url)
    jobs.create("writer")
    first = jobs.take()
    assert first
    jobs.progress(first, "half")
    silent_for(owner, first, 300)
    assert jobs.take() is None
    assert jobs.take(lost_after=10 * MINUTE) is None
    second = jobs.take(lost_after=4 * MINUTE)
    assert second
    assert (second.job_id, second.result) == (first.job_id, None)
    assert second.started_at
    assert first.started_at
    assert second.started_at > first.started_at
    reports: list[Callable[[], Job]] = [
        lambda: jobs.progress(first, 1),
        lambda: jobs.complete(first, 1),
        lambda: jobs.fail(first, "x"),
    ]
    for report in reports:
        with pytest.raises(AttemptLost, match="another one has taken it since"):
            report()
    assert jobs.complete(second, "mine").result == "mine"
    with pytest.raises(WrongTransition):
        jobs.complete(first, 1)


def test_a_report_is_a_sign_of_life(database_url: str, owner: Owner) -> None:
    jobs = Jobs(database_url)
    jobs.create("writer")
    job = jobs.take()
    assert job
    silent_for(owner, job, 300)
    jobs.progress(job, 0.5)
    assert jobs.take(lost_after=MINUTE) is None


def test_one_lost_job_is_taken_again_by_one_worker(transaction_url: str, owner: Owner) -> None:
    jobs = Jobs(transaction_url)
    jobs.create("writer")
    job = jobs.take()
    assert job
    silent_for(owner, job, 300)
    taken = together(8, lambda _: Jobs(transaction_url).take(lost_after=MINUTE))
    assert len([each for each in taken if each]) == 1


def test_a_worker_hears_that_its_job_was_cancelled(database_url: str) -> None:
    jobs = Jobs(database_url)
    jobs.create("writer")
    job = jobs.take()
    assert job
    jobs.cancel(job.job_id)
    with pytest.raises(WrongTransition) as refused:
        jobs.progress(job, 1)
    assert refused.value.status == "cancelled"
    with pytest.raises(WrongTransition):
        jobs.complete(job)


def test_asking_twice_with_one_id_makes_one_job(database_url: str, owner: Owner, people: People) -> None:
    jobs, job_id = Jobs(database_url), uuid4()
    first = jobs.create("writer", {"a": 1}, job_id=job_id)
    assert jobs.create("writer", {"a": 1}, job_id=str(job_id)) == first
    for agent, data in (("reader", {"a": 1}), ("writer", {"a": 2}), ("writer", {"a": True}), ("writer", None)):
        with pytest.raises(BadArgument, match="job_id is the id of another job"):
            jobs.create(agent, data, job_id=job_id)
    with pytest.raises(BadArgument, match="job_id is the id of another job"):
        Jobs(database_url, user_id=people["other"].user_id).create("writer", {"a": 1}, job_id=job_id)
    assert count(owner, "pending") == 1


@pytest.mark.parametrize("number", [1763772512123456789.0, 1e23, 1.5e300, 0.1, -0.0, 3.0])
def test_a_number_comes_back_as_the_same_job(database_url: str, owner: Owner, number: float) -> None:
    jobs, job_id = Jobs(database_url), uuid4()
    asked = jobs.create("writer", {"asked_ns": [number]}, job_id=job_id)
    assert jobs.create("writer", {"asked_ns": [number]}, job_id=job_id) == asked
    jobs.create("writer", {"asked_ns": number})
    assert count(owner, "pending") == 2


def test_a_person_works_on_the_own_jobs_alone(url: str, people: People) -> None:
    service = Jobs(url)
    mine, theirs = Jobs(url, user_id=people["member"].user_id), Jobs(url, user_id=people["other"].user_id)
    job = mine.create("writer")
    assert job.user_id == people["member"].user_id
    assert theirs.take() is None
    with pytest.raises(JobNotFound):
        theirs.get(job.job_id)
    with pytest.raises(JobNotFound):
        theirs.cancel(job.job_id)
    with pytest.raises(NotAllowed, match="refused this"):
        theirs.create("writer", user_id=people["member"].user_id)
    manager = Jobs(url, user_id=people["manager"].user_id)
    assert manager.get(job.job_id).status == "pending"
    assert manager.take() is None
    with pytest.raises(WrongTransition, match="it is another person's"):
        manager.cancel(job.job_id)
    taken = mine.take()
    assert taken
    assert mine.complete(taken).status == "completed"
    assert service.get(job.job_id).status == "completed"


def test_acting_as_a_person_leaves_a_transaction_of_the_callers_own_as_it_was(
    database_url: str, people: People
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("select 1")
        Jobs(connection, user_id=people["member"].user_id).create("writer")
        row = connection.execute("select current_user, current_setting('request.jwt.claims', true)").fetchone()
        assert row == ("postgres", "")
        connection.rollback()
    with Database(database_url) as database, database.transaction() as work:
        Jobs(database, user_id=people["member"].user_id).create("writer")
        assert work.connection.execute("select current_user").fetchone() == ("postgres",)
    assert Jobs(database_url).take()


BAD: list[tuple[Any, str]] = [
    (lambda jobs, job: jobs.create(""), "agent is empty"),
    (lambda jobs, job: jobs.create("x" * 201), "agent has 201 characters"),
    (lambda jobs, job: jobs.create("a\0b"), "agent has a zero character"),
    (lambda jobs, job: jobs.create("writer", [1]), "data must be an object"),
    (lambda jobs, job: jobs.create("writer", {"a": float("nan")}), "data.a is nan"),
    (lambda jobs, job: jobs.create("writer", user_id="me"), "user_id must be a UUID"),
    (lambda jobs, job: jobs.take([]), "agent must be"),
    (lambda jobs, job: jobs.take(7), "agent must be"),
    (lambda jobs, job: jobs.take(lost_after=60), "lost_after must be a timedelta"),
    (lambda jobs, job: jobs.take(lost_after=timedelta(0)), "lost_after must be longer"),
    (lambda jobs, job: jobs.progress(job.job_id, 1), "job must be a job as take"),
    (lambda jobs, job: jobs.complete(job, 1), "job has not been taken"),
    (lambda jobs, job: jobs.fail(as_if_taken(job), ""), "error_message is empty"),
    (lambda jobs, job: jobs.fail(as_if_taken(job), None), "error_message must be text"),
    (lambda jobs, job: jobs.complete(as_if_taken(job), {"a": {1}}), "result.a is a set"),
    (lambda jobs, job: jobs.cancel("7"), "job_id must be a UUID"),
]


@pytest.mark.parametrize(("act", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_what_cannot_be_used_is_named_before_anything_is_written(
    database_url: str, owner: Owner, act: Any, sentence: str
) -> None:
    jobs = Jobs(database_url)
    job = jobs.create("writer")
    with pytest.raises(BadArgument) as refused:
        act(jobs, job)
    assert sentence in refused.value.sentence
    assert count(owner, "pending") == 1


def test_somebody_who_has_no_account_gets_no_job(database_url: str) -> None:
    with pytest.raises(BadArgument) as refused:
        Jobs(database_url).create("writer", user_id=uuid4())
    assert refused.value.argument == "user_id"
    assert refused.value.sentence == (
        "user_id is the id of nobody: there is no such account in auth.users. Nothing was written."
    )
    with pytest.raises(BadArgument, match="the id of nobody"):
        Jobs(database_url, user_id=uuid4()).create("writer")
    with pytest.raises(JobNotFound):
        Jobs(database_url).get(uuid4())


def test_a_server_that_is_away_is_said_so() -> None:
    with pytest.raises(DatabaseUnavailable):
        Jobs("postgresql://nobody@127.0.0.1:1/nowhere").take()


def test_the_console_has_no_other_statement_that_cancels_or_retries() -> None:
    sql = (Path(__file__).parent.parent / "data/sql/jobs.sql").read_text(encoding="utf-8")
    assert "update agents.jobs" not in sql
