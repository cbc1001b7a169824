"""What becomes of work items and of status lines."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import ITEMS
from tests.ingest_records import item, write


def test_status_lines_come_bare_wrapped_and_for_several_sessions(server: embedded.Lease, tmp_path: Path) -> None:
    def status(session: str, total: Any, at: str | None = None) -> dict[str, Any]:
        told = {"session_id": session, "model": {"id": "m"}, "cost": {"total_cost_usd": total}, "cwd": "/home/ada/bay"}
        return {"timestamp": at, "input_data": told} if at else told

    told = [
        status("a", 23.65, "2026-03-03T09:00:02"),
        status("a", 20, "2026-03-03T09:00:01"),
        status("b", 0.03),
        status("b", 0.01),
        status("c", -1),
        status("d", 0, "2026-03-03T09:00:01"),
    ]
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "status.jsonl", told)], url)
        found = rows(url, "select session_id, metadata -> 'cost' as cost, started_at from chronicle.sessions")
        assert value(url, "select count(*) from chronicle.events") == 0
    assert report.files[0].format == "status_lines"
    costs = {row["session_id"]: row["cost"] and row["cost"]["total_cost_usd"] for row in found}
    assert costs == {"a": 23.65, "b": 0.03, "c": None, "d": 0}, "the last, or without times the highest"
    assert all(row["started_at"] is None for row in found), "a local time is no moment"


def test_work_items_become_jobs_of_whoever_has_them(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([ITEMS], url)
        jobs = {row["job_data"]["id"]: row for row in rows(url, "select * from agents.jobs")}
        before = rows(url, "select * from agents.jobs order by id")
        ingest([ITEMS], url)
        assert rows(url, "select * from agents.jobs order by id") == before
    assert {name: (row["status"], row["agent_identifier"]) for name, row in jobs.items()} == {
        "reef-1": ("completed", "ada@example.com"),
        "reef-1.1": ("running", "grace@example.com"),
        "reef-2": ("pending", "Ada"),
        "reef-3": ("cancelled", "unknown"),
        "reef-4": ("pending", "unknown"),
    }
    assert jobs["reef-1"]["created_at"] == datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)
    assert jobs["reef-1"]["completed_at"] == datetime(2026, 3, 2, 9, 0, 0, 987654, tzinfo=UTC)
    assert jobs["reef-1"]["result"] == {"close_reason": "Charted"}
    assert [jobs[name]["completed_at"] for name in ("reef-1.1", "reef-2", "reef-4")] == [None] * 3
    assert jobs["reef-1.1"]["started_at"] is None, "unknown, and not the time of the import"
    assert jobs["reef-1.1"]["job_data"]["dependencies"][0]["depends_on_id"] == "reef-1"
    assert jobs["reef-2"]["job_data"]["status"] == "blocked"
    assert jobs["reef-3"]["completed_at"] == datetime(2026, 3, 1, 11, 40, tzinfo=UTC)


def test_of_several_versions_of_a_work_item_the_newest_counts(server: embedded.Lease, tmp_path: Path) -> None:
    old, new = (
        item("reef-9"),
        item("reef-9", "closed", updated_at="2026-03-02T09:00:00Z", closed_at="2026-03-02T09:00:00Z"),
    )
    for versions in ([[old, new]], [[new, old]], [[old], [new]], [[new], [old]]):
        with fresh_database(server) as url:
            for number, told in enumerate(versions):
                ingest([write(tmp_path / f"{number}.jsonl", told)], url)
            assert rows(url, "select status from agents.jobs") == [{"status": "completed"}]


def test_links_of_work_items_keep_their_kind(server: embedded.Lease, tmp_path: Path) -> None:
    links = [
        {"issue_id": "reef-9", "depends_on_id": "reef-1", "type": "parent-child"},
        {"issue_id": "reef-9", "depends_on_id": "reef-2", "type": "blocks"},
    ]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "i.jsonl", [item("reef-9", dependencies=links)])], url)
        kept = value(url, "select job_data -> 'dependencies' from agents.jobs")
    assert Counter(link["type"] for link in kept) == {"parent-child": 1, "blocks": 1}
