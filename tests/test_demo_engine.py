"""The engine in the demo: projections are what their events say, work is believable, three things are broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow, dict_row

from data import database, demo, embedded
from data.access import Actor
from data.demo.engine.clients import CLIENTS
from data.identity import demo_accounts
from data.reports import clients
from data.reports import events as engine_events
from signalbox_client.projections import replay
from tests.conftest import MIGRATIONS, Prepared

ANCHOR = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
Rows = psycopg.Connection[DictRow]
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def made(server: embedded.Lease) -> Iterator[demo.Made]:
    yield demo.create(Prepared(server), MIGRATIONS, events=24_000, seed=11, anchor=ANCHOR, replace=True)
    demo.remove(server)


@pytest.fixture
def rows(made: demo.Made, server: embedded.Lease) -> Iterator[Rows]:
    with psycopg.connect(server.url(made.database), autocommit=True, row_factory=dict_row) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def streams(rows: Rows, aggregate_type: str) -> dict[str, list[Entry]]:
    """The events of all streams of a type, in their order."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for event in rows.execute(
        "select * from engine.events where aggregate_type = %s order by aggregate_id, sequence_number",
        (aggregate_type,),
    ):
        found[event["aggregate_id"]].append(event)
    return found


# An execution is replayed here once more, written from the description of its events and not from the generator.


def replayed(events: list[Entry]) -> Entry:
    begun = events[0]
    told = begun["payload"]
    row: Entry = {name: told.get(name) for name in ("sop_id", "sop_version", "client_id", "agent_id")}
    row |= {"id": begun["aggregate_id"], "user_id": told.get("user_id"), "correlation_id": begun["correlation_id"]}
    row |= {"status": "running", "current_step": None, "error_message": None, "cycle_time_hours": None, "steps": []}
    row |= {"started_at": begun["timestamp"], "completed_at": None, "session_id": None, "metadata": {}}
    for event in events[1:]:
        payload, kind = event["payload"], event["event_type"].removeprefix("SOP_")
        if kind == "STEP_STARTED":
            row["current_step"] = payload["step"]
            empty = {"agent": payload.get("agent"), "completed_at": None, "outcome": None, "note": None}
            row["steps"].append(
                {"step": payload["step"], "kind": payload["kind"], "started_at": iso(event["timestamp"]), **empty}
            )
        elif kind in {"STEP_COMPLETED", "STEP_FAILED"}:
            open_step = [step for step in row["steps"] if step["step"] == payload["step"]][-1]
            failed = kind == "STEP_FAILED"
            open_step["completed_at"] = iso(event["timestamp"])
            open_step["outcome"] = "failed" if failed else payload["outcome"]
            open_step["note"] = payload["error"] if failed else payload.get("note")
        elif kind != "STEP_ESCALATED":
            row["status"] = kind.removeprefix("EXECUTION_").lower()
            row["completed_at"] = event["timestamp"]
            row["cycle_time_hours"] = round((event["timestamp"] - row["started_at"]).total_seconds() / 3600, 10)
            row["error_message"] = payload.get("error", payload.get("reason"))
            row["current_step"] = None if row["status"] == "completed" else row["current_step"]
    return row | counted(events, row["steps"])


def counted(events: list[Entry], steps: list[Entry]) -> Entry:
    payloads = [event["payload"] for event in events if "actions" in event["payload"]]
    total = sum(payload["actions"] for payload in payloads)
    automated = sum(payload["actions_automated"] for payload in payloads)
    costs = [Decimal(str(payload["cost_usd"])) for payload in payloads]
    people = {step["step"] for step in steps if step["kind"] == "human"}
    return {
        "actions_total": total,
        "actions_automated": automated,
        "automation_rate": round(automated / total, 4) if total else None,
        "estimated_cost": sum(costs, Decimal(0)) if costs else None,
        "human_interventions": sum(payload["step"] in people for payload in payloads)
        + sum(event["event_type"] == "SOP_STEP_ESCALATED" for event in events),
    }


def test_executions_are_what_their_events_say(rows: Rows) -> None:
    told = streams(rows, "SopExecution")
    stored = {str(row["id"]): row for row in rows.execute("select * from engine.sop_executions")}
    assert told
    assert set(told) <= set(stored)
    for execution_id, events in told.items():
        row, expected = stored[execution_id], replayed(events)
        found = {name: row[name] for name in expected}
        for name in ("id", "user_id"):
            found[name] = str(found[name]) if found[name] else None
        assert found == expected


def test_some_executions_have_no_events_and_say_where_they_come_from(rows: Rows) -> None:
    loose = rows.execute(
        "select metadata from engine.sop_executions as x where not exists (select from engine.events as e"
        " where e.aggregate_type = 'SopExecution' and e.aggregate_id = x.id::text)"
    ).fetchall()
    assert loose
    assert all(row["metadata"] == {"source": "spreadsheet"} for row in loose)


def test_health_is_what_its_events_say_but_for_one_row(rows: Rows) -> None:
    columns = ("health_score", "status", "signals", "risk_factors")
    differing = []
    projected = set()
    for row in rows.execute(
        "select h.*, e.payload, e.timestamp, e.event_type, e.aggregate_id from engine.client_health as h"
        " inner join engine.events as e using (event_id)"
    ):
        projected.add(row["event_id"])
        assert row["event_type"] == "CLIENT_HEALTH_ASSESSED"
        assert (row["client_id"], row["computed_at"]) == (row["aggregate_id"], row["timestamp"])
        if {name: row[name] for name in columns} != {name: row["payload"][name] for name in columns}:
            differing.append(row)
    assert len(differing) == 1
    assert differing[0]["status"] != differing[0]["payload"]["status"]
    assessed = rows.execute("select event_id from engine.events where event_type = 'CLIENT_HEALTH_ASSESSED'").fetchall()
    assert projected == {row["event_id"] for row in assessed}


def test_a_dozen_clients_changed_their_status_and_some_assessments_have_no_event(rows: Rows) -> None:
    counts = rows.execute(
        "select count(distinct client_id) as clients, count(distinct status) as statuses,"
        " count(*) filter (where event_id is null)::float8 / count(*) as loose from engine.client_health"
    ).fetchone()
    assert counts is not None
    assert counts["clients"] == 12
    assert counts["statuses"] == 3
    assert 0 < counts["loose"] < 0.2
    changes = rows.execute(
        "select p.payload ->> 'status' as assessed, e.payload ->> 'status' as changed,"
        " p.aggregate_id = e.aggregate_id as own"
        " from engine.events as e inner join engine.events as p on p.event_id = e.causation_id"
        " where e.event_type = 'CLIENT_HEALTH_STATUS_CHANGED'"
    ).fetchall()
    assert len(changes) > 5
    assert all(row["own"] and row["assessed"] == row["changed"] for row in changes)


def test_exactly_one_stream_lacks_a_number(rows: Rows) -> None:
    broken = rows.execute(
        "select aggregate_type, max(sequence_number) - count(*) as missing, min(sequence_number) as first"
        " from engine.events group by aggregate_type, aggregate_id having max(sequence_number) <> count(*)"
    ).fetchall()
    assert broken == [{"aggregate_type": "Lead", "missing": 1, "first": 1}]


def test_snapshots_stand_at_every_hundredth_event_but_in_one_stream_that_lags(rows: Rows) -> None:
    lags = rows.execute(
        "select e.aggregate_id, max(e.sequence_number) - coalesce(max(s.newest), 0) as lag from engine.events as e"
        " left join (select aggregate_type, aggregate_id, max(sequence_number) as newest from engine.event_snapshots"
        " group by 1, 2) as s using (aggregate_type, aggregate_id) group by e.aggregate_type, e.aggregate_id"
    ).fetchall()
    behind = [row for row in lags if row["lag"] >= 100]
    assert len(behind) == 1
    assert behind[0]["lag"] > 100
    placed = rows.execute("select sequence_number, aggregate_id from engine.event_snapshots").fetchall()
    assert placed
    assert all(row["sequence_number"] % 100 == 0 for row in placed)
    assert any(row["aggregate_id"] == behind[0]["aggregate_id"] for row in placed)


def test_a_snapshot_holds_what_the_events_up_to_it_add_up_to(rows: Rows) -> None:
    told = streams(rows, "Client")
    for snapshot in rows.execute("select * from engine.event_snapshots").fetchall():
        before = [e for e in told[snapshot["aggregate_id"]] if e["sequence_number"] <= snapshot["sequence_number"]]
        of = {
            kind: [e for e in before if e["event_type"] == f"CLIENT_{kind}"]
            for kind in ("CONTACTED", "HEALTH_ASSESSED")
        }
        plans = [e["payload"]["plan"] for e in before if "plan" in e["payload"]]
        state = snapshot["state"]
        assert state["contacts"] == len(of["CONTACTED"])
        assert state["last_contact_at"] == iso(of["CONTACTED"][-1]["timestamp"])
        assert state["health_score"] == of["HEALTH_ASSESSED"][-1]["payload"]["health_score"]
        assert state["plan"] == plans[-1]
        assert snapshot["reducer"] == "client@1"


def test_a_trace_leads_from_an_inquiry_over_a_run_and_a_question_to_the_lead(rows: Rows) -> None:
    whole = rows.execute(
        "select correlation_id from engine.events group by 1"
        " having bool_or(aggregate_type = 'SopExecution') and bool_or(aggregate_type = 'HumanApproval')"
        " and bool_or(event_type = 'LEAD_CONVERTED')"
    ).fetchall()
    assert whole
    roots = rows.execute(
        "select count(*) filter (where causation_id is null) as roots from engine.events where correlation_id = any(%s)"
        " group by correlation_id",
        ([row["correlation_id"] for row in whole],),
    ).fetchall()
    assert all(row["roots"] == 1 for row in roots)


def test_questions_of_runs_name_their_event_their_run_and_their_answer(rows: Rows) -> None:
    asked = rows.execute(
        "select a.*, e.aggregate_id, e.correlation_id as of_event, x.correlation_id as of_run,"
        " x.current_step, x.status as run"
        " from engine.human_approvals as a inner join engine.events as e using (event_id)"
        " inner join engine.sop_executions as x on x.id = (a.context ->> 'execution_id')::uuid"
    ).fetchall()
    assert {"approved", "rejected"} <= {row["status"] for row in asked}
    for row in asked:
        assert str(row["id"]) == row["aggregate_id"]
        assert row["correlation_id"] == row["of_event"] == row["of_run"]
        if row["status"] == "pending":
            assert (row["run"], row["current_step"]) == ("running", row["context"]["step"])
            assert row["expires_at"] > ANCHOR
    unheard = (
        "select count(*) as n from engine.human_approvals as a where a.context ? 'execution_id'"
        " and a.status <> 'pending' and not exists (select from engine.events as e where e.aggregate_id = a.id::text"
        " and e.event_type = 'HUMAN_APPROVAL_' || upper(a.status))"
    )
    assert rows.execute(unheard).fetchone() == {"n": 0}


def test_runs_end_in_every_way_and_are_of_procedures_that_are_defined(rows: Rows) -> None:
    states = {row["status"] for row in rows.execute("select distinct status from engine.sop_executions")}
    assert states == {"running", "completed", "failed", "cancelled"}
    undefined = (
        "select count(*) as n from engine.sop_executions as x left join engine.sop_definitions as d"
        " on d.sop_id = x.sop_id and d.version = x.sop_version"
        " where d.id is null or d.status = 'draft' or d.created_at > x.started_at"
    )
    assert rows.execute(undefined).fetchone() == {"n": 0}
    named = {
        (row["sop_id"], row["version"]): row["steps"] for row in rows.execute("select * from engine.sop_definitions")
    }
    assert 5 <= len({sop_id for sop_id, _ in named}) <= 8
    for row in rows.execute("select * from engine.sop_executions where metadata = '{}'").fetchall():
        known = {(step["step"], step["kind"]) for step in named[row["sop_id"], row["sop_version"]]}
        assert {(step["step"], step["kind"]) for step in row["steps"]} <= known


def test_metrics_of_agents_count_what_their_events_say(rows: Rows) -> None:
    metrics = rows.execute("select * from engine.agent_metrics").fetchall()
    told = {
        (row["emitted_by"], row["day"]): row
        for row in rows.execute(
            "select emitted_by, date_trunc('day', timestamp, 'UTC') as day, count(confidence) as sure,"
            " avg(confidence) as confidence from engine.events where confidence is not null group by 1, 2"
        )
    }
    assert len({row["agent_id"] for row in metrics}) >= 8
    assert sum(row["confidence_count"] for row in metrics) == sum(row["sure"] for row in told.values())
    for row in metrics:
        if row["confidence_count"]:
            event = told[row["agent_id"], row["window_start"]]
            assert row["confidence_count"] == event["sure"]
            assert row["avg_confidence"] == pytest.approx(event["confidence"], abs=1e-4)
        assert row["human_escalations"] <= row["actions_total"] - row["actions_automated"], row["agent_id"]
        if row["actions_total"]:
            assert row["automation_rate"] == pytest.approx(row["actions_automated"] / row["actions_total"], abs=1e-4)
        assert timedelta(0) < row["window_end"] - row["window_start"] <= timedelta(days=1)
        assert row["window_end"] <= ANCHOR
    assert any(row["human_escalations"] for row in metrics)


def test_experiments_are_planned_running_aborted_and_done_with_every_outcome(rows: Rows) -> None:
    found = rows.execute("select * from engine.chaos_experiments").fetchall()
    assert {row["status"] for row in found} == {"planned", "running", "completed", "aborted"}
    assert {row["outcome"] for row in found} == {"confirmed", "refuted", "inconclusive", None}
    traced = {row["correlation_id"] for row in rows.execute("select distinct correlation_id from engine.events")}
    for row in found:
        assert (row["outcome"] is not None) == (row["status"] == "completed")
        assert (row["started_at"] is None) == (row["status"] == "planned")
        assert row["correlation_id"] in traced or row["status"] == "planned"


def test_people_answer_runs_on_working_days(rows: Rows) -> None:
    count = "select count(*) as n from engine.human_approvals where context ? 'execution_id' and decided_at is not null"
    assert rows.execute(count).fetchone() != {"n": 0}
    assert rows.execute(f"{count} and extract(isodow from decided_at) > 5").fetchone() == {"n": 0}


def test_the_packages_own_replay_finds_one_differing_row_and_nothing_missing(rows: Rows) -> None:
    compared = {name: replay(rows).compare(name) for name in ("client_health", "sop_executions", "human_approvals")}
    assert {name: found.differing for name, found in compared.items() if found.differing} == {"client_health": 1}
    assert all(found.rows and not found.missing and not found.failed for found in compared.values())


def test_the_member_of_the_demo_sees_the_rows_of_one_client_and_of_no_other(
    made: demo.Made, server: embedded.Lease, rows: Rows
) -> None:
    account = next(one for one in demo_accounts.ACCOUNTS if one.role == "member")
    assert [one.client_id for one in CLIENTS if one.account_manager == account.email] == [account.client_id]
    stored = rows.execute("select raw_app_meta_data from auth.users where id = %s", (account.user_id,)).fetchone()
    assert stored == {"raw_app_meta_data": {"client_id": account.client_id}}
    member = Actor(account.user_id, account.email, "member", "demo", client_id=account.client_id)
    database.open_database("demo", server.url(made.database))
    try:
        seen = engine_events.count_kinds(member)
        assert [one["client_id"] for one in clients.list_clients(member)] == [account.client_id]
        with database.reading(member) as unit:
            told = unit.connection.execute("select distinct payload ->> 'client_id' from engine.events").fetchall()
    finally:
        database.close_database("demo")
    counted = rows.execute(
        "select count(*) as number from engine.events where payload ->> 'client_id' = %s", (account.client_id,)
    ).fetchone()
    assert counted == {"number": seen.events}
    assert seen.events > 100
    assert [list(row.values()) for row in told] == [[account.client_id]]
