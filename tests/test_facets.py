"""Counts beside filters: each is how many rows the list has after choosing that value, whatever else is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from data import jobs, rollups
from data.access import Actor
from data.reports import tools
from tests import performed, recorded
from tests.page_runs import PageRun, open_page, queries_during
from ui import cached

Owner = psycopg.Connection[DictRow]
People = dict[str, Actor]

NOW = datetime.now(UTC)
AT = NOW - timedelta(days=2)
PERIOD: dict[str, Any] = {"start": NOW - timedelta(days=6), "end": NOW + timedelta(days=1)}
ERRORS = (None, "no row 1", "no row 2", recorded.REFUSAL)


def some_calls(owner: Owner) -> None:
    for number, project in enumerate(("shop", "shop", "site", None)):
        session_pk = recorded.session(owner, AT, project=project)
        for tool, error in product(("Bash", "Read")[: 1 + number % 2], ERRORS[: 2 + number]):
            at, ms = AT + timedelta(hours=number), None if error == "no row 1" else 400
            recorded.call(owner, session_pk, at, tool, success=error is None, error=error, ms=ms)
        recorded.call(owner, session_pk, AT, answered=False)


def some_jobs(owner: Owner) -> None:
    for agent, error in product(("writer", "reader"), ("no money 1", "no time", None)):
        recorded.job(owner, AT, agent=agent, status="failed", started=AT, completed=AT, error=error)
    for agent, status in product(("writer", "idle"), ("completed", "cancelled", "pending", "running")):
        done = AT if status in ("completed", "cancelled") else None
        recorded.job(owner, AT, agent=agent, status=status, started=AT, completed=done)


def asked_for(**values: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    return (dict(zip(values, chosen, strict=True)) for chosen in product(*values.values()))


def fits(call: dict[str, Any], column: str, value: str) -> bool:
    if value == "timed":
        return call["duration_ms"] is not None
    if value == "known":
        return call["outcome"] in ("succeeded", "failed")
    return (call[column] or "unknown") == value


@pytest.mark.parametrize("is_stored", [False, True])
def test_each_count_of_tools_is_what_choosing_it_leaves(owner: Owner, people: People, is_stored: bool) -> None:
    some_calls(owner)
    if is_stored:
        rollups.finish("real")
        some_calls(owner)
    everything = tools.read_calls(people["manager"], **PERIOD, limit=1000)
    failed = tools.read_calls(people["manager"], **PERIOD, error_group="no row N", limit=1000)
    names = {"tool": "tool_name", "project": "project_name", "outcome": "outcome"}
    assert len(failed) > 1
    for asked in asked_for(
        tool=(None, "Bash"),
        project=(None, "shop"),
        outcome=(None, "failed", "unknown", "known", "timed"),
        error_group=(None, "no row N"),
    ):
        if asked["error_group"] and asked["outcome"] in ("known", "timed"):
            continue  # which nothing on the page leads to
        calls = everything if asked["error_group"] is None else failed
        facets = tools.count_facets(people["manager"], **PERIOD, **asked)
        for facet, column in names.items():
            others = {names[name]: asked[name] for name in names if name != facet and asked[name]}
            left = [one for one in calls if all(fits(one, name, value) for name, value in others.items())]
            found: dict[str | None, int] = {}
            if facet == "outcome" and asked["error_group"] is None:
                held = {name: sum(fits(one, "outcome", name) for one in left) for name in ("known", "timed")}
                found |= {name: number for name, number in held.items() if number}
            for one in left:
                value = one[column] or ("unknown" if facet == "outcome" else None)
                found[value] = found.get(value, 0) + 1
            assert facets[facet] == found, (asked, facet)


@pytest.mark.parametrize("is_stored", [False, True])
def test_each_count_of_jobs_is_what_choosing_it_leaves(owner: Owner, people: People, is_stored: bool) -> None:
    some_jobs(owner)
    if is_stored:
        rollups.finish("real")
        some_jobs(owner)
    ways = {"agent": ("writer", "reader", "idle"), "status": (*jobs.STATUSES, jobs.ENDED)}
    for asked in asked_for(
        agent=(None, "writer"),
        status=(None, "failed", jobs.ENDED),
        search=(None, "no"),
        error_group=(None, "no money N"),
        long_running=(False, True),
    ):
        facets = jobs.count_facets(people["manager"], now=NOW, **PERIOD, **asked)
        for facet, values in ways.items():
            left = {
                value: len(jobs.read_jobs(people["manager"], now=NOW, **PERIOD, **asked | {facet: value}, limit=1000))
                for value in values
            }
            assert facets[facet] == {value: number for value, number in left.items() if number}, (asked, facet)


def options(page: PageRun, name: str) -> set[str]:
    return set(page.app.selectbox(key=f"f_{name}").options[1:])


def test_the_pickers_of_tools_count_under_the_other_filters(owner: Owner, people: People) -> None:
    some_calls(owner)
    page = open_page(people["manager"], "reports/tools.py", tool="Bash", outcome="failed")
    assert options(page, "project") == {"shop · 3", "site · 2", "(no project) · 2"}
    assert options(page, "tool") == {"Bash · 7", "Read · 4"}
    page = open_page(people["manager"], "reports/tools.py", project="site", error="no row N")
    assert options(page, "outcome") == {"failed · 2"}


def test_the_pickers_of_jobs_count_under_the_other_filters(owner: Owner, people: People) -> None:
    some_jobs(owner)
    page = open_page(people["manager"], "reports/jobs.py", status="failed", q="money")
    assert options(page, "agent") == {"writer · 1", "reader · 1"}
    page = open_page(people["manager"], "reports/jobs.py", agent="writer", error="no money N")
    assert options(page, "status") == {"ran to an end · 1", "failed · 1"}
    assert "No sums are kept by kind of failure, so the jobs of the filters themselves were counted." in page.text
    page = open_page(people["manager"], "reports/jobs.py", long="true")
    assert options(page, "agent") == {"writer · 1", "idle · 1"}
    assert options(page, "status") == {"running · 2"}


def test_the_pickers_of_procedures_count_under_the_other_filters(owner: Owner, people: People) -> None:
    stepped = [{"step": "sign", "kind": "human", "outcome": "approved"}]
    for sop, status in product(("refund", "onboard"), ("completed", "failed", "failed")):
        performed.run(owner, AT, sop, status=status)
    performed.run(owner, AT, "refund", status="failed", steps=stepped, agent_id="clerk")
    performed.run(owner, AT, "onboard", status="completed", steps=stepped)
    page = open_page(people["manager"], "reports/sops.py", status="failed")
    assert options(page, "sop") == {"refund · 3", "onboard · 2"}
    assert options(page, "agent") == {"IntakeAgent · 4", "clerk · 1"}
    page = open_page(people["manager"], "reports/sops.py", agent="clerk", sop="refund")
    assert options(page, "agent") == {"IntakeAgent · 3", "clerk · 1"}
    cached.forget()
    cold = queries_during(open_page(people["manager"], "reports/sops.py", agent="clerk", sop="refund").run)
    assert sum(cold.values()) <= 8, cold
    page = open_page(people["manager"], "reports/sops.py", step="sign", agent="clerk")
    assert options(page, "agent") == {"IntakeAgent · 1", "clerk · 1"}
    assert options(page, "sop") == {"refund · 1"}
    assert [bar["number"] for bar in page.charts[0]] == [1]
    page = open_page(people["manager"], "reports/sops.py", step="sign", sop="refund")
    assert options(page, "sop") == {"refund · 1", "onboard · 1"}
    assert options(page, "status") == {"failed · 1", "ended by itself · 1"}
    assert "CSV, 1 row" in page.text
    assert [bar["number"] for bar in page.charts[0]] == [1]
    page = open_page(people["manager"], "reports/sops.py", step="sign", status="failed")
    assert options(page, "sop") == {"refund · 1", "onboard · 0"}
    assert options(page, "status") == {"failed · 1", "completed · 1", "ended by itself · 2"}


@pytest.mark.parametrize("is_stored", [False, True])
def test_the_pickers_of_events_count_under_the_other_filters(owner: Owner, people: People, is_stored: bool) -> None:
    for kind, aggregate, emitter in (
        ("SCORED", "Lead", "Intake"), ("SCORED", "Lead", "Sales"), ("SCORED", "Client", "Intake"),
        ("LOST", "Lead", "Intake"), ("LOST", "Client", "Care"),
    ):  # fmt: skip
        performed.engine_event(owner, AT, kind, aggregate_type=aggregate, emitted_by=emitter, payload={"of": aggregate})
    if is_stored:
        rollups.finish("real")
    for asked in ({"aggregate": "Lead"}, {"q": '{"of": "Lead"}'}):
        page = open_page(people["manager"], "reports/events.py", emitter="Intake", type="SCORED", **asked)
        assert "1 event of the type SCORED" in page.text
        lost = set() if "q" in asked else {"Client · 1"}
        assert options(page, "aggregate") == {"Lead · 1", *lost}
        assert options(page, "emitter") == {"Intake · 1", "Sales · 1"}
        assert options(page, "type") == {"SCORED · 1", "LOST · 1"}
    page = open_page(people["manager"], "reports/events.py", emitter="Care")
    assert "1 event in the last 30 days; 1 type from 1 emitter" in page.text
    assert options(page, "emitter") == {"Intake · 3", "Sales · 1", "Care · 1"}


def test_the_picker_of_agents_counts_the_windows_that_are_listed(owner: Owner, people: People) -> None:
    for agent, number in (("IntakeAgent", 3), ("idle", 1)):
        for hours in range(number):
            performed.window(owner, AT - timedelta(hours=hours), agent)
        recorded.job(owner, AT, agent=agent, started=AT, completed=AT)
    page = open_page(people["manager"], "reports/agents.py", agent="IntakeAgent")
    assert options(page, "agent") == {"IntakeAgent · 3", "idle · 1"}
    assert "CSV, 3 rows" in page.text


def test_the_pickers_of_experiments_and_projects_count_under_the_other_filters(owner: Owner, people: People) -> None:
    for status, outcome in (("completed", "confirmed"), ("completed", "refuted"), ("aborted", "refuted")):
        performed.insert(
            owner,
            "engine",
            "chaos_experiments",
            {"name": "x", "hypothesis": "y", "status": status, "outcome": outcome} | {"started_at": AT},
        )
    page = open_page(
        people["manager"], "reports/clients.py", view="experiments", outcome="confirmed", status="completed"
    )
    assert options(page, "status") == {"completed · 1"}
    assert options(page, "outcome") == {"confirmed · 1", "refuted · 1"}
    me = people["manager"].user_id
    owner.execute("insert into toolbox.users (id, email) values (%s, 'a@example.com')", (me,))
    for workspace, names in (("Harbour", ("Ferry", "Crane")), ("Yard", ("Ferry",))):
        given = {"name": workspace, "owner_id": me}
        workspace_id = performed.insert(owner, "toolbox", "workspaces", given)
        for name in names:
            given = {"name": name, "owner_id": me, "workspace_id": workspace_id}
            performed.insert(owner, "toolbox", "projects", given)
    page = open_page(people["manager"], "reports/projects.py", q="crane")
    assert options(page, "workspace") == {"Harbour · 1", "Yard · 0"}
