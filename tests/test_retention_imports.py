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
from tests.ingest_database import fresh_database
from tests.ingest_fixtures import FOLDER

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
        " select tool_name, sum(calls)::int as calls, sum(succeeded)::int as succeeded, sum(failed)::int as failed from ("
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


def added(report: Report) -> int:
    return int(report.counts["events_added"])


@pytest.mark.parametrize("is_all", [True, False])
def test_an_import_of_what_was_dropped_changes_nothing(server: embedded.Lease, is_all: bool) -> None:
    with opened(server) as (url, owner):
        ingest([FOLDER], url)
        rollups.finish("real")
        middle = owner.execute(
            "select percentile_disc(0.5) within group (order by timestamp) as at from chronicle.events"
        ).fetchone()
        before, made = figures(owner), derived(owner)
        assert middle
        assert drop(owner, None if is_all else middle["at"]) > 20
        assert figures(owner) == before
        again = ingest([FOLDER], url)
        assert added(again) == 0
        rollups.finish("real")
        assert figures(owner) == before
        assert derived(owner) == made
        assert rollups.drop_all("real") == 0


@pytest.mark.parametrize("first", ["hooks", "transcripts"])
def test_what_another_source_told_before_it_was_dropped_counts_once(server: embedded.Lease, first: str) -> None:
    hooks = [path for path in Path(FOLDER).rglob("*") if path.is_file() and "hooks" in str(path).lower()]
    others = [path for path in Path(FOLDER).rglob("*") if path.is_file() and path not in hooks]
    assert hooks
    assert others
    order = (hooks, others) if first == "hooks" else (others, hooks)
    with opened(server) as (url, owner):
        for paths in order:
            ingest(paths, url)
        rollups.finish("real")
        expected = figures(owner)
    with opened(server) as (url, owner):
        ingest(order[0], url)
        assert drop(owner) > 0
        ingest(order[1], url)
        rollups.finish("real")
        rollups.drop_all("real")
        rollups.finish("real")
        found = figures(owner)
        assert {row["tool_name"]: row["calls"] for row in found["calls"]} == {
            row["tool_name"]: row["calls"] for row in expected["calls"]
        }
        assert found["prompts"] == expected["prompts"]
