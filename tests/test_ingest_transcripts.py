"""What becomes of the entries of transcripts: once each, with their times, and nothing made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from data import embedded
from data.ingest import Report, ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import LIGHTHOUSE, LIGHTHOUSE_AGENT, LIGHTHOUSE_SESSION


def at(minute: int, second: int, millisecond: int = 0) -> datetime:
    return datetime(2026, 3, 2, 9, minute, second, millisecond * 1000, tzinfo=UTC)


@pytest.fixture(scope="module")
def report_and_url(server: embedded.Lease) -> Iterator[tuple[Report, str]]:
    with fresh_database(server) as url:
        yield ingest([LIGHTHOUSE.parent], url), url


@pytest.fixture(scope="module")
def url(report_and_url: tuple[Report, str]) -> str:
    return report_and_url[1]


def phases(url: str, tool_use_id: str) -> dict[str, dict[str, Any]]:
    found = rows(
        url,
        """
        select t.*, e.timestamp, e.data, e.metadata from chronicle.tool_events as t
        inner join chronicle.events as e on e.id = t.event_id
        where e.metadata ->> 'tool_use_id' = %(id)s
        """,
        id=tool_use_id,
    )
    return {row["phase"]: dict(row) for row in found}


def test_nothing_was_unreadable_and_what_was_left_out_is_counted(report_and_url: tuple[Report, str]) -> None:
    report, _ = report_and_url
    assert report.holds
    main = next(file for file in report.files if file.path == str(LIGHTHOUSE.resolve()))
    assert main.format == "transcript"
    assert main.left_out == {
        "summary": 1,
        "file-history-snapshot": 1,
        "progress": 2,
        "command_output": 1,
        "meta": 1,
        "compact_summary": 1,
        "queue-operation": 1,
        "a-type-of-tomorrow": 1,
    }


def test_a_session_knows_when_where_and_with_what_it_ran(url: str) -> None:
    (session,) = rows(url, "select * from chronicle.sessions")
    assert session["session_id"] == LIGHTHOUSE_SESSION
    assert (session["started_at"], session["ended_at"]) == (at(0, 0, 500), at(3, 6))
    assert (session["project_name"], session["working_directory"]) == ("lighthouse", "/home/ada/lighthouse")
    assert (session["git_branch"], session["status"]) == ("main", "completed")
    metadata = session["metadata"]
    assert metadata["version"] == "2.1.40"
    assert metadata["models"] == ["<synthetic>", "claude-opus-4-6"]
    assert metadata["told_by"] == ["transcript"]
    assert "user_id" not in metadata
    assert metadata["agents"].keys() == {"abc1234"}
    assert metadata["tasks"] == {"def5678": {"ended_at": "2026-03-02T09:02:31.000000+00:00", "outcome": "completed"}}


def test_the_start_of_a_session_is_its_first_entry(url: str) -> None:
    (start,) = rows(
        url,
        """
        select e.timestamp, l.created_at, l.lifecycle_type, r.line from chronicle.events as e
        inner join chronicle.lifecycle_events as l on l.event_id = e.id
        inner join signalbox.import_records as r on r.event_id = e.id
        where e.event_type = 'session_start'
        """,
    )
    assert start == {
        "timestamp": at(0, 0, 500),
        "created_at": at(0, 0, 500),
        "lifecycle_type": "SessionStart",
        "line": 3,
    }


def test_only_what_a_person_wrote_is_a_prompt(url: str) -> None:
    prompts = rows(url, "select prompt_text, prompt_length, created_at from chronicle.prompt_events")
    assert {row["prompt_text"] for row in prompts} == {
        "Why does the lamp \x1b[1mblink\x1b[0m twice? 🗼",
        "Like in this picture",
        "Written before the line above it",
        "Nobody knows when",
        "Some local time",
    }
    assert all(row["prompt_length"] == len(row["prompt_text"]) for row in prompts)
    untimed = {row["prompt_text"] for row in prompts if row["created_at"] is None}
    assert untimed == {"Nobody knows when", "Some local time"}, "a time without a zone is no moment"


def test_a_picture_is_counted_and_left_out(url: str) -> None:
    (prompt,) = rows(
        url,
        """
        select e.data, e.metadata from chronicle.prompt_events as p
        inner join chronicle.events as e on e.id = p.event_id
        where p.prompt_text like 'Like in%%'
        """,
    )
    assert prompt["metadata"]["pictures"] == 1
    assert "AAAA" not in str(prompt["data"])
    read = phases(url, "toolu_shot")
    assert read["post"]["result"]["file"]["base64"] == "[4000 characters of base64 left out]"
    assert "BBBB" not in str(read)


def test_calls_have_two_phases_with_one_call_id(url: str) -> None:
    read = phases(url, "toolu_read")
    assert read["pre"]["call_id"] == read["post"]["call_id"]
    assert read["pre"]["parameters"] == {"file_path": "/home/ada/lighthouse/lamp.py"}
    assert (read["pre"]["created_at"], read["post"]["created_at"]) == (at(0, 5), at(0, 5, 700))
    assert (read["pre"]["success"], read["post"]["success"]) == (None, True)
    assert (read["pre"]["execution_time_ms"], read["post"]["execution_time_ms"]) == (None, 700)
    assert read["post"]["result"]["file"]["content"] == "def blink(): ..."
    assert (read["pre"]["tool_type"], read["pre"]["tool_name"]) == ("builtin", "Read")
    assert read["pre"]["timestamp"] == at(0, 5)
    assert "message" not in read["pre"]["data"], "what the detail holds is not kept twice"


def test_a_nested_call_in_progress_is_no_call(url: str) -> None:
    assert phases(url, "toolu_nested") == {}


def test_the_whole_file_before_an_edit_is_left_out_and_the_edit_kept(url: str) -> None:
    edit = phases(url, "toolu_edit")["post"]["result"]
    assert edit["originalFile"] == "[5000 characters of the file before the edit left out]"
    assert edit["structuredPatch"] == [{"lines": ["-twice", "+once"]}]


def test_errors_and_refusals_keep_their_words(url: str) -> None:
    failed = phases(url, "toolu_bash")["post"]
    assert (failed["success"], failed["error_message"]) == (False, "Exit code 1\n1 failed")
    assert (failed["result"], failed["execution_time_ms"]) == (None, 4250)
    refused = phases(url, "toolu_no")["post"]
    assert refused["success"] is False
    assert refused["error_message"].startswith("The user doesn't want to proceed with this tool use")


def test_a_call_without_a_result_has_no_outcome(url: str) -> None:
    assert phases(url, "toolu_open").keys() == {"pre"}


def test_happenings_that_chronicle_has_no_type_for_keep_their_name(url: str) -> None:
    found = rows(
        url,
        """
        select metadata ->> 'entry' as entry, metadata ->> 'severity' as severity, timestamp
        from chronicle.events where event_type = 'system_health'
        """,
    )
    assert {(row["entry"], row["severity"]) for row in found} == {
        ("interruption", "info"),
        ("slash_command", "info"),
        ("api_error", "error"),
        ("api_error_message", "error"),
        ("turn_duration", "info"),
    }
    assert all(row["timestamp"] for row in found)


def test_a_compaction_keeps_what_is_known_of_it(url: str) -> None:
    (compaction,) = rows(
        url,
        """
        select e.data, l.trigger_reason, l.lifecycle_type from chronicle.events as e
        inner join chronicle.lifecycle_events as l on l.event_id = e.id where e.event_type = 'compact_pre'
        """,
    )
    assert compaction == {
        "data": {"trigger": "auto", "preTokens": 167094},
        "trigger_reason": "auto",
        "lifecycle_type": "PreCompact",
    }


def test_tokens_of_a_reply_count_once_with_the_highest_figures(url: str) -> None:
    (reply,) = rows(url, "select * from signalbox.model_replies where message_id = 'msg_a'")
    assert (reply["model"], reply["replied_at"]) == ("claude-opus-4-6", at(0, 5))
    assert (reply["input_tokens"], reply["output_tokens"]) == (10, 41)
    assert (reply["cache_write_tokens"], reply["cache_write_1h_tokens"], reply["cache_read_tokens"]) == (100, 40, 50)
    assert value(url, "select model from signalbox.model_replies where message_id = 'msg_synthetic'") == "<synthetic>"


def test_subagents_belong_to_the_session_of_their_parent(url: str) -> None:
    call = phases(url, "toolu_sub")
    assert call["pre"]["metadata"]["agent_id"] == "abc1234"
    assert call["pre"]["metadata"]["sidechain"] is True
    assert value(url, "select count(*) from chronicle.sessions") == 1
    assert value(url, "select count(*) from chronicle.events where event_type = 'session_start'") == 1


def test_files_that_tools_touched_are_listed_once(url: str) -> None:
    files = rows(url, "select file_path, file_type, created_at from chronicle.project_context order by file_path")
    assert files == [
        {"file_path": "/home/ada/lighthouse/lamp.py", "file_type": "py", "created_at": at(0, 5)},
        {"file_path": "/home/ada/lighthouse/shot.png", "file_type": "png", "created_at": at(0, 51)},
    ]


def test_every_record_names_its_file_and_line(url: str) -> None:
    records = rows(
        url,
        """
        select f.path, r.line, e.event_type, t.phase, e.metadata ->> 'tool_use_id' as tool_use_id
        from signalbox.import_records as r
        inner join signalbox.import_files as f on f.id = r.file_id
        inner join chronicle.events as e on e.id = r.event_id
        left join chronicle.tool_events as t on t.event_id = e.id
        """,
    )
    lines = LIGHTHOUSE.read_text(encoding="utf-8").splitlines()
    for row in records:
        if row["tool_use_id"] and row["path"] == str(LIGHTHOUSE.resolve()):
            marker = '"id": "' if row["phase"] == "pre" else '"tool_use_id": "'
            assert f'{marker}{row["tool_use_id"]}"' in lines[row["line"] - 1]
    assert Counter(row["path"] for row in records)[str(LIGHTHOUSE_AGENT.resolve())] == 2


def test_people_were_asked_and_what_they_said(url: str) -> None:
    found = rows(
        url,
        """
        select h.*, c.metadata ->> 'tool_use_id' as tool_use_id from engine.human_approvals as h
        inner join chronicle.tool_events as t on t.call_id::text = h.context ->> 'call_id' and t.phase = 'pre'
        inner join chronicle.events as c on c.id = t.event_id
        """,
    )
    asked = {row["tool_use_id"]: row for row in found}
    assert {name: (row["status"], row["approval_type"]) for name, row in asked.items()} == {
        "toolu_plan": ("approved", "plan"),
        "toolu_ask": ("approved", "question"),
        "toolu_no": ("rejected", "tool_use"),
        "toolu_stay": ("expired", "plan"),
    }
    assert asked["toolu_plan"]["decided_at"] == at(1, 54)
    assert asked["toolu_plan"]["created_at"] == at(1, 34)
    assert asked["toolu_plan"]["request_payload"] == {"plan": "1. Blink once"}
    assert asked["toolu_no"]["decision_note"] == "keep the build folder"
    assert asked["toolu_ask"]["title"] == "Which lamp?"
    assert asked["toolu_stay"]["metadata"]["outcome"] == "failed"
    assert asked["toolu_stay"]["decision_note"] == "User chose to stay in plan mode and continue planning"
    for row in found:
        assert row["decided_by"] is None
        decided = row["status"] in {"approved", "rejected"}
        assert row["decided_by_name"] == ("the person at the terminal" if decided else None)
        assert (row["decided_at"] is not None) == decided, "nobody decided what failed"
        assert row["metadata"]["imported"] is True


def test_sessions_and_subagents_are_jobs(url: str) -> None:
    jobs = {row["job_data"]["kind"] + row["agent_identifier"]: row for row in rows(url, "select * from agents.jobs")}
    assert jobs.keys() == {"sessionclaude-code", "subagentExplore", "subagentgeneral-purpose"}
    session = jobs["sessionclaude-code"]
    assert (session["status"], session["created_at"], session["completed_at"]) == ("completed", at(0, 0, 500), at(3, 6))
    assert session["job_data"]["prompt"].startswith("Why does the lamp")
    ended = jobs["subagentExplore"]
    assert (ended["status"], ended["started_at"], ended["completed_at"]) == ("completed", at(0, 52), at(1, 32))
    assert ended["result"]["totalTokens"] == 1200
    background = jobs["subagentgeneral-purpose"]
    assert (background["status"], background["completed_at"]) == ("completed", at(2, 31)), "not the time of its launch"
