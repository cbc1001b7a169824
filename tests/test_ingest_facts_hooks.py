"""Hooks of the real samples: every figure equals what an independent counter found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows
from tests.ingest_samples import ABSENT, FOLDER, HOOK_SOURCES, WHY, Imported, facts_of_samples, imported_samples

pytestmark = pytest.mark.skipif(ABSENT, reason=WHY)


@pytest.fixture(scope="module")
def imported(server: embedded.Lease) -> Iterator[Imported]:
    with imported_samples(server) as found:
        yield found


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return facts_of_samples()


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_hooks_are_counted_as_the_facts_count_them(source: str, imported: Imported, facts: dict[str, Any]) -> None:
    expected = facts[source]
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
    expected = facts[source]
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
    expected = facts[source]
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


@pytest.mark.parametrize("source", HOOK_SOURCES)
def test_responses_have_the_shapes_of_the_facts(source: str, server: embedded.Lease, facts: dict[str, Any]) -> None:
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
