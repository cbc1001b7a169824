"""Cached reads: computed once for equal sights, again when the tables change, and never shared beyond a sight."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from psycopg import sql
from streamlit.delta_generator import DeltaGenerator

from data import database, jobs, measures, rollups, sources
from data.access import Actor, Dataset
from data.database import Unit
from data.errors import NotFound, SignalboxError
from data.reports import coverage, integrity, session, sessions, tools
from tests import all_systems, recorded
from tests.conftest import make_person
from tests.page_runs import open_page
from tests.recorded import Owner
from ui import cached
from ui.navigation import FIRST, PAGES
from ui.view import View

People = dict[str, Actor]
Reader = Callable[..., Any]

ROOT = Path(__file__).parent.parent
DATASETS: tuple[Dataset, ...] = ("real", "demo")
WORD = "zanzibar"  # stands in every text of the rows that one member owns, and nowhere else


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cached.forget()
    yield
    cached.forget()


def view_of(actor: Actor) -> View:
    """What a page of this person works with."""
    sources = database.read_sources(actor)
    versions = tuple(sorted(sources.versions.items()))
    return View(FIRST, actor, versions, datetime.now(UTC), ZoneInfo("UTC"), DeltaGenerator(), adopted=sources.adopted)


def fills_of(reader: Reader) -> int:
    counted = measures.cache_reads().get(cached.name_of(reader))
    return counted.fills if counted else 0


def test_two_people_with_equal_sight_cost_one_query(owner: Owner, people: People) -> None:
    second = make_person(owner, "second", "manager")
    before = fills_of(coverage.read_coverage)
    for actor in (people["manager"], second, people["manager"]):
        cached.read(view_of(actor), coverage.read_coverage)
    assert fills_of(coverage.read_coverage) - before == 1


def test_equal_sight_is_equal_dataset_role_and_for_members_person(people: People) -> None:
    second = replace(people["manager"], user_id=people["other"].user_id, email="second@example.com")
    assert second.sight == people["manager"].sight
    everybody = [replace(actor, dataset=dataset) for actor in people.values() for dataset in DATASETS]
    assert len({actor.sight for actor in everybody}) == len(everybody)


def test_a_change_of_a_table_is_seen_at_once_and_nothing_else_is_computed_again(owner: Owner, people: People) -> None:
    manager = people["manager"]
    assert not cached.read(view_of(manager), coverage.read_coverage)["sessions"].holds_rows
    recorded.session(owner, datetime.now(UTC))
    assert cached.read(view_of(manager), coverage.read_coverage)["sessions"].holds_rows
    before = fills_of(coverage.read_coverage)
    rollups.finish("real")
    assert cached.read(view_of(manager), coverage.read_coverage)["sessions"].holds_rows
    assert fills_of(coverage.read_coverage) == before


def test_a_change_elsewhere_leaves_what_does_not_rest_on_it(owner: Owner, people: People) -> None:
    asked: dict[str, Any] = {"start": None, "end": None, "untimed": False}

    def fills() -> tuple[int, int]:
        view = view_of(people["manager"])
        cached.read(view, jobs.count_facets, **asked)
        cached.read(view, tools.count_facets, **asked)
        assert {"agents.jobs", "chronicle.tool_events"} <= view.rests_on
        assert "engine.events" not in view.rests_on
        return fills_of(jobs.count_facets), fills_of(tools.count_facets)

    of_jobs, of_tools = fills()
    recorded.job(owner, datetime.now(UTC))
    assert fills() == (of_jobs + 1, of_tools)
    recorded.session(owner, datetime.now(UTC))  # decides whose calls one sees
    assert fills() == (of_jobs + 1, of_tools + 1)
    owner.execute("update signalbox.adopted_tables set system = system")
    assert fills() == (of_jobs + 1, of_tools + 1), "no row was touched"
    owner.execute("truncate signalbox.migration_runs")
    assert fills() == (of_jobs + 2, of_tools + 2), "the definitions may have changed"


def test_what_is_not_known_rests_on_everything(owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(reader: Reader, **parameters: Any) -> bool:
        view = view_of(people["admin"])
        cached.read(view, reader, **parameters)
        return view.rests_on == dict(view.versions).keys()

    job_id = recorded.job(owner, datetime.now(UTC))
    assert not everything(jobs.read_job, job_id=job_id)
    assert everything(jobs.read_acts, job_id=job_id), "it reads the audit log"
    assert everything(integrity.compare_projection, name=integrity.projection_names()[0]), "it hands its connection on"
    assert everything(access_of_nothing), "it runs no query at all"
    cached.forget()
    monkeypatch.setattr(sources, "of_queries", lambda _: frozenset({"tests.unlogged"}))
    assert everything(jobs.read_job, job_id=job_id), "the change log of this database does not hear of it"


def access_of_nothing(_: Actor) -> str:
    """A reader without a query."""
    return "nothing"


access_of_nothing.__module__ = "data.tests"


def test_ten_at_once_cost_one_execution(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC))
    views = [view_of(people["manager"]) for _ in range(10)]
    before = fills_of(coverage.read_coverage)
    together = Barrier(10)

    def look(view: View) -> bool:
        together.wait()
        return bool(cached.read(view, coverage.read_coverage)["sessions"].holds_rows)

    with ThreadPoolExecutor(10) as threads:
        assert all(threads.map(look, views))
    assert fills_of(coverage.read_coverage) - before == 1


def test_other_parameters_are_another_entry(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC), project="shop")
    view = view_of(people["manager"])
    counts = [
        cached.read(view, sessions.count_facets, chosen=sessions.Chosen(project=project))["status"]
        for project in (None, "shop", "elsewhere")
    ]
    assert counts == [{"completed": 1}, {"completed": 1}, {}]


def test_each_reader_of_an_entry_has_an_own_copy(owner: Owner, people: People) -> None:
    recorded.session(owner, datetime.now(UTC))
    view = view_of(people["manager"])
    cached.read(view, coverage.read_coverage).clear()
    assert cached.read(view, coverage.read_coverage)


def test_an_error_is_not_kept(owner: Owner, people: People) -> None:
    view = view_of(people["manager"])
    missing = recorded.session(owner, datetime.now(UTC))
    owner.execute("set session_replication_role = replica")  # the change log does not hear of what follows
    owner.execute("update chronicle.sessions set id = gen_random_uuid()")
    with pytest.raises(NotFound):
        cached.read(view, session.read_session, session_pk=missing)
    owner.execute("update chronicle.sessions set id = %s", (missing,))
    assert cached.read(view, session.read_session, session_pk=missing)["session_pk"] == str(missing)


def test_another_database_under_the_same_name_is_another_entry(people: People, owner: Owner, database_url: str) -> None:
    view = view_of(people["manager"])
    assert not cached.read(view, coverage.read_coverage)["sessions"].holds_rows
    owner.execute("set session_replication_role = replica")
    recorded.session(owner, datetime.now(UTC))
    assert not cached.read(view, coverage.read_coverage)["sessions"].holds_rows
    database.open_database("real", f"{database_url}{'&' if '?' in database_url else '?'}connect_timeout=9")
    assert cached.read(view, coverage.read_coverage)["sessions"].holds_rows


def test_only_plain_readers_with_named_parameters_are_taken(people: People) -> None:
    view = view_of(people["manager"])
    somebody = people["member"]

    def with_a_hidden_actor(_: Actor) -> object:
        return coverage.read_coverage(somebody)

    with_a_hidden_actor.__module__ = coverage.__name__  # wherever it was made
    for reader in (with_a_hidden_actor, lambda _: somebody, view_of):
        with pytest.raises(TypeError):
            cached.read(view, reader)
    with pytest.raises(TypeError):
        cached.read(view, sessions.count_facets, sessions.Chosen())  # type: ignore[call-arg]  # a wrong call is the point


@dataclass(frozen=True)
class Asked:
    """One cached read that a page made."""

    reader: Reader
    parameters: dict[str, Any]


def test_no_row_of_one_viewer_reaches_another(owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cached read of every page, filter values and counts included: warmed by the member who owns all rows,
    then made by another member, it gives what it would give if those rows had never been."""
    asked = walked(owner, people, monkeypatch)
    missing = readers_in_source() - {cached.name_of(one.reader) for one in asked}
    assert not missing, f"no page of the walk reaches {missing}: add an address to `addresses`"

    me = replace(people["member"], client_id=f"{WORD}-client")
    mine, other = view_of(me), view_of(people["other"])
    assert any(WORD in written(answer(mine, one)) for one in asked), "the rows are not what the pages read"
    seen = []
    for one in asked:
        answer(mine, one)
        seen.append(written(answer(other, one)))
        assert WORD not in seen[-1], cached.name_of(one.reader)
    remove_everything(owner)
    cached.forget()
    nothing = view_of(people["other"])
    assert seen == [written(answer(nothing, one)) for one in asked]


def walked(owner: Owner, people: People, monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """The cached reads of all pages, as the owner of the rows and as an admin."""
    at = datetime.now(UTC) - timedelta(hours=3)
    session_pk = recorded.one_of_everything(owner, at, WORD, people["member"].user_id)
    rows = all_systems.add(owner, at, WORD, people["member"])
    asked: list[Asked] = []
    read = cached.read

    def noted(view: View, reader: Reader, **parameters: Any) -> Any:
        asked.append(Asked(reader, parameters))
        return read(view, reader, **parameters)

    monkeypatch.setattr(cached, "read", noted)
    owner.execute("alter policy projects_select on toolbox.projects using (false)")
    open_page(people["admin"], "reports/projects.py")  # which asks why there is nothing
    owner.execute("alter policy projects_select on toolbox.projects using (owner_id = (select auth.uid()))")
    owner.execute("create policy none on engine.human_approvals as restrictive to authenticated using (false)")
    open_page(people["admin"], "admin/approvals.py")  # which asks what is hidden
    owner.execute("drop policy none on engine.human_approvals")
    cached.forget()  # policies are no change of a table
    for actor in (people["member"], people["admin"]):
        for path, parameters in [*addresses(owner, session_pk), *addresses_of_systems(rows, people["member"])]:
            open_page(actor, path, **parameters)
    monkeypatch.setattr(session, "MOST_ITEMS", 4)
    cached.forget()
    open_page(people["member"], "reports/session.py", session=str(session_pk))  # which says how many are not shown
    monkeypatch.undo()
    return asked


def addresses(owner: Owner, session_pk: UUID) -> list[tuple[str, dict[str, str]]]:
    """Each page as it opens, and where it reads something else for other parameters."""
    plain: list[tuple[str, dict[str, str]]] = [(f"{entry.path.parent.name}/{entry.path.name}", {}) for entry in PAGES]
    question = owner.execute("select id from engine.human_approvals where status = 'pending'").fetchone()
    decided = owner.execute("select id from engine.human_approvals where status = 'approved'").fetchone()
    failed = owner.execute("select id from agents.jobs where status = 'failed'").fetchone()
    assert question
    assert decided
    assert failed
    session = str(session_pk)
    return [
        *plain,
        ("reports/overview.py", {"project": f"{WORD}-project"}),
        ("reports/sessions.py", {"q": WORD, "has": "errors"}),
        ("reports/session.py", {"session": session, "at": "0"}),
        ("reports/session.py", {"session": session, "item": str(question["id"])}),
        ("reports/tools.py", {"tool": f"{WORD}-tool"}),
        ("reports/tools.py", {"outcome": "failed"}),
        ("reports/jobs.py", {"job": str(failed["id"])}),
        ("admin/approvals.py", {"approval": str(question["id"])}),
        ("admin/approvals.py", {"approval": str(decided["id"])}),
        ("admin/approvals.py", {"show": "decided"}),
        ("admin/approvals.py", {"agent": f"{WORD}-agent", "kind": "refund"}),
        ("admin/approvals.py", {"show": "decided", "project": f"{WORD}-project", "period": "all"}),
    ]


def addresses_of_systems(rows: all_systems.Rows, member: Actor) -> list[tuple[str, dict[str, str]]]:
    """Where the pages of the engine, lift-sys and ToolboxAI read something else."""
    return [
        ("reports/agents.py", {"agent": rows.agent}),
        ("reports/agents.py", {"agent": rows.agent, "list": "failed"}),
        ("reports/sops.py", {"sop": "refund"}),
        ("reports/sops.py", {"long": "true"}),
        ("reports/sop_execution.py", {"execution": str(rows.execution)}),
        ("reports/events.py", {"q": f'{{"client_id": "{rows.client}"}}'}),
        ("reports/events.py", {"correlation": str(rows.correlation)}),
        ("reports/events.py", {"view": "integrity"}),
        ("reports/event_stream.py", {"type": "Client", "id": rows.client}),
        ("reports/event_stream.py", {"event": str(rows.event)}),
        ("reports/clients.py", {"client": rows.client}),
        ("reports/clients.py", {"view": "experiments"}),
        ("reports/lift_session.py", {"session": str(rows.lift_session)}),
        ("reports/lift_sessions.py", {"model": "(unknown model)"}),
        ("reports/people.py", {"person": "nobody"}),
        ("reports/jobs.py", {"startless": "true"}),
        ("reports/people.py", {"person": str(member.user_id)}),
        ("reports/projects.py", {"project": str(rows.project)}),
    ]


def readers_in_source() -> set[str]:
    """The names of all readers that stand in a call of cached.read in a page or a part of one."""
    found: set[str] = set()
    for path in (*(ROOT / "pages").rglob("*.py"), *(ROOT / "ui").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = imported_modules(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "cached.read":
                reader = ast.unparse(node.args[1])
                owner, _, name = reader.rpartition(".")
                module = importlib.import_module(modules[owner] if owner else modules[reader].rpartition(".")[0])
                found.add(cached.name_of(getattr(module, name)))
    assert found
    return found


def imported_modules(tree: ast.Module) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }


def answer(view: View, one: Asked) -> Any:
    try:
        return cached.read(view, one.reader, **one.parameters)
    except SignalboxError as error:
        return type(error).__name__


def written(result: Any) -> str:
    """A result as text in which equal results are equal."""
    if isinstance(result, pd.DataFrame):
        return repr(result.to_dict("records"))
    return repr(result)


def remove_everything(owner: Owner) -> None:
    all_systems.remove(owner)
    for table in ("engine.human_approvals", "agents.jobs", "chronicle.sessions", "signalbox.import_files"):
        owner.execute(sql.SQL("delete from {}").format(sql.Identifier(*table.split("."))))


def test_the_word_in_the_rows_is_in_every_kind_of_row(owner: Owner, people: People) -> None:
    """Guards the test above: rows without the word could leak unseen."""
    recorded.one_of_everything(owner, datetime.now(UTC), WORD, people["member"].user_id)
    with database.reading(replace(people["admin"])) as unit:
        assert all(WORD in repr(rows) for rows in rows_by_table(unit))


def rows_by_table(unit: Unit) -> list[list[dict[str, Any]]]:
    queries = (
        "select * from analytics.stg_chronicle__sessions",
        "select * from analytics.tool_calls",
        "select * from analytics.stg_chronicle__prompt_events",
        "select * from analytics.stg_chronicle__notification_events",
        "select * from analytics.stg_agents__jobs",
        "select * from analytics.stg_engine__human_approvals",
        "select * from analytics.stg_chronicle__project_context",
        "select * from analytics.reply_costs",
    )
    return [unit.connection.execute(query).fetchall() for query in queries]
