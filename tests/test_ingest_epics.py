"""Epics among work items become executions with the items below them as steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.access import Actor
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot, value
from tests.ingest_records import item, write


def below(name: str, parent: str, status: str = "open", **more: Any) -> dict[str, Any]:
    links = [
        {"issue_id": name, "depends_on_id": parent, "type": "parent-child"},
        {"issue_id": name, "depends_on_id": "other", "type": "blocks"},
    ]
    return item(name, status, dependencies=links, **more)


def epic(name: str, status: str = "open", **more: Any) -> dict[str, Any]:
    return item(name, status, issue_type="epic", owner="ada@example.com", **more)


ITEMS: list[dict[str, Any]] = [
    epic("reef", "closed", closed_at="2026-03-01T12:30:00Z"),
    below("reef.1", "reef", "closed", assignee="grace@example.com", closed_at="2026-03-01T11:00:00Z"),
    below("reef.2", "reef", "tombstone", created_at="2026-03-01T08:00:00Z", deleted_at="2026-03-01T09:00:00Z"),
    epic("tide"),
    below("tide.1", "tide", "open", title="Wait"),
    below("tide.2", "tide", "in_progress", title="Measure"),
    epic("other", "tombstone", deleted_at="2026-03-01T10:00:00Z"),
    item("lonely"),
]


def executions(url: str) -> dict[str, dict[str, Any]]:
    return {row["metadata"]["item"]: dict(row) for row in rows(url, "select * from engine.sop_executions")}


def test_an_epic_is_an_execution_from_its_making_to_its_closing(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "items.jsonl", ITEMS)], url)
        found = executions(url)
    assert report.counts["added_executions"] == 3
    assert found.keys() == {"reef", "tide", "other"}
    reef = found["reef"]
    assert (reef["sop_id"], reef["status"], reef["agent_id"]) == ("epic", "completed", "ada@example.com")
    assert reef["cycle_time_hours"] == 3.5
    assert [(step["step"], step.get("agent"), step["outcome"]) for step in reef["steps"]] == [
        ("Item reef.2", "unknown", "tombstone"),
        ("Item reef.1", "grace@example.com", "closed"),
    ]
    unknown = ("actions_total", "actions_automated", "automation_rate", "estimated_cost", "session_id")
    assert [reef[name] for name in unknown] == [None] * len(unknown), "no work item says so"
    assert reef["metadata"]["items"] == 2
    assert reef["metadata"]["items_completed"] == 1
    tide = found["tide"]
    assert (tide["status"], tide["current_step"]) == ("running", "Measure")
    assert (tide["completed_at"], tide["cycle_time_hours"]) == (None, None)
    assert (found["other"]["status"], found["other"]["steps"]) == ("cancelled", []), "what blocks is no step"


def test_items_of_other_files_and_later_versions_are_steps_too(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url, fresh_database(server) as alone:
        ingest([write(tmp_path / "items.jsonl", ITEMS)], alone)
        for number, told in enumerate(reversed(ITEMS)):
            ingest([write(tmp_path / f"{number}.jsonl", [told])], url)
        assert snapshot(url)["executions"] == snapshot(alone)["executions"]
        later = below("tide.2", "reef", "closed", closed_at="2026-03-02T09:00:00Z", updated_at="2026-03-02T09:00:00Z")
        ingest([write(tmp_path / "later.jsonl", [later])], url)
        found = executions(url)
    assert [step["item"] for step in found["tide"]["steps"]] == ["tide.1"], "it moved to another epic"
    assert found["reef"]["metadata"]["items_completed"] == 2


def test_an_item_that_is_no_epic_any_more_is_no_execution(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        ingest([write(tmp_path / "items.jsonl", ITEMS)], url)
        ingest([write(tmp_path / "later.jsonl", [item("tide", updated_at="2026-03-02T09:00:00Z")])], url)
        assert executions(url).keys() == {"reef", "other"}


def test_an_end_before_the_beginning_gives_no_hours(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        path = write(tmp_path / "items.jsonl", [epic("reef", "closed", closed_at="2026-02-01T09:00:00Z")])
        assert ingest([path], url).holds
        assert value(url, "select cycle_time_hours from engine.sop_executions") is None


@pytest.mark.parametrize("later", [False, True])
def test_executions_belong_to_the_owner_of_their_items(
    later: bool, database_url: str, people: dict[str, Actor], tmp_path: Path
) -> None:
    path = write(tmp_path / "items.jsonl", ITEMS)
    if later:
        ingest([path], database_url)
    ingest([path], database_url, owner=people["member"].email)
    owners = rows(database_url, "select distinct user_id from engine.sop_executions")
    assert owners == [{"user_id": people["member"].user_id}]
    written = value(database_url, "select count(*) from signalbox.change_log where source = 16")
    assert not ingest([path], database_url).files[0].added
    assert value(database_url, "select count(*) from signalbox.change_log where source = 16") == written
