"""The order of many sessions: picked by what is counted for all of them at once, the same as counted one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import sql

from data.access import Actor
from data.reports import sessions
from data.reports.sessions import Chosen
from tests import recorded
from tests.page_runs import open_page
from tests.recorded import Owner

People = dict[str, Actor]

AT = datetime.now(UTC) - timedelta(hours=2)
MANY = 510  # more than calls are looked up of one by one
# Unanswered, failed, refused and succeeded ones of each: the order is another one where any kind is left out or counted
# twice.
_CALLS = ((9, 1, 0, 0), (0, 4, 1, 1), (3, 2, 3, 0), (1, 3, 0, 5))
_ORDERED_BY = {"prompts": "prompts", "calls": "calls", "errors": "failed_calls", "cost": "cost_usd"}


@pytest.fixture
def many(owner: Owner) -> None:
    """Many sessions in which nothing happened, and a few with calls of each outcome, prompts and costs."""
    owner.execute(
        "insert into chronicle.sessions (session_id, project_name, started_at, status)"
        " select 'quiet ' || n, 'quiet', %s - n * interval '1 second', 'completed' from generate_series(1, %s) as n",
        (AT, MANY),
    )
    for number, (unanswered, failed, refused, succeeded) in enumerate(_CALLS):
        session_pk = recorded.session(owner, AT, project=f"p{number}", cost={"total_cost_usd": number % 3})
        for _ in range(unanswered):
            recorded.call(owner, session_pk, AT, answered=False)
        for _ in range(failed):
            recorded.call(owner, session_pk, AT, success=False, error="no")
            recorded.prompt(owner, session_pk, AT, "x")
        for _ in range(refused):
            recorded.call(owner, session_pk, AT, success=False, error="User rejected it")
        for _ in range(succeeded):
            recorded.call(owner, session_pk, AT)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("downwards", [True, False])
@pytest.mark.parametrize("sort", sorted(_ORDERED_BY))
def test_many_are_in_the_order_of_what_is_shown_of_each(people: People, sort: str, downwards: bool) -> None:
    def page(actor: Actor, **limits: int) -> list[dict[str, Any]]:
        return sessions.list_page(actor, chosen=Chosen(), sort=sort, downwards=downwards, **limits)

    whole = page(people["manager"], most=MANY + 4)
    assert len(whole) == MANY + 4
    assert {row["sessions_in_all"] for row in whole} == {MANY + 4}
    shown = [row[_ORDERED_BY[sort]] for row in whole]
    known = [value for value in shown if value is not None]
    assert known == sorted(known, reverse=downwards)
    assert shown[len(known) :] == [None] * (len(shown) - len(known)), "what is not known stands last"
    places = [row["session_pk"] for row in whole]
    assert [row["session_pk"] for row in page(people["manager"], most=3, skipped=2)] == places[2:5]
    assert page(people["member"], most=9) == []
    quiet = sessions.list_page(
        people["manager"], chosen=Chosen(project="quiet"), sort=sort, downwards=downwards, most=MANY + 4
    )
    assert ({row["project_name"] for row in quiet}, len(quiet)) == ({"quiet"}, MANY), (
        "no other one gets in by its calls"
    )


@pytest.mark.usefixtures("many")
def test_an_order_that_has_to_be_counted_says_so(people: People) -> None:
    words = "No sums are kept of single sessions, so for this order "
    assert (
        f"{words}the calls of all were counted."
        in open_page(people["manager"], "reports/sessions.py", sort="-calls").text
    )
    assert f"{words}what all cost was counted." in open_page(people["manager"], "reports/sessions.py", sort="cost").text
    assert words not in open_page(people["manager"], "reports/sessions.py", sort="-errors").text
    assert words not in open_page(people["manager"], "reports/sessions.py", sort="-calls", project="p1").text


def test_whoever_may_write_calls_may_write_failed_ones(owner: Owner) -> None:
    """An index asks of each failed call whether a person refused it, with the rights of who writes."""
    session_pk = recorded.session(owner, AT)
    writer = f"writer_{uuid4().hex[:12]}"  # roles are of all databases of the server
    role = sql.Identifier(writer)
    owner.execute(sql.SQL("create role {} bypassrls").format(role))
    try:
        owner.execute(sql.SQL("grant usage on schema chronicle to {}").format(role))
        owner.execute(sql.SQL("grant insert on chronicle.tool_events to {}").format(role))
        owner.execute(sql.SQL("set role {}").format(role))
        for error in ("no", "User rejected it"):
            owner.execute(
                "insert into chronicle.tool_events (session_id, tool_name, phase, success, error_message)"
                " values (%s, 'Bash', 'post', false, %s)",
                (session_pk, error),
            )
    finally:
        owner.execute("reset role")
        owner.execute(sql.SQL("drop owned by {}").format(role))
        owner.execute(sql.SQL("drop role {}").format(role))
    found = owner.execute("select count(*) as n from analytics.tool_calls where not success").fetchone()
    assert found == {"n": 2}
