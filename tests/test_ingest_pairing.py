"""One session told by two sources counts once, and neither the order of imports nor growing files change the result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from data.ingest.sources import transcripts
from tests.ingest_database import fresh_database, rows, snapshot, value
from tests.ingest_fixtures import FOLDER, GULLS, GULLS_SESSION, HARBOUR_SESSION
from tests.proofs.prove_ingest_orders import ROUNDS, import_in_any_order, import_while_growing

SESSION = "77777777-aaaa-4bbb-8ccc-000000000007"


def test_calls_that_hooks_and_a_transcript_tell_count_once(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([GULLS], url)
        calls = rows(
            url,
            """
            select t.tool_name, t.phase, e.metadata ->> 'source' as source, count(*) from chronicle.tool_events as t
            inner join chronicle.events as e on e.id = t.event_id group by 1, 2, 3
            """,
        )
        counted = {(row["tool_name"], row["phase"], row["source"]): row["count"] for row in calls}
        assert value(url, "select count(*) from chronicle.sessions") == 1
        prompts = rows(url, "select prompt_text, created_at from chronicle.prompt_events")
        compactions = rows(
            url, "select trigger_reason, created_at from chronicle.lifecycle_events where lifecycle_type = 'PreCompact'"
        )
        starts = rows(
            url,
            "select trigger_reason, created_at from chronicle.lifecycle_events where lifecycle_type = 'SessionStart'",
        )
        records = rows(url, "select source_kind, count(*) from signalbox.import_records group by 1")
    assert counted == {
        ("Bash", "pre", "transcript"): 4,  # ls three times and pwd
        ("Bash", "pre", "hooks"): 1,  # ls a fourth time, which only hooks tell
        ("Bash", "post", "transcript"): 3,
        ("Bash", "post", "hooks"): 1,  # the outcome of pwd, which the transcript does not tell
        ("LS", "pre", "hooks"): 1,
        ("LS", "post", "hooks"): 1,
        ("mcp__birds__count", "pre", "hooks"): 1,
        ("mcp__birds__count", "post", "hooks"): 1,
        ("Task", "pre", "hooks"): 1,
        ("Grep", "post", "hooks"): 1,
    }
    assert {row["prompt_text"]: row["created_at"] is not None for row in prompts} == {
        "  count the gulls  ": True,  # told twice, kept as the transcript has it
        "and the terns": False,
    }
    assert sorted(row["trigger_reason"] for row in compactions) == ["auto", "manual"]
    assert sorted(row["trigger_reason"] for row in starts) == ["first entry", "resume"], "startup is the first entry"
    # Nothing lost its provenance: 8 pre, 6 post and 12 others from hooks.
    assert {row["source_kind"]: row["count"] for row in records}["hooks"] == 26


def test_an_outcome_that_only_hooks_tell_belongs_to_the_call_of_the_transcript(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([GULLS], url)
        (call,) = rows(
            url,
            """
            select pre.session_id, post.success, pre.created_at, post.result
            from chronicle.tool_events as pre
            inner join chronicle.tool_events as post on post.call_id = pre.call_id and post.phase = 'post'
            inner join chronicle.events as e on e.id = pre.event_id
            where pre.phase = 'pre' and pre.parameters ->> 'command' = 'pwd' and e.metadata ->> 'source' = 'transcript'
            """,
        )
    assert call["success"] is True
    assert call["created_at"] is not None
    assert call["result"]["stdout"] == "/home/ada/gulls"


@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_the_order_of_imports_makes_no_difference(seed: int, server: embedded.Lease) -> None:
    import_in_any_order(server, seed)


def test_a_second_import_changes_nothing(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        first = ingest([FOLDER], url)
        before = snapshot(url)
        marks = value(url, "select count(*) from signalbox.change_log where source not in (12, 13)")
        second = ingest([FOLDER], url)
        assert snapshot(url) == before
        assert value(url, "select count(*) from signalbox.change_log where source not in (12, 13)") == marks
    assert second.counts["events_added"] == 0
    assert not any(file.added for file in second.files)
    read = sum(file.read.total() for file in first.files)
    assert second.counts["known_records"] == read


@pytest.mark.parametrize("seed", range(ROUNDS // 10))
def test_growing_files_end_where_whole_files_do(seed: int, server: embedded.Lease, tmp_path: Path) -> None:
    import_while_growing(server, tmp_path, seed)


def _hook(name: str, **more: Any) -> dict[str, Any]:
    return {"session_id": SESSION, "cwd": "/home/ada/bay", "hook_event_name": name, **more}


def _entry(kind: str, second: int, uuid: str, **more: Any) -> dict[str, Any]:
    at = f"2026-03-03T08:00:{second:02d}.000Z"
    return {"type": kind, "sessionId": SESSION, "uuid": uuid, "timestamp": at, "cwd": "/home/ada/bay", **more}


def _called(second: int, use_id: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    block = {"type": "tool_use", "id": use_id, "name": name, "input": given}
    return _entry("assistant", second, f"call-{use_id}", message={"role": "assistant", "content": [block]})


def _answered(second: int, use_id: str, content: str, *, failed: bool = False) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": use_id, "content": content, "is_error": failed}
    return _entry("user", second, f"result-{use_id}", message={"role": "user", "content": [block]})


def _write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("transcript_first", [True, False])
def test_hooks_with_ids_and_a_transcript_meet_in_one_row(
    transcript_first: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    given = {"command": "tide --now"}
    hooks = _write(
        tmp_path / "hooks.jsonl",
        [
            _hook("PreToolUse", tool_name="Bash", tool_input=given, tool_use_id="toolu_t", permission_mode="plan"),
            _hook(
                "PostToolUse",
                tool_name="Bash",
                tool_input=given,
                tool_use_id="toolu_t",
                tool_response={"stdout": "high", "from": "hook"},
                duration_ms=40,
            ),
        ],
    )
    transcript = _write(
        tmp_path / "transcript.jsonl", [_called(1, "toolu_t", "Bash", given), _answered(9, "toolu_t", "high")]
    )
    with fresh_database(server) as url:
        for path in (transcript, hooks) if transcript_first else (hooks, transcript):
            ingest([path], url)
        found = rows(
            url,
            """
            select t.*, e.metadata, e.timestamp, e.data from chronicle.tool_events as t
            inner join chronicle.events as e on e.id = t.event_id order by t.phase desc
            """,
        )
        assert value(url, "select count(*) from signalbox.import_records") == 5
    pre, post = found
    assert pre["timestamp"] is not None
    assert pre["metadata"]["source"] == "transcript"
    assert pre["metadata"]["permission_mode"] == "plan", "what only the hook knows stays"
    assert post["execution_time_ms"] == 40, "the hook's figure leaves out the time a person took"
    assert post["result"] == {"content": "high"}
    assert pre["call_id"] == post["call_id"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_results_find_calls_of_other_files(order: Sequence[int], server: embedded.Lease, tmp_path: Path) -> None:
    given = {"command": "tide"}
    files = [
        _write(tmp_path / "calls.jsonl", [_called(1, "toolu_1", "Bash", given), _called(2, "toolu_2", "Bash", given)]),
        _write(
            tmp_path / "results.jsonl", [_answered(5, "toolu_1", "high"), _answered(9, "toolu_2", "low", failed=True)]
        ),
        _write(
            tmp_path / "hooks.jsonl", [_hook("PostToolUse", tool_name="Bash", tool_input=given, tool_response="high")]
        ),
    ]
    with fresh_database(server) as url:
        for place in order:
            ingest([files[place]], url)
        found = rows(url, "select * from chronicle.tool_events where phase = 'post' order by created_at")
        assert value(url, "select count(distinct call_id) from chronicle.tool_events") == 2
    assert [(row["tool_name"], row["execution_time_ms"], row["success"]) for row in found] == [
        ("Bash", 4000, True),
        ("Bash", 7000, False),
    ]


def test_a_result_that_comes_very_late_still_finds_its_call(
    server: embedded.Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many calls are kept in mind while a file is read; the database knows the others."""
    monkeypatch.setattr(transcripts, "_OPEN_CALLS", 3)
    uses = range(10)
    path = _write(
        tmp_path / "session.jsonl",
        [_called(number, f"toolu_{number}", "Bash", {"command": "tide"}) for number in uses]
        + [_answered(20 + number, f"toolu_{number}", "high") for number in uses],
    )
    with fresh_database(server) as url:
        ingest([path], url)
        found = rows(
            url, "select distinct tool_name, execution_time_ms from chronicle.tool_events where phase = 'post'"
        )
        keyed = value(url, "select count(*) from signalbox.import_records where pair_key is not null")
    assert found == [{"tool_name": "Bash", "execution_time_ms": 20_000}]
    assert keyed == 21


def test_a_result_whose_call_is_in_no_log_stays_and_says_so(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        ingest([_write(tmp_path / "results.jsonl", [_answered(5, "toolu_1", "high")])], url)
        (found,) = rows(url, "select tool_name, phase, success, execution_time_ms from chronicle.tool_events")
    assert found == {"tool_name": "unknown", "phase": "post", "success": True, "execution_time_ms": None}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_copy_of_a_session_under_another_id_adds_no_calls(
    backwards: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    """Resuming a session copies its entries into a new file under a new session id."""
    told = [
        _called(1, "toolu_1", "Bash", {"command": "tide"}),
        _answered(2, "toolu_1", "high"),
    ]
    copy = [{**entry, "sessionId": "88888888-aaaa-4bbb-8ccc-000000000008"} for entry in told]
    files = [_write(tmp_path / "one.jsonl", told), _write(tmp_path / "two.jsonl", copy)]
    with fresh_database(server) as url:
        for path in reversed(files) if backwards else files:
            ingest([path], url)
        found = rows(
            url,
            """
            select t.phase, s.session_id from chronicle.tool_events as t
            inner join chronicle.sessions as s on s.id = t.session_id order by t.phase
            """,
        )
        assert value(url, "select count(*) from chronicle.sessions") == 2
    assert found == [{"phase": "post", "session_id": SESSION}, {"phase": "pre", "session_id": SESSION}]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_decision_that_both_sources_tell_is_one(backwards: bool, server: embedded.Lease, tmp_path: Path) -> None:
    given, other = {"command": "rm -rf reef"}, {"command": "ls"}
    refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    hooks = _write(
        tmp_path / "hooks.jsonl",
        [
            _hook("PermissionRequest", tool_name="Bash", tool_input=given),
            _hook("PermissionRequest", tool_name="Bash", tool_input=other),
            _hook("Notification", message="Claude needs your permission to use Bash"),
        ],
    )
    transcript = _write(
        tmp_path / "transcript.jsonl",
        [
            _called(1, "toolu_1", "Bash", given),
            _answered(2, "toolu_1", refusal, failed=True),
            _called(3, "toolu_2", "Bash", other),
            _answered(4, "toolu_2", "reef"),
        ],
    )
    with fresh_database(server) as url:
        for path in (hooks, transcript) if backwards else (transcript, hooks):
            ingest([path], url)
        found = rows(url, "select status, request_payload, decided_at from engine.human_approvals order by status")
    assert [(row["status"], row["request_payload"]) for row in found] == [("approved", other), ("rejected", given)]
    assert all(row["decided_at"] for row in found)


@pytest.mark.parametrize("later", [True, False])
def test_a_subagent_runs_only_while_nothing_happened_after_it(
    later: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    task = _called(1, "toolu_1", "Task", {"description": "d", "prompt": "p", "subagent_type": "diver"})
    prompt = _entry("user", 30, "next", message={"role": "user", "content": "go on without it"})
    with fresh_database(server) as url:
        path = _write(tmp_path / "session.jsonl", [task])
        ingest([path], url)
        job = "select status, error_message, completed_at from agents.jobs where agent_identifier = 'diver'"
        assert rows(url, job) == [{"status": "running", "error_message": None, "completed_at": None}]
        if later:
            ingest([_write(path, [task, prompt])], url)
            (found,) = rows(url, job)
            assert (found["status"], found["completed_at"]) == ("cancelled", None)
            assert found["error_message"] == "The log holds no result of this call."
        ingest([_write(path, [task, prompt, _answered(40, "toolu_1", "found a pearl")])], url)
        (found,) = rows(url, job)
    assert (found["status"], found["error_message"]) == ("completed", None)
    assert found["completed_at"].second == 40, "the time of the result, and not of the import"


def test_what_a_person_did_to_an_imported_job_stays(server: embedded.Lease, tmp_path: Path) -> None:
    task = _called(1, "toolu_1", "Task", {"description": "d", "prompt": "p", "subagent_type": "diver"})
    path = _write(tmp_path / "session.jsonl", [task])
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


def test_provenance_names_all_that_told_of_an_event(server: embedded.Lease) -> None:
    with fresh_database(server) as url:
        ingest([FOLDER], url)
        told = rows(
            url,
            """
            select r.event_id, array_agg(distinct r.source_kind order by r.source_kind) as kinds
            from signalbox.import_records as r
            inner join chronicle.events as e on e.id = r.event_id
            inner join chronicle.sessions as s on s.id = e.session_id
            where s.session_id = any(%(ids)s) group by r.event_id
            """,
            ids=[GULLS_SESSION, HARBOUR_SESSION],
        )
        assert value(url, "select count(*) from chronicle.events") == value(
            url, "select count(distinct event_id) from signalbox.import_records"
        )
    kinds = Counter(tuple(row["kinds"]) for row in told)
    assert kinds["hooks", "transcript"] == 9
