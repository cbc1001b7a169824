"""The import of the real samples: every figure that it can show equals what an independent counter found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import Report, ingest
from tests.agent_log_samples import samples
from tests.ingest_database import fresh_database, rows, snapshot, value

FOLDER = samples()
HOOK_SOURCES = ("attio-hooks", "quantstats-hooks", "task-patterns-hooks")
TRANSCRIPT_SOURCES = ("session-share-transcripts", "spotter-transcripts", "attio-hooks", "task-patterns-hooks")
if FOLDER is None:  # pragma: no cover - the fixtures of the other tests cover every oddity of these logs
    pytestmark = pytest.mark.skip(reason="no samples beside the checkout and no SIGNALBOX_SAMPLES")

# Records of one source, each with the event that it became; what another source told, too, counts for both.
RECORDS = """
    select r.record_key, r.source_kind, f.path, e.id as event_id, e.event_type, e.timestamp, e.metadata, e.data,
        s.session_id, t.tool_name, t.phase, t.success, t.error_message, t.execution_time_ms, t.call_id, t.result,
        n.notification_type, l.lifecycle_type, l.trigger_reason
    from signalbox.import_records as r
    inner join signalbox.import_files as f on f.id = r.file_id
    inner join chronicle.events as e on e.id = r.event_id
    inner join chronicle.sessions as s on s.id = e.session_id
    left join chronicle.tool_events as t on t.event_id = e.id
    left join chronicle.notification_events as n on n.event_id = e.id
    left join chronicle.lifecycle_events as l on l.event_id = e.id
"""


@dataclass
class Imported:
    """The database of this module's one import."""

    url: str
    report: Report
    records: list[dict[str, Any]]

    def of(self, source: str, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.records if row["source_kind"] == kind and _source(row["path"]) == source]


def _source(path: str) -> str:
    assert FOLDER is not None
    return Path(path).relative_to(FOLDER.resolve()).parts[0]


@pytest.fixture(scope="module")
def imported(server: embedded.Lease) -> Iterator[Imported]:
    assert FOLDER is not None
    with fresh_database(server) as url:
        report = ingest([FOLDER], url)
        yield Imported(url, report, [dict(row) for row in rows(url, RECORDS)])


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    assert FOLDER is not None
    document = json.loads((FOLDER / "facts.json").read_text(encoding="utf-8"))
    return dict(document["sources"])


def _hook_facts(facts: dict[str, Any], source: str) -> dict[str, Any]:
    return dict(facts[source])


def _transcript_facts(facts: dict[str, Any], source: str) -> dict[str, Any]:
    return dict(facts[source].get("totals") or facts[source]["chat_json"])


def _percentile(values: list[int], share: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 3)


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_hooks_are_counted_as_the_facts_count_them(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = _hook_facts(facts, source)
    records = imported.of(source, "hooks")
    assert len(records) == expected["events_total"]
    assert len({row["session_id"] for row in records}) == expected["sessions"]
    by_type = Counter(row["event_type"] for row in records)
    assert {name: by_type[name] for name in expected["expected_chronicle_events"]} == expected[
        "expected_chronicle_events"
    ]
    by_file = Counter(Path(row["path"]).name for row in records)
    assert dict(by_file) == expected["records_by_file"]
    for phase in ("pre", "post"):
        assert (
            dict(Counter(row["tool_name"] for row in records if row["phase"] == phase)) == expected[f"{phase}_by_tool"]
        )
    kinds = Counter(row["notification_type"] for row in records if row["event_type"] == "notification")
    assert {name.removesuffix("_prompt"): count for name, count in kinds.items()} == expected["notifications"]


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_hook_starts_compactions_and_responses_equal_the_facts(
    source: str, imported: Imported, facts: dict[str, Any]
) -> None:
    expected = _hook_facts(facts, source)
    alone = [row for row in imported.of(source, "hooks") if row["metadata"]["source"] == "hooks"]
    paired_starts = sum(
        1
        for row in imported.of(source, "hooks")
        if row["event_type"] == "session_start" and row["metadata"]["source"] == "transcript"
    )
    starts = Counter(row["trigger_reason"] for row in alone if row["event_type"] == "session_start")
    assert starts.total() + paired_starts == sum(expected["session_start_sources"].values())
    assert not starts - Counter(expected["session_start_sources"])
    compactions = Counter(
        row["trigger_reason"] for row in imported.of(source, "hooks") if row["event_type"] == "compact_pre"
    )
    assert dict(compactions) == expected["pre_compact_triggers"]


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_hook_calls_pair_as_the_facts_pair_them(source: str, server: embedded.Lease, facts: dict[str, Any]) -> None:
    """Hooks alone, without the transcript beside them, which would answer calls that hooks leave open."""
    assert FOLDER is not None
    expected = _hook_facts(facts, source)
    with fresh_database(server) as url:
        ingest([path for path in sorted((FOLDER / source).glob("*.json")) if path.name != "chat.json"], url)
        calls = rows(
            url,
            """
            select tool_name, call_id, bool_or(phase = 'pre') as has_pre, bool_or(phase = 'post') as has_post,
                count(*) as phases
            from chronicle.tool_events group by tool_name, call_id
            """,
        )
        success = rows(url, "select phase, success, count(*) from chronicle.tool_events group by phase, success")
    open_calls = Counter(row["tool_name"] for row in calls if not row["has_post"])
    assert open_calls.total() == expected["pre_without_post"]
    assert dict(open_calls) == expected["pre_without_post_by_tool"]
    assert sum(1 for row in calls if not row["has_pre"]) == expected["post_without_pre"]
    assert all(row["phases"] <= 2 for row in calls)
    assert {(row["phase"], row["success"]) for row in success} == {("pre", None), ("post", True)}


@pytest.mark.parametrize("source", TRANSCRIPT_SOURCES)
def test_transcripts_are_counted_as_the_facts_count_them(
    source: str, imported: Imported, facts: dict[str, Any]
) -> None:
    expected = _transcript_facts(facts, source)
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
    expected = _transcript_facts(facts, source)
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
    expected = _transcript_facts(facts, source)
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
    expected = _transcript_facts(facts, source)
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
    expected = _transcript_facts(facts, source)
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
    expected = _transcript_facts(facts, source)
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
    assert FOLDER is not None
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


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_responses_have_the_shapes_of_the_facts(source: str, server: embedded.Lease, facts: dict[str, Any]) -> None:
    assert FOLDER is not None
    words = {"object": "dict", "string": "str", "array": "list"}
    with fresh_database(server) as url:
        ingest([FOLDER / source / "post_tool_use.json"], url)
        shapes = rows(
            url, "select tool_name, jsonb_typeof(result) as shape, count(*) from chronicle.tool_events group by 1, 2"
        )
        keys = rows(
            url,
            """
            select k.key, count(*) from chronicle.events as e, jsonb_object_keys(e.data) as k (key)
            where e.event_type = 'tool_post_use' group by k.key
            """,
        )
    found = {f"{row['tool_name']}:{words[row['shape']]}": row["count"] for row in shapes}
    assert found == facts[source]["tool_response_types"]
    # tool_input and tool_response stand in the detail alone
    wanted = facts[source]["keys_by_event"]["PostToolUse"]
    assert {row["key"]: row["count"] for row in keys} == {
        name: count for name, count in wanted.items() if name not in {"tool_input", "tool_response"}
    }


def test_lines_and_unreadable_lines_equal_the_facts(imported: Imported, facts: dict[str, Any]) -> None:
    per_file = {
        name: figures
        for source in ("session-share-transcripts", "spotter-transcripts")
        for name, figures in facts[source]["per_file"].items()
    }
    assert FOLDER is not None
    read = {str(Path(file.path).relative_to(FOLDER.resolve())): file for file in imported.report.files}
    for name, expected in per_file.items():
        file = read[name]
        assert len(file.problems) == expected["malformed_lines"], name
        assert file.records.total() + len(file.problems) == expected["lines"], name
        assert file.sessions == expected["sessions"], name
    for source in ("session-share-transcripts", "spotter-transcripts"):
        entries: Counter[str] = Counter()
        for name, file in read.items():
            if name.startswith(source):
                entries.update(file.entries)
        assert dict(entries) == facts[source]["totals"]["entries_by_type"]
    for source in ("attio-hooks", "task-patterns-hooks"):
        chat = read[f"{source}/chat.json"]
        assert dict(chat.entries) == facts[source]["chat_json"]["entries_by_type"]
        assert chat.records.total() == facts[source]["chat_json"]["lines"]
        told = facts[source]["chat_json"]["hook_messages_in_transcript"]
        assert chat.left_out["hook_message"] == sum(told.values())


def test_status_lines_give_the_cost_of_a_session(imported: Imported, facts: dict[str, Any]) -> None:
    expected = facts["task-patterns-hooks"]["status_line"]["last_per_session"]
    costs = {
        row["session_id"]: row["cost"]
        for row in rows(imported.url, "select session_id, metadata -> 'cost' as cost from chronicle.sessions")
        if row["cost"]
    }
    assert set(costs) == set(expected)
    for session, wanted in expected.items():
        cost = costs[session]
        assert cost["recorded"] is True
        assert cost["recorded_at_local"] == wanted["timestamp_local"]
        for name in ("model", "total_cost_usd", "total_duration_ms", "total_api_duration_ms"):
            assert cost[name] == wanted[name]


def test_work_items_become_jobs(imported: Imported, facts: dict[str, Any]) -> None:
    expected = facts["spotter-beads"]
    jobs = rows(imported.url, "select * from agents.jobs where job_data ->> 'kind' = 'work_item'")
    assert len(jobs) == expected["rows"]
    words = {"closed": "completed", "open": "pending", "in_progress": "running", "tombstone": "cancelled"}
    assert Counter(row["status"] for row in jobs) == {
        words[name]: count for name, count in expected["by_status"].items()
    }
    assert Counter(row["job_data"]["type"] for row in jobs) == {
        # the type of a deleted item is kept beside the word that says it is deleted
        **expected["by_type"],
    }
    assert Counter(str(row["job_data"]["priority"]) for row in jobs) == expected["by_priority"]
    closed = [row for row in jobs if row["status"] == "completed"]
    assert len(closed) == expected["closed"]
    hours = [(row["completed_at"] - row["created_at"]).total_seconds() / 3600 for row in closed]
    assert round(sum(hours) / len(hours), 4) == expected["cycle_time_hours"]["avg"]
    assert min(row["created_at"] for row in jobs) == datetime.fromisoformat(expected["first_created"])
    assert max(row["created_at"] for row in jobs) == datetime.fromisoformat(expected["last_created"])
    assert max(row["completed_at"] for row in closed) == datetime.fromisoformat(expected["last_closed"])


def test_two_sources_of_a_session_are_one_session_and_count_its_calls_once(
    imported: Imported, facts: dict[str, Any]
) -> None:
    """Calls of a session that hooks and a transcript tell: as many as the larger count of each tool and input."""
    assert FOLDER is not None
    for source in ("attio-hooks", "task-patterns-hooks"):
        told = Counter[tuple[str, str, str]]()
        for entry in json.loads((FOLDER / source / "chat.json").read_text(encoding="utf-8")):
            if entry["type"] != "assistant":
                continue
            for block in entry["message"]["content"]:
                if block["type"] == "tool_use":
                    told[entry["sessionId"], block["name"], json.dumps(block["input"], sort_keys=True)] += 1
        hooked = Counter(
            (payload["session_id"], payload["tool_name"], json.dumps(payload["tool_input"], sort_keys=True))
            for payload in json.loads((FOLDER / source / "pre_tool_use.json").read_text(encoding="utf-8"))
        )
        sessions = {session for session, _, _ in told | hooked}
        counted = rows(
            imported.url,
            """
            select s.session_id, count(*) as calls from chronicle.tool_events as t
            inner join chronicle.sessions as s on s.id = t.session_id
            where t.phase = 'pre' and s.session_id = any(%(ids)s) group by s.session_id
            """,
            ids=list(sessions),
        )
        wanted = Counter(session for session, _, _ in Counter(told | hooked).elements())
        assert {row["session_id"]: row["calls"] for row in counted} == dict(wanted)


def test_a_second_import_adds_nothing(imported: Imported) -> None:
    assert FOLDER is not None
    before = snapshot(imported.url)
    again = ingest([FOLDER], imported.url)
    assert not any(file.added for file in again.files)
    assert snapshot(imported.url) == before


def test_the_order_of_files_makes_no_difference(imported: Imported, server: embedded.Lease) -> None:
    assert FOLDER is not None
    files = sorted((path for path in FOLDER.rglob("*.json*") if path.name != "facts.json"), reverse=True)
    with fresh_database(server) as url:
        for file in files:
            ingest([file], url)
        backwards = snapshot(url)
    forwards = snapshot(imported.url)
    for table, wanted in forwards.items():
        assert backwards[table] == wanted, table


def test_untimed_events_have_no_time(imported: Imported) -> None:
    assert (
        value(
            imported.url,
            "select count(*) from chronicle.events where metadata ->> 'source' = 'hooks' and timestamp is not null",
        )
        == 0
    )
    assert (
        value(
            imported.url,
            """
        select count(*) from chronicle.tool_events as t inner join chronicle.events as e on e.id = t.event_id
        where t.created_at is distinct from e.timestamp
        """,
        )
        == 0
    )
    assert imported.report.counts["untimed_events"] > 0
