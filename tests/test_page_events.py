"""The pages of events: what they say first, what is searched, one stream, one correlation, whether the log is whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from signalbox_client import EventStore, NewEvent
from tests.page_runs import open_page, queries_during
from tests.performed import engine_event

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE, STREAM = "reports/events.py", "reports/event_stream.py"
MOST_QUERIES = 8
HOSTILE = "<script>alert(1)</script> & 🚦 'x'"


def add(owner: Owner, kind: str = "LEAD_SCORED", days_ago: float = 1, **given: Any) -> Any:
    return engine_event(owner, NOW - timedelta(days=days_ago), kind, **given)


def stream_event(owner: Owner, number: int, kind: str = "CLIENT_CONTACTED", client: str = "acme", **told: Any) -> Any:
    return add(
        owner,
        kind,
        aggregate_type="Client",
        aggregate_id=client,
        sequence_number=number,
        payload={"client_id": client, **told},
    )


def onboarded(owner: Owner, client: str = "acme") -> None:
    told = {"name": "Acme", "plan": "starter", "account_manager": "ann@example.com"}
    stream_event(owner, 1, "CLIENT_ONBOARDED", client, **told)


def as_client(owner: Owner, actor: Actor, client: str) -> Actor:
    owner.execute(
        "update auth.users set raw_app_meta_data = %s where id = %s", (Jsonb({"client_id": client}), actor.user_id)
    )
    return replace(actor, client_id=client)


# the list


def test_it_says_why_there_is_nothing(owner: Owner, people: People) -> None:
    assert "No event of the engine is recorded yet" in open_page(people["manager"], PAGE).text
    assert "yours speaks for none" in open_page(people["member"], PAGE).text
    member = as_client(owner, people["member"], "acme")
    assert "the events of acme, the client that your account speaks for" in open_page(member, PAGE).text
    add(owner)
    assert "fits these filters" in open_page(people["manager"], PAGE, type="NONE").text
    assert "the events of acme, the client" in open_page(member, PAGE).text


def test_it_says_where_events_were_counted_one_by_one(owner: Owner, people: People) -> None:
    add(owner, aggregate_id="acme", payload={"n": 1})
    for asked, is_said in (
        ({}, False),
        ({"type": "LEAD_SCORED"}, False),
        ({"id": "acme"}, True),
        ({"q": '{"n": 1}'}, True),
    ):
        page = open_page(people["manager"], PAGE, **asked)
        assert "1 event" in page.text
        assert ("so the events themselves were counted" in page.text) == is_said


def test_it_opens_on_thirty_days_and_says_which_types_moved(owner: Owner, people: People) -> None:
    for _ in range(10):
        add(owner, "FAILED", days_ago=40)
        add(owner, "STEADY", days_ago=40)
    for _ in range(25):
        add(owner, "FAILED")
        add(owner, "STEADY") if _ < 12 else None
    page = open_page(people["manager"], PAGE)
    assert "37 events in the last 30 days, +85 % on the 30 days before (n = 20); 2 types from 1 emitter." in page.text
    assert "Twice as many or more: FAILED (25, was 10)." in " ".join(page.text.split()).replace(" .", ".")
    assert "/events?period=30d&type=FAILED" in page.links
    assert {bar["series"]: bar["number"] for bars in page.charts for bar in bars} == {"FAILED": 25, "STEADY": 12}
    narrowed = open_page(people["manager"], PAGE, type="STEADY")
    assert "12 events of the type STEADY" in narrowed.text
    assert "CSV, 12 events" in narrowed.text


def test_a_type_that_did_not_come_again_is_told_and_counted_with_the_others(owner: Owner, people: People) -> None:
    add(owner, "STEADY")
    add(owner, "GONE", days_ago=40)
    page = open_page(people["manager"], PAGE)
    assert "1 type from 1 emitter, and 1 type of the 30 days before alone." in page.text
    assert "CSV, 2 types" in page.text


def test_one_event_leads_to_its_stream_its_aggregate_and_its_correlation(owner: Owner, people: People) -> None:
    correlation = uuid4()
    add(owner, aggregate_id="lead-1", correlation_id=correlation, payload={"score": 7})
    page = open_page(people["manager"], PAGE)
    assert "1 event in the last 30 days" in page.text
    assert "/event_stream?type=Lead&id=lead-1&at=1" in page.links
    assert "/events?period=all&aggregate=Lead&id=lead-1" in page.links
    assert f"/events?correlation={correlation}" in page.links
    assert '"score": 7' in page.text


def test_payloads_are_searched_and_other_text_is_answered(owner: Owner, people: People) -> None:
    add(owner, payload={"client_id": "x"})
    add(owner, "OTHER", payload={"client_id": "y"})
    found = open_page(people["manager"], PAGE, q='{"client_id": "x"}')
    assert "1 event in the last 30 days" in found.text
    assert "OTHER" not in found.text
    [csv] = [link for link in found.links if link.startswith("/export/events.csv")]
    assert "payload=%7B%22client_id%22" in csv
    wrong = open_page(people["manager"], PAGE, q="refund")
    assert "“refund” is no JSON object, so payloads were not searched." in wrong.text
    assert "2 events in the last 30 days" in wrong.text


def test_pages_of_the_list_turn(owner: Owner, people: People) -> None:
    for number in range(30):
        add(owner, days_ago=1 + number / 100, aggregate_id=f"lead-{number:02}")
    page = open_page(people["manager"], PAGE)
    assert "lead-00" in page.text
    assert "lead-29" not in page.text
    older, oldest = [parameters_of(link) for link in page.links if "place=" in link]
    following = open_page(people["manager"], PAGE, **older)
    assert "lead-29" in following.text
    assert "lead-00" not in following.text
    assert any("turn=newer" in link for link in following.links)
    assert "lead-29" in open_page(people["manager"], PAGE, **oldest).text
    for nonsense in ("nonsense", "~", f"~{older['place'].rpartition('~')[2]}"):
        assert "lead-00" in open_page(people["manager"], PAGE, place=nonsense).text


def test_a_place_in_the_list_does_not_outlive_its_filters(owner: Owner, people: People) -> None:
    for number in range(30):
        add(owner, "OLD" if number > 27 else "NEW", days_ago=1 + number / 100, aggregate_id=f"lead-{number:02}")
    older = next(parameters_of(link) for link in open_page(people["manager"], PAGE).links if "place=" in link)
    narrowed = open_page(people["manager"], PAGE, **(older | {"type": "NEW"}))
    assert "lead-00" in narrowed.text, "with another type the list begins anew"
    assert "lead-00" in open_page(people["manager"], PAGE, **(older | {"period": "90d"})).text
    assert "lead-00" not in open_page(people["manager"], PAGE, **(older | {"period": "30d"})).text


def parameters_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(link.partition("?")[2]))


def test_hostile_words_stay_words(owner: Owner, people: People) -> None:
    add(owner, HOSTILE, aggregate_type=HOSTILE, aggregate_id=HOSTILE, emitted_by=HOSTILE, payload={HOSTILE: HOSTILE})
    add(owner, "LONG", aggregate_type="Lead", aggregate_id="x" * 1200)
    page = open_page(people["manager"], PAGE)
    assert "<script>" not in "".join(page.pieces)
    assert "🚦" in page.text
    stream = open_page(people["manager"], STREAM, type=HOSTILE, id=HOSTILE)
    assert "<script>" not in "".join(stream.pieces)
    assert "1 event." in stream.text
    assert "merged payload, no reducer" in stream.text
    [by_id] = [link for link in page.links if link.startswith("/event_stream?event=")]
    named = open_page(people["manager"], STREAM, event=by_id.partition("event=")[2])
    assert "1 event." in named.text


# one stream


def test_a_stream_shows_the_state_at_an_event_and_what_it_changed(owner: Owner, people: People) -> None:
    onboarded(owner)
    stream_event(owner, 2)
    stream_event(owner, 3, "CLIENT_HEALTH_ASSESSED", health_score=41, status="critical", risk_factors=["late"])
    page = open_page(people["manager"], STREAM, type="Client", id="acme", at="3")
    assert "3 events" in page.text
    assert "No number is missing." in page.text
    assert "folded by client@1, from the first event on (3 events)" in page.text
    assert '+ "health_score": 41,' in page.text
    assert '- "health_score": null,' in page.text
    assert "contacts and last_contact_at" in page.text
    assert page.app.slider[0].value == 3
    assert "/event_stream?type=Client&id=acme&at=2" in page.links
    page.app.slider[0].set_value(2)
    moved = page.run()
    assert moved.app.query_params["at"] == "2"
    assert "Event 2: CLIENT_CONTACTED" in moved.text
    assert '"contacts": 1' in moved.text


def test_payloads_that_cannot_be_merged_are_counted(owner: Owner, people: People) -> None:
    for number, payload in enumerate(({"score": 7}, [1, 2], "x", {"owner": "ann"}), 1):
        add(owner, aggregate_id="lead-1", sequence_number=number, payload=payload)
    page = open_page(people["manager"], STREAM, type="Lead", id="lead-1", at="3")
    assert "merged payload, no reducer, without 2 payloads that are no objects, from the first event on" in page.text
    assert "Nothing: its payload is no object, so it is not merged." in page.text
    first = open_page(people["manager"], STREAM, type="Lead", id="lead-1", at="1").text
    assert "merged payload, no reducer, from the first event on" in first


def test_a_stream_of_one_event_has_no_slider(owner: Owner, people: People) -> None:
    add(owner, aggregate_id="lead-1", payload={"score": 7})
    page = open_page(people["manager"], STREAM, type="Lead", id="lead-1")
    assert not page.app.slider
    assert "merged payload, no reducer" in page.text
    assert '"score": 7' in page.text


def test_a_gap_is_said_and_shown(owner: Owner, people: People) -> None:
    onboarded(owner)
    stream_event(owner, 3)
    page = open_page(people["manager"], STREAM, type="Client", id="acme", at="2")
    assert "1 number up to 3 is missing, so the log has a gap." in page.text
    assert "No event has the number 2: it is missing." in page.text


def test_a_state_that_cannot_be_told_is_said(owner: Owner, people: People) -> None:
    onboarded(owner)
    stream_event(owner, 2, "CLIENT_PLAN_CHANGED")
    page = open_page(people["manager"], STREAM, type="Client", id="acme")
    assert "The state is not known here. client@1 cannot fold event 2 (CLIENT_PLAN_CHANGED) of Client acme" in page.text


@pytest.mark.parametrize("asked", [{}, {"type": "Client"}, {"type": "Client", "id": "nobody"}, {"event": "nonsense"}])
def test_an_address_without_a_stream_is_answered(owner: Owner, people: People, asked: dict[str, str]) -> None:
    text = open_page(people["manager"], STREAM, **asked).text
    assert "no stream" in text or "no event of this aggregate" in text


# one correlation


def test_a_correlation_is_a_tree_with_times_after_the_first(owner: Owner, people: People) -> None:
    correlation, outside = uuid4(), add(owner, "OUTSIDE", days_ago=3)
    first = engine_event(owner, NOW - timedelta(hours=2), "FIRST", correlation_id=correlation, causation_id=outside)
    given = {"correlation_id": correlation, "causation_id": first, "confidence": 0.5}
    engine_event(owner, NOW - timedelta(hours=1), "SECOND", **given)
    engine_event(owner, NOW, "LOST", correlation_id=correlation, causation_id=uuid4())
    page = open_page(people["manager"], PAGE, correlation=str(correlation))
    assert "3 events of 3 aggregates from 1 emitter, over 2 h 00 min." in page.text
    assert "2 were caused from outside" in page.text
    assert "caused from outside by" in page.text
    assert "+1 h 00 min" in page.text
    assert "0.50" in page.text
    assert "is not in this correlation, nor found" in page.text
    assert "CSV, 3 events" in page.text
    gone = open_page(people["member"], PAGE, correlation=str(correlation))
    assert "no event of this correlation, or none that you may see" in gone.text


def test_events_that_cause_each_other_end(owner: Owner, people: People) -> None:
    correlation, ring = uuid4(), uuid4()
    other = add(owner, "B", correlation_id=correlation, causation_id=ring)
    add(owner, "A", days_ago=2, event_id=ring, correlation_id=correlation, causation_id=other)
    text = open_page(people["manager"], PAGE, correlation=str(correlation)).text
    assert "1 ring of events that name each other as cause" in text
    assert "they name each other in a ring" in text


# whether the log is whole


def test_the_log_is_judged_in_sentences_that_lead_to_its_streams(owner: Owner, people: People) -> None:
    onboarded(owner)
    for number in [*range(2, 104), 105]:
        stream_event(owner, number)
    page = open_page(people["manager"], PAGE, view="integrity")
    assert "1 stream has gaps: 1 number missing. Looked at 104 events in 1 stream." in page.text
    assert "/event_stream?type=Client&id=acme&at=104" in page.links
    assert "1 stream has a newest snapshot more than 100 events old. The furthest is 105 events behind." in page.text
    assert "Not compared yet in this tab" in page.text
    assert "could not check" in "".join(page.pieces)


def test_the_log_is_checked_again_when_asked(owner: Owner, people: People) -> None:
    onboarded(owner)
    page = open_page(people["manager"], PAGE, view="integrity")
    assert "No number is missing in 1 event in 1 stream." in page.text
    stream_event(owner, 3)
    page.run()
    assert "No number is missing in 1 event in 1 stream." in page.text
    assert "Rows have come or changed since." in page.text
    page.app.button(key="check_log").click()
    page.run()
    assert "1 stream has gaps: 1 number missing. Looked at 2 events in 1 stream." in page.text
    assert "Rows have come or changed since." not in page.text


def test_projections_are_compared_when_asked_and_say_when(owner: Owner, people: People) -> None:
    onboarded(owner)
    told: dict[str, Any] = {"health_score": 41, "status": "critical"}
    first = stream_event(owner, 2, "CLIENT_HEALTH_ASSESSED", **told)
    stream_event(owner, 3, "CLIENT_HEALTH_ASSESSED", **told)
    owner.execute(
        "insert into engine.client_health (client_id, event_id, health_score, status, computed_at)"
        " select 'acme', event_id, 99, 'critical', timestamp from engine.events where event_id = %s",
        (first,),
    )
    owner.execute("insert into engine.client_health (client_id, health_score) values ('acme', 1)")
    stream_event(owner, 4, "CLIENT_HEALTH_ASSESSED", health_score=250)
    asked = {"approval_type": "refund", "title": "Refund?", "session_id": str(uuid4())}
    EventStore(owner).append(NewEvent("HUMAN_APPROVAL_REQUESTED", "HumanApproval", uuid4(), asked, emitted_by="x"))
    page = open_page(people["manager"], PAGE, view="integrity")
    page.app.button(key="compare_projections").click()
    text = page.run().text
    assert (
        "client_health: 1 row differs from the replay, 1 row that events tell of is not there,"
        " 1 event cannot be projected, of 3 rows from events." in text
    )
    assert "health_score must be at least 0 and at most 100, not 250" in text
    assert "1 row is rightly not there: the session that it belonged to was deleted." in text
    assert "1 row is not event-sourced and cannot be compared." in text
    assert "99.0 stored, 41 by the events" in " ".join(text.split())
    [nothing] = [piece for piece in page.pieces if "so there is nothing to compare." in piece and "sop_exec" in piece]
    assert "sb-unknown" in nothing
    assert "Compared at" in text
    assert f"/event_stream?event={first}" in page.links
    assert "changed since" not in text
    stream_event(owner, 5)
    assert "Rows have come or changed since." in page.run().text


def test_an_empty_log_is_not_green(people: People) -> None:
    page = open_page(people["manager"], PAGE, view="integrity")
    assert "There is no event to check." in page.text
    assert "sb-mark sb-well" not in "".join(page.pieces)


def test_members_are_told_that_they_cannot_judge_the_log(owner: Owner, people: People) -> None:
    onboarded(owner)
    member = as_client(owner, people["member"], "acme")
    page = open_page(member, PAGE, view="integrity")
    assert "cannot be told from the events of one client" in page.text
    assert "compare_projections" not in [button.key for button in page.app.button]
    assert "sb-mark sb-well" not in "".join(page.pieces)


def test_members_see_the_events_of_their_client_alone(owner: Owner, people: People) -> None:
    onboarded(owner)
    onboarded(owner, "other")
    member = as_client(owner, people["member"], "acme")
    page = open_page(member, PAGE)
    assert "1 event in the last 30 days" in page.text
    assert "other" not in {link.partition("id=")[2] for link in page.links}
    assert "folded by client@1" in open_page(member, STREAM, type="Client", id="acme").text
    assert "none that you may see" in open_page(member, STREAM, type="Client", id="other").text


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        (PAGE, {}),
        (PAGE, {"type": "CLIENT_CONTACTED", "q": '{"client_id": "acme"}', "id": "acme", "aggregate": "Client"}),
        (PAGE, {"view": "integrity"}),
        (PAGE, {"correlation": ""}),
        (STREAM, {"type": "Client", "id": "acme", "at": "2"}),
    ],
)
def test_it_needs_few_queries(owner: Owner, people: People, path: str, asked: dict[str, str]) -> None:
    onboarded(owner)
    for number in (2, 4):
        stream_event(owner, number)
    if "correlation" in asked:
        found = owner.execute("select correlation_id from engine.events limit 1").fetchone()
        asked = {"correlation": str((found or {})["correlation_id"])}
    page = open_page(people["manager"], path, **asked)
    stream_event(owner, 5)  # a new version: nothing is cached any more
    cold = queries_during(page.run)
    assert 0 < sum(cold.values()) <= MOST_QUERIES, cold


def test_what_a_payload_search_link_carries_can_be_read_again(owner: Owner, people: People) -> None:
    client = 'quote" and \\ and 🚦'
    stream_event(owner, 1, client=client)
    page = open_page(people["manager"], PAGE, q=json.dumps({"client_id": client}, ensure_ascii=False))
    assert "1 event in the last 30 days" in page.text
