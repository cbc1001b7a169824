"""People: what each did in a period and in the one before, against rows made by hand; the page, for whom it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow

from data.access import Actor
from data.errors import NotAllowed
from data.reports import people as reports
from tests import recorded
from tests.page_runs import PageRun, open_address, open_page, queries_during, taken_away

Connection = psycopg.Connection[DictRow]
NOW = datetime.now(UTC).replace(microsecond=0)
PERIOD: dict[str, Any] = {"start": NOW - timedelta(days=7), "end": NOW + timedelta(days=1)}
BEFORE: dict[str, Any] = {"previous_start": NOW - timedelta(days=15), "previous_end": NOW - timedelta(days=7)}


def add_session(owner: Connection, person: Actor | None, at: datetime | None, cost: float | None = None) -> None:
    metadata: dict[str, object] = {"user_id": str(person.user_id)} if person else {}
    if cost is not None:
        metadata["cost"] = {"total_cost_usd": cost}
    owner.execute(
        "insert into chronicle.sessions (session_id, project_name, started_at, metadata)"
        " values (%s, 'harbour', %s, %s)",
        (str(uuid4()), at, psycopg.types.json.Jsonb(metadata)),
    )


def add_lift(owner: Connection, person: Actor, at: datetime, status: str, costs: list[float | None]) -> UUID:
    row = owner.execute(
        "insert into lift.sessions (user_id, status, created_at, updated_at) values (%s, %s, %s, %s) returning id",
        (person.user_id, status, at, at),
    ).fetchone()
    assert row is not None
    for number, cost in enumerate(costs, start=1):
        metrics = {"cost_usd": cost} if cost is not None else {}
        owner.execute(
            "insert into lift.session_drafts (session_id, user_id, draft_number, code, llm_metrics)"
            " values (%s, %s, %s, 'x', %s)",
            (row["id"], person.user_id, number, psycopg.types.json.Jsonb(metrics)),
        )
    return UUID(str(row["id"]))


def add_job(owner: Connection, person: Actor, at: datetime, status: str) -> None:
    owner.execute(
        "insert into agents.jobs (user_id, agent_identifier, status, created_at, completed_at)"
        " values (%s, 'intake', %s, %s, %s)",
        (person.user_id, status, at, at if status in ("completed", "failed") else None),
    )


def add_untimed_jobs(owner: Connection, jobs: int) -> None:
    owner.execute(
        "insert into agents.jobs (agent_identifier, status, created_at)"
        " select 'intake', 'pending', null from generate_series(1, %s)",
        (jobs,),
    )


@pytest.fixture
def week(owner: Connection, people: dict[str, Actor]) -> None:
    """A week of two people and of nobody, and some of the week before."""
    me, other = people["member"], people["other"]
    add_session(owner, me, NOW - timedelta(days=1), 1.5)
    add_session(owner, me, NOW - timedelta(days=2))
    add_session(owner, me, NOW - timedelta(days=10), 9)
    add_session(owner, None, NOW - timedelta(days=1))
    add_session(owner, other, None)
    add_lift(owner, me, NOW - timedelta(days=3), "finalized", [0.25, None])
    add_lift(owner, me, NOW - timedelta(days=3), "error", [0.25])
    add_lift(owner, me, NOW - timedelta(days=3), "active", [])
    add_job(owner, other, NOW - timedelta(days=1), "completed")
    add_job(owner, other, NOW - timedelta(days=1), "failed")
    add_job(owner, other, NOW - timedelta(days=1), "running")
    add_job(owner, other, NOW - timedelta(days=9), "failed")


def by_address(actor: Actor, **asked: object) -> dict[str | None, reports.Person]:
    return {one.address: one for one in reports.read_people(actor, **asked)}  # type: ignore[arg-type]


@pytest.mark.usefixtures("week")
def test_each_person_has_their_own_figures(people: dict[str, Actor]) -> None:
    found = by_address(people["manager"], **PERIOD, **BEFORE)
    me, other, nobody = found[people["member"].email], found[people["other"].email], found[None]
    assert (me.sessions, me.lift_sessions, me.finalized, me.lost, me.jobs) == (2, 3, 1, 1, 0)
    assert (me.cost_usd, me.session_cost_usd, me.lift_cost_usd) == (Decimal("2.00"), Decimal("1.50"), Decimal("0.50"))
    assert (me.priced_sessions, me.estimated_sessions, me.unpriced_sessions) == (1, 0, 0)
    assert (me.priced_lift_sessions, me.unpriced_lift_sessions) == (2, 1)
    assert (me.previous_sessions, me.previous_cost_usd) == (1, Decimal(9))
    assert (other.sessions, other.jobs, other.completed_jobs, other.failed_jobs) == (0, 3, 1, 1)
    assert (other.previous_failed_jobs, other.previous_completed_jobs) == (1, 0)
    assert (nobody.person, nobody.sessions) == (None, 1)
    assert me.last_active_at == NOW - timedelta(days=1)


def test_who_stopped_counts_in_the_period_before(owner: Connection, people: dict[str, Actor]) -> None:
    """Or a period in which half of the people left would look like the one before."""
    add_session(owner, people["member"], NOW - timedelta(days=1))
    add_session(owner, people["member"], NOW - timedelta(days=10))
    for role in ("other", "admin"):
        add_session(owner, people[role], NOW - timedelta(days=10))
    add_job(owner, people["manager"], NOW - timedelta(days=10), "failed")
    found = reports.read_people(people["manager"], **PERIOD, **BEFORE)
    sums = reports.together(found)
    assert (sums["sessions"], sums["previous_sessions"], sums["previous_failed_jobs"]) == (1, 3, 1)
    assert found[0].address == people["member"].email
    page = open_page(people["manager"], "reports/people.py", period="7d")
    assert "1 person worked with agents in the last 7 days: 1 session." in page.text


def test_what_was_given_up_is_lost_as_an_error_is(owner: Connection, people: dict[str, Actor]) -> None:
    for days in (1, 10):
        for status in ("active", "finalized", "abandoned", "error"):
            add_lift(owner, people["member"], NOW - timedelta(days=days), status, [])
    one = by_address(people["manager"], **PERIOD, **BEFORE)[people["member"].email]
    assert (one.lift_sessions, one.finalized, one.lost) == (4, 1, 2)
    assert (one.previous_lift_sessions, one.previous_finalized, one.previous_lost) == (4, 1, 2)


def test_a_period_holds_its_start_and_not_its_end(owner: Connection, people: dict[str, Actor]) -> None:
    for at in (PERIOD["start"], PERIOD["end"]):
        add_session(owner, people["member"], at)
        add_lift(owner, people["member"], at, "finalized", [])
        add_job(owner, people["member"], at, "completed")
    add_session(owner, people["member"], BEFORE["previous_start"])
    one = by_address(people["manager"], **PERIOD, **BEFORE)[people["member"].email]
    assert (one.sessions, one.lift_sessions, one.jobs) == (1, 1, 1)
    assert (one.previous_sessions, one.previous_finalized, one.previous_completed_jobs) == (1, 0, 0)
    asked: dict[str, Any] = {"person": str(people["member"].user_id), **PERIOD}
    assert len(reports.read_activity(people["manager"], **asked)) == 3
    assert sum(one.things for one in reports.count_activity(people["manager"], **asked)) == 3


def test_a_cost_that_leaves_something_out_is_said(owner: Connection, people: dict[str, Actor]) -> None:
    """Estimated from the replies whose model has a price; a second reply has none."""
    session_pk = recorded.session(owner, NOW - timedelta(days=1), user_id=people["member"].user_id)
    recorded.price(owner, "known", 1)
    recorded.reply(owner, session_pk, NOW - timedelta(days=1), "known", tokens=1_000_000)
    recorded.reply(owner, session_pk, NOW - timedelta(days=1), "without-a-price")
    one = by_address(people["manager"], **PERIOD)[people["member"].email]
    assert (one.cost_usd, one.priced_sessions, one.estimated_sessions, one.unpriced_sessions) == (Decimal(2), 1, 1, 1)
    add_session(owner, people["member"], NOW - timedelta(days=1))
    page = open_page(people["manager"], "reports/people.py", period="7d")
    assert "$2.00 of 1 session, estimated at list prices; 1 session is not priced in full" in page.text
    listed = followed(people["manager"], page, "/sessions?")
    assert "CSV, 1 row" in listed.text
    assert any(link.startswith("/session?") and f"session={session_pk}" in link for link in listed.links)
    page = open_page(people["manager"], "reports/people.py", period="7d", person=str(people["member"].user_id))
    [cost] = set(open_page(people["manager"], "reports/people.py", period="7d").ways("≈ $2.00"))
    summed = open_address(people["manager"], cost)
    assert [row["id"] for row in taken_away(people["manager"], summed, "person")] == [str(session_pk)]
    assert "with a cost ×" in summed.text
    assert page.ways("$2.00 of 1 session") == [cost.replace("has=", "kind=session&has=")]
    [way] = page.ways("2 sessions")
    assert open_address(people["manager"], way).rows == [2]
    assert not page.ways("0 sessions of lift-sys"), "what is not there leads nowhere"
    listed = followed(people["manager"], page, "/people?")
    assert [row["id"] for row in taken_away(people["manager"], listed, "person")] == [str(session_pk)]
    assert "CSV, 1 row" in listed.text


def followed(actor: Actor, page: PageRun, begins: str) -> PageRun:
    """The page behind the one link to what is not priced in full."""
    [address] = {link for link in page.links if link.startswith(begins) and "has=unpriced" in link}
    path, _, query = address.partition("?")
    return open_page(actor, f"reports/{path.removeprefix('/')}.py", **dict(parse_qsl(query)))


@pytest.mark.usefixtures("week")
def test_what_has_no_time_is_apart(owner: Connection, people: dict[str, Actor]) -> None:
    assert reports.read_coverage(people["manager"]).untimed == 1
    text = open_page(people["manager"], "reports/people.py", period="all").text
    assert "All time includes 1 session without a recorded time." in text
    add_untimed_jobs(owner, 8)
    assert dict(reports.read_coverage(people["manager"]).untimed_of) == {"session": 1, "lift": 0, "job": 8}
    text = open_page(people["manager"], "reports/people.py", period="7d").text
    assert "1 session and 8 jobs without a recorded time are in no period." in text
    nobody = open_page(people["manager"], "reports/people.py", period="all", person=reports.NOBODY).text
    assert "Without the filters, all time includes 1 session and 8 jobs without a recorded time." in nobody
    found = by_address(people["manager"], untimed=True)
    assert {address: (one.sessions, one.jobs) for address, one in found.items()} == {
        people["other"].email: (1, 0),
        None: (0, 8),
    }
    assert by_address(people["manager"])[people["other"].email].sessions == 1, "all time holds it, too"


@pytest.mark.usefixtures("week")
def test_one_persons_doings_newest_first(people: dict[str, Actor]) -> None:
    asked: dict[str, Any] = {"person": str(people["member"].user_id), **PERIOD}
    rows = reports.read_activity(people["admin"], **asked, limit=2)
    assert sum(one.things for one in reports.count_activity(people["admin"], **asked)) == 5
    assert [row["kind"] for row in rows] == ["session", "session"]
    rest = reports.read_activity(people["admin"], **asked, offset=2)
    assert [(row["kind"], row["state"]) for row in rest].count(("lift", "finalized")) == 1
    assert len(rest) == 3


def test_what_was_done_goes_by_its_title(owner: Connection, people: dict[str, Actor]) -> None:
    """By its project or agent alone all rows of somebody may read the same."""
    me = people["member"]
    session_pk = recorded.session(owner, NOW - timedelta(hours=1), project="harbour", user_id=me.user_id)
    for minutes, words in ((2, "and then the pier"), (1, "Look at the quay")):
        recorded.prompt(owner, session_pk, NOW - timedelta(hours=1) + timedelta(minutes=minutes), words)
    add_job(owner, me, NOW - timedelta(hours=2), "completed")
    owner.execute('update agents.jobs set job_data = \'{"title": "Paint the buoy"}\'')
    page = open_page(people["manager"], "reports/people.py", person=str(me.user_id))
    assert page.ways("Look at the quay")
    assert page.ways("Paint the buoy")
    assert "harbour" in page.text
    assert "intake" in page.text
    owner.execute("update agents.jobs set job_data = '{}'; delete from chronicle.prompt_events")
    page = open_page(people["manager"], "reports/people.py", person=str(me.user_id))
    assert page.ways(f"session {str(session_pk)[:8]}"), page.text


def test_a_page_past_the_last_is_the_last(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    for hours in range(30):
        add_job(owner, me, NOW - timedelta(hours=hours), "completed")
    for number in ("99", "9" * 30):
        page = open_page(people["manager"], "reports/people.py", person=str(me.user_id), page=number)
        assert "26 to 30 of 30" in page.text
        assert sum(link.startswith("/jobs?job=") for link in page.links) == 5


def test_it_is_not_for_members(people: dict[str, Actor]) -> None:
    for reader in (reports.read_coverage, reports.read_people):
        with pytest.raises(NotAllowed):
            reader(people["member"])
    page = open_page(people["member"], "reports/people.py")
    assert people["other"].email not in page.text


# the page


@pytest.mark.usefixtures("week")
def test_the_page_tells_and_leads_to_one_person(people: dict[str, Actor]) -> None:
    page = open_page(people["manager"], "reports/people.py", period="7d")
    assert "2 people worked with agents in the last 7 days: 3 sessions, 3 sessions of lift-sys and 3 jobs." in page.text
    assert "names nobody" in page.text
    assert "1 session without a recorded time is in no period." in page.text
    leading = {"/sessions?period=7d", "/jobs?period=7d&status=completed", "/lift_sessions?period=7d&status=finalized"}
    assert leading < set(page.links), "each figure leads to the rows behind it"
    person = str(people["member"].user_id)
    assert f"/people?period=7d&person={person}" in page.links
    one = open_page(people["manager"], "reports/people.py", period="7d", person=person)
    assert people["member"].email in one.text
    assert sum("/lift_session?session=" in link for link in one.links) == 3
    assert any(link.startswith("/export/person.csv?") and person in link for link in one.links)


@pytest.mark.usefixtures("week")
def test_costs_are_told_apart_by_subject_and_each_leads_to_its_own(people: dict[str, Actor]) -> None:
    page = open_page(people["manager"], "reports/people.py", period="7d")
    assert "$1.50 of 1 session; $0.50 of 2 sessions of lift-sys; 1 session of lift-sys is not" in page.text
    assert {"/sessions?period=7d&sort=-cost", "/lift_sessions?period=7d&sort=-cost"} < set(page.links)
    listed = followed(people["manager"], page, "/lift_sessions?")
    [row] = taken_away(people["manager"], listed, "lift_sessions")
    assert (row["draft_count"], row["priced_drafts"]) == (2, 1)
    assert "CSV, 1 row" in listed.text
    me = str(people["member"].user_id)
    one = followed(
        people["manager"], open_page(people["manager"], "reports/people.py", period="7d", person=me), "/people?"
    )
    assert [found["id"] for found in taken_away(people["manager"], one, "person")] == [row["session_id"]]
    untimed = open_page(people["manager"], "reports/people.py", period="untimed")
    assert "no session has a cost" in untimed.text
    assert "Cost not priced of 0 sessions" not in untimed.text


@pytest.mark.usefixtures("week")
def test_figures_of_a_person_lead_to_exactly_what_they_count(people: dict[str, Actor]) -> None:
    me, other = (str(people[role].user_id) for role in ("member", "other"))
    everybody = open_page(people["manager"], "reports/people.py", period="7d")
    one = open_page(people["manager"], "reports/people.py", period="7d", person=me)
    said = "worked with agents in the last 7 days: 2 sessions and 3 sessions of lift-sys."
    assert f"{people['member'].email} {said}" in one.text
    asked: dict[str, Any] = {"person": me, **PERIOD}
    counted: list[tuple[reports.Kind, str | None, int]]
    counted = [("session", None, 2), ("lift", None, 3), ("lift", "finalized", 1)]
    for kind, state, things in counted:
        address = f"/people?period=7d&person={me}&kind={kind}{f'&state={state}' if state else ''}"
        assert state or address in everybody.links
        assert address in one.links
        assert len(reports.read_activity(people["manager"], **asked, kind=kind, state=state)) == things
    assert f"/people?period=7d&person={other}&kind=job" in everybody.links
    for found in reports.read_people(people["manager"], **PERIOD):
        for rated, whole in (("lift", found.finalized + found.lost), ("job", found.completed_jobs + found.failed_jobs)):
            if whole:
                address = f"/people?period=7d&person={found.person}&kind={rated}&state=ended"
                assert address in everybody.links, "a rate leads to what it is taken over"
                assert open_address(people["manager"], address).rows == [whole], address
    narrowed = open_page(people["manager"], "reports/people.py", period="7d", person=me, kind="lift", state="finalized")
    assert sum("/lift_session?session=" in link for link in narrowed.links) == 1
    [file] = [link for link in narrowed.links if link.startswith("/export/person.csv?")]
    assert "kind=lift&state=finalized" in file
    none = open_page(people["manager"], "reports/people.py", period="7d", person=me, kind="job")
    assert "Nothing that was done fits these filters." in none.text
    wrong = open_page(people["manager"], "reports/people.py", period="7d", person=me, kind="walks")
    assert "There is no kind “walks”, so all are shown." in wrong.text


def test_what_names_nobody_is_not_zero_people_at_work(owner: Connection, people: dict[str, Actor]) -> None:
    add_session(owner, None, NOW - timedelta(days=1))
    page = open_page(people["manager"], "reports/people.py", period="7d")
    assert "Who worked with agents in the last 7 days is not known: 1 session names nobody." in page.text
    assert "/people?period=7d&person=nobody" in page.ways("names nobody")
    [address] = {way for way in page.ways("1 session") if "nobody" in way}
    nameless = open_address(people["manager"], address)
    assert "Nobody is named in the last 7 days by 1 session." in nameless.text
    assert nameless.rows == [1]
    assert not any("sb-say" in piece and "sb-well" in piece for piece in page.pieces)


def test_how_much_was_done_is_not_called_well(owner: Connection, people: dict[str, Actor]) -> None:
    add_job(owner, people["member"], NOW - timedelta(days=1), "failed")
    for asked in ({}, {"person": str(people["member"].user_id)}):
        page = open_page(people["manager"], "reports/people.py", period="7d", **asked)
        [said, *_] = [piece for piece in page.pieces if "sb-say" in piece]
        assert "1 job" in said
        assert "sb-mark" not in said


def test_the_page_without_rows_and_with_somebody_unknown(people: dict[str, Actor]) -> None:
    assert "Nobody is recorded as working with an agent yet." in open_page(people["manager"], "reports/people.py").text
    one = open_page(people["manager"], "reports/people.py", person="<script>alert(1)</script>")
    assert "is on record of somebody with this id" in one.text


@pytest.mark.usefixtures("week")
def test_at_most_eight_queries(owner: Connection, people: dict[str, Actor]) -> None:
    for asked in ({}, {"person": str(people["member"].user_id)}):
        page = open_page(people["manager"], "reports/people.py", **asked)
        owner.execute("update agents.jobs set error_message = 'no'")  # a new version: nothing is cached any more
        assert queries_during(page.run).total() <= 8


def test_what_is_estimated_is_told_from_what_is_recorded(owner: Connection, people: dict[str, Actor]) -> None:
    me = people["member"]
    add_session(owner, me, NOW, 2.5)
    add_lift(owner, me, NOW - timedelta(hours=1), "finalized", [0.25])
    add_session(owner, me, NOW - timedelta(hours=2))
    add_job(owner, me, NOW - timedelta(hours=3), "completed")
    guessed = owner.execute("select id from chronicle.sessions where not metadata ? 'cost'").fetchone()
    assert guessed
    recorded.price(owner, "claude-opus-4-6", 5)
    recorded.reply(owner, guessed["id"], NOW - timedelta(hours=2))
    rows = reports.read_activity(people["manager"], person=str(me.user_id), **PERIOD)
    assert [row["cost_basis"] for row in rows] == ["recorded", "recorded", "estimate", None]
    page = open_page(people["manager"], "reports/people.py", person=str(me.user_id))
    assert page.text.count("≈") == 1
    assert f"≈ ${rows[2]['cost_usd']:.2f}" in page.text
