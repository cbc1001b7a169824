"""What agents did per quarter of an hour, over all sessions: actions, escalations, costs, and what has no time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from data import embedded
from data.access import Actor
from data.ingest import Progress, ingest
from data.migration.files import FOLDER as MIGRATIONS
from tests.conftest import fresh_database
from tests.ingest_database import rows, snapshot, value
from tests.ingest_fixtures import FOLDER, LIGHTHOUSE
from tests.ingest_records import REFUSAL, answered, called, hook, reply, typed, write

METRICS = "select * from engine.agent_metrics order by window_start nulls first, agent_id"
ASK = {"questions": [{"question": "Which?"}]}


def on(day: int, *told: dict[str, Any], session: str | None = None) -> list[dict[str, Any]]:
    """The same records on another day of March, of another session if one is named."""
    moved = []
    for record in told:
        at = {"timestamp": record["timestamp"].replace("2026-03-03", f"2026-03-{day:02d}")}
        moved.append({**record, **at, **({"sessionId": session} if session else {})})
    return moved


DAY: list[dict[str, Any]] = [
    typed(0, "begin"),
    called(1, "r", "Read", {"file_path": "/a"}),
    answered(2, "r", "x"),
    called(3, "q", "AskUserQuestion", ASK),
    answered(4, "q", "this"),
    called(5, "p", "ExitPlanMode", {"plan": "do"}),
    answered(6, "p", REFUSAL, failed=True),
    called(7, "n", "Bash", {"command": "rm"}),
    answered(8, "n", REFUSAL, failed=True),
    called(9, "t", "Task", {"subagent_type": "diver", "prompt": "p"}),
    called(10, "d", "Bash", {"command": "ls"}, agentId="a1", isSidechain=True),
    answered(11, "d", "x", agentId="a1", isSidechain=True),
    answered(12, "t", "pearl", toolUseResult={"agentId": "a1", "status": "completed"}),
    reply(13, "m", "claude-opus-4-6", input_tokens=1_000_000),
]


def imported(server: embedded.Lease, path: Path, told: list[dict[str, Any]]) -> list[Any]:
    with fresh_database(server) as url:
        assert ingest([write(path / "log.jsonl", told)], url).holds
        return rows(url, METRICS)


def test_a_quarter_of_an_hour_has_its_actions_and_escalations(server: embedded.Lease, tmp_path: Path) -> None:
    main, diver = imported(server, tmp_path, DAY)
    assert (main["agent_id"], main["source"], main["user_id"]) == ("claude-code", "agent-logs", None)
    assert (main["window_start"], main["window_end"]) == (
        datetime(2026, 3, 3, 8, tzinfo=UTC),
        datetime(2026, 3, 3, 8, 14, 59, 999_999, tzinfo=UTC),
    )
    assert (main["actions_total"], main["actions_automated"], main["automation_rate"]) == (5, 2, 0.4)
    assert main["human_escalations"] == 3, "a question, a plan (its refusal is the same), a refused call"
    kinds = {name: main["metadata"][name] for name in ("permissions", "plans", "questions", "rejections", "sessions")}
    assert kinds == {"permissions": 0, "plans": 1, "questions": 1, "rejections": 1, "sessions": 1}
    assert (main["avg_confidence"], main["confidence_count"]) == (None, None), "no log tells it"
    assert (main["total_cost"], main["metadata"]["cost_basis"]) == (Decimal(5), "estimate")
    assert (diver["agent_id"], diver["actions_total"], diver["automation_rate"]) == ("diver", 1, 1)
    assert diver["total_cost"] is None, "the cost of its replies is in that of the session's agent"


def test_replies_without_a_price_cost_nothing_known(server: embedded.Lease, tmp_path: Path) -> None:
    unpriced = [reply(1, "m", "model-of-tomorrow", input_tokens=1_000_000)]
    (row,) = imported(server, tmp_path, unpriced)
    assert (row["total_cost"], row["metadata"]["cost_basis"]) == (None, "not priced")
    assert (row["actions_total"], row["automation_rate"]) == (0, None), "a quarter of replies alone"
    (row,) = imported(server, tmp_path, [*unpriced, reply(2, "n", "claude-opus-4-6", input_tokens=1_000_000)])
    assert (row["total_cost"], row["metadata"]["cost_basis"]) == (Decimal(5), "partial estimate")


def test_a_call_belongs_to_the_quarter_of_an_hour_in_which_it_began(server: embedded.Lease, tmp_path: Path) -> None:
    late = [called(1, "night", "Bash", {"command": "sleep"}), answered(2, "night", "done")]
    late[0]["timestamp"], late[1]["timestamp"] = "2026-03-03T23:59:59.999Z", "2026-03-04T00:00:01.000Z"
    orphan = answered(3, "orphan", "done")
    orphan["timestamp"] = "2026-03-05T00:00:00.000Z"
    found = imported(server, tmp_path, [*late, orphan])
    began = [(row["window_start"].isoformat()[:16], row["actions_total"]) for row in found]
    assert began == [("2026-03-03T23:45", 1), ("2026-03-05T00:00", 1)]


def test_windows_add_up_to_the_days_of_every_zone(server: embedded.Lease, tmp_path: Path) -> None:
    told = []
    for hour in range(0, 24, 3):
        for minute, second in ((14, 59), (15, 0), (29, 59), (30, 0), (44, 59), (45, 0)):
            call = called(1, f"{hour}-{minute}", "Bash", {"command": "ls"})
            told.append({**call, "timestamp": f"2026-03-03T{hour:02d}:{minute}:{second:02d}.999Z"})
    with fresh_database(server) as url:
        ingest([write(tmp_path / "log.jsonl", told)], url)
        for zone in ("Asia/Tokyo", "Asia/Kathmandu", "UTC", "America/St_Johns"):
            windows = rows(
                url,
                "select (window_end at time zone %(zone)s)::date as day, sum(actions_total) as actions"
                " from engine.agent_metrics group by 1 order by 1",
                zone=zone,
            )
            assert windows == rows(
                url,
                "select (created_at at time zone %(zone)s)::date as day, count(*) as actions"
                " from chronicle.tool_events group by 1 order by 1",
                zone=zone,
            )
        assert sum(row["actions"] for row in windows) == 48


def test_a_day_that_a_former_version_counted_as_one_is_counted_anew(server: embedded.Lease, tmp_path: Path) -> None:
    told = [*DAY, *on(4, *DAY[:3])]
    midnight = called(1, "night", "Bash", {"command": "ls"})
    told.append({**midnight, "timestamp": "2026-03-04T00:00:05.000Z"})
    path = write(tmp_path / "log.jsonl", told)
    with fresh_database(server) as url:
        ingest([path], url)
        made = rows(url, METRICS)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                with gone as (delete from engine.agent_metrics returning *)
                insert into engine.agent_metrics (id, agent_id, source, window_start, window_end, actions_total)
                select md5('metrics:' || agent_id || '::' || date_trunc('day', window_start)::text)::uuid, agent_id,
                    'agent-logs', date_trunc('day', window_start),
                    date_trunc('day', window_start) + interval '1 day' - interval '1 microsecond', sum(actions_total)
                from gone group by agent_id, date_trunc('day', window_start)
                """
            )
            assert value(url, "select count(*) from engine.agent_metrics") == 3
            (upgrade,) = MIGRATIONS.glob("*_days_counted_by_quarters.sql")
            connection.execute(upgrade.read_bytes())
        ingest([path], url)
        timeless = ("created_at", "updated_at")
        for row in (*made, *(anew := rows(url, METRICS))):
            for name in timeless:
                row.pop(name, None)
        assert anew == made


def test_what_has_no_time_is_counted_by_itself(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        hook("PreToolUse", tool_name="Bash", tool_input={"command": "ls"}),
        hook("PostToolUse", tool_name="Bash", tool_input={"command": "ls"}, tool_response="x"),
        hook("PreToolUse", tool_name="Bash", tool_input={"command": "pwd"}),
        hook("Notification", message="Claude needs your permission to use Bash"),
        hook("Notification", message="Claude is waiting for your input"),
    ]
    (row,) = imported(server, tmp_path, told)
    assert (row["window_start"], row["window_end"], row["agent_id"]) == (None, None, "claude-code")
    assert (row["actions_total"], row["actions_automated"], row["human_escalations"]) == (2, 2, 1)
    assert "cost_basis" not in row["metadata"]


def test_a_request_for_permission_and_its_notification_are_one(server: embedded.Lease, tmp_path: Path) -> None:
    request = hook("PermissionRequest", tool_name="Bash", tool_input={"command": "rm"})
    notice = hook("Notification", message="Claude needs your permission to use Bash")
    (row,) = imported(server, tmp_path, [request, notice, notice])
    assert row["human_escalations"] == 2
    (row,) = imported(server, tmp_path, [request])
    assert row["human_escalations"] == 1
    asked = hook("PermissionRequest", tool_name="Bash", tool_input={}, timestamp="2026-03-03T08:14:59Z")
    noticed = {**notice, "timestamp": "2026-03-03T08:15:01Z"}
    (row,) = imported(server, tmp_path, [asked, noticed])
    assert row["human_escalations"] == 1, "in two quarters of an hour"


def test_subagents_go_by_the_type_that_hooks_name(server: embedded.Lease, tmp_path: Path) -> None:
    told = [
        hook("PreToolUse", tool_name="Bash", tool_input={"n": 1}, agent_id="x", agent_type="Explore"),
        hook("PreToolUse", tool_name="Bash", tool_input={"n": 2}, agent_id="y"),
        hook("PreToolUse", tool_name="Bash", tool_input={"n": 3}),
    ]
    found = imported(server, tmp_path, told)
    assert {row["agent_id"]: row["actions_total"] for row in found} == {"Explore": 1, "unknown": 1, "claude-code": 1}


def test_a_window_sums_up_all_sessions_of_an_owner(database_url: str, people: dict[str, Actor], tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.jsonl", DAY), tmp_path / "two.jsonl"
    read = [called(20, "other", "Read", {"file_path": "/b"}), answered(21, "other", "y")]
    write(two, on(3, *read, session="other"))
    ingest([one], database_url)
    ingest([two], database_url)
    (main,) = [row for row in rows(database_url, METRICS) if row["agent_id"] == "claude-code"]
    assert (main["actions_total"], main["metadata"]["sessions"]) == (6, 2)
    ingest([two], database_url, owner=people["member"].email)
    owned = {row["user_id"]: row["actions_total"] for row in rows(database_url, METRICS) if row["agent_id"] != "diver"}
    assert owned == {None: 5, people["member"].user_id: 1}


def test_times_that_come_later_move_the_calls_to_their_quarter(server: embedded.Lease, tmp_path: Path) -> None:
    hooks = write(tmp_path / "hooks.jsonl", [hook("PreToolUse", tool_name="Read", tool_input={"file_path": "/a"})])
    log = write(tmp_path / "log.jsonl", DAY[:3])
    for order in ((hooks, log), (log, hooks)):
        with fresh_database(server) as url:
            for path in order:
                ingest([path], url)
            (row,) = rows(url, METRICS)
        assert (row["window_start"].day, row["actions_total"]) == (3, 1)


def test_a_second_import_counts_nothing_anew(server: embedded.Lease, tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", DAY)
    with fresh_database(server) as url:
        ingest([path, FOLDER], url)
        before = snapshot(url)
        written = value(url, "select count(*) from signalbox.change_log where source = 17")
        ingest([path, FOLDER], url)
        assert snapshot(url) == before
        assert value(url, "select count(*) from signalbox.change_log where source = 17") == written


@pytest.mark.parametrize("again", [False, True])
def test_an_import_that_stopped_half_way_is_made_up_for_by_the_next(
    again: bool, server: embedded.Lease, tmp_path: Path
) -> None:
    files = [write(tmp_path / "a.jsonl", DAY), write(tmp_path / "b.jsonl", on(4, *DAY[:3], session="b"))]

    def stop(state: Progress) -> None:
        if state.files_done == 1:
            raise KeyboardInterrupt

    with fresh_database(server) as url, fresh_database(server) as alone:
        with pytest.raises(KeyboardInterrupt):
            ingest(files, url, progress=stop)
        assert rows(url, METRICS) == []
        ingest(files[:1], url) if again else ingest([LIGHTHOUSE], url)
        of_the_day = "select sum(actions_total) from engine.agent_metrics where window_start::date = '2026-03-03'"
        assert value(url, of_the_day) == 6
        ingest([LIGHTHOUSE, *files], url)
        ingest([LIGHTHOUSE, *files], alone)
        assert snapshot(url)["metrics"] == snapshot(alone)["metrics"]
        assert value(url, "select count(*) from signalbox.import_files where counts ? 'days_to_count'") == 0


def test_metrics_that_something_else_wrote_stay(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                insert into engine.agent_metrics (agent_id, window_start, window_end, actions_total, avg_confidence)
                values
                    ('claude-code', '2026-03-03', '2026-03-04', 7, 0.5),
                    ('pilot', '2026-03-03', '2026-03-04', 8, 0.5)
                """
            )
        ingest([write(tmp_path / "log.jsonl", DAY)], url)
        kept = rows(url, "select actions_total from engine.agent_metrics where source = 'engine' order by 1")
    assert [row["actions_total"] for row in kept] == [7, 8]


def test_calls_that_no_log_tells_are_not_counted(server: embedded.Lease, tmp_path: Path) -> None:
    with fresh_database(server) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                """
                with s as (insert into chronicle.sessions (session_id) values ('live') returning id),
                e as (
                    insert into chronicle.events (session_id, event_type, timestamp, data)
                    select id, 'tool_pre_use', '2026-03-03 08:00Z', '{}' from s returning id, session_id
                )
                insert into chronicle.tool_events (session_id, event_id, tool_name, phase, created_at, call_id)
                select session_id, id, 'Bash', 'pre', '2026-03-03 08:00Z', gen_random_uuid() from e
                """
            )
        ingest([write(tmp_path / "log.jsonl", DAY)], url)
        assert value(url, "select sum(actions_total) from engine.agent_metrics") == 6
