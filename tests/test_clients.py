"""Clients: how they stand now and stood before, who fell, the history of one; chaos experiments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from data.access import Actor
from data.reports import clients
from data.reports.clients import ExperimentCount
from tests.performed import engine_event, insert, run

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

DAY = datetime(2026, 11, 10, tzinfo=UTC)
PERIOD: dict[str, Any] = {"start": DAY, "end": DAY + timedelta(days=10)}


def assess(owner: Owner, client: str, day: float, score: float | None, status: str = "healthy", **given: Any) -> UUID:
    """An assessment of a client so many days after the period began."""
    columns = {
        "client_id": client,
        "health_score": score,
        "status": status,
        "computed_at": DAY + timedelta(days=day),
        "signals": Jsonb(given.pop("signals", {})),
        "risk_factors": Jsonb(given.pop("risk_factors", [])),
    }
    return insert(owner, "engine", "client_health", columns | given)


def experiment(owner: Owner, day: float | None, status: str = "completed", **given: Any) -> UUID:
    """A chaos experiment that began so many days after the period did; None: it has not begun."""
    began = DAY + timedelta(days=day) if day is not None else None
    columns = {"name": "Mail is slow", "hypothesis": "It catches up", "status": status, "started_at": began}
    return insert(owner, "engine", "chaos_experiments", columns | {"created_at": DAY} | given)


def test_an_empty_database_has_no_client(people: People) -> None:
    manager = people["manager"]
    assert clients.count_clients(manager, **PERIOD).clients == 0
    assert clients.list_clients(manager, **PERIOD) == []
    assert clients.read_trends(manager, clients=("x",), **PERIOD) == {}
    assert clients.read_scores(manager, client="x", **PERIOD).empty
    assert clients.list_history(manager, client="x") == []
    assert clients.read_executions(manager, client="x") == clients.Executions(0, 0, 0, [])
    assert clients.count_experiments(manager) == ()
    assert not clients.read_coverage(manager).holds_rows
    assert not clients.read_experiment_coverage(manager).holds_rows


def test_a_client_stands_as_its_newest_assessment_says(owner: Owner, people: People) -> None:
    assess(owner, "a", -3, 90)
    assess(owner, "a", -1, 82)
    assess(owner, "a", 2, 60, "at_risk")
    assess(owner, "a", 9, 41, "critical", risk_factors=["late"])
    assess(owner, "a", 10, 99)  # after the period
    [row] = clients.list_clients(people["manager"], **PERIOD)
    assert (row["status"], row["health_score"], row["previous_score"], row["change"]) == ("critical", 41, 82, -41)
    assert (row["assessments"], row["not_event_sourced"], row["risk_factors"]) == (2, 2, ["late"])
    standing = clients.count_clients(people["manager"], **PERIOD)
    assert (standing.clients, standing.critical, standing.known_before, standing.previous_critical) == (1, 1, 1, 0)
    assert (standing.fell, standing.fallen_client, standing.fallen_from, standing.fallen_to) == (1, "a", 82, 41)
    open_end = clients.list_clients(people["manager"])
    assert (open_end[0]["health_score"], open_end[0]["previous_score"]) == (99, None)


def test_clients_are_counted_by_status_and_by_what_is_not_known(owner: Owner, people: People) -> None:
    for client, before, now, status in (
        ("a dip", 90, 84, "healthy"),
        ("fell", 82, 41, "critical"),
        ("slipped", 80, 77, "healthy"),
        ("rose", 40, 70, "at_risk"),
        ("unscored", 50, None, "unknown"),
        ("new", None, 60, "at_risk"),
    ):
        if before is not None:
            assess(owner, client, -1, before, "critical" if before == 40 else "healthy")
        assess(owner, client, 1, now, status)
    assess(owner, "silent", -2, 55, "at_risk")
    standing = clients.count_clients(people["manager"], **PERIOD)
    assert (standing.clients, standing.critical, standing.at_risk, standing.healthy, standing.unknown) == (
        7,
        1,
        3,
        2,
        1,
    )
    assert (standing.compared, standing.fell, standing.rose) == (5, 2, 1)
    assert (standing.fallen_client, standing.fallen_from, standing.fallen_to) == ("fell", 82, 41)
    assert (standing.not_assessed, standing.known_before) == (1, 6)
    assert (standing.previous_critical, standing.previous_at_risk) == (1, 1)
    assert clients.count_clients(people["manager"], **PERIOD, search="SIL").clients == 1


def test_worst_first_and_the_other_orders(owner: Owner, people: People) -> None:
    assess(owner, "healthy", 1, 5, "healthy")
    assess(owner, "unknown", 2, None, "unknown")
    assess(owner, "risk", 3, 50, "at_risk")
    assess(owner, "worse risk", 4, 40, "at_risk")
    assess(owner, "critical", 5, 60, "critical")
    assess(owner, "critical", -1, 65, "critical")

    def order(**asked: Any) -> list[str]:
        return [row["client_id"] for row in clients.list_clients(people["manager"], **PERIOD, **asked)]

    assert order() == ["critical", "worse risk", "risk", "unknown", "healthy"]
    assert order(downwards=False) == ["healthy", "unknown", "risk", "worse risk", "critical"]
    assert order(sort="score", downwards=False) == ["healthy", "worse risk", "risk", "critical", "unknown"]
    assert order(sort="score") == ["critical", "risk", "worse risk", "healthy", "unknown"]
    assert order(sort="client", downwards=False) == ["critical", "healthy", "risk", "unknown", "worse risk"]
    assert order(sort="client")[0] == "worse risk"
    assert order(sort="when")[0] == "critical"
    assert order(sort="change")[0] == "critical"
    assert order(status="at_risk") == ["worse risk", "risk"]
    assert order(limit=2, offset=1) == ["worse risk", "risk"]


def test_a_trend_has_the_newest_score_of_each_part_and_gaps(owner: Owner, people: People) -> None:
    width = timedelta(days=10) / clients.SLICES / timedelta(days=1)
    assess(owner, "a", 0, 10)
    assess(owner, "a", width * 0.9, 20)
    assess(owner, "a", width, 30)
    assess(owner, "a", 9.99, 40)
    assess(owner, "a", 10, 99)
    [values] = clients.read_trends(people["manager"], clients=("a",), **PERIOD).values()
    assert values == [20, 30, *[None] * (clients.SLICES - 3), 40]


def test_slices_have_the_newest_assessment_of_each_day_of_the_zone(owner: Owner, people: People) -> None:
    assess(owner, "a", 0.97, 10, "healthy")  # the next day already in Berlin
    assess(owner, "a", 1.5, 20, "critical")
    frame = clients.read_scores(people["manager"], client="a", **PERIOD, zone="Europe/Berlin")
    assert list(zip(frame["status"], frame["health_score"], strict=True)) == [("critical", 20)]
    assert len(clients.read_scores(people["manager"], client="a", **PERIOD)) == 2


def test_the_history_says_which_rows_come_from_events(owner: Owner, people: People) -> None:
    event = engine_event(owner, DAY, "CLIENT_HEALTH_ASSESSED", aggregate_type="Client", aggregate_id="a")
    assess(owner, "a", 0, 50, event_id=event)
    assess(owner, "a", 1, 60)
    assess(owner, "b", 1, 70)
    newest, oldest = clients.list_history(people["manager"], client="a", **PERIOD)
    assert (newest["event_id"], newest["aggregate_type"]) == (None, None)
    assert (oldest["event_id"], oldest["aggregate_id"], oldest["sequence_number"]) == (event, "a", 1)
    [row] = clients.list_clients(people["manager"], **PERIOD, client="a")
    assert (row["assessments"], row["not_event_sourced"]) == (2, 1)


def test_runs_of_a_client_say_whether_events_tell_of_them(owner: Owner, people: People) -> None:
    told = run(owner, DAY, client_id="a")
    run(owner, DAY - timedelta(days=1), client_id="a", status="failed")
    run(owner, DAY, client_id="b")
    engine_event(owner, DAY, "SOP_EXECUTION_STARTED", aggregate_type="SopExecution", aggregate_id=str(told))
    found = clients.read_executions(people["manager"], client="a", limit=2)
    assert (found.executions, found.failed, found.running) == (2, 1, 0)
    assert [row["is_event_sourced"] for row in found.rows] == [True, False]


def test_experiments_are_counted_and_ordered_by_what_needs_a_look(owner: Owner, people: People) -> None:
    confirmed = experiment(owner, 5, outcome="confirmed")
    refuted = experiment(owner, 1, outcome="refuted")
    running = experiment(owner, 2, "running")
    planned = experiment(owner, None, "planned", created_at=DAY + timedelta(days=3))
    experiment(owner, 11, outcome="confirmed")
    counts = clients.count_experiments(people["manager"], **PERIOD)
    assert ExperimentCount("completed", "refuted", 1) in counts
    assert sum(one.experiments for one in counts) == 4
    rows = clients.list_experiments(people["manager"], **PERIOD)
    assert [row["experiment_id"] for row in rows] == [running, refuted, planned, confirmed]
    assert [row["experiment_id"] for row in clients.list_experiments(people["manager"], status="planned")] == [planned]
    assert len(clients.list_experiments(people["manager"], outcome="confirmed")) == 2


@pytest.mark.parametrize("client", ["a", None])
def test_members_see_their_client_alone(owner: Owner, people: People, client: str | None) -> None:
    assess(owner, "a", 1, 50)
    assess(owner, "b", 1, 10, "critical")
    experiment(owner, 1)
    mine = replace(people["member"], client_id=client)
    seen = [row["client_id"] for row in clients.list_clients(mine, **PERIOD)]
    assert seen == (["a"] if client else [])
    assert clients.count_clients(mine, **PERIOD).clients == len(seen)
    assert clients.list_history(mine, client="b") == []
    assert clients.read_trends(mine, clients=("b",), **PERIOD) == {}
    assert clients.count_experiments(mine) == ()
