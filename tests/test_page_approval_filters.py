"""The page of approvals under filters and periods: what it says, where it leads, and that nothing looks better than it
is."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data import approvals
from data.access import Actor
from tests import recorded
from tests.page_runs import PageRun, open_page, queries_during
from tests.test_approvals import ask
from tests.test_page_approvals import decide

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
PAGE = "admin/approvals.py"
MOST_QUERIES = 8
WILD = 'say "hi" 🚦 & <b>'


def test_the_queue_holds_what_the_filters_leave_and_says_what_waits_beside_it(owner: Owner, people: People) -> None:
    session_pk = recorded.session(owner, NOW, project=WILD)
    ask(owner, title="Mine", agent_id=WILD, approval_type=WILD, risk_level="high", session_id=session_pk)
    ask(owner, title="Another", expires_at=datetime.now(UTC) + timedelta(minutes=30))
    for name, value in (("agent", WILD), ("kind", WILD), ("project", WILD), ("risk", "high")):
        page = open_page(people["admin"], PAGE, **{name: value})
        assert titles(page) == {"Mine"}, name
        assert "2 questions wait for your decision, and 1 of them matches these filters: 1 of high" in page.text
        assert "sb-waiting" in first_sentence(page)
        assert picked(page, name) == f"{value} · 1"
        assert chips(page)["Waiting"] == 1
        assert "CSV, 1 row" in page.text
        assert "/approvals" in page.links  # which the chip of the filter leads to
    assert "No sums are kept by kind, so" in open_page(people["admin"], PAGE, kind=WILD).text
    assert "No sums are kept by kind and project, so" in open_page(people["admin"], PAGE, kind="x", project="x").text
    assert "No sums are kept" not in open_page(people["admin"], PAGE, agent=WILD).text


def test_a_filter_that_nothing_passes_is_never_called_well(owner: Owner, people: People) -> None:
    ask(owner)
    page = open_page(people["admin"], PAGE, agent="nobody")
    assert "1 question waits for your decision, but it does not match these filters." in page.text
    assert "No question that waits has the agent “nobody”." in page.text
    assert "Nothing waits" not in page.text
    assert "sb-waiting" in first_sentence(page)
    assert "sb-well" not in first_sentence(page)
    assert ("Take the filters away", "/approvals") in named_links(page)
    page = open_page(people["admin"], PAGE, agent="nobody", risk="odd")
    assert "No question that waits matches these filters." in page.text
    history = open_page(people["admin"], PAGE, show="decided", agent="nobody")
    assert "1 question waits for your decision." in history.text
    assert "sb-waiting" in first_sentence(history)


@pytest.mark.parametrize("show", ["queue", "decided"])
def test_a_page_past_the_end_of_a_list_is_its_last(owner: Owner, people: People, show: str) -> None:
    decided = {"status": "approved", "decided_at": NOW} if show == "decided" else {}
    ask(owner, title="Mine", **decided)
    page = open_page(people["admin"], PAGE, show=show, page="9")
    assert titles(page) == {"Mine"}
    assert "Nothing waits" not in page.text or show == "decided"


def test_a_value_that_nobody_can_type_filters_nothing_and_is_said(owner: Owner, people: People) -> None:
    ask(owner, title="Mine")
    page = open_page(people["admin"], PAGE, agent="x\0y")
    assert "asks for a value of “agent” that no filter holds" in page.text
    assert titles(page) == {"Mine"}
    ask(owner, title="Over", status="approved", decided_at=NOW)
    page = open_page(people["admin"], PAGE, show="decided", outcome="maybe")
    assert "There is no outcome “maybe”, so all are shown. There are: approved and rejected." in page.text
    assert titles(page) == {"Over"}


def fill(owner: Owner) -> None:
    """Questions of two weeks: twelve decided ones of this week, ten of the one before, some of the other lists."""
    today, before = NOW - timedelta(hours=1), NOW - timedelta(days=7, hours=1)
    for at, approved, rejected, minutes in ((today, 9, 3, 4), (before, 8, 2, 6)):
        for status, number in (("approved", approved), ("rejected", rejected)):
            for place in range(number):
                decided = {"status": status, "created_at": at, "decided_at": at + timedelta(minutes=minutes)}
                ask(owner, title=f"{status} {place} at {at:%d}", agent_id="billing" if place else "deploys", **decided)
    ask(owner, title="Late", created_at=today, expires_at=today + timedelta(minutes=30), risk_level="high")
    logged = {"metadata": Jsonb({"imported": True}), "agent_id": "logs"}
    ask(owner, title="Logged", status="approved", created_at=today, decided_at=today + timedelta(minutes=1), **logged)
    ask(owner, title="Unanswered", status="expired", created_at=today, **logged)
    ask(owner, title="Waits", agent_id="deploys")


def test_a_history_tells_its_period_and_the_one_before(owner: Owner, people: People) -> None:
    fill(owner)
    # Everything of the week before counts: this week has more than an hour on it, and they were asked an hour earlier.
    text = plain(open_page(people["admin"], PAGE, show="decided").text)
    assert (
        "12 questions asked in the last 7 days were decided, +20 % on the 7 days before up to the same time (n = 10)"
        in text
    )
    assert (
        "; 9 of 12 were approved (75.0 %, 80.0 % before); half were decided within 4 min 00 s (6 min 00 s before)."
        in text
    )
    assert re.search(r"Approved\s+75.0 %\s+−5.0 pt", text)
    assert re.search(r"Typical wait \(p50\)\s+4 min 00 s\s+−33 %", text)
    text = plain(open_page(people["admin"], PAGE, show="expired").text)
    assert (
        "1 question asked in the last 7 days ran out of time; that is 7.7 % of the 13 that are over, 0 % before" in text
    )
    assert "it had 30 min 00 s for an answer." in text
    page = open_page(people["admin"], PAGE, show="imported")
    assert "2 questions asked in the last 7 days stand in imported logs; 1 of 1 was approved (100 %);" in plain(
        page.text
    )
    assert "the decision took 1 min 00 s; 1 ended undecided." in plain(page.text)
    assert ("1", "/approvals?show=imported&period=7d&outcome=expired") in named_links(page)


def test_figures_lead_to_the_rows_behind_them(owner: Owner, people: People) -> None:
    fill(owner)
    page = open_page(people["admin"], PAGE, show="decided", agent="billing")
    address = "/approvals?show=decided&agent=billing&period=7d"
    assert {address, f"{address}&outcome=approved", f"{address}&outcome=rejected"} <= set(page.links)
    found = open_page(people["admin"], PAGE, show="decided", agent="billing", period="7d", outcome="rejected")
    assert "CSV, 2 rows" in found.text
    assert {title.split()[0] for title in titles(found)} == {"rejected"}
    assert "The sentence and the figures are of all outcomes; the chart and the list are of rejected ones" in found.text
    assert "10 questions asked in the last 7 days that match these filters were decided" in found.text
    assert sum(bar["number"] for bar in found.charts[0]) == 2
    bar = page.charts[0][0]
    of_part = f"/approvals?show=decided&agent=billing&outcome={bar['series']}&period=custom&from="
    assert bar["address"].startswith(of_part)


def test_the_counts_of_the_lists_are_of_the_filters_and_of_the_period_that_a_click_shows(
    owner: Owner, people: People
) -> None:
    fill(owner)
    for given in (
        {},
        {"agent": "deploys"},
        {"agent": "billing", "risk": "medium"},
        {"kind": "refund"},
        {"period": "all"},
    ):
        for shown in approvals.VIEWS:
            page = open_page(people["admin"], PAGE, **given, **({} if shown == "queue" else {"show": shown}))
            said = "over all time:" if "period" in given else "asked in the last 7 days:"
            assert said in page.text
            for name, number in chips(page).items():
                followed = open_page(people["admin"], PAGE, **(given | {"show": VIEW_OF[name]}))
                assert rows_announced(followed) == number, (given, shown, name)


VIEW_OF = {
    "Waiting": "queue",
    "Decided": "decided",
    "Ran out of time": "expired",
    "From imported logs": "imported",
    "Status not known": "stateless",
}


def test_another_list_keeps_filters_and_period_and_takes_the_outcome_and_the_page_away(
    owner: Owner, people: People
) -> None:
    fill(owner)
    page = open_page(people["admin"], PAGE, show="decided", agent="billing", period="30d", outcome="approved", page="1")
    lists = [address for address in page.links if "show=expired" in address or "show=imported" in address]
    assert lists == [f"/approvals?show={name}&agent=billing&period=30d" for name in ("expired", "imported")]


def test_questions_without_a_time_are_told_and_found(owner: Owner, people: People) -> None:
    fill(owner)
    for title, agent in (("Timeless", "billing"), ("Timeless too", "deploys")):
        ask(owner, title=title, status="approved", created_at=None, decided_at=NOW, agent_id=agent)
    page = open_page(people["admin"], PAGE, show="decided", agent="billing")
    [address] = [address for words, address in named_links(page) if words.startswith("1 question without a recorded")]
    assert address == "/approvals?show=decided&agent=billing&period=untimed"
    found = open_page(people["admin"], PAGE, show="decided", agent="billing", period="untimed")
    assert titles(found) == {"Timeless"}
    assert (
        "1 question without a recorded time that matches these filters was decided; 1 of 1 was approved" in found.text
    )
    assert "cannot be drawn" in found.text
    everything = open_page(people["admin"], PAGE, show="decided", period="all")
    assert "All time includes 2 questions without a recorded time." in everything.text
    assert "24 questions over all time were decided; 19 of 24 were approved" in everything.text
    assert "without a recorded time" not in open_page(people["admin"], PAGE, show="expired").text
    of_billing = open_page(people["admin"], PAGE, agent="billing")
    assert "Without a recorded time, and so in no period: Decided 1." in of_billing.text
    assert "/approvals?agent=billing&period=untimed&show=decided" in of_billing.links
    approved = open_page(people["admin"], PAGE, show="decided", outcome="rejected")
    ways = [address for words, address in named_links(approved) if words.startswith("2 questions without")]
    assert ways == ["/approvals?show=decided&period=untimed"], "they are of any outcome"


def test_a_history_opens_on_the_newest_period_that_holds_something(owner: Owner, people: People) -> None:
    ask(owner, title="Old", status="approved", created_at=NOW - timedelta(days=60), decided_at=NOW)
    ask(owner)
    page = open_page(people["admin"], PAGE, show="decided")
    assert titles(page) == {"Old"}
    assert re.search(r"1 question asked in the last 7 days with data \(.*\) was decided;", page.text)
    page = open_page(people["admin"], PAGE, show="decided", period="7d")
    assert "No question was decided among those asked in the last 7 days." in page.text
    assert ("Show all time", "/approvals?show=decided&period=all") in named_links(page)
    page = open_page(people["admin"], PAGE, show="decided", period="7d", agent="nobody")
    assert "No question asked in the last 7 days that was decided has the agent “nobody”." in page.text
    assert "all time" not in page.text, "it holds none either"
    page = open_page(people["admin"], PAGE, show="decided", period="7d", agent="billing")
    assert ("look at all time", "/approvals?show=decided&period=all&agent=billing") in named_links(page)
    page = open_page(people["admin"], PAGE, show="decided", period="7d", risk="unknown")
    assert "No question asked in the last 7 days that was decided has the risk “not given”." in page.text


def test_next_stays_inside_the_filter_that_the_question_was_opened_from(owner: Owner, people: People) -> None:
    first, second, other = (ask(owner, agent_id=agent) for agent in ("billing", "billing", "deploys"))
    page = open_page(people["admin"], PAGE, agent="billing")
    assert f"/approvals?agent=billing&approval={first}" in page.links
    page = open_page(people["admin"], PAGE, agent="billing", approval=str(first))
    assert "You approved" in decide(page, "Approve", first)
    assert f"/approvals?agent=billing&approval={second}" in page.links
    assert "Next of 1 that wait and match these filters:" in page.text
    page = open_page(people["admin"], PAGE, agent="billing", approval=str(second))
    decide(page, "Approve", second)
    assert "Nothing that matches these filters waits any more." in page.text
    assert "Next of 1 that wait:" in page.text
    assert f"/approvals?approval={other}" in page.links
    page = open_page(people["admin"], PAGE, show="decided", agent="deploys", approval=str(second))
    assert "Next of 1 that wait:" in page.text
    assert f"/approvals?approval={other}" in page.links


@pytest.mark.parametrize("where", ["queue", "decided", "expired", "imported"])
def test_filters_need_few_queries(owner: Owner, people: People, where: str) -> None:
    fill(owner)
    for given in ({"agent": "deploys"}, {"kind": "refund", "project": "shop"}, {"kind": "refund", "period": "all"}):
        page = open_page(people["admin"], PAGE, show=where, **given)
        owner.execute("update engine.human_approvals set reason = 'another version ' || clock_timestamp()")
        cold = queries_during(page.run)
        assert sum(cold.values()) <= MOST_QUERIES, cold


def test_a_question_of_a_filtered_queue_needs_few_queries(owner: Owner, people: People) -> None:
    approval_id = ask(owner)
    page = open_page(people["admin"], PAGE, approval=str(approval_id), agent="nobody")
    owner.execute("update engine.human_approvals set reason = 'another version'")
    cold = queries_during(page.run)
    assert sum(cold.values()) <= MOST_QUERIES, cold


def titles(page: PageRun) -> set[str]:
    """The questions of the table."""
    tables = "".join(piece for piece in page.pieces if "sb-table" in piece)
    return set(re.findall(r'approval=[^"]*"[^>]*>([^<]*)</a>', tables))


def chips(page: PageRun) -> dict[str, int]:
    """The lists with how many questions each is said to hold."""
    [shown] = [piece for piece in page.pieces if "Lists of questions" in piece]
    counted = re.findall(r">([A-Z][a-z ]+) <b>([\d,]+)</b>", shown.partition("Lists of questions")[2])
    return {name: int(number) for name, number in counted[:4]}


def rows_announced(page: PageRun) -> int:
    """How many rows the file is said to have; none where there is no file."""
    found = re.search(r"CSV, ([\d,]+) rows?", page.text)
    return int(found[1]) if found else 0


def picked(page: PageRun, name: str) -> str:
    """What stands in the picker of a filter."""
    [picker] = [one for one in page.app.selectbox if one.key == f"f_{name}"]
    return str(picker.format_func(picker.value))


def named_links(page: PageRun) -> list[tuple[str, str]]:
    """The words of the links and where they lead."""
    found = re.findall(r'href="([^"]*)"[^>]*>([^<]*)<', "".join(page.pieces))
    return [(words, address.replace("&amp;", "&")) for address, words in found]


def first_sentence(page: PageRun) -> str:
    return next(piece for piece in page.pieces if "sb-say" in piece).partition("</p>")[0]


def plain(text: str) -> str:
    """A text with its narrow and unbreakable spaces as plain ones."""
    return text.replace("\u00a0", " ")
