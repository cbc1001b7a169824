"""Workspaces, projects and members: each viewer sees what belongs to them, managers see all; the page says so."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import DictRow

from data import database
from data.access import Actor
from data.errors import NotAllowed, NotFound
from data.reports import projects as reports
from tests.page_runs import file_rows, open_page, queries_during

Connection = psycopg.Connection[DictRow]


@dataclass(frozen=True)
class World:
    """One workspace with two projects; a project of the other person, to which the member belongs."""

    workspace: UUID
    own: UUID
    shared: UUID
    hidden: UUID


@pytest.fixture
def world(owner: Connection, people: dict[str, Actor]) -> World:
    me, other = people["member"].user_id, people["other"].user_id
    made = World(uuid4(), uuid4(), uuid4(), uuid4())
    for known in (people["member"], people["other"]):
        owner.execute("insert into toolbox.users (id, email) values (%s, %s)", (known.user_id, known.email))
    owner.execute(
        "insert into toolbox.workspaces (id, owner_id, name) values (%s, %s, 'Harbour')", (made.workspace, me)
    )
    for project, person, workspace, name, status in (
        (made.own, me, made.workspace, "Lighthouse 🗼", "active"),
        (made.shared, other, None, "Ferries <b>fast</b>", "active"),
        (made.hidden, other, None, "Secret", "archived"),
    ):
        owner.execute(
            "insert into toolbox.projects (id, owner_id, workspace_id, name, status) values (%s, %s, %s, %s, %s)",
            (project, person, workspace, name, status),
        )
    owner.execute("insert into toolbox.project_members (project_id, user_id) values (%s, %s)", (made.shared, me))
    return made


def names(actor: Actor, **asked: object) -> list[str]:
    return [row["name"] for row in reports.read_projects(actor, **asked)]  # type: ignore[arg-type]


@pytest.mark.usefixtures("world")
def test_each_sees_what_they_own_or_belong_to(people: dict[str, Actor]) -> None:
    assert set(names(people["member"])) == {"Lighthouse 🗼", "Ferries <b>fast</b>"}
    assert set(names(people["other"])) == {"Ferries <b>fast</b>", "Secret"}
    assert names(people["manager"])[-1] == "Secret", "archived ones last"
    assert [row["name"] for row in reports.read_workspaces(people["other"]).rows] == []


def test_members_are_counted_with_the_owner(world: World, people: dict[str, Actor]) -> None:
    counted = {row["name"]: row["members"] for row in reports.read_projects(people["manager"])}
    assert counted == {"Lighthouse 🗼": 1, "Ferries <b>fast</b>": 2, "Secret": 1}
    workspace = reports.read_workspaces(people["manager"]).rows[0]
    assert (workspace["projects"], workspace["members"]) == (1, 1)


def test_an_owner_who_is_a_member_too_counts_once(owner: Connection, world: World, people: dict[str, Actor]) -> None:
    me = people["member"].user_id
    owner.execute("insert into toolbox.project_members (project_id, user_id) values (%s, %s)", (world.own, me))
    owner.execute(
        "insert into toolbox.workspace_members (workspace_id, user_id) values (%s, %s)", (world.workspace, me)
    )
    counted = {row["project_id"]: row["members"] for row in reports.read_projects(people["manager"])}
    assert counted[world.own] == 1
    assert reports.read_workspaces(people["manager"]).rows[0]["members"] == 1
    for found in (
        reports.read_members(people["manager"], project=world.own),
        reports.read_members(people["manager"], workspace=world.workspace),
    ):
        assert [row["role"] for row in found] == ["owner"]


def test_addresses_of_others_stay_unknown_to_members(world: World, people: dict[str, Actor]) -> None:
    seen = reports.read_members(people["member"], project=world.shared)
    assert [(row["role"], row["address"]) for row in seen] == [("owner", None), ("member", people["member"].email)]
    whole = reports.read_members(people["manager"], project=world.shared)
    assert [row["address"] for row in whole] == [people["other"].email, people["member"].email]


def test_a_project_of_others_is_not_there(world: World, people: dict[str, Actor]) -> None:
    with pytest.raises(NotFound):
        reports.read_members(people["member"], project=world.hidden)
    page = open_page(people["member"], "reports/projects.py", project=str(world.hidden))
    assert "Secret" not in page.text
    assert "nothing here" in page.text


def test_filters_narrow(world: World, people: dict[str, Actor]) -> None:
    manager = people["manager"]
    assert names(manager, status="archived") == ["Secret"]
    assert names(manager, workspace=world.workspace) == ["Lighthouse 🗼"]
    assert names(manager, search="FERR") == ["Ferries <b>fast</b>"]
    assert names(manager, search="%") == []


def test_long_lists_come_in_pages_with_exact_counts(
    owner: Connection, world: World, people: dict[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = people["manager"]
    owner.execute(
        "insert into toolbox.projects (owner_id, workspace_id, name, status)"
        " select %s, %s, 'Many ' || n, 'active' from generate_series(1, 40) as n",
        (people["other"].user_id, world.workspace),
    )
    owner.execute(
        "insert into toolbox.workspaces (owner_id, name)"
        " select %s, 'A workspace ' || n from generate_series(1, 3) as n",
        (people["other"].user_id,),
    )
    assert reports.count_projects(manager, search="many") == (reports.ProjectCount("active", 40, 0),)
    pages = [names(manager, search="many", offset=offset) for offset in (0, 25, 50)]
    assert [len(page) for page in pages] == [25, 15, 0]
    assert len({name for page in pages for name in page}) == 40
    monkeypatch.setattr(reports, "MOST_WORKSPACES", 2)
    found = reports.read_workspaces(manager, chosen=world.workspace)
    assert ([row["name"] for row in found.rows], found.workspaces) == (["A workspace 1", "A workspace 2", "Harbour"], 4)
    page = open_page(manager, "reports/projects.py", page="99")
    assert "43 projects, 42 of them active; 4 workspaces in all." in page.text
    assert "26 to 43 of 43" in page.text
    assert "The first 2 by name; 2 more workspaces are reached through their projects." in page.text


def test_nobody_adds_themselves_to_a_project(world: World, people: dict[str, Actor]) -> None:
    with pytest.raises(NotAllowed), database.writing(people["member"]) as unit:
        unit.connection.execute(
            "insert into toolbox.project_members (project_id, user_id) values (%s, %s)",
            (world.hidden, people["member"].user_id),
        )


def test_everybody_may_leave(world: World, people: dict[str, Actor]) -> None:
    with database.writing(people["member"]) as unit:
        unit.connection.execute("delete from toolbox.project_members where project_id = %s", (world.shared,))
    assert names(people["member"]) == ["Lighthouse 🗼"]


def test_nobody_changes_their_address_or_id(world: World, people: dict[str, Actor]) -> None:
    for change in ("update toolbox.users set email = 'x'", "update toolbox.users set clerk_id = 'x'"):
        with pytest.raises(NotAllowed) as refused, database.writing(people["member"]) as unit:
            unit.connection.execute(change)
        assert isinstance(refused.value.__cause__, errors.InsufficientPrivilege)


# the page


def test_the_page_tells_and_leads_to_members(world: World, people: dict[str, Actor]) -> None:
    page = open_page(people["manager"], "reports/projects.py")
    assert "3 projects, 2 of them active; 1 workspace in all." in page.text
    assert "/projects?status=active" in page.links
    assert page.links.count(f"/projects?workspace={world.workspace}") == 3, "the name, its projects and its members"
    assert "Ferries <b>fast</b>" in page.text
    assert f"/projects?project={world.shared}" in page.links
    assert f"/projects?workspace={world.workspace}" in page.links
    one = open_page(people["manager"], "reports/projects.py", project=str(world.shared))
    assert people["other"].email in one.text
    assert any(link.startswith("/export/project_members.csv?project=") for link in one.links)


def test_one_workspace_lists_its_members(owner: Connection, world: World, people: dict[str, Actor]) -> None:
    """Its owner first, 25 at a time; whoever may not know an address sees that there is somebody."""
    owner.execute(
        "with hands as (insert into auth.users (id, email) select gen_random_uuid(), 'z' || n || '@harbour.example'"
        " from generate_series(1, 28) as n returning id, email) insert into toolbox.users (id, email, full_name)"
        " select id, email, 'Hand ' || email from hands"
    )
    owner.execute(
        "insert into toolbox.workspace_members (workspace_id, user_id, role)"
        " select %s, id, 'member' from toolbox.users where full_name like 'Hand %%' or id = %s",
        (world.workspace, people["other"].user_id),
    )
    where, asked = "reports/projects.py", {"workspace": str(world.workspace)}
    page = open_page(people["manager"], where, **asked)
    told = page.text.partition("Members of Harbour")[2]
    assert "1 to 25 of 30" in told
    assert told.index(people["member"].email) < told.index(people["other"].email) < told.index("Hand ")
    assert "CSV, 30 members" in told
    assert f"/export/project_members.csv?workspace={world.workspace}" in page.links
    assert f"/projects?workspace={world.workspace}&members=2" in page.links
    later = open_page(people["manager"], where, **asked, members="2", q="nothing of that name").text
    assert later.count("Hand ") == 5
    assert "No project fits these filters." in later
    # Those without an address stand by their ids, on either page.
    both = [open_page(people["member"], where, **asked, members=number).text for number in ("1", "2")]
    own = "".join(text.partition("Members of Harbour")[2] for text in both)
    assert people["member"].email in own
    assert people["other"].email not in own
    assert f"somebody whose address you may not see ({str(people['other'].user_id)[:8]})" in own
    assert "Members of" not in open_page(people["manager"], where).text
    owner.execute("delete from toolbox.workspace_members")
    assert "Members of" not in open_page(people["other"], where, **asked).text, "which is not theirs to see"


def test_a_period_is_of_when_projects_were_made_and_states_are_counted_in_it(
    owner: Connection, world: World, people: dict[str, Actor]
) -> None:
    manager, where = people["manager"], "reports/projects.py"
    owner.execute("update toolbox.projects set created_at = now() - interval '40 days' where id = %s", (world.own,))
    owner.execute(
        "insert into toolbox.projects (owner_id, name, status, created_at)"
        " select %s, 'Old', 'archived', now() - interval '40 days' from generate_series(1, 20)",
        (people["other"].user_id,),
    )
    whole = open_page(manager, where)
    assert "23 projects, 2 of them active; 1 workspace in all." in whole.text
    month = open_page(manager, where, period="30d")
    assert "2 projects made in the last 30 days, 1 of them active, −90 % on the 30 days before (n = 21)" in month.text
    [states] = [box for box in month.app.selectbox if box.label == "Status"]
    assert list(states.options) == ["Any status", "active · 1", "archived · 1"]
    [file] = [link for link in month.links if link.startswith("/export/projects.csv?")]
    assert "start=" in file
    assert "CSV, 2 rows" in month.text
    archived = open_page(manager, where, period="30d", status="archived")
    assert "1 project made in the last 30 days that fits" in archived.text


def test_projects_are_sorted_by_what_the_address_asks(world: World, people: dict[str, Actor]) -> None:
    manager = people["manager"]
    ferries, own = "Ferries <b>fast</b>", "Lighthouse 🗼"
    assert names(manager, sort="project") == [ferries, own, "Secret"]
    assert names(manager, sort="project", downwards=True) == ["Secret", own, ferries]
    assert names(manager, sort="members", downwards=True)[0] == ferries
    assert names(manager, sort="status", downwards=True)[0] == "Secret"
    page = open_page(manager, "reports/projects.py", sort="-project")
    assert page.text.index("Secret") < page.text.index("Ferries")
    assert "/projects?sort=project" in page.links
    assert any(
        link.startswith("/export/projects.csv?") and "sort=project&downwards=true" in link for link in page.links
    )
    assert "/export/workspaces.csv" in page.links
    [workspace] = file_rows(manager, "workspaces", {})
    assert (workspace["name"], workspace["projects"], "workspaces" in workspace) == ("Harbour", 1, False)


@pytest.mark.usefixtures("world")
def test_filters_of_the_url_and_nonsense_in_it(people: dict[str, Actor]) -> None:
    page = open_page(people["manager"], "reports/projects.py", status="archived", workspace="x", project="y")
    assert "1 project that fit" in page.text
    assert "No project fits these filters." in open_page(people["manager"], "reports/projects.py", q="zzz").text


def test_an_empty_page_says_why(people: dict[str, Actor]) -> None:
    assert "No project is recorded yet." in open_page(people["manager"], "reports/projects.py").text
    assert "No workspace and no project of yours." in open_page(people["member"], "reports/projects.py").text


def test_at_most_eight_queries(owner: Connection, world: World, people: dict[str, Actor]) -> None:
    for asked in ({}, {"project": str(world.shared)}, {"workspace": str(world.workspace)}):
        page = open_page(people["manager"], "reports/projects.py", **asked)
        owner.execute("update toolbox.projects set name = name")  # a new version: nothing is cached any more
        assert queries_during(page.run).total() <= 8


def test_a_long_address_is_cut_in_its_middle_and_whole_on_hover(
    owner: Connection, world: World, people: dict[str, Actor]
) -> None:
    address = f"{'somebody.' * 12}@harbour.example"
    owner.execute("update toolbox.users set email = %s", (address,))
    page = open_page(people["manager"], "reports/projects.py")
    assert address not in page.text
    assert page.text.count("@harbour.example") == 4, "three projects and a workspace"
    assert "".join(page.pieces).count(f'title="{address}"') == 4
    owner.execute("update auth.users set email = %s where id = %s", (address, people["member"].user_id))
    one = open_page(people["manager"], "reports/projects.py", project=str(world.shared))
    assert address not in one.text
    assert f'title="{address}"' in "".join(one.pieces)
