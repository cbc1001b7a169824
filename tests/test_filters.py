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
            "There is no status “foo”, so all are shown. There are: pending, running",
        ),
        (
            "reports/sops.py",
            {"status": "foo"},
            "There is no status “foo”, so all are shown. There are: failed, running",
        ),
        ("reports/tools.py", {"outcome": "foo"}, "There is no outcome “foo”, so all are shown."),
        ("reports/sessions.py", {"has": "foo"}, "There is no content “foo”, so all are shown."),
        ("reports/clients.py", {"status": "foo"}, "There is no status “foo”, so all are shown. There are: critical"),
        ("reports/clients.py", {"view": "experiments", "status": "foo"}, "There is no status “foo”, so all are shown."),
        ("reports/projects.py", {"status": "foo"}, "There is no status “foo”, so all are shown. There are: active"),
        (
            "reports/events.py",
            {"correlation": "xyz"},
            "The address asks for the correlation “xyz”, which is no id, so all are shown.",
        ),
        ("reports/events.py", {"place": "garbage"}, "asks for a place in the list that cannot be read"),
        ("reports/events.py", {"place": "now~x~y"}, "asks for a place in the list that cannot be read"),
        (
            "reports/agents.py",
            {"sort": "nope"},
            "These rows cannot be sorted by “nope”, so they stand as the page opens. They can be by: escalations,",
        ),
        ("reports/jobs.py", {"agent": "x" * 1001}, "The address asks for a value of “agent” that no filter holds"),
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
