"""Filters in the URL: what filters nothing is said, and long names can be filtered by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data.access import Actor
from tests import all_systems, recorded
from tests.page_runs import open_page
from tests.recorded import Owner

People = dict[str, Actor]
NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("path", "parameters", "sentence"),
    [
        (
            "reports/jobs.py",
            {"status": "foo"},
            "There is no status “foo”, so all are shown. There are: ran to an end, pending, running",
        ),
        (
            "reports/sops.py",
            {"status": "foo"},
            "There is no status “foo”, so all are shown. There are: ended by itself, failed, running",
        ),
        ("reports/tools.py", {"outcome": "foo"}, "There is no outcome “foo”, so all are shown."),
        ("reports/sessions.py", {"has": "foo"}, "There is no content “foo”, so all are shown."),
        ("reports/clients.py", {"status": "foo"}, "There is no status “foo”, so all are shown. There are: critical"),
        ("reports/clients.py", {"view": "experiments", "status": "foo"}, "There is no status “foo”, so all are shown."),
        ("reports/projects.py", {"status": "foo"}, "There is no status “foo”, so all are shown. There are: active"),
        ("reports/events.py", {"place": "garbage"}, "asks for a place in the list that cannot be read"),
        ("reports/events.py", {"place": "now~x~y"}, "asks for a place in the list that cannot be read"),
        (
            "reports/agents.py",
            {"sort": "nope"},
            "There is no order “nope”, so the usual one is kept. There are: escalations,",
        ),
        ("reports/jobs.py", {"agent": "x" * 1001}, "The address asks for a value of “agent” that no filter holds"),
        ("reports/sessions.py", {"q": "x" * 1001}, "The address asks for a value of “q” that no filter holds"),
        ("reports/jobs.py", {"agent": "x\u202ey"}, "The address asks for a value of “agent” that no filter holds"),
    ],
)
def test_what_filters_nothing_is_said_and_nothing_is_left_out(
    owner: Owner, people: People, path: str, parameters: dict[str, str], sentence: str
) -> None:
    recorded.one_of_everything(owner, NOW, "ship", people["member"].user_id)
    all_systems.add(owner, NOW, "ship", people["member"])
    page = open_page(people["manager"], path, period="all", **parameters)
    assert sentence in page.text
    plain = {name: value for name, value in parameters.items() if name == "view"}
    everything = open_page(people["manager"], path, period="all", **plain)
    assert "ship" in page.text or "refund" in page.text
    assert len(page.text) >= len(everything.text), "as many rows as without it"
    name = next(name for name in parameters if name != "view")
    for picker in (one for one in page.app.selectbox if one.key == f"f_{name}"):
        assert picker.value == ""


UNKNOWN_CHOICES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("admin/approvals.py", {"show": "bogus"}, "There is no list “bogus”, so the queue is shown. There are: queue,"),
    ("admin/approvals.py", {"show": "x" * 1001}, "“show” that no filter holds: it is longer than 1,000 characters"),
    (
        "reports/events.py",
        {"view": "bogus"},
        "There is no view “bogus”, so the events are shown. There are: events",
    ),
    ("reports/events.py", {"correlation": "bogus"}, "asks for the correlation “bogus”, which is no id"),
    ("reports/clients.py", {"view": "bogus"}, "There is no view “bogus”, so the health of clients is shown."),
    (
        "reports/tools.py",
        {"list": "bogus"},
        "There is no list “bogus”, so it is passed over. There are: tools and",
    ),
    ("reports/sops.py", {"list": "bogus"}, "There is no list “bogus”, so it is passed over. There are: procedures and"),
    ("reports/jobs.py", {"long": "bogus"}, "There is no filter “long” with “bogus”, so all are shown. There are: true"),
    ("reports/sops.py", {"long": "bogus"}, "There is no filter “long” with “bogus”, so all are shown."),
    (
        "reports/sessions.py",
        {"sort": "-bogus"},
        "There is no order “-bogus”, so the usual one is kept. There are: when",
    ),
    ("reports/tools.py", {"list": "calls", "sort": "bogus"}, "There is no order “bogus”, so the usual one is kept."),
    ("reports/sessions.py", {"view": "lift"}, "no views to choose by “view=lift”, so that is passed over."),
    ("reports/jobs.py", {"list": "tools"}, "no views to choose by “list=tools”, so that is passed over."),
    ("reports/tools.py", {"show": "decided"}, "no views to choose by “show=decided”, so that is passed over."),
    ("reports/people.py", {"person": "\0"}, "“person” that no filter holds: it is longer than 1,000 characters"),
    ("reports/people.py", {"sort": "--cost"}, "There is no order “--cost”, so the usual one is kept."),
)


def test_choices_that_there_are_none_of_are_said_once_on_every_page(owner: Owner, people: People) -> None:
    recorded.one_of_everything(owner, NOW, "ship", people["member"].user_id)
    all_systems.add(owner, NOW, "ship", people["member"])
    for path, parameters, sentence in UNKNOWN_CHOICES:
        assert open_page(people["admin"], path, period="all", **parameters).text.count(sentence) == 1, path


def test_known_choices_are_not_complained_of(owner: Owner, people: People) -> None:
    """Nor is the order of another list of the same page, which a filter may have led away from."""
    recorded.one_of_everything(owner, NOW, "ship", people["member"].user_id)
    all_systems.add(owner, NOW, "ship", people["member"])
    for path, parameters in (
        ("admin/approvals.py", {"show": "decided"}),
        ("reports/events.py", {"view": "integrity"}),
        ("reports/clients.py", {"view": "experiments"}),
        ("reports/tools.py", {"list": "calls", "sort": "-p95"}),
        ("reports/agents.py", {"list": "failed", "agent": "refund"}),
        ("reports/sops.py", {"list": "runs", "sort": "-p95"}),
        ("reports/jobs.py", {"long": "false", "sort": "-when"}),
    ):
        text = open_page(people["admin"], path, period="all", **parameters).text
        assert "There is no" not in text, path
        assert "no views to choose" not in text, path


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("9999", "No event of this stream has the number 9,999, so that with the number "),
        ("abc", "The address asks for “at=abc”, which is no number, so the newest event is shown."),
    ],
)
def test_an_event_that_a_stream_does_not_have_is_said(owner: Owner, people: People, at: str, sentence: str) -> None:
    rows = all_systems.add(owner, NOW, "ship", people["member"])
    address = {"type": "Client", "id": rows.client}
    page = open_page(people["manager"], "reports/event_stream.py", **address, at=at)
    assert sentence in page.text
    assert "which is no number" not in open_page(people["manager"], "reports/event_stream.py", **address, at="1").text


def test_a_long_name_is_filtered_by(owner: Owner, people: People) -> None:
    long = "agent " + "x" * 700
    recorded.job(owner, NOW, agent=long)
    recorded.job(owner, NOW, agent="other")
    page = open_page(people["manager"], "reports/jobs.py", period="all", agent=long)
    assert "1 job" in page.text
    assert "no filter holds" not in page.text


# Letters parted without a space, joined pictures, and a place where a word may be broken.
@pytest.mark.parametrize(
    "words", ["می\u200cخواهم", "👩\u200d🚀 launch", "har\u00adbour"], ids=["parted", "joined", "soft"]
)
def test_characters_that_cannot_be_seen_are_searched_with_their_words(owner: Owner, people: People, words: str) -> None:
    recorded.job(owner, NOW, agent=words)
    recorded.job(owner, NOW, agent="other")
    recorded.prompt(owner, recorded.session(owner, NOW), NOW, words)
    recorded.prompt(owner, recorded.session(owner, NOW), NOW, "other")
    jobs = open_page(people["manager"], "reports/jobs.py", period="all", q=words)
    assert "1 job" in jobs.text
    sessions = open_page(people["manager"], "reports/sessions.py", period="all", q=words)
    assert "1 session" in sessions.text
    assert "no filter holds" not in jobs.text + sessions.text
