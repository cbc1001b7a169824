"""What becomes of hook payloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, value
from tests.ingest_fixtures import GULLS, GULLS_SESSION, HARBOUR, REEF
from tests.ingest_records import SESSION, hook, write

HOOKS_WITHOUT_A_TYPE = """
    Setup UserPromptExpansion PermissionDenied PostToolBatch SubagentStart PostCompact TaskCreated TaskCompleted
    TeammateIdle InstructionsLoaded ConfigChange CwdChanged DirectoryAdded FileChanged WorktreeCreate WorktreeRemove
    Elicitation ElicitationResult
"""


@pytest.fixture(scope="module")
def gulls(server: embedded.Lease) -> Iterator[str]:
    """Hooks without ids, as older versions wrote them, without the transcript beside them."""
    with fresh_database(server) as url:
        ingest([path for path in sorted(GULLS.iterdir()) if path.name != "chat.json"], url)
        yield url


@pytest.fixture(scope="module")
def harbour(server: embedded.Lease) -> Iterator[str]:
    with fresh_database(server) as url:
        assert ingest([HARBOUR], url).holds
        yield url


@pytest.fixture(scope="module")
def reef(server: embedded.Lease) -> Iterator[str]:
    with fresh_database(server) as url:
        assert ingest([REEF], url).holds
        yield url


def test_events_without_times_stay_without_times(gulls: str) -> None:
    assert value(gulls, "select count(*) from chronicle.events where timestamp is not null") == 0
    for table in ("tool_events", "prompt_events", "notification_events", "lifecycle_events", "project_context"):
        found = rows(gulls, f"select created_at from chronicle.{table} where created_at is not null")  # noqa: S608
        assert found == []
    (session,) = rows(gulls, "select * from chronicle.sessions")
    assert (session["started_at"], session["ended_at"], session["status"]) == (None, None, "completed")
    assert session["session_id"] == GULLS_SESSION


def test_equal_payloads_are_counted_and_not_merged(gulls: str) -> None:
    calls = rows(gulls, "select phase, count(*) from chronicle.tool_events where tool_name = 'Bash' group by phase")
    assert {row["phase"]: row["count"] for row in calls} == {"pre": 5, "post": 3}
    messages = Counter(row["message"] for row in rows(gulls, "select message from chronicle.notification_events"))
    assert messages["Claude is waiting for your input"] == 2


def test_calls_without_ids_pair_by_tool_input_and_order(gulls: str) -> None:
    calls = rows(
        gulls,
        """
        select tool_name, call_id, count(*) as phases, bool_or(phase = 'post') as answered from chronicle.tool_events
        group by tool_name, call_id order by tool_name
        """,
    )
    assert Counter((row["tool_name"], row["phases"], row["answered"]) for row in calls) == {
        ("Bash", 2, True): 3,
        ("Bash", 1, False): 2,
        ("LS", 2, True): 1,
        ("Task", 1, False): 1,
        ("mcp__birds__count", 2, True): 1,
        ("Grep", 1, True): 1,
    }


def test_responses_of_every_shape_are_kept(gulls: str) -> None:
    found = rows(
        gulls, "select tool_name, tool_type, result, execution_time_ms from chronicle.tool_events where phase = 'post'"
    )
    results = {row["tool_name"]: row for row in found}
    assert results["LS"]["result"] == "- gulls/"
    assert results["mcp__birds__count"]["result"] == [{"type": "text", "text": "7"}]
    assert results["mcp__birds__count"]["tool_type"] == "mcp"
    assert results["Grep"]["execution_time_ms"] == 23
    assert results["LS"]["execution_time_ms"] is None


def test_a_missing_result_is_no_failure(gulls: str) -> None:
    found = rows(gulls, "select distinct phase, success from chronicle.tool_events")
    assert {(row["phase"], row["success"]) for row in found} == {("pre", None), ("post", True)}


def test_notifications_have_a_type_and_a_severity(gulls: str) -> None:
    found = rows(gulls, "select notification_type, severity, acknowledged from chronicle.notification_events")
    assert Counter((row["notification_type"], row["severity"]) for row in found) == {
        ("idle_prompt", "info"): 2,
        ("permission_prompt", "warning"): 2,
    }
    asked = rows(gulls, "select status, metadata ->> 'outcome' as outcome from engine.human_approvals")
    assert asked == [{"status": "expired", "outcome": "unanswered"}] * 2, "of which nothing tells what became"


def test_a_call_of_a_subagent_without_an_outcome_is_not_left_running(gulls: str) -> None:
    (job,) = rows(gulls, "select * from agents.jobs")
    assert (job["status"], job["agent_identifier"], job["completed_at"]) == ("cancelled", "birder", None)
    assert job["created_at"] is None
    assert "no result" in job["error_message"]


def test_the_last_status_line_tells_the_cost(gulls: str) -> None:
    cost = value(gulls, "select metadata -> 'cost' from chronicle.sessions")
    assert cost["total_cost_usd"] == 0.75
    assert cost["recorded"] is True
    assert cost["recorded_at_local"] == "2026-03-02T10:21:00.5"


def test_hooks_with_ids_pair_by_them(harbour: str) -> None:
    found = rows(
        harbour,
        """
        select e.metadata ->> 'tool_use_id' as id, t.phase, t.success, t.execution_time_ms, t.error_message, e.metadata
        from chronicle.tool_events as t inner join chronicle.events as e on e.id = t.event_id
        """,
    )
    phases = {(row["id"], row["phase"]): row for row in found}
    assert phases.keys() == {
        ("toolu_h1", "pre"),
        ("toolu_h1", "post"),
        ("toolu_h2", "pre"),
        ("toolu_h2", "post"),
        ("toolu_h3", "pre"),
    }
    assert (phases["toolu_h1", "post"]["success"], phases["toolu_h1", "post"]["execution_time_ms"]) == (True, 12)
    failure = phases["toolu_h2", "post"]
    assert (failure["success"], failure["error_message"], failure["execution_time_ms"]) == (False, "Exit code 1", 34)
    assert failure["metadata"]["hook_event_name"] == "PostToolUseFailure"
    assert phases["toolu_h3", "pre"]["metadata"]["agent_type"] == "Explore"
    assert phases["toolu_h2", "pre"]["metadata"]["hook_event_name"] == "PreToolUse", "other spelling, same event"


def test_events_unknown_to_chronicle_are_kept_under_their_own_name(harbour: str) -> None:
    found = rows(
        harbour,
        "select metadata ->> 'hook_event_name' as name, data from chronicle.events where event_type = 'system_health'",
    )
    assert {row["name"] for row in found} == {"PermissionDenied", "PostToolBatch", "SomethingOfTomorrow"}
    assert next(row["data"] for row in found if row["name"] == "SomethingOfTomorrow")["novelty"] is True
    assert value(harbour, "select count(*) from chronicle.events where data ->> 'delta' is not null") == 0


def test_a_session_that_stopped_by_a_failure_ended_in_an_error(harbour: str) -> None:
    (session,) = rows(harbour, "select * from chronicle.sessions")
    assert session["status"] == "error"
    assert session["ended_at"] == datetime(2026, 3, 2, 9, 0, tzinfo=UTC), "one payload carried a time with a zone"
    assert session["metadata"]["model"] == "claude-opus-4-6"


def test_requests_for_permission_become_decisions(harbour: str) -> None:
    approvals = rows(harbour, "select title, status, decided_at, metadata from engine.human_approvals")
    assert {row["title"]: row["status"] for row in approvals} == {
        "Allow the use of Write": "approved",  # the tool ran afterwards
        "Allow the use of Bash": "expired",  # nobody knows what came of it
    }
    assert value(harbour, "select count(*) from chronicle.notification_events") == 3


def test_rows_of_chronicle_are_read_under_early_and_late_names(reef: str) -> None:
    events = rows(reef, "select event_type, timestamp, metadata ->> 'hook_event_name' as name from chronicle.events")
    assert {(row["event_type"], row["name"]) for row in events} == {
        ("session_start", "SessionStart"),
        ("tool_pre_use", "PreToolUse"),
        ("tool_post_use", "PostToolUse"),
        ("session_stop", "Stop"),
        ("session_stop", "SessionEnd"),
    }
    assert all(row["timestamp"] for row in events)
    assert value(reef, "select execution_time_ms from chronicle.tool_events where phase = 'post'") == 2500
    (session,) = rows(reef, "select started_at, ended_at, project_name from chronicle.sessions")
    assert (session["started_at"].hour, session["ended_at"].second, session["project_name"]) == (11, 10, "reef")


def test_hooks_of_all_kinds_have_a_type_and_keep_their_name(server: embedded.Lease, tmp_path: Path) -> None:
    names = [*HOOKS_WITHOUT_A_TYPE.split(), "SessionEnd"]
    starts = [hook("SessionStart", source=source) for source in ("startup", "resume", "clear", "compact", "fork")]
    without_directory = {"session_id": SESSION, "hook_event_name": "SubagentStop"}
    told = [*starts, *[hook(name) for name in names], without_directory, hook("MessageDisplay", delta="x")]
    with fresh_database(server) as url:
        report = ingest([write(tmp_path / "h.jsonl", told)], url)
        found = rows(url, "select event_type, metadata ->> 'hook_event_name' as name from chronicle.events")
        reasons = rows(
            url, "select trigger_reason from chronicle.lifecycle_events where lifecycle_type = 'SessionStart'"
        )
    assert report.holds
    assert report.files[0].left_out == {"MessageDisplay": 1}
    types = {row["name"]: row["event_type"] for row in found}
    assert types.pop("SessionStart") == "session_start"
    assert types.pop("SessionEnd") == types.pop("SubagentStop") == "session_stop"
    assert types == dict.fromkeys(HOOKS_WITHOUT_A_TYPE.split(), "system_health")
    assert {row["trigger_reason"] for row in reasons} == {"startup", "resume", "clear", "compact", "fork"}


def test_messages_that_ask_for_permission_are_known_in_all_their_forms(server: embedded.Lease, tmp_path: Path) -> None:
    messages = {
        "Claude needs your permission to use Bash": "permission_prompt",
        "Claude needs your permission to use birds - count (MCP)": "permission_prompt",
        "Claude needs your permission to use ": "permission_prompt",
        "Claude is waiting for your input": "idle_prompt",
        "Your session is old": "unknown",
    }
    told = [hook("Notification", message=message) for message in messages]
    told.append(hook("Notification", message="Signed in", notification_type="auth_success"))
    with fresh_database(server) as url:
        ingest([write(tmp_path / "n.jsonl", told)], url)
        found = rows(url, "select message, notification_type, severity from chronicle.notification_events")
    assert {row["message"]: row["notification_type"] for row in found} == {**messages, "Signed in": "auth_success"}
    assert all((row["severity"] == "warning") == (row["notification_type"] == "permission_prompt") for row in found)
