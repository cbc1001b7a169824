"""What becomes of hook payloads, of status lines and of work items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from data import embedded
from data.ingest import ingest
from tests.ingest_database import fresh_database, rows, value
from tests.ingest_fixtures import GULLS, GULLS_SESSION, HARBOUR, ITEMS, REEF


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
    assert value(gulls, "select count(*) from engine.human_approvals") == 0, "a notification names no question"


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
    assert jobs["reef-1.1"]["started_at"] is None, "unknown, and not the time of the import"
    assert jobs["reef-1.1"]["job_data"]["dependencies"][0]["depends_on_id"] == "reef-1"
    assert jobs["reef-2"]["job_data"]["status"] == "blocked"
    assert jobs["reef-3"]["completed_at"] == datetime(2026, 3, 1, 11, 40, tzinfo=UTC)
