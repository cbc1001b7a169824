"""Oddities of real logs, each in a log made up for it, so that none needs the samples to be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import LIGHTHOUSE_AGENT, LIGHTHOUSE_SESSION
from tests.ingest_records import REFUSAL, answered, called, entry, hook, reply, typed, write


def progress(second: int, kind: str, **more: Any) -> dict[str, Any]:
    return entry("progress", second, f"progress-{kind}", data={"type": kind, **more}, toolUseID="toolu_1")


def test_a_subagent_whose_parent_is_missing_is_a_session_by_the_parents_id(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        assert ingest([LIGHTHOUSE_AGENT], url).holds
        (session,) = rows(url, "select session_id, started_at, metadata from chronicle.sessions")
        assert value(url, "select count(*) from chronicle.tool_events where phase = 'pre'") == 1
        assert value(url, "select count(*) from chronicle.prompt_events") == 0, "the parent wrote it, and no person"
    assert session["session_id"] == LIGHTHOUSE_SESSION
    assert session["started_at"] is not None
    assert session["metadata"]["agents"].keys() == {"abc1234"}


def test_a_subagent_that_compacts_is_an_agent_among_others(server: embedded.Lease, tmp_path: Path) -> None:
    told = typed(5, "Summarise it", isSidechain=True, agentId="acompact-1f2e3d")
    with fresh_database(server) as url:
        ingest([write(tmp_path / "agent-acompact-1f2e3d.jsonl", [told])], url)
        assert value(url, "select metadata -> 'agents' from chronicle.sessions").keys() == {"acompact-1f2e3d"}


def test_progress_of_every_kind_is_counted_and_makes_no_event(server: embedded.Lease, tmp_path: Path) -> None:
    nested = called(3, "toolu_nested", "Bash", {"command": "ls"})
    kinds = ("hook_progress", "bash_progress", "mcp_progress", "query_update", "search_results_received")
    told = [progress(2, kind) for kind in (*kinds, "waiting_for_task")]
    told.append(progress(3, "agent_progress", message=nested, prompt="look around"))
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "p.jsonl", [typed(1, "Begin"), *told])], url)
        types = rows(url, "select event_type from chronicle.events order by 1")
    assert report.holds
    assert report.files[0].left_out == {"progress": 7}
    assert [row["event_type"] for row in types] == ["session_start", "user_prompt"]


def test_system_entries_of_every_kind_have_their_place(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        entry("system", 1, "a", subtype="stop_hook_summary", hookCount=2, hookErrors=[], preventedContinuation=False),
        entry("system", 2, "b", subtype="microcompact_boundary", content="Context microcompacted"),
        entry("system", 3, "c", subtype="local_command", content="<command-name>/model</command-name>"),
        entry("system", 4, "d", subtype="local_command", content="<local-command-stdout>Set</local-command-stdout>"),
        entry("system", 5, "e", content="<bold>PreToolUse:Edit</bold> [lint] completed successfully", level="info"),
        entry("system", 6, "f", content="<bold>PostToolUse:Edit</bold> [lint] failed", level="warning"),
        entry("pr-link", 7, "g", prNumber=12, prUrl="https://example.com/12"),
    ]
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "s.jsonl", told)], url)
        found = rows(
            url,
            """
            select metadata ->> 'entry' as entry, metadata ->> 'severity' as severity from chronicle.events
            where event_type = 'system_health' order by 1
            """,
        )
    assert [(row["entry"], row["severity"]) for row in found] == [
        ("local_command", "info"),
        ("microcompact_boundary", "info"),
        ("stop_hook_summary", "info"),
        ("system_message", "warning"),
    ]
    assert report.files[0].left_out == {"local_command_output": 1, "hook_message": 1, "pr-link": 1}


def test_errors_of_every_kind_fail_and_only_a_persons_no_is_a_rejection(server: embedded.Lease, tmp_path: Path) -> None:
    words = {
        "exit": "Exit code 2\nno such file",
        "use": "<tool_use_error>String to replace not found</tool_use_error>",
        "sibling": "Sibling tool call errored",
        "no": REFUSAL,
    }
    told = []
    for second, (name, text) in enumerate(words.items()):
        told += [called(second, name, "Bash", {"command": name}), answered(second + 10, name, text, failed=True)]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "e.jsonl", told)], url)
        failed = rows(url, "select success, error_message, result from chronicle.tool_events where phase = 'post'")
        asked = rows(url, "select status, request_payload from engine.human_approvals")
    assert {row["error_message"] for row in failed} == set(words.values())
    assert {row["success"] for row in failed} == {False}
    assert asked == [{"status": "rejected", "request_payload": {"command": "no"}}]


@pytest.mark.parametrize(
    ("told", "failed", "result"),
    [
        ({"stdout": "x"}, False, {"stdout": "x"}),
        ("- /home/ada/bay/", False, "- /home/ada/bay/"),
        ([{"type": "text", "text": "7"}], False, [{"type": "text", "text": "7"}]),
        (None, False, {"content": "shown"}),
        ("Error: Exit code 1", True, None),
        ("User rejected tool use", True, None),
    ],
)
def test_structured_results_of_every_shape_are_kept(
    told: Any, failed: bool, result: Any, server: embedded.Lease, tmp_path: Path
) -> None:
    more = {} if told is None else {"toolUseResult": told}
    path = write(
        tmp_path / "r.jsonl", [called(1, "t", "LS", {"path": "."}), answered(2, "t", "shown", failed=failed, **more)]
    )
    with fresh_database(server) as url:
        assert ingest([path], url).holds
        assert rows(url, "select result, success from chronicle.tool_events where phase = 'post'") == [
            {"result": result, "success": not failed}
        ]


def test_an_entry_with_several_results_answers_each_call_by_itself(server: embedded.Lease, tmp_path: Path) -> None:
    both = answered(9, "one", "first")
    both["message"]["content"] += answered(9, "two", "second", failed=True)["message"]["content"]
    both["toolUseResult"] = {"of": "nobody knows which"}
    told = [called(1, "one", "Read", {}), called(2, "two", "Read", {}), both]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "b.jsonl", told)], url)
        found = rows(
            url, "select success, result, error_message from chronicle.tool_events where phase = 'post' order by 1"
        )
    assert found == [
        {"success": False, "result": None, "error_message": "second"},
        {"success": True, "result": {"content": "first"}, "error_message": None},
    ]


@pytest.mark.parametrize(
    ("given", "took"),
    [({"durationMs": 23}, 23), ({"totalDurationMs": 45}, 45), ({"durationMs": -1}, None), ({}, None), ("text", None)],
)
def test_a_duration_told_in_the_result_counts_where_no_times_do(
    given: Any, took: int | None, server: embedded.Lease, tmp_path: Path
) -> None:
    told = [called(1, "t", "WebFetch", {"url": "https://example.com"}), answered(3, "t", "page", toolUseResult=given)]
    untimed = [{name: part for name, part in record.items() if name != "timestamp"} for record in told]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "untimed.jsonl", untimed)], url)
        query = "select execution_time_ms from chronicle.tool_events where phase = 'post'"
        assert value(url, query) == took
    with fresh_database(server) as url:
        ingest([write(tmp_path / "timed.jsonl", told)], url)
        assert value(url, query) == 2000, "from call to result, whatever the result says of itself"


def test_times_that_go_backwards_between_lines_are_put_in_order(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        typed(30, "second", gitBranch="early"),
        typed(50, "last", gitBranch="late"),
        typed(10, "first", gitBranch="earliest"),
        typed(40, "third", gitBranch="middle"),
    ]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "t.jsonl", told)], url)
        (session,) = rows(url, "select started_at, ended_at, git_branch from chronicle.sessions")
        assert value(url, "select timestamp from chronicle.events where event_type = 'session_start'").second == 10
    assert (session["started_at"].second, session["ended_at"].second, session["git_branch"]) == (10, 50, "late")


def test_a_reply_scattered_over_lines_and_files_counts_once_with_its_highest_figures(
    server: embedded.Lease, tmp_path: Path
) -> None:
    early = [reply(1, "msg", "claude-opus-4-6", input_tokens=5, output_tokens=1, cache_read_input_tokens=9)]
    others = [reply(2, f"other-{number}", "claude-opus-4-6", output_tokens=1) for number in range(600)]
    late = [reply(3, "msg", "claude-opus-4-6", input_tokens=5, output_tokens=80)]
    again = [reply(4, "msg", "claude-opus-4-6", input_tokens=6, output_tokens=70)]
    files = [
        write(tmp_path / "one.jsonl", [*early, *others, *late]),
        write(tmp_path / "two.jsonl", again),
    ]
    for order in (files, files[::-1]):
        with fresh_database(server) as url:
            for path in order:
                ingest([path], url)
            (found,) = rows(url, "select * from signalbox.model_replies where message_id = 'msg'")
            assert value(url, "select count(*) from signalbox.model_replies") == 601
        assert (found["input_tokens"], found["output_tokens"], found["cache_read_tokens"]) == (6, 80, 9)
        assert found["replied_at"].second == 1


def test_files_touched_are_those_of_reading_and_writing_tools(server: embedded.Lease, tmp_path: Path) -> None:
    used = {
        "Read": {"file_path": "/home/ada/bay/tide.PY"},
        "Edit": {"file_path": "/home/ada/bay/.gitignore"},
        "Write": {"file_path": "/home/ada/bay/Makefile"},
        "MultiEdit": {"file_path": "C:\\Users\\ada\\bay\\a.tar.gz"},
        "NotebookEdit": {"notebook_path": "/home/ada/bay/tides.ipynb"},
        "Grep": {"path": "/home/ada/bay/src"},
        "Glob": {"path": "/home/ada/bay/src", "pattern": "*"},
        "Bash": {"command": "cat x", "file_path": "/no"},
    }
    told = [called(second, name, name, given) for second, (name, given) in enumerate(used.items(), 10)]
    told.append(called(5, "again", "Read", used["Read"]))
    later = called(2, "before", "Read", used["Edit"])
    query = "select file_path, file_type, created_at from chronicle.project_context"
    with fresh_database(server) as url:
        ingest([write(tmp_path / "f.jsonl", told)], url)
        found = {row["file_path"]: row for row in rows(url, query)}
        ingest([write(tmp_path / "g.jsonl", [later])], url)
        (moved,) = [row for row in rows(url, query) if row["file_path"].endswith(".gitignore")]
    assert {path: row["file_type"] for path, row in found.items()} == {
        "/home/ada/bay/tide.PY": "py",
        "/home/ada/bay/.gitignore": None,
        "/home/ada/bay/Makefile": None,
        "C:\\Users\\ada\\bay\\a.tar.gz": "gz",
        "/home/ada/bay/tides.ipynb": "ipynb",
    }
    assert found["/home/ada/bay/tide.PY"]["created_at"].second == 5, "its first touch"
    assert moved["created_at"].second == 2, "an earlier touch in a later file"


def test_a_file_touched_at_an_unknown_time_gets_its_time_from_whoever_knows_it(
    server: embedded.Lease, tmp_path: Path
) -> None:
    given = {"file_path": "/home/ada/bay/tide.py"}
    query = "select created_at from chronicle.project_context"
    with fresh_database(server) as url:
        ingest([write(tmp_path / "h.jsonl", [hook("PreToolUse", tool_name="Read", tool_input=given)])], url)
        assert rows(url, query) == [{"created_at": None}]
        ingest([write(tmp_path / "t.jsonl", [called(7, "r", "Read", given)])], url)
        (known,) = rows(url, query)
        assert known["created_at"].second == 7
        ingest([write(tmp_path / "h.jsonl", [hook("PreToolUse", tool_name="Edit", tool_input=given)])], url)
        assert rows(url, query) == [known]


@pytest.mark.parametrize("time", [None, "2026-03-03T08:00:00.000Z"])
def test_the_first_prompt_is_the_one_that_the_log_tells_first(
    server: embedded.Lease, tmp_path: Path, time: str | None
) -> None:
    told = [typed(number, f"prompt {number}") | {"timestamp": time} for number in range(8)]
    with fresh_database(server) as url:
        ingest([write(tmp_path / "log.jsonl", told)], url)
        assert value(url, "select first_prompt from analytics.session_summary") == "prompt 0"
