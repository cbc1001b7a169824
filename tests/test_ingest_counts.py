"""What an import says it added is by how much the tables grew, in whatever order the files come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from data import embedded
from data.ingest import Report, ingest
from tests.conftest import fresh_database
from tests.ingest_database import snapshot
from tests.ingest_fixtures import CHECKPOINTS, FOLDER, LIGHTHOUSE
from tests.ingest_records import SESSION, called, hook, item, typed, write

NAMES = {
    "events_added": "events",
    "added_sessions": "sessions",
    "added_jobs": "jobs",
    "added_approvals": "approvals",
    "added_executions": "executions",
    "added_files_touched": "project_context",
    "added_replies": "replies",
}


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def rows_of(url: str) -> dict[str, int]:
    held = snapshot(url)
    return {name: len(held[table]) for name, table in NAMES.items()}


def said_of(report: Report) -> dict[str, int]:
    return {name: report.counts.get(name, 0) for name in NAMES}


def grown(url: str, paths: Sequence[Path]) -> Report:
    """Import them; what is said to be added has to be what the tables hold more."""
    before = rows_of(url)
    report = ingest(paths, url)
    assert said_of(report) == {name: count - before[name] for name, count in rows_of(url).items()}
    return report


@pytest.mark.parametrize("backwards", [False, True])
def test_what_is_said_to_be_added_is_there(server: embedded.Lease, *, backwards: bool) -> None:
    files = files_of(FOLDER)
    with fresh_database(server) as url:
        report = grown(url, files[::-1] if backwards else files)
        assert all(said_of(report).values())
        again = grown(url, files)
        assert not any(said_of(again).values())


def test_each_file_says_what_it_added_to_the_others(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        reports = [grown(url, [file]) for file in files_of(FOLDER)[::-1]]
    assert any(file.removed for report in reports for file in report.files)
    assert all(count >= 0 for report in reports for count in report.counts.values())


def test_a_version_that_takes_the_place_of_another_is_no_job_more(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        grown(url, [write(tmp_path / "items.jsonl", [item("bay-1")])])
        newer = [item("bay-1", "closed", updated_at="2026-03-02T09:00:00Z"), item("bay-2", issue_type="epic")]
        report = grown(url, [write(tmp_path / "items.jsonl", newer)])
        assert (report.files[0].added["jobs"], report.files[0].renewed["jobs"]) == (1, 1)
        newest = [item("bay-2", "closed", issue_type="epic", updated_at="2026-03-03T09:00:00Z")]
        report = grown(url, [write(tmp_path / "items.jsonl", newest)])
        assert (report.files[0].added, report.files[0].renewed) == ({}, {"jobs": 1, "executions": 1})


def test_a_question_that_stands_for_another_is_none_more(server: embedded.Lease, tmp_path: Path) -> None:
    """The question of a notice goes when a transcript tells of the call that it was about."""
    notice = hook("Notification", message="Claude needs your permission to use ExitPlanMode")
    with fresh_database(server) as url:
        grown(url, [write(tmp_path / "hooks.jsonl", [notice])])
        told = [typed(0, "plan"), called(1, "use-1", "ExitPlanMode", {"plan": "dive"})]
        report = grown(url, [write(tmp_path / f"{SESSION}.jsonl", told)])
        assert (report.files[0].added["approvals"], report.files[0].removed["approvals"]) == (1, 1)


def test_jobs_are_named_where_there_are_some(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        assert grown(url, [CHECKPOINTS]).sentence.startswith("1 file read, 3 jobs added (")
        assert grown(url, [CHECKPOINTS]).sentence.startswith("1 file read, 0 events added (")
        report = grown(url, [LIGHTHOUSE])
        counts = report.counts
        words = f"{counts['events_added']} events and {counts['added_jobs']} jobs added ("
        assert report.sentence.startswith(f"1 file read, {words}")
