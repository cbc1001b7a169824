"""The page of clients: what it says first, one client in depth, chaos experiments, who sees what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from tests.page_runs import file_rows, open_address, open_page, queries_during
from tests.performed import engine_event, insert, run

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "reports/clients.py"
MOST_QUERIES = 8
HOSTILE = "<img src=x onerror=alert(1)> & 🚦"


def assess(owner: Owner, client: str, days_ago: float | None, score: float | None, status: str, **given: Any) -> UUID:
    columns = {
        "client_id": client,
        "health_score": score,
        "status": status,
        "computed_at": None if days_ago is None else NOW - timedelta(days=days_ago),
        "signals": Jsonb(given.pop("signals", {})),
        "risk_factors": Jsonb(given.pop("risk_factors", [])),
    }
    return insert(owner, "engine", "client_health", columns | given)


def experiment(owner: Owner, status: str = "completed", **given: Any) -> UUID:
    columns = {"name": "Mail is slow", "hypothesis": "It catches up", "status": status}
    return insert(owner, "engine", "chaos_experiments", columns | given)


def as_client(owner: Owner, actor: Actor, client: str) -> Actor:
    owner.execute(
        "update auth.users set raw_app_meta_data = %s where id = %s", (Jsonb({"client_id": client}), actor.user_id)
    )
    return replace(actor, client_id=client)


def test_it_says_why_there_is_nothing(owner: Owner, people: People) -> None:
    assert "No assessment of a client is recorded yet" in open_page(people["manager"], PAGE).text
    assert "yours speaks for none" in open_page(people["member"], PAGE).text
    assert "No assessment of acme is recorded yet" in open_page(as_client(owner, people["other"], "acme"), PAGE).text
    assert "No chaos experiment is recorded yet" in open_page(people["manager"], PAGE, view="experiments").text
    assert "No chaos experiment is yours" in open_page(people["member"], PAGE, view="experiments").text
    assess(owner, "acme", 1, 50, "healthy")
    assert "No client fits these filters" in open_page(people["manager"], PAGE, q="zzz").text
    assert "No assessment of nobody" in open_page(people["manager"], PAGE, client="nobody").text


def test_every_state_is_compared_with_how_many_stood_so_before(owner: Owner, people: People) -> None:
    for client, before, now in (
        ("a", "healthy", "healthy"), ("b", "healthy", "at_risk"), ("c", "unknown", "healthy"), ("d", None, "unknown"),
    ):  # fmt: skip
        if before:
            assess(owner, client, 40, 82, before)
        assess(owner, client, 1, 81, now)
    text = " ".join(open_page(people["manager"], PAGE).text.split())
    for card in ("Critical 0 was 0", "At risk 1 was 0", "Healthy 2 was 2", "Unknown 1 was 1"):
        assert f"{card} of 3 before of 4 clients" in text
    assert "1 of 4 clients is at risk." in text
    owner.execute("update engine.client_health set status = 'healthy' where status = 'at_risk'")
    shown = " ".join(open_page(people["manager"], PAGE).text.split())
    assert "None of 3 clients of which that is known is at risk or critical." in shown


def test_it_says_first_who_is_at_risk_and_who_fell(owner: Owner, people: People) -> None:
    for client in ("a", "b", "c"):
        assess(owner, client, 40, 82, "healthy")
        assess(owner, client, 1, 81, "healthy")
    assess(owner, "nordlicht", 40, 82, "healthy")
    assess(owner, "nordlicht", 1, 41, "at_risk", risk_factors=["Invoices overdue"])
    page = open_page(people["manager"], PAGE)
    assert "1 of 4 clients is at risk. nordlicht fell from 82 to 41." in " ".join(page.text.split()).replace(
        " fell", " fell"
    )
    for client, now in (("slid", 70), ("slipped", 79.3)):
        assess(owner, client, 40, 82, "healthy")
        assess(owner, client, 1, now, "healthy")
    more = " ".join(open_page(people["manager"], PAGE).text.split())
    assert "from 82 to 41; 1 other client fell by 5 points or more as well." in more
    owner.execute("delete from engine.client_health where client_id in ('slid', 'slipped')")
    assert "/clients?period=30d&client=nordlicht" in page.links
    assert "Invoices overdue" in page.text
    assert "−41" in page.text
    assert "4 of 4 assessments in the last 30 days are not event-sourced" in page.text
    assert "CSV, 4 clients" in page.text
    narrowed = open_page(people["manager"], PAGE, status="at_risk")
    assert "CSV, 1 client" in narrowed.text


def test_what_is_not_known_is_not_green(owner: Owner, people: People) -> None:
    assess(owner, "a", 1, None, "unknown")
    page = open_page(people["manager"], PAGE)
    assert "Nothing is known of 1 client." in page.text
    assert "sb-mark sb-well" not in "".join(page.pieces)
    assess(owner, "b", 50, 90, "healthy")
    text = open_page(people["manager"], PAGE).text
    assert "How 1 client fares is not known." in text
    assert "1 client was not assessed in the last 30 days." in text


def test_all_time_compares_with_nothing(owner: Owner, people: People) -> None:
    assess(owner, "a", 40, 90, "healthy")
    assess(owner, "a", 1, 10, "critical")
    page = open_page(people["manager"], PAGE, period="all")
    text = page.text
    assert "1 of 1 client is critical." in text
    assert page.ways("1") == ["/clients?period=all&status=critical"]
    assert open_address(people["manager"], page.ways("2")[0]).rows == [2], "the assessments of the table"
    assert "fell" not in text
    assert "Change" not in text


def test_one_client_shows_its_history_its_events_and_its_runs(owner: Owner, people: People) -> None:
    told = {"client_id": "acme", "health_score": 41.5, "status": "critical"}
    given = {"aggregate_type": "Client", "aggregate_id": "acme", "payload": told}
    event = engine_event(owner, NOW - timedelta(days=1), "CLIENT_HEALTH_ASSESSED", **given)
    assess(owner, "acme", 1, 41.5, "critical", event_id=event, signals={"logins": 3}, risk_factors=["late"])
    assess(owner, "acme", 2, 60, "at_risk")
    assess(owner, "acme", 40, 82, "healthy")
    ran = run(owner, NOW, client_id="acme", status="failed", error_message="no answer")
    page = open_page(people["manager"], PAGE, client="acme")
    assert "Critical: 41.5 of 100, down from 82 before the period. Named as risks: late." in page.text
    assert "logins 3" in page.text
    assert "/event_stream?type=Client&id=acme&at=1" in page.links
    assert "not event-sourced" in page.text
    assert f"/sop_execution?execution={ran}" in page.links
    assert "1 run, 1 failed, of all time" in page.text
    assert "2 h 00 min" in page.text, "timed from begin to end where the run says no cycle time, as on its own page"
    assert "CSV, 2 assessments" in page.text
    [events] = [link for link in page.links if link.startswith("/events?")]
    assert "q=%7B%22client_id%22%3A+%22acme%22%7D" in events
    assert {bar["series"]: bar["number"] for bars in page.charts for bar in bars} == {
        "critical": 41.5,
        "at risk": 60,
    }


def test_assessments_without_a_time_are_shown_with_what_they_say(owner: Owner, people: People) -> None:
    manager = people["manager"]
    owner.execute("alter table engine.client_health alter computed_at drop not null")
    assess(owner, "harbour-co", None, 62.5, "at_risk", risk_factors=["fog"])
    page = open_page(manager, PAGE)
    every = page.text
    (link,) = [link for link in page.links if "client_history.csv" in link]
    (row,) = file_rows(manager, "client_history", parse_qs(urlsplit(link).query))
    assert (row["client_id"], row["health_score"], row["computed_at"]) == ("harbour-co", 62.5, None)
    assert "1 assessment of clients is recorded, and it does not say when it was made." in every
    assert "harbour-co 62.5" in " ".join(every.split())
    assert "cannot be told" not in every
    one = open_page(manager, PAGE, client="harbour-co").text
    assert "At risk: 62.5 of 100, by its only assessment, which does not say when it was made." in one
    assert "Named as risks: fog." in one
    assess(owner, "acme", 1, 80, "healthy")
    assert "At risk: 62.5 of 100, by its only" in open_page(manager, PAGE, client="harbour-co").text
    assert "Healthy: 80 of 100" in open_page(manager, PAGE, client="acme").text
    assert "1 assessment of clients does not say when it was made." in open_page(manager, PAGE, period="untimed").text
    assess(owner, "harbour-co", None, 20, "critical")
    both = open_page(manager, PAGE, client="harbour-co").text
    assert "2 assessments are recorded, and none of them says when it was made" in both
    assert "which is the newest cannot be told." in both
    none = open_page(manager, PAGE, client="acme", period="untimed").text
    assert "No assessment of acme without a time is recorded, or it is not yours to see." in none
    assert "No assessment of nobody is recorded, or it" in open_page(manager, PAGE, client="nobody", period="all").text
    assert "in the last 30 days or before" in open_page(manager, PAGE, client="nobody", period="30d").text


def test_a_score_that_stayed_is_said_to(owner: Owner, people: People) -> None:
    assess(owner, "acme", 1, 82, "healthy")
    assess(owner, "acme", 40, 82, "healthy")
    text = open_page(people["manager"], PAGE, client="acme").text
    assert "Healthy: 82 of 100, unchanged from 82 before the period." in text


def test_experiments_say_what_was_expected_and_what_came_out(owner: Owner, people: People) -> None:
    correlation = uuid4()
    experiment(
        owner,
        outcome="refuted",
        findings="The queue grew",
        blast_radius="A tenth of the mailboxes",
        blast_radius_percent=10,
        target="mail-triage",
        correlation_id=correlation,
        started_at=NOW - timedelta(hours=2),
        ended_at=NOW - timedelta(hours=1),
    )
    experiment(owner, "planned")
    page = open_page(people["manager"], PAGE, view="experiments")
    assert "2 chaos experiments in the last 30 days: 1 refuted it and 1 planned." in page.text
    assert [open_address(people["manager"], way).rows for way in page.ways("1")[:2]] == [[1], [1]]
    for words in ("It catches up", "The queue grew", "10 %: A tenth of the mailboxes", "mail-triage", "1 h 00 min"):
        assert words in page.text
    assert f"/events?correlation={correlation}" in page.links
    planned = open_page(people["manager"], PAGE, view="experiments", status="planned").text
    assert "CSV, 1 experiment" in planned
    assert "not begun" in planned
    experiment(owner, "running")
    running = open_page(people["manager"], PAGE, view="experiments", status="running").text
    assert "not begun" not in running, "it runs, and when it began is not recorded"


def test_hostile_words_stay_words(owner: Owner, people: People) -> None:
    assess(
        owner,
        HOSTILE,
        1,
        10,
        "critical",
        signals={HOSTILE: HOSTILE, "n": [1]},
        risk_factors=[HOSTILE, {"late": None}, True, "late"],
    )
    assess(owner, "odd", 1, 10, "critical", signals=["no", "object"])
    experiment(owner, name=HOSTILE, hypothesis=HOSTILE, target=HOSTILE, blast_radius=HOSTILE, findings=HOSTILE)
    for asked in ({}, {"client": HOSTILE}, {"client": "odd"}, {"view": "experiments"}):
        page = open_page(people["manager"], PAGE, **asked)
        assert "<img" not in "".join(page.pieces)
        assert "could not be shown" not in page.text
        assert "🚦" in page.text or asked == {"client": "odd"}
    assert '{"late": null}, true and late.' in open_page(people["manager"], PAGE, client=HOSTILE).text
    assert '{"late": null}' in open_page(people["manager"], PAGE).text


def test_members_see_their_client_alone(owner: Owner, people: People) -> None:
    assess(owner, "acme", 1, 90, "healthy")
    assess(owner, "secret", 1, 10, "critical")
    experiment(owner, name="Hidden")
    member = as_client(owner, people["member"], "acme")
    assert "None of 1 client is at risk or critical." in open_page(member, PAGE).text
    assert "secret" not in open_page(member, PAGE).text
    assert "No assessment of secret" in open_page(member, PAGE, client="secret").text
    assert "Hidden" not in open_page(member, PAGE, view="experiments").text
    hidden = engine_event(owner, NOW, "CLIENT_HEALTH_ASSESSED", payload={"client_id": "secret"})
    assess(owner, "acme", 0.5, 80, "healthy", event_id=hidden)
    run(owner, NOW, client_id="acme")
    told = open_page(member, PAGE, client="acme").text
    assert "event not yours to see" in told
    assert "no event that you may see" in told, "what is hidden is not said to be absent"


@pytest.mark.parametrize("asked", [{}, {"client": "acme"}, {"view": "experiments"}, {"status": "critical", "q": "ac"}])
def test_it_needs_few_queries(owner: Owner, people: People, asked: dict[str, str]) -> None:
    assess(owner, "acme", 1, 10, "critical")
    run(owner, NOW, client_id="acme")
    experiment(owner)
    page = open_page(people["manager"], PAGE, **asked)
    assess(owner, "acme", 0.5, 20, "critical")  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert 0 < sum(cold.values()) <= MOST_QUERIES, cold
