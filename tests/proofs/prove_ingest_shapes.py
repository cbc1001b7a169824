"""Whatever shape the records of a log have, none stops its import.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.ingest.report import FileReport
from data.ingest.sources.sorting import RecordSorter

ROUNDS = 400

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "type",
    "uuid",
    "sessionId",
    "session_id",
    "hook_event_name",
    "timestamp",
    "message",
    "content",
    "usage",
    "id",
    "model",
    "toolUseResult",
    "tool_name",
    "tool_input",
    "tool_response",
    "tool_use_id",
    "prompt",
    "cwd",
    "agentId",
    "agent_id",
    "subtype",
    "level",
    "cost",
    "input_data",
    "title",
    "status",
    "issue_type",
    "priority",
    "created_at",
    "compactMetadata",
    "notification_type",
    "error",
    "event_type",
    "data",
    "duration_ms",
    "checkpoint_id",
    "files_touched",
    "attribution",
    "agent",
]
names = st.sampled_from(
    ["user", "assistant", "system", "progress", "PreToolUse", "PostToolUse", "Notification", "Stop", "UserPromptSubmit"]
)
strange_records = st.dictionaries(st.sampled_from(FIELDS), anything | names, max_size=10).map(
    lambda record: {"type": "user", "sessionId": "s", **record} if len(record) % 2 else record
)
record_lists = st.lists(strange_records, max_size=6)


def sort(values: list[dict[str, Any]]) -> None:
    """Sort these records: what comes out has as many columns as the tables take."""
    written: list[bytes] = []
    problems: list[str] = []
    sorter = RecordSorter(written.append, FileReport("x"), lambda _, reason: problems.append(reason))
    for line, record in enumerate(values, 1):
        sorter.take(line, record)
    sorter.finish()
    content = b"".join(written)
    assert all(row.count(b"\t") == 44 for row in content.splitlines())


@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(record_lists)
def test_no_shape_of_a_record_stops_an_import(values: list[dict[str, Any]]) -> None:
    sort(values)
