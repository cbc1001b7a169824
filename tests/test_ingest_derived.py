"""Approvals and jobs that follow from the records of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import embedded, jobs
from data.access import Actor
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows
from tests.ingest_records import REFUSAL, answered, called, entry, hook, write


@pytest.mark.parametrize("backwards", [False, True])
def test_a_decision_that_both_sources_tell_is_one(backwards: bool, server: embedded.Lease, tmp_path: Path) -> None:
    given, other = {"command": "rm -rf reef"}, {"command": "ls"}
    refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    hooks = write(
        tmp_path / "hooks.jsonl",
        [
            hook("PermissionRequest", tool_name="Bash", tool_input=given),
            hook("PermissionRequest", tool_name="Bash", tool_input=other),
            hook("Notification", message="Claude needs your permission to use Bash"),
        ],
    )
    transcript = write(
        tmp_path / "transcript.jsonl",
        [
            called(1, "toolu_1", "Bash", given),
            answered(2, "toolu_1", refusal, failed=True),
            called(3, "toolu_2", "Bash", other),
            answered(4, "toolu_2", "reef"),
        ],
    )
    with fresh_database(server) as url:
        for path in (hooks, transcript) if backwards else (transcript, hooks):
            ingest([path], url)
        found = rows(url, "select status, request_payload, decided_at from engine.human_approvals order by status")
    assert [(row["status"], row["request_payload"]) for row in found] == [("approved", other), ("rejected", given)]
    assert all(row["decided_at"] for row in found)


@pytest.mark.parametrize("refused_first", [True, False])
def test_of_equal_calls_the_refused_one_is_what_was_asked_about(
    refused_first: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    """Whoever refused was asked; the same call at another time may have run unasked."""
    given = {"command": "git push"}
    refused = [called(1 if refused_first else 5, "no", "Bash", given), answered(8, "no", REFUSAL, failed=True)]
    allowed = [called(3, "yes", "Bash", given), answered(4, "yes", "pushed")]
    request = hook("PermissionRequest", tool_name="Bash", tool_input=given)
    with fresh_database(server) as url:
        ingest([write(tmp_path / "session.jsonl", [*refused, *allowed, request])], url)
        found = rows(url, "select status, context ->> 'tool' as tool from engine.human_approvals")
    assert found == [{"status": "rejected", "tool": "Bash"}]


def test_a_notice_of_a_request_is_history_unless_a_call_tells_of_the_same_question(
    server: embedded.Lease, tmp_path: Path
) -> None:
    """Older logs hold no requests, but say that one waited; nothing in them says what became of it."""
    messages = (
        "Claude needs your permission to use Bash",
        "Claude needs your permission to use Bash",
        "Claude needs your permission to use reef - dive (MCP)",
        "Claude needs your permission",
        "Claude is waiting for your input",
    )
    notices = write(
        tmp_path / "hooks.jsonl",
        [hook("Notification", message=message) for message in messages],
    )
    refused = [called(1, "no", "Bash", {"command": "rm"}), answered(8, "no", REFUSAL, failed=True)]
    query = "select title, status, metadata ->> 'outcome' as outcome from engine.human_approvals order by title, status"
    unanswered = ("expired", "unanswered")
    with fresh_database(server) as url:
        ingest([notices], url)
        assert [tuple(row.values()) for row in rows(url, query)] == [
            ("Allow the use of Bash", *unanswered),
            ("Allow the use of Bash", *unanswered),
            ("Allow the use of reef - dive (MCP)", *unanswered),
            ("Give a permission", *unanswered),
        ]
        for _ in range(2):
            ingest([notices, write(tmp_path / "session.jsonl", refused)], url)
            assert [tuple(row.values()) for row in rows(url, query)] == [
                ("Allow the use of Bash", *unanswered),
                ("Allow the use of Bash", "rejected", "rejected"),
                ("Allow the use of reef - dive (MCP)", *unanswered),
                ("Give a permission", *unanswered),
            ]


def asked_for(tool: str, given: int) -> dict[str, Any]:
    return hook("PermissionRequest", tool_name=tool, tool_input={"n": given})


def noticed(words: str) -> dict[str, Any]:
    return hook("Notification", message=f"Claude needs your permission to use {words}")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ([asked_for("Bash", 1), noticed("Bash")], []),
        ([asked_for("Bash", 1), noticed("Bash"), noticed("Bash")], ["Bash"]),
        ([asked_for("Bash", 1), noticed("Bash"), called(1, "w", "Write", {}), noticed("Write")], ["Write"]),
        ([asked_for("mcp__reef_life__dive", 1), noticed("reef life - dive (MCP)")], []),
        ([asked_for("Bash", 1), noticed("reef life - dive (MCP)"), noticed("Bash")], ["reef life - dive (MCP)"]),
        ([asked_for("Edit", 1), asked_for("Bash", 1), noticed("Update"), noticed("Bash")], []),
        ([asked_for("Edit", 1), asked_for("Bash", 1), noticed(""), noticed("")], []),
        ([asked_for("Bash", 1), noticed("Bash"), noticed("")], [None]),
    ],
)
def test_a_notice_is_passed_over_for_the_request_that_it_belongs_to_alone(
    told: list[dict[str, Any]], kept: list[str | None], server: embedded.Lease, tmp_path: Path
) -> None:
    """It names its tool as people read it, or not at all; a request of another tool is another question."""
    with fresh_database(server) as url:
        ingest([write(tmp_path / "hooks.jsonl", told)], url)
        found = rows(url, "select title from engine.human_approvals where request_payload ? 'message'")
    titles = [f"Allow the use of {name}" if name else "Give a permission" for name in kept]
    assert [row["title"] for row in found] == titles


@pytest.mark.parametrize("tool", ["AskUserQuestion", "ExitPlanMode"])
def test_a_question_that_nobody_answered_is_history_until_a_later_log_has_the_answer(
    tool: str, server: embedded.Lease, tmp_path: Path
) -> None:
    asked = called(1, "toolu_1", tool, {"plan": "1. Dive"})
    query = "select status, decided_at, decided_by_name, metadata ->> 'outcome' as outcome from engine.human_approvals"
    with fresh_database(server) as url:
        path = write(tmp_path / "session.jsonl", [asked])
        ingest([path], url)
        assert rows(url, query) == [
            {"status": "expired", "decided_at": None, "decided_by_name": None, "outcome": "unanswered"}
        ]
        ingest([write(path, [asked, answered(40, "toolu_1", "Yes")])], url)
        (found,) = rows(url, query)
    assert (found["status"], found["outcome"], found["decided_at"].second) == ("approved", "approved", 40)


def test_a_question_that_only_hooks_tell_is_history(server: embedded.Lease, tmp_path: Path) -> None:
    told = [hook("PreToolUse", tool_name="ExitPlanMode", tool_input={"plan": "1. Dive"})]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "hooks.jsonl", told)], url)
        (found,) = rows(url, "select status, created_at, decided_at from engine.human_approvals")
    assert found == {"status": "expired", "created_at": None, "decided_at": None}


@pytest.mark.parametrize("later", [True, False])
def test_a_subagent_runs_only_while_nothing_happened_after_it(
    later: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    task = called(1, "toolu_1", "Task", {"description": "d", "prompt": "p", "subagent_type": "diver"})
    prompt = entry("user", 30, "next", message={"role": "user", "content": "go on without it"})
    with fresh_database(server) as url:
        path = write(tmp_path / "session.jsonl", [task])
        ingest([path], url)
        job = "select status, error_message, completed_at from agents.jobs where agent_identifier = 'diver'"
        assert rows(url, job) == [{"status": "running", "error_message": None, "completed_at": None}]
        if later:
            ingest([write(path, [task, prompt])], url)
            (found,) = rows(url, job)
            assert (found["status"], found["completed_at"]) == ("cancelled", None)
            assert found["error_message"] == "The log holds no result of this call."
        ingest([write(path, [task, prompt, answered(40, "toolu_1", "found a pearl")])], url)
        (found,) = rows(url, job)
    assert (found["status"], found["error_message"]) == ("completed", None)
    assert found["completed_at"].second == 40, "the time of the result, and not of the import"


@pytest.mark.parametrize("backwards", [False, True])
def test_a_subagent_that_hooks_and_a_transcript_tell_is_one_job(
    backwards: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    given = {"description": "d", "prompt": "p", "subagent_type": "diver"}
    files = [
        write(tmp_path / "hooks.jsonl", [hook("PreToolUse", tool_name="Task", tool_input=given)]),
        write(tmp_path / "log.jsonl", [called(1, "toolu_1", "Task", given), answered(4, "toolu_1", "a pearl")]),
    ]
    with fresh_database(server) as url:
        for path in reversed(files) if backwards else files:
            ingest([path], url)
        found = rows(url, "select status, created_at from agents.jobs where agent_identifier = 'diver'")
    assert [(row["status"], row["created_at"].second) for row in found] == [("completed", 1)]


def test_what_a_person_did_to_an_imported_job_stays(server: embedded.Lease, tmp_path: Path) -> None:
    task = called(1, "toolu_1", "Task", {"description": "d", "prompt": "p", "subagent_type": "diver"})
    path = write(tmp_path / "session.jsonl", [task])
    with fresh_database(server) as url:
        ingest([path], url)
        change = """
            update agents.jobs set status = 'cancelled', error_message = 'cancelled by Ada'
            where agent_identifier = 'diver' returning status
        """
        assert len(rows(url, change)) == 1
        ingest([path], url)
        found = rows(url, "select error_message from agents.jobs where agent_identifier = 'diver'")
    assert found == [{"error_message": "cancelled by Ada"}]


_TASK = called(1, "toolu_1", "Task", {"description": "d", "prompt": "p", "subagent_type": "diver"})
_LATER = entry("user", 30, "next", message={"role": "user", "content": "go on without it"})
_RESULT = answered(40, "toolu_1", "found a pearl")


@pytest.mark.parametrize(
    ("told", "acts", "grown"),
    [
        ([_TASK], ["cancel"], [_TASK, _RESULT]),
        ([_TASK], ["cancel"], [_TASK, _LATER]),
        ([_TASK, _LATER], ["retry"], [_TASK, _LATER, _RESULT]),
        ([_TASK, _LATER], ["retry", "cancel"], [_TASK, _LATER, _RESULT]),
    ],
)
def test_what_an_admin_did_to_an_imported_job_outlasts_what_its_log_tells_later(
    told: list[Any], acts: list[str], grown: list[Any], database_url: str, people: dict[str, Actor], tmp_path: Path
) -> None:
    query = "select id, status, completed_at, updated_at from agents.jobs where agent_identifier = 'diver'"
    path = tmp_path / "session.jsonl"
    ingest([write(path, told)], database_url)
    for act in acts:
        (job,) = rows(database_url, query)
        getattr(jobs, act)(people["admin"], job["id"], job["status"])
    (left,) = rows(database_url, query)
    ingest([write(path, grown)], database_url)
    assert rows(database_url, query) == [left]


def test_a_failed_session_that_was_put_back_into_the_queue_stays_there(
    database_url: str, people: dict[str, Actor], tmp_path: Path
) -> None:
    query = "select id, status from agents.jobs where job_data ->> 'kind' = 'session'"
    path = tmp_path / "session.jsonl"
    ended = hook("StopFailure")
    first = [entry("user", 1, "first", message={"role": "user", "content": "dive"})]
    ingest([write(tmp_path / "hooks.jsonl", [ended]), write(path, first)], database_url)
    (job,) = rows(database_url, query)
    assert job["status"] == "failed"
    ingest([write(path, [*first, _LATER])], database_url)
    assert rows(database_url, "select extract(second from completed_at)::int as s from agents.jobs") == [{"s": 30}]
    jobs.retry(people["admin"], job["id"], "failed")
    ingest(
        [write(path, [*first, _LATER, entry("user", 50, "more", message={"role": "user", "content": "?"})])],
        database_url,
    )
    assert rows(database_url, query) == [{"id": job["id"], "status": "pending"}]
