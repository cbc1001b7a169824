"""The real samples as a whole: lines, costs, work items, sessions that two sources tell, and repeated imports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot, value
from tests.ingest_samples import (
    ABSENT,
    FOLDER,
    HOOK_SOURCES,
    TRANSCRIPT_SOURCES,
    WHY,
    Imported,
    facts_of_samples,
    imported_samples,
    transcript_facts,
)
from tests.test_ingest_counts import NAMES, said_of

pytestmark = pytest.mark.skipif(ABSENT, reason=WHY)


@pytest.fixture(scope="module")
def imported(server: embedded.Lease) -> Iterator[Imported]:
    with imported_samples(server) as found:
        yield found


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    return facts_of_samples()


def test_lines_and_unreadable_lines_equal_the_facts(imported: Imported, facts: dict[str, Any]) -> None:
    per_file = {
        name: figures
        for source in ("session-share-transcripts", "spotter-transcripts")
        for name, figures in facts[source]["per_file"].items()
    }
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
    before = snapshot(imported.url)
    again = ingest([FOLDER], imported.url)
    assert not any(file.added for file in again.files)
    assert snapshot(imported.url) == before


def test_the_order_of_files_makes_no_difference(imported: Imported, server: embedded.Lease) -> None:
    files = sorted((path for path in FOLDER.rglob("*.json*") if path.name != "facts.json"), reverse=True)
    with fresh_database(server) as url:
        said = Counter[str]()
        for file in files:
            said.update(said_of(ingest([file], url)))
        backwards = snapshot(url)
    assert said == {name: len(backwards[table]) for name, table in NAMES.items()}, "what each file said it added"
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


def test_epics_become_executions(imported: Imported, facts: dict[str, Any]) -> None:
    expected = facts["spotter-beads"]
    epics = rows(imported.url, "select * from engine.sop_executions where sop_id = 'epic'")
    assert len(epics) == expected["by_type"]["epic"]
    jobs = {
        str(row["id"]): row
        for row in rows(imported.url, "select * from agents.jobs where job_data ->> 'type' = 'epic'")
    }
    for epic in epics:
        job = jobs[epic["metadata"]["job_id"]]
        assert (epic["started_at"], epic["completed_at"]) == (job["created_at"], job["completed_at"])
    items = [
        json.loads(line)
        for path in sorted((FOLDER / "spotter-beads").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    names = {item["id"] for item in items if item["issue_type"] == "epic"}
    links = [
        link["depends_on_id"]
        for item in items
        for link in item.get("dependencies") or ()
        if link["type"] == "parent-child"
    ]
    assert {epic["metadata"]["item"]: len(epic["steps"]) for epic in epics} == {
        name: links.count(name) for name in names
    }


def test_skills_become_executions(imported: Imported, facts: dict[str, Any]) -> None:
    told = Counter(
        source
        for source in TRANSCRIPT_SOURCES
        for _ in range(transcript_facts(facts, source)["tool_calls_by_name"].get("Skill", 0))
    )
    runs = rows(imported.url, "select * from engine.sop_executions where metadata ->> 'kind' = 'skill'")
    assert len(runs) == told.total() > 0
    for run in runs:
        assert run["automation_rate"] == run["actions_automated"] / run["actions_total"]
        assert run["human_interventions"] == run["actions_total"] - run["actions_automated"]


def test_agents_did_what_the_facts_count(imported: Imported, facts: dict[str, Any]) -> None:
    metrics = rows(imported.url, "select * from engine.agent_metrics")
    calls = value(imported.url, "select count(distinct call_id) from chronicle.tool_events")
    assert sum(row["actions_total"] for row in metrics) == calls
    permissions = sum(facts[source]["notifications"].get("permission", 0) for source in HOOK_SOURCES)
    asked = refused = 0
    for source in TRANSCRIPT_SOURCES:
        counted = transcript_facts(facts, source)
        asked += sum(decided["asked"] for decided in counted["human_decisions"].values())
        refused += counted["human_rejections"]
        refused -= sum(decided["rejected"] for decided in counted["human_decisions"].values())
    hooked = value(
        imported.url,
        """
        select count(*) from chronicle.tool_events as t inner join chronicle.events as e on e.id = t.event_id
        where t.phase = 'pre' and t.tool_name in ('ExitPlanMode', 'AskUserQuestion')
            and e.metadata ->> 'source' = 'hooks'
        """,
    )
    assert sum(row["human_escalations"] for row in metrics) == permissions + asked + refused + hooked
    assert sum(row["metadata"]["permissions"] for row in metrics) == permissions
    untimed = [row for row in metrics if row["window_start"] is None]
    assert sum(row["actions_total"] for row in untimed) == value(
        imported.url,
        """
        select count(*) from (
            select call_id from chronicle.tool_events group by call_id
            having coalesce(min(created_at) filter (where phase = 'pre'),
                min(created_at) filter (where not exists (
                    select from chronicle.tool_events as p where p.call_id = tool_events.call_id and p.phase = 'pre'
                ))) is null
        ) as c
        """,
    )
    assert {row["avg_confidence"] for row in metrics} == {None}
