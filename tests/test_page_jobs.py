"""The page of jobs: what it says first, one job in depth, and what an admin does to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from data.jobs.reading import MAX_GROUPS
from tests.page_runs import open_address, open_page, queries_during, taken_away
from tests.test_jobs import acts, make_job, running, stored
from ui.wording import figures

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "reports/jobs.py"
MOST_QUERIES = 8
DONE = {
    "created_at": NOW - timedelta(hours=3),
    "started_at": NOW - timedelta(hours=3),
    "completed_at": NOW - timedelta(hours=2),
}


def test_it_says_why_there_is_nothing(people: People) -> None:
    assert "No job is recorded yet" in open_page(people["manager"], PAGE).text
    assert "No job of yours" in open_page(people["member"], PAGE).text


def test_jobs_without_a_time_are_said_in_every_period(owner: Owner, people: People) -> None:
    make_job(owner, **DONE)
    make_job(owner, created_at=None, started_at=None, completed_at=None)
    assert "1 job without a recorded time is in no period." in open_page(people["manager"], PAGE).text
    all_time = open_page(people["manager"], PAGE, period="all").text
    assert "All time includes 1 job without a recorded time." in all_time


def test_titles_have_the_room_where_few_jobs_have_a_message(owner: Owner, people: People) -> None:
    make_job(owner, **DONE, status="failed", error_message="Broken " + "pipe " * 20)
    assert "sb-line" in "".join(open_page(people["manager"], PAGE).pieces)
    for _ in range(2):
        make_job(owner, **DONE)
    page = open_page(people["manager"], PAGE)
    assert "sb-line" not in "".join(page.pieces).split('aria-label="Jobs"')[-1].split("</table>")[0]


def test_a_kind_of_failure_beyond_the_most_frequent_has_its_file_as_well(owner: Owner, people: People) -> None:
    for number in range(1, MAX_GROUPS + 2):
        for _ in range(1 if number > MAX_GROUPS else 2):
            make_job(owner, **DONE, status="failed", error_message=f"Broken {'x' * number}")
    rarest = open_page(people["manager"], PAGE, status="failed", error=f"Broken {'x' * (MAX_GROUPS + 1)}")
    assert "CSV, 1 row" in rarest.text
    assert "CSV, 2 rows" in open_page(people["manager"], PAGE, status="failed", error="Broken x").text


def test_a_job_leads_back_to_the_list_it_was_opened_from(owner: Owner, people: People) -> None:
    job_id = make_job(owner, **DONE, agent_identifier="writer")
    asked = "agent=writer&period=30d&status=completed"
    page = open_page(people["manager"], PAGE, agent="writer", period="30d", status="completed")
    assert f"/jobs?{asked}&job={job_id}" in page.links
    one = open_page(people["manager"], PAGE, agent="writer", period="30d", status="completed", job=str(job_id))
    assert f"/jobs?{asked}" in one.links


def test_a_page_past_the_end_is_the_last(owner: Owner, people: People) -> None:
    make_job(owner, **DONE, job_data=Jsonb({"title": "The only one"}))
    assert "The only one" in open_page(people["manager"], PAGE, page="99").text


def test_what_runs_for_too_long_is_said_first_and_found(owner: Owner, people: People) -> None:
    make_job(owner, **DONE)
    running(owner, NOW - timedelta(days=30), agent_identifier="stuck one")
    page = open_page(people["manager"], PAGE)
    assert "1 job runs for over an hour now." in page.text
    assert "/jobs?long=true&period=all" in page.links
    found = open_page(people["manager"], PAGE, long="true")
    assert "stuck one" in found.text
    assert "running over an hour" in found.text
    assert "CSV, 1 row" in found.text


def test_where_no_job_ran_to_an_end_nothing_looks_fine(owner: Owner, people: People) -> None:
    make_job(owner, status="pending", created_at=NOW - timedelta(minutes=5), started_at=None, completed_at=None)
    for state in ("unknown", "well"):
        [said, *_] = [piece for piece in open_page(people["manager"], PAGE).pieces if "sb-say" in piece]
        assert f"sb-mark sb-{state}" in said
        make_job(owner, **DONE)


def test_a_job_without_a_start_is_told_by_when_it_was_created(owner: Owner, people: People) -> None:
    ago = {days: NOW - timedelta(days=days) for days in (3, 4, 5, 6, 9)}
    for days, status in ((3, "pending"), (4, "running"), (5, "cancelled")):
        make_job(owner, status=status, created_at=ago[days], started_at=None, completed_at=None)
    make_job(owner, status="running", created_at=ago[9], started_at=ago[6], completed_at=None)
    text = open_page(people["manager"], PAGE, period="all").text
    for days, word in ((3, "since"), (4, "created"), (5, "created"), (6, "since")):
        assert f"{word} {figures.moment(ago[days], ZoneInfo('UTC'), NOW)}" in text


def test_an_error_beside_a_job_that_runs_again_is_told_as_of_before(owner: Owner, people: People) -> None:
    job_id = make_job(owner, created_at=NOW, status="failed", error_message="Broken pipe")
    owner.execute("update agents.jobs set status = 'running', started_at = now() where id = %s", (job_id,))
    assert "Broken pipe" not in open_page(people["manager"], PAGE).text
    one = open_page(people["manager"], PAGE, job=str(job_id)).text
    assert ("Error of an attempt before" in one, "Broken pipe" in one) == (True, True)


def test_what_is_over_is_told_with_how_much_of_it_was_cancelled(owner: Owner, people: People) -> None:
    for status in ("completed", "completed", "failed", "cancelled"):
        make_job(owner, **DONE, status=status)
    shown = open_page(people["manager"], PAGE)
    assert "1 of 3 jobs that ran to an end failed" in shown.text
    [ended], [failed, *_] = shown.ways("3 jobs"), shown.ways("1")
    assert [open_address(people["manager"], way).rows[0] for way in (ended, failed)] == [3, 1]
    assert "4 jobs are over ( 1 cancelled), " in shown.text
    assert "/jobs?period=7d&status=cancelled" in shown.links
    owner.execute("delete from agents.jobs where status = 'cancelled'")
    without = open_page(people["manager"], PAGE)
    assert "3 jobs are over, " in without.text
    assert "/jobs?period=7d&status=ended" in without.links


def test_an_address_with_what_is_no_id_says_so_and_shows_all(owner: Owner, people: People) -> None:
    make_job(owner, **DONE)
    said = "The address asks for the {} “foo”, which is no id, so all are shown."
    shown = open_page(people["manager"], PAGE, job="foo").text
    assert said.format("job") in shown
    assert "CSV, 1 row" in shown
    assert said.format("approval") in open_page(people["admin"], "admin/approvals.py", approval="foo").text
    for name in ("project", "workspace"):
        text = open_page(people["manager"], "reports/projects.py", **{name: "foo"}).text
        assert text.count(said.format(name)) == 1


def test_failures_stand_with_their_message_and_lead_to_their_jobs(owner: Owner, people: People) -> None:
    for number in range(3):
        make_job(owner, **DONE, status="failed", error_message=f"no customer {number}")
    make_job(owner, **DONE)
    page = open_page(people["manager"], PAGE)
    assert "3 of 4 jobs that ran to an end failed in the last 7 days (75.0 %)" in page.text
    assert "no customer N" in page.text
    [link] = {link for link in page.links if "error=no+customer+N" in link}
    assert "status=failed" in link
    assert "CSV, 3 rows" in open_page(people["manager"], PAGE, status="failed", error="no customer N").text
    assert "No sums are kept" not in page.text
    found = open_page(people["manager"], PAGE, q="customer 1").text
    assert "1 of 1 job that ran to an end failed" in found
    assert "No sums are kept by words of jobs, so the jobs themselves were counted." in found


def test_the_chart_and_the_list_are_of_the_chosen_state_and_the_page_says_what_is_not(
    owner: Owner, people: People
) -> None:
    for status in ("failed", "completed", "completed"):
        make_job(owner, **DONE, status=status)
    everything = open_page(people["manager"], PAGE)
    assert {bar["series"]: bar["number"] for bars in everything.charts for bar in bars} == {"failed": 1, "completed": 2}
    assert "are of all states" not in everything.text
    page = open_page(people["manager"], PAGE, status="completed")
    [[bar]] = page.charts
    assert bar["number"] == 2
    assert "status=completed" in bar["address"]
    assert "four figures are of all states; the chart and the list are of completed jobs alone." in page.text
    assert "Completed jobs per day" in page.text


def test_what_ran_to_an_end_can_be_chosen_and_is_where_the_overview_leads(owner: Owner, people: People) -> None:
    for status in ("failed", "completed", "completed", "cancelled"):
        make_job(owner, **DONE, status=status)
    running(owner, NOW - timedelta(hours=2))
    overview = open_page(people["manager"], "reports/overview.py")
    assert "Jobs finished 3" in " ".join(overview.text.split())
    assert "/jobs?period=7d&status=ended" in overview.links
    page = open_page(people["manager"], PAGE, status="ended")
    assert "ran to an end · 3" in page.app.selectbox(key="f_status").options
    assert "CSV, 3 rows" in page.text
    assert "the chart and the list are of jobs that ran to an end alone." in page.text
    assert {bar["series"]: bar["number"] for bars in page.charts for bar in bars} == {"failed": 1, "completed": 2}
    assert {row["status"] for row in taken_away(people["manager"], page, "jobs")} == {"failed", "completed"}


def test_what_runs_and_what_waits_now_lead_to_themselves(owner: Owner, people: People) -> None:
    running(owner, NOW - timedelta(days=40), agent_identifier="slow")
    for agent in ("slow", "slow", "other"):
        make_job(owner, created_at=NOW - timedelta(days=50), status="pending", agent_identifier=agent)
    shown = open_page(people["manager"], PAGE, agent="slow", long="true")
    assert "2 jobs wait (the oldest since" in " ".join(shown.text.split())
    for state, rows in (("running", "CSV, 1 row"), ("pending", "CSV, 2 rows")):
        assert f"/jobs?agent=slow&period=all&status={state}" in shown.links
        assert rows in open_page(people["manager"], PAGE, agent="slow", period="all", status=state).text


def test_one_job_shows_what_went_in_what_came_out_and_its_course(owner: Owner, people: People) -> None:
    job_id = make_job(
        owner,
        **DONE,
        status="failed",
        error_message="Exit code 3",
        job_data=Jsonb({"title": "Count <b>things</b>", "deep": {"key": 7}}),
        result=Jsonb({"pages": 2}),
    )
    page = open_page(people["manager"], PAGE, job=str(job_id))
    assert "The job of writer failed after 1 h 00 min" in page.text
    for piece in ("Count <b>things</b>", '"key": 7', '"pages": 2', "Exit code 3", "created", "started"):
        assert piece in page.text
    assert "<b>things" not in "".join(page.pieces)


def test_the_job_of_a_subagent_is_called_what_its_call_said(owner: Owner, people: People) -> None:
    job_id = make_job(owner, **DONE, job_data=Jsonb({"kind": "subagent", "input": {"description": "Read the plan"}}))
    assert "Read the plan" in open_page(people["manager"], PAGE).text
    assert "Read the plan" in open_page(people["manager"], PAGE, job=str(job_id)).text.partition("Data")[0]


@pytest.mark.parametrize("job", ["00000000-0000-0000-0000-000000000000", "nonsense"])
def test_an_address_without_a_job_is_answered(owner: Owner, people: People, job: str) -> None:
    make_job(owner, **DONE)
    text = open_page(people["manager"], PAGE, job=job).text
    assert ("There is no such job" in text) == (job != "nonsense")


def test_an_admin_retries_a_failed_job_and_reads_the_receipt(owner: Owner, people: People) -> None:
    job_id = make_job(owner, **DONE, status="failed", error_message="no money")
    page = open_page(people["admin"], PAGE, job=str(job_id))
    page.app.button(key=f"retry_{job_id}").click()
    text = page.run().text
    assert "The job of writer waits in the queue again" in text.replace("\\", "")
    assert "was failed: no money" in text
    assert stored(owner, job_id)["status"] == "pending"
    assert len(acts(owner, job_id)) == 1
    assert [button.key for button in page.app.button if str(button.key).startswith("cancel_")]


def test_an_admin_whose_job_has_moved_on_reads_what_it_is_now(owner: Owner, people: People) -> None:
    job_id = running(owner, NOW - timedelta(hours=2))
    page = open_page(people["admin"], PAGE, job=str(job_id))
    owner.execute("update agents.jobs set status = 'completed' where id = %s", (job_id,))
    page.app.button(key=f"cancel_{job_id}").click()
    text = page.run().text.replace("\\", "")
    assert "This job is completed since" in text
    assert "it was not cancelled" in text
    assert acts(owner, job_id) == []


def test_an_admin_who_is_none_any_more_changes_nothing(owner: Owner, people: People) -> None:
    job_id = running(owner, NOW - timedelta(hours=2))
    page = open_page(people["admin"], PAGE, job=str(job_id))
    owner.execute("update signalbox.members set role = 'manager' where user_id = %s", (people["admin"].user_id,))
    page.app.button(key=f"cancel_{job_id}").click()
    assert "is for the role admin; you are signed in as manager" in page.run().text.replace("\\", "")
    assert stored(owner, job_id)["status"] == "running"


@pytest.mark.parametrize("role", ["manager", "member"])
def test_only_admins_have_buttons_and_see_who_did_what(owner: Owner, people: People, role: str) -> None:
    job_id = make_job(owner, **DONE, status="failed", error_message="no", user_id=people["member"].user_id)
    admin = open_page(people["admin"], PAGE, job=str(job_id))
    admin.app.button(key=f"retry_{job_id}").click()
    assert "admin@example.com" in admin.run().text.replace("\\", "").split("Signalbox")[0]
    other = open_page(people[role], PAGE, job=str(job_id))
    assert "admin@example.com" not in other.text
    assert not [button for button in other.app.button if str(button.key).startswith(("cancel_", "retry_"))]


@pytest.mark.parametrize("parameters", [{}, {"status": "failed", "q": "no"}, {"long": "true"}])
def test_it_needs_few_queries_and_none_again_for_the_same_rows(
    owner: Owner, people: People, parameters: dict[str, str]
) -> None:
    make_job(owner, **DONE, status="failed", error_message="no")
    running(owner, NOW - timedelta(hours=2))
    page = open_page(people["admin"], PAGE, **parameters)
    owner.execute("update agents.jobs set error_message = 'no way'")  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold


def test_one_job_needs_few_queries(owner: Owner, people: People) -> None:
    job_id = make_job(owner, **DONE, status="failed")
    page = open_page(people["admin"], PAGE, job=str(job_id))
    page.app.button(key=f"retry_{job_id}").click()
    # The press is a transaction of its own; with it and the page after it there are still no more than these.
    pressed = queries_during(page.run)
    assert sum(pressed.values()) <= MOST_QUERIES, pressed


def test_members_see_their_own_jobs_alone(owner: Owner, people: People) -> None:
    make_job(owner, **DONE, user_id=people["member"].user_id, agent_identifier="mine")
    theirs = make_job(owner, **DONE, user_id=people["other"].user_id, agent_identifier="theirs")
    assert "theirs" in open_page(people["manager"], PAGE).text
    assert "theirs" not in open_page(people["member"], PAGE).text
    assert "There is no such job" in open_page(people["member"], PAGE, job=str(theirs)).text
