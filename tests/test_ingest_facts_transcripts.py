"""Transcripts of the real samples: every figure equals what an independent counter found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from tests.ingest_database import rows
from tests.ingest_samples import (
    ABSENT,
    FOLDER,
    TRANSCRIPT_SOURCES,
    WHY,
    Imported,
    facts_of_samples,
    imported_samples,
    transcript_facts,
)

pytestmark = pytest.mark.skipif(ABSENT, reason=WHY)


@pytest.fixture(scope="module")
def imported(server: embedded.Lease) -> Iterator[Imported]:
    with imported_samples(server) as found:
        yield found


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return facts_of_samples()


def _percentile(values: list[int], share: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 3)


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_transcripts_are_counted_as_the_facts_count_them(
    source: str, imported: Imported, facts: dict[str, Any]
) -> None:
    expected = transcript_facts(facts, source)
    records = imported.of(source, "transcript")
    assert sorted({row["session_id"] for row in records}) == expected["session_ids"]
    by_type = Counter(row["event_type"] for row in records)
    for name, count in expected["expected_chronicle_events"].items():
        assert by_type[name] == count, name
    pre = [row for row in records if row["phase"] == "pre"]
    post = [row for row in records if row["phase"] == "post"]
    assert dict(Counter(row["tool_name"] for row in pre)) == expected["tool_calls_by_name"]
    assert len(post) == expected["tool_results"]
    calls = {row["call_id"] for row in pre}
    answered = {row["call_id"] for row in post}
    assert len(calls - answered) == expected["tool_calls_without_result"]
    assert len(answered - calls) == expected["tool_results_without_call"]
    failed = [row for row in post if row["success"] is False]
    assert dict(Counter(row["tool_name"] for row in failed)) == expected["tool_errors_by_name"]
    refused = [row for row in failed if row["error_message"].startswith("The user doesn't want to proceed")]
    assert dict(Counter(row["tool_name"] for row in refused)) == expected["human_rejections_by_tool"]


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_other_happenings_of_transcripts_equal_the_facts(
    source: str, imported: Imported, facts: dict[str, Any]
) -> None:
    expected = transcript_facts(facts, source)
    records = imported.of(source, "transcript")
    happenings = Counter(row["metadata"].get("entry") for row in records if row["event_type"] == "system_health")
    assert happenings["slash_command"] == expected["slash_commands"]
    assert happenings["interruption"] == expected["interruptions"]
    assert happenings["api_error"] == expected["api_errors"]
    assert happenings["turn_duration"] == expected["turn_durations"]
    turns = [row["data"]["durationMs"] for row in records if row["metadata"].get("entry") == "turn_duration"]
    assert sum(turns) == expected["turn_duration_ms_total"]
    compactions = [row for row in records if row["event_type"] == "compact_pre"]
    assert dict(Counter(row["trigger_reason"] for row in compactions)) == expected["compaction_triggers"]
    assert sorted(row["data"]["preTokens"] for row in compactions) == sorted(expected["compaction_pre_tokens"])


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_latencies_of_transcripts_equal_the_facts(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = transcript_facts(facts, source)
    post = [row for row in imported.of(source, "transcript") if row["phase"] == "post"]
    measured = {"": [row["execution_time_ms"] for row in post]}
    for row in post:
        measured.setdefault(row["tool_name"], []).append(row["execution_time_ms"])
    wanted = {"": expected["latency_ms"], **expected["latency_ms_by_tool"]}
    assert set(measured) == set(wanted)
    for tool, values in measured.items():
        assert len(values) == wanted[tool]["n"], tool
        assert round(sum(values) / len(values), 3) == wanted[tool]["avg"], tool
        assert _percentile(values, 0.5) == wanted[tool]["p50"], tool
        assert _percentile(values, 0.95) == wanted[tool]["p95"], tool


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_sessions_of_transcripts_equal_the_facts(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = transcript_facts(facts, source)
    sessions = rows(
        imported.url,
        "select * from chronicle.sessions where session_id = any(%(ids)s)",
        ids=expected["session_ids"],
    )
    first = datetime.fromisoformat(expected["first_timestamp"])
    last = datetime.fromisoformat(expected["last_timestamp"])
    assert min(row["started_at"] for row in sessions) == first
    assert max(row["ended_at"] for row in sessions) == last
    agents = {name for row in sessions for name in row["metadata"].get("agents", {})}
    assert len(agents) == expected["subagents"]
    starts = [row for row in imported.of(source, "transcript") if row["event_type"] == "session_start"]
    assert min(row["timestamp"] for row in starts) == first


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_tokens_equal_the_facts(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = transcript_facts(facts, source)
    replies = rows(
        imported.url,
        """
        select m.model, count(*) as replies, sum(m.input_tokens)::bigint as input_tokens,
            sum(m.output_tokens)::bigint as output_tokens,
            sum(m.cache_write_tokens)::bigint as cache_creation_input_tokens,
            sum(m.cache_read_tokens)::bigint as cache_read_input_tokens
        from signalbox.model_replies as m inner join chronicle.sessions as s on s.id = m.session_id
        where s.session_id = any(%(ids)s) group by m.model
        """,
        ids=expected["session_ids"],
    )
    assert {row["model"]: row["replies"] for row in replies} == expected["api_messages_by_model"]
    fields = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    assert {row["model"]: {field: row[field] for field in fields} for row in replies} == expected["tokens_by_message"]


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_human_decisions_equal_the_facts(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = transcript_facts(facts, source)
    calls = [row["call_id"] for row in imported.of(source, "transcript") if row["phase"] == "pre"]
    approvals = rows(
        imported.url,
        "select * from engine.human_approvals where (context ->> 'call_id')::uuid = any(%(calls)s)",
        calls=calls,
    )
    for tool, decided in expected["human_decisions"].items():
        asked = [row for row in approvals if row["context"]["tool"] == tool]
        assert len(asked) == decided["asked"]
        outcomes = Counter(row["metadata"]["outcome"] for row in asked)
        assert outcomes["approved"] == decided["approved"]
        assert outcomes["rejected"] == decided["rejected"]
        assert outcomes["failed"] == decided["failed_otherwise"]
        assert outcomes["unanswered"] == decided["unanswered"]
    assert sum(row["status"] == "rejected" for row in approvals) == expected["human_rejections"]
    assert not [row for row in approvals if row["status"] == "pending"]
    for row in approvals:
        assert (row["decided_at"] is not None) == (row["status"] in {"approved", "rejected"})
        assert row["metadata"]["imported"] is True


@pytest.mark.parametrize("source", ["session-share-transcripts", "spotter-transcripts"])
def test_each_file_equals_its_facts(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    records: dict[str, list[dict[str, Any]]] = {}
    for row in imported.of(source, "transcript"):
        records.setdefault(str(Path(row["path"]).relative_to(FOLDER.resolve())), []).append(row)
    for name, expected in facts[source]["per_file"].items():
        found = records.get(name, [])
        pre = [row for row in found if row["phase"] == "pre"]
        post = [row for row in found if row["phase"] == "post"]
        assert dict(Counter(row["tool_name"] for row in pre)) == expected["tool_calls_by_name"], name
        assert len(post) == expected["tool_results"], name
        failed = Counter(row["tool_name"] for row in post if row["success"] is False)
        assert dict(failed) == expected["tool_errors_by_name"], name
        types = Counter(row["event_type"] for row in found)
        assert types["user_prompt"] == expected["human_prompts"], name
        assert types["compact_pre"] == expected["compactions"], name
        entries = Counter(row["metadata"].get("entry") for row in found)
        assert entries["api_error"] == expected["api_errors"], name
