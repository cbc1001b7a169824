"""What was dropped and is imported again counts once, and what was made of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import database, embedded, rollups
from data.ingest import Report, ingest
from tests.conftest import fresh_database
from tests.ingest_fixtures import FOLDER, GULLS
from tests.ingest_records import REFUSAL, answered, called, hook, reply, typed, write

Owner = psycopg.Connection[DictRow]
DERIVED = (
    "select id::text, to_jsonb(j) - 'updated_at' as row from agents.jobs as j",
    "select id::text, to_jsonb(h) as row from engine.human_approvals as h",
    "select id::text, to_jsonb(m) as row from engine.agent_metrics as m",
    "select id::text, to_jsonb(x) as row from engine.sop_executions as x",
    "select message_id as id, to_jsonb(r) as row from signalbox.model_replies as r",
)


@contextmanager
def opened(server: embedded.Lease) -> Iterator[tuple[str, Owner]]:
    with fresh_database(server) as url, psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        database.open_database("real", url)
        try:
            yield url, owner
        finally:
            database.close_all()


def drop(owner: Owner, before: datetime | None = None) -> int:
    """Everything that has a time, or what is from before a time."""
    days = max((datetime.now(UTC) - before).days, 1) if before else 1
    owner.execute("update signalbox.retention set keep_raw_days = %s", (days,))
    rollups.finish("real")
    return rollups.drop_all("real")


def figures(owner: Owner) -> dict[str, Any]:
    """Calls by tool and outcome, and prompts, stored and live."""
    calls = owner.execute(
        "with windows as (select true as is_current, w.* from analytics.rollup_windows('tools', null, null) as w)"
        " select tool_name, sum(calls)::int as calls, sum(succeeded)::int as succeeded, sum(failed)::int as failed"
        " from ("
        " select r.tool_name, r.calls, r.succeeded, r.failed from windows as w inner join analytics.tool_rollup as r"
        " on r.level = w.level and r.slot >= w.lo and r.slot < w.hi and not r.is_by_project where w.kind = 'stored'"
        " union all select r.tool_name, -r.calls, -r.succeeded, -r.failed from windows as w"
        " inner join analytics.tool_rollup as r on r.level = w.level and r.slot >= w.lo and r.slot < w.hi"
        " and not r.is_by_project where w.kind = 'removed'"
        " union all select f.tool_name, 1, (f.outcome = 'succeeded')::int, (f.outcome = 'failed')::int"
        " from windows as w inner join analytics.tool_facts as f"
        " on w.kind = 'live' and f.occurred_at >= w.from_at and f.occurred_at < w.until_at"
        " or w.kind = 'untimed' and f.occurred_at is null) as p group by 1 order by 1"
    ).fetchall()
    prompts = owner.execute(
        "select (select coalesce(sum(prompts), 0) from analytics.prompt_rollup where level = 1) as prompts"
    ).fetchone()
    return {"calls": calls, **(prompts or {})}


def derived(owner: Owner) -> list[Any]:
    return [sorted(map(str, owner.execute(query).fetchall())) for query in DERIVED]


def ids_of(rows: list[str]) -> list[str]:
    """The ids alone: costs are others after a change of prices."""
    return [row[: row.index(",")] for row in rows]


def added(report: Report) -> int:
    return int(report.counts["events_added"])


def events(owner: Owner) -> int:
    return len(owner.execute("select from chronicle.events").fetchall())


def test_an_import_of_what_was_dropped_changes_nothing(server: embedded.Lease) -> None:
    with opened(server) as (url, owner):
        ingest([FOLDER], url)
        rollups.finish("real")
        before, made = figures(owner), derived(owner)
        assert drop(owner) > 20
        assert figures(owner) == before
        assert added(ingest([FOLDER], url)) == 0
        rollups.finish("real")
        assert figures(owner) == before
        assert derived(owner) == made
        assert rollups.drop_all("real") == 0


def test_a_session_that_goes_on_after_the_boundary_keeps_what_was_made_of_its_beginning(
    server: embedded.Lease, tmp_path: Path
) -> None:
    def day(number: int) -> list[dict[str, Any]]:
        told = [
            typed(1, f"Look at the tide of day {number}"),
            called(2, f"toolu_s{number}", "Skill", {"skill": "tides"}),
            answered(3, f"toolu_s{number}", "ok"),
            called(4, f"toolu_t{number}", "Task", {"subagent_type": "diver", "prompt": "dive"}),
            answered(5, f"toolu_t{number}", "deep"),
            called(6, f"toolu_b{number}", "Bash", {"command": "rm"}),
            answered(7, f"toolu_b{number}", REFUSAL, failed=True),
            reply(8, f"message-{number}", "claude-opus-4-5", output_tokens=1000),
        ]
        return [
            {
                **entry,
                "uuid": f"{number}-{entry['uuid']}",
                "timestamp": entry["timestamp"].replace("03-03", f"03-{number:02d}"),
            }
            for entry in told
        ]

    path = write(tmp_path / "chat.jsonl", day(3) + day(5))
    with opened(server) as (url, owner):
        ingest([path], url)
        rollups.finish("real")
        before, made = figures(owner), derived(owner)
        assert [len(rows) for rows in made] == [3, 2, 2, 2, 2]
        assert drop(owner, datetime(2026, 3, 5, tzinfo=UTC)) > 5
        assert owner.execute("select count(*) as n from chronicle.prompt_events").fetchone() == {"n": 1}
        owner.execute("update signalbox.model_prices set output_usd_per_million = output_usd_per_million + 1")
        actions = "select sum(actions_total)::int as actions from engine.agent_metrics"
        for _ in range(2):
            ingest([path], url)
            rollups.finish("real")
            assert figures(owner) == before
            assert owner.execute(actions).fetchone() == {"actions": 6}
            assert [sorted(ids_of(rows)) for rows in derived(owner)] == [sorted(ids_of(rows)) for rows in made]
        report = ingest([write(path, day(3) + day(5) + day(7))], url)
        assert added(report) == 7
        assert "began before 05 March 2026" in " ".join(report.files[0].notes)


@pytest.mark.parametrize("first", ["hooks", "transcript"])
def test_what_another_source_told_before_it_was_dropped_counts_once(
    server: embedded.Lease, first: str, tmp_path: Path
) -> None:
    given = {"command": "tide --now"}
    hooks = [
        hook("UserPromptSubmit", prompt="How is the tide?", timestamp="2026-03-03T08:00:01.000Z"),
        hook("PreToolUse", tool_name="Bash", tool_input=given, timestamp="2026-03-03T08:00:05.000Z"),
        hook(
            "PostToolUse", tool_name="Bash", tool_input=given, tool_response={"stdout": "high"},
            timestamp="2026-03-03T08:00:09.000Z",
        ),
        hook(
            "PreToolUse", tool_name="Read", tool_input={"file_path": "/bay"}, tool_use_id="toolu_r",
            timestamp="2026-03-03T08:00:10.000Z",
        ),
        hook(
            "PostToolUse", tool_name="Read", tool_input={"file_path": "/bay"}, tool_use_id="toolu_r",
            tool_response={"text": "x"}, timestamp="2026-03-03T08:00:11.000Z",
        ),
    ]  # fmt: skip
    transcript = [
        typed(1, "How is the tide?"),
        called(5, "toolu_t", "Bash", given),
        answered(9, "toolu_t", "high"),
        called(10, "toolu_r", "Read", {"file_path": "/bay"}),
        answered(11, "toolu_r", "x"),
        called(20, "toolu_u", "Bash", given),
        answered(21, "toolu_u", "higher"),
    ]
    files = [write(tmp_path / "hooks.jsonl", hooks), write(tmp_path / "chat.jsonl", transcript)]
    if first == "transcript":
        files.reverse()
    with opened(server) as (url, owner):
        for path in files:
            ingest([path], url)
        rollups.finish("real")
        expected = figures(owner)
        assert {row["tool_name"]: row["calls"] for row in expected["calls"]} == {"Bash": 2, "Read": 1}
        assert expected["prompts"] == 1
    with opened(server) as (url, owner):
        ingest([files[0]], url)
        assert drop(owner) > 0
        for _ in range(2):
            for path in files:
                there = events(owner)
                assert added(ingest([path], url)) == events(owner) - there
            rollups.finish("real")
            assert figures(owner) == expected
            rollups.drop_all("real")


def test_an_old_log_that_was_never_imported_counts_and_is_dropped_by_the_next_pass(
    server: embedded.Lease, tmp_path: Path
) -> None:
    log = [typed(1, "How is the tide?"), called(5, "toolu_t", "Bash", {}), answered(9, "toolu_t", "high")]
    with opened(server) as (url, owner):
        ingest([GULLS], url)
        drop(owner)
        before = figures(owner)["calls"]
        report = ingest([write(tmp_path / "chat.jsonl", log)], url)
        assert added(report) > 0
        bash = next(row["calls"] for row in before if row["tool_name"] == "Bash")
        for _ in range(2):
            assert next(row["calls"] for row in figures(owner)["calls"] if row["tool_name"] == "Bash") == bash + 1
            rollups.drop_all("real")
        assert added(ingest([tmp_path / "chat.jsonl"], url)) == 0
        rollups.finish("real")
        assert next(row["calls"] for row in figures(owner)["calls"] if row["tool_name"] == "Bash") == bash + 1
