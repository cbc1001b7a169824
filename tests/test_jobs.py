"""Jobs: what a period holds, what is open now, kinds of failures, and the acts of an admin."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import jobs
from data.access import Actor
from data.errors import NotAllowed, NotFound, SignalboxError
from tests.page_runs import open_address, open_page, taken_away

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
NOW = DAY + timedelta(hours=20)
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=1)}


def make_job(owner: Owner, **given: Any) -> UUID:
    """A job in the database; what is not given is a completed one that ran for a minute at noon."""
    columns: dict[str, Any] = {
        "id": uuid4(),
        "agent_identifier": "writer",
        "status": "completed",
        "created_at": DAY + timedelta(hours=12),
        "started_at": DAY + timedelta(hours=12, seconds=10),
        "completed_at": DAY + timedelta(hours=12, seconds=70),
        "job_data": Jsonb({"title": "Write the report"}),
    } | given
    names = list(columns)
    query = sql.SQL("insert into agents.jobs ({}) values ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(sql.Placeholder() * len(names))
    )
    owner.execute(query, [columns[name] for name in names])
    return UUID(str(columns["id"]))


def stored(owner: Owner, job_id: UUID) -> DictRow:
    row = owner.execute("select * from agents.jobs where id = %s", (job_id,)).fetchone()
    assert row
    return row


def acts(owner: Owner, job_id: UUID) -> list[DictRow]:
    return owner.execute(
        "select * from signalbox.audit_log where target = %s order by id", (f"job:{job_id}",)
    ).fetchall()


def running(owner: Owner, since: datetime, **given: Any) -> UUID:
    return make_job(owner, status="running", created_at=since, started_at=since, completed_at=None, **given)


def test_an_empty_database_has_no_jobs_and_no_durations(people: People) -> None:
    summary = jobs.read_summary(people["admin"], now=NOW, **PERIOD)
    assert (summary.jobs, summary.ended, summary.running_now) == (0, 0, 0)
    assert (summary.p50_ms, summary.oldest_pending_at) == (None, None)
    assert jobs.read_buckets(people["admin"], **PERIOD).empty
    assert jobs.read_failures(people["admin"], **PERIOD) == jobs.Failures((), 0)
    assert jobs.count_facets(people["admin"], **PERIOD) == {"agent": {}, "status": {}}


def test_a_period_counts_its_jobs_by_what_became_of_them(owner: Owner, people: People) -> None:
    make_job(owner)
    make_job(owner, completed_at=DAY + timedelta(hours=12, seconds=130))
    make_job(owner, status="failed", error_message="no")
    make_job(owner, status="cancelled")
    make_job(owner, status="pending", started_at=None, completed_at=None)
    make_job(owner, completed_at=DAY - timedelta(seconds=1), status="failed")
    make_job(owner, completed_at=DAY + timedelta(days=1))
    make_job(owner, created_at=None, started_at=None, completed_at=None)

    summary = jobs.read_summary(
        people["manager"], now=NOW, previous_start=DAY - timedelta(days=1), previous_end=DAY, **PERIOD
    )

    assert (summary.jobs, summary.completed, summary.failed, summary.cancelled, summary.pending) == (5, 2, 1, 1, 1)
    assert (summary.timed, summary.p50_ms, summary.p95_ms) == (2, 90_000, 117_000)
    assert summary.wait_p50_ms == 10_000
    assert (summary.previous_jobs, summary.previous_failed, summary.previous_completed) == (1, 1, 0)
    untimed = jobs.read_summary(people["manager"], now=NOW, untimed=True)
    assert (untimed.jobs, untimed.completed) == (1, 1)


def test_a_job_counts_when_it_ended_and_while_open_when_it_was_created(owner: Owner, people: People) -> None:
    make_job(owner, created_at=DAY - timedelta(days=3))
    make_job(owner, completed_at=DAY + timedelta(days=1))
    make_job(owner, status="pending", started_at=None, completed_at=None)
    summary = jobs.read_summary(people["admin"], now=NOW, **PERIOD)
    assert (summary.jobs, summary.finished, summary.pending) == (2, 1, 1)
    assert len(jobs.read_jobs(people["admin"], now=NOW, **PERIOD)) == 2
    assert list(jobs.read_buckets(people["admin"], **PERIOD)["jobs"]) == [2]


def test_what_is_open_now_is_said_whatever_the_period(owner: Owner, people: People) -> None:
    running(owner, NOW - timedelta(days=40))
    running(owner, NOW - timedelta(minutes=59))
    running(owner, NOW - timedelta(days=1), agent_identifier="reader")
    make_job(owner, status="running", started_at=None, completed_at=None)
    make_job(owner, status="pending", started_at=None, completed_at=None, created_at=DAY - timedelta(days=9))
    summary = jobs.read_summary(people["admin"], now=NOW, **PERIOD)
    assert (summary.running_now, summary.long_running_now, summary.running_untimed_now) == (4, 2, 1)
    assert (summary.pending_now, summary.oldest_pending_at) == (1, DAY - timedelta(days=9))
    [startless] = jobs.read_jobs(people["admin"], now=NOW, startless=True)
    assert (startless["status"], startless["started_at"]) == ("running", None)
    assert jobs.count_facets(people["admin"], startless=True) == {"agent": {"writer": 1}, "status": {"running": 1}}
    page = open_page(people["manager"], "reports/jobs.py", period="all")
    assert "Since when 1 of them runs is not recorded." in page.text
    [address] = page.ways("1 of them")
    listed = open_address(people["manager"], address)
    assert [row["job_id"] for row in taken_away(people["manager"], listed, "jobs")] == [str(startless["job_id"])]
    assert jobs.read_summary(people["admin"], now=NOW, agent="reader", **PERIOD).long_running_now == 1


def test_long_running_is_over_an_hour_unless_asked_otherwise(owner: Owner, people: People) -> None:
    running(owner, NOW - timedelta(hours=1))
    assert jobs.read_summary(people["admin"], now=NOW).long_running_now == 0
    assert jobs.read_summary(people["admin"], now=NOW + timedelta(seconds=1)).long_running_now == 1
    assert jobs.read_summary(people["admin"], now=NOW, long_running_s=0).long_running_now == 1
    [row] = jobs.read_jobs(people["admin"], now=NOW + timedelta(seconds=1), long_running=True)
    assert (row["run_ms"], row["is_long_running"]) == (3_601_000, True)


def test_what_hurts_stands_first_and_the_newest_on_request(owner: Owner, people: People) -> None:
    completed = make_job(owner, completed_at=DAY + timedelta(hours=19))
    failed = make_job(owner, status="failed", completed_at=DAY + timedelta(hours=1))
    fresh = running(owner, NOW - timedelta(minutes=5))
    stuck = running(owner, NOW - timedelta(hours=5))
    waiting = make_job(owner, status="pending", started_at=None, completed_at=None)
    order = [row["job_id"] for row in jobs.read_jobs(people["admin"], now=NOW, **PERIOD)]
    assert order == [stuck, failed, waiting, fresh, completed]
    newest = [row["job_id"] for row in jobs.read_jobs(people["admin"], now=NOW, newest=True, **PERIOD)]
    assert newest == [fresh, completed, stuck, waiting, failed]
    assert [row["job_id"] for row in jobs.read_jobs(people["admin"], now=NOW, limit=2, offset=1, **PERIOD)] == [
        failed,
        waiting,
    ]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"agent": "reader"}, {"a"}),
        ({"status": "failed"}, {"b"}),
        ({"status": "no such status"}, set()),
        ({"search": "INVOICE"}, {"a"}),
        ({"search": "100%"}, {"b"}),
        ({"search": "x_y"}, set()),
        ({"error_group": "disk is N% full"}, set()),
        ({"error_group": "disk is N % full at …"}, {"b"}),
    ],
)
def test_filters_find_what_they_say(owner: Owner, people: People, filters: dict[str, str], found: set[str]) -> None:
    ids = {
        make_job(owner, agent_identifier="reader", job_data=Jsonb({"title": "Read Invoice 7"})): "a",
        make_job(owner, status="failed", error_message="disk is 100 % full at /var/lib/x\nand more: 100%"): "b",
    }
    rows = jobs.read_jobs(people["admin"], now=NOW, **PERIOD, **filters)  # type: ignore[arg-type]
    assert {ids[row["job_id"]] for row in rows} == found


def test_failures_are_grouped_by_what_is_alike_in_their_messages(owner: Owner, people: People) -> None:
    for number in range(3):
        make_job(owner, status="failed", error_message=f"No customer {number} in /data/{number}.csv")
    newest = make_job(
        owner, status="failed", error_message="No customer 9 in /data/9.csv", completed_at=DAY + timedelta(hours=13)
    )
    make_job(owner, status="failed", error_message=None)
    make_job(owner, status="failed", agent_identifier="reader", error_message="timeout after 30 s")
    failures = jobs.read_failures(people["admin"], **PERIOD)
    assert [(group.agent, group.group, group.cases) for group in failures.shown] == [
        ("writer", "No customer N in …", 4),
        ("reader", "timeout after N s", 1),
        ("writer", "(no message recorded)", 1),
    ]
    assert failures.shown[0].example == "No customer 9 in /data/9.csv"
    assert failures.shown[0].newest_id == newest


def test_buckets_follow_the_days_of_the_viewers_zone(owner: Owner, people: People) -> None:
    make_job(owner, completed_at=DAY - timedelta(minutes=30))
    make_job(owner, completed_at=DAY + timedelta(minutes=30), status="failed")
    make_job(owner, created_at=None, completed_at=None)
    everything: dict[str, Any] = {"start": DAY - timedelta(days=2), "end": DAY + timedelta(days=2)}
    in_berlin = jobs.read_buckets(people["admin"], unit="day", zone="Europe/Berlin", **everything)
    assert list(in_berlin["jobs"]) == [2]
    assert list(in_berlin["failed"]) == [1]
    assert list(jobs.read_buckets(people["admin"], unit="day", zone="UTC", **everything)["jobs"]) == [1, 1]


def test_members_see_their_own_jobs_in_every_reader(owner: Owner, people: People) -> None:
    make_job(owner, user_id=people["member"].user_id, agent_identifier="mine", status="failed")
    theirs = make_job(owner, user_id=people["other"].user_id, agent_identifier="theirs", status="failed")
    member = people["member"]
    assert jobs.read_summary(member, now=NOW, **PERIOD).jobs == 1
    assert [row["agent"] for row in jobs.read_jobs(member, now=NOW, **PERIOD)] == ["mine"]
    assert jobs.count_facets(member, **PERIOD) == {"agent": {"mine": 1}, "status": {"failed": 1, "ended": 1}}
    assert [group.agent for group in jobs.read_failures(member, **PERIOD).shown] == ["mine"]
    assert list(jobs.read_buckets(member, **PERIOD)["jobs"]) == [1]
    with pytest.raises(NotFound):
        jobs.read_job(member, job_id=theirs)
    assert jobs.read_summary(people["manager"], now=NOW, **PERIOD).jobs == 2


def test_cancelling_stops_the_clock_and_leaves_an_audit_row(owner: Owner, people: People) -> None:
    job_id = running(owner, NOW - timedelta(hours=3))
    receipt = jobs.cancel(people["admin"], job_id, "running")
    assert (receipt.before, receipt.after, receipt.agent) == ("running", "cancelled", "writer")
    row = stored(owner, job_id)
    assert row["status"] == "cancelled"
    assert row["completed_at"] is not None
    [act] = acts(owner, job_id)
    assert (act["action"], act["actor_email"], act["detail"]["status"]) == (
        "cancelled a job",
        "admin@example.com",
        "running",
    )
    [shown] = jobs.read_acts(people["admin"], job_id=job_id)
    assert (shown["actor"], shown["happening"]) == ("admin@example.com", "cancelled a job")


def test_a_retry_starts_clean_and_keeps_the_error_in_the_audit_log(owner: Owner, people: People) -> None:
    job_id = make_job(owner, status="failed", error_message="no money left", result=Jsonb({"pages": 2}))
    receipt = jobs.retry(people["admin"], job_id, "failed")
    assert (receipt.before, receipt.after) == ("failed", "pending")
    row = stored(owner, job_id)
    assert (row["status"], row["error_message"], row["result"]) == ("pending", None, None)
    assert (row["started_at"], row["completed_at"]) == (None, None)
    [act] = acts(owner, job_id)
    assert (act["detail"]["error_message"], act["detail"]["result"]) == ("no money left", {"pages": 2})
    assert act["detail"]["started_at"].startswith("2026-11-10T12:00:10")


def test_a_retry_keeps_a_result_that_python_cannot_hold_as_its_text(owner: Owner, people: People) -> None:
    job_id = make_job(owner, status="failed", error_message="no", result=Jsonb({}))
    owner.execute("update agents.jobs set result = '{\"pages\": 1e6000}' where id = %s", (job_id,))
    assert jobs.retry(people["admin"], job_id, "failed").after == "pending"
    [act] = acts(owner, job_id)
    assert act["detail"]["result"] == '{"pages": 1' + "0" * 6000 + "}"


@pytest.mark.parametrize(
    ("act", "status", "expected"),
    [
        (jobs.cancel, "completed", "completed"),
        (jobs.cancel, "running", "pending"),
        (jobs.retry, "running", "running"),
        (jobs.retry, "cancelled", "failed"),
    ],
)
def test_a_job_that_is_not_as_seen_is_left_alone(
    owner: Owner, people: People, act: Any, status: str, expected: str
) -> None:
    job_id = make_job(owner, status=status)
    with pytest.raises(jobs.JobMoved) as moved:
        act(people["admin"], job_id, expected)
    assert f"This job is {status} since" in moved.value.sentence
    assert stored(owner, job_id)["status"] == status
    assert acts(owner, job_id) == []


def test_the_loser_of_a_race_reads_who_won(owner: Owner, people: People) -> None:
    from tests.conftest import make_person  # noqa: PLC0415 - a plain function of the fixtures' module

    second = make_person(owner, "second", "admin")
    for _ in range(5):
        job_id = make_job(owner, status="failed", error_message="once")
        start = threading.Barrier(2)
        lost: list[SignalboxError] = []

        def run(actor: Actor, job: UUID = job_id, gate: threading.Barrier = start) -> None:
            gate.wait()
            try:
                jobs.retry(actor, job, "failed")
            except SignalboxError as error:
                lost.append(error)  # noqa: B023 - joined before the next turn

        threads = [threading.Thread(target=run, args=(actor,)) for actor in (people["admin"], second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [act] = acts(owner, job_id)
        assert len(lost) == 1
        assert f"{act['actor_email']} was faster and retried a job: it is pending" in lost[0].sentence


@pytest.mark.parametrize("role", ["manager", "member"])
def test_only_admins_operate_jobs(owner: Owner, people: People, role: str) -> None:
    job_id = running(owner, NOW, user_id=people["member"].user_id)
    with pytest.raises(NotAllowed):
        jobs.cancel(people[role], job_id, "running")
    with pytest.raises(NotAllowed):
        jobs.retry(people[role], job_id, "failed")
    assert stored(owner, job_id)["status"] == "running"


def test_the_database_refuses_who_lost_the_role_in_between(owner: Owner, people: People) -> None:
    job_id = running(owner, NOW)
    owner.execute("update signalbox.members set role = 'manager' where user_id = %s", (people["admin"].user_id,))
    with pytest.raises(SignalboxError):
        jobs.cancel(people["admin"], job_id, "running")
    assert stored(owner, job_id)["status"] == "running"
    assert acts(owner, job_id) == []


def test_a_job_that_is_not_there_is_not_found(people: People) -> None:
    for act in (jobs.cancel, jobs.retry):
        with pytest.raises(NotFound):
            act(people["admin"], uuid4(), "failed")
