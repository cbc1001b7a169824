"""What becomes of checkpoints: each is a job of its agent that ended when it was made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data import jobs
from data.access import Actor
from data.ingest import ingest
from tests.ingest_database import rows, snapshot, value
from tests.ingest_fixtures import CHECKPOINTS
from tests.ingest_records import write

MADE_AT = "2026-03-02T10:30:31.117538Z"
ALL = "select * from agents.jobs order by created_at, agent_identifier"


def checkpoint(**more: Any) -> dict[str, Any]:
    """One as it is written beside a commit, with what the test is about."""
    told = {"checkpoint_id": "5ea5e1150009", "session_id": "s", "created_at": MADE_AT, "agent": "Claude Code"}
    return {**told, "branch": "lamp", "files_touched": ["bulb.py"], **more}


def test_checkpoints_become_jobs_that_ended_when_they_were_made(database_url: str) -> None:
    report = ingest([CHECKPOINTS], database_url)
    assert report.files[0].format == "checkpoints"
    assert report.files[0].records == {"checkpoints": 3}
    assert report.counts["added_jobs"] == 3
    found = rows(database_url, ALL)
    told = [json.loads(line) for line in CHECKPOINTS.read_text(encoding="utf-8").splitlines()]
    assert [row["agent_identifier"] for row in found] == ["Claude Code", "Gemini CLI", "unknown"]
    for row, record in zip(found, told, strict=True):
        made_at = datetime.fromisoformat(record["created_at"])
        assert (row["status"], row["created_at"], row["started_at"]) == ("completed", made_at, None)
        assert (row["completed_at"], row["updated_at"]) == (made_at, made_at)
        assert row["job_data"]["kind"] == "checkpoint"
        named = [row["job_data"].get(name) for name in ("checkpoint_id", "branch")]
        assert named == [record["checkpoint_id"], record.get("branch")]
        assert row["error_message"] is None
    first, second, third = found
    titles = ["Checkpoint 5ea5e1150001 on lamp"] * 2 + ["Checkpoint 5ea5e1150002"]
    assert [row["job_data"]["title"] for row in found] == titles
    assert first["job_data"]["files_touched"] == ["lamp/bulb.py", "lamp/switch.py"]
    assert first["job_data"]["session_id"] == told[0]["session_id"]
    assert first["result"] == {
        "token_usage": told[0]["token_usage"],
        "attribution": told[0]["initial_attribution"],
        "automation_rate": 0.75,
    }
    assert second["result"] is None
    assert third["job_data"]["files_touched"] == ["notes/\\u0000.md"]
    assert third["result"] == {
        "token_usage": {"input_tokens": 5}, "attribution": {"agent_percentage": 0}, "automation_rate": 0
    }  # fmt: skip


def test_checkpoints_claim_no_sessions_no_executions_and_no_figures_of_agents(database_url: str) -> None:
    ingest([CHECKPOINTS], database_url)
    written = {name for name, found in snapshot(database_url).items() if found}
    assert written == {"jobs"}


def test_a_second_import_of_checkpoints_changes_nothing(database_url: str) -> None:
    ingest([CHECKPOINTS], database_url)
    before = rows(database_url, ALL)
    again = ingest([CHECKPOINTS], database_url)
    assert rows(database_url, ALL) == before
    assert "added_jobs" not in again.counts


def test_a_checkpoint_written_anew_replaces_what_was_known_of_it(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    for tokens in (1, 2):
        path.write_text(json.dumps(checkpoint(token_usage={"input_tokens": tokens}), indent=2), encoding="utf-8")
        ingest([path], database_url)
    [row] = rows(database_url, "select result from agents.jobs")
    assert row["result"] == {"token_usage": {"input_tokens": 2}}


@pytest.mark.parametrize("created_at", [MADE_AT, None])
def test_a_checkpoint_that_a_person_put_back_into_the_queue_stays_there(
    database_url: str, people: dict[str, Actor], tmp_path: Path, created_at: str | None
) -> None:
    path = write(tmp_path / "one.jsonl", [checkpoint(created_at=created_at)])
    ingest([path], database_url)
    owner_query = "update agents.jobs set status = 'failed' where status = 'completed' returning id"
    [row] = rows(database_url, owner_query)
    jobs.retry(people["admin"], row["id"], "failed")
    ingest([write(path, [checkpoint(created_at=created_at, token_usage={"input_tokens": 3})])], database_url)
    assert value(database_url, "select status from agents.jobs") == "pending"


def test_an_unknown_time_of_a_checkpoint_stays_unknown(database_url: str, tmp_path: Path) -> None:
    ingest([write(tmp_path / "one.jsonl", [checkpoint(created_at=None)])], database_url)
    [row] = rows(database_url, "select created_at, started_at, completed_at from agents.jobs")
    assert row == {"created_at": None, "started_at": None, "completed_at": None}


@pytest.mark.parametrize("share", [-1, 101, "75", True, None])
def test_a_share_that_is_none_gives_no_rate(database_url: str, tmp_path: Path, share: Any) -> None:
    told = checkpoint(attribution={"agent_percentage": share, "agent_lines": 3})
    ingest([write(tmp_path / "one.jsonl", [told])], database_url)
    assert value(database_url, "select result from agents.jobs") == {"attribution": told["attribution"]}


def test_a_share_beside_the_attribution_counts_too(database_url: str, tmp_path: Path) -> None:
    ingest([write(tmp_path / "one.jsonl", [checkpoint(agent_percentage=50)])], database_url)
    assert value(database_url, "select result from agents.jobs") == {"automation_rate": 0.5}


def test_the_summary_of_a_checkpoints_sessions_is_not_counted_beside_them(database_url: str, tmp_path: Path) -> None:
    summary = checkpoint(sessions=[{"metadata": "/0/metadata.json"}], token_usage={"input_tokens": 9})
    del summary["created_at"], summary["session_id"], summary["agent"]
    report = ingest([write(tmp_path / "metadata.json", [summary])], database_url)
    assert report.files[0].outcome == "not recognised"
    assert value(database_url, "select count(*) from agents.jobs") == 0


def test_checkpoints_belong_to_the_owner_that_is_named(database_url: str, people: dict[str, Actor]) -> None:
    member = people["member"]
    ingest([CHECKPOINTS], database_url, owner=member.email)
    assert {row["user_id"] for row in rows(database_url, ALL)} == {member.user_id}
    assert rows(database_url, ALL)[0]["created_at"] == datetime(2026, 3, 2, 10, 30, 31, 117538, tzinfo=UTC)
