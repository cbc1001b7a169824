"""ToolboxAI as blocks; the same at any size, as people do not grow with the events that their agents make."""

from __future__ import annotations

from collections.abc import Iterator

from data.demo.calendar import DAY_MS
from data.demo.columns import Block
from data.demo.engine.records import Chance, rows, stamp
from data.demo.people import PEOPLE, Person
from data.demo.request import Request
from data.demo.toolbox.places import PROJECTS, WORKSPACES, Members

_ACCOUNTS = 3  # the first people are those that one can sign in as
_STAFF = tuple(person for person in PEOPLE if person.user_id is not None)
_KNOWN: dict[str, Person] = {
    **{person.name: person for person in _STAFF},
    **{person.role: person for person in _STAFF[:_ACCOUNTS]},
}


def blocks(request: Request) -> Iterator[list[Block]]:
    """Users, workspaces, projects, and who belongs to which."""
    chance = Chance(request.random(12))
    workspaces = {workspace.name: chance.new_id() for workspace in WORKSPACES}
    projects = {project.name: chance.new_id() for project in PROJECTS}

    def ago(days: int) -> str:
        return stamp(request.anchor_ms - days * DAY_MS - chance.draw.randrange(8 * 3_600_000))

    yield [
        rows("demo.copy_toolbox_users", [_user(chance, person, ago(850 - 40 * n)) for n, person in enumerate(_STAFF)]),
        rows(
            "demo.copy_workspaces",
            [(workspaces[w.name], _KNOWN[w.owner].user_id, w.name, *[ago(w.age_days)] * 2) for w in WORKSPACES],
        ),
        rows(
            "demo.copy_projects",
            [
                (
                    projects[p.name],
                    _KNOWN[p.owner].user_id,
                    workspaces[p.workspace] if p.workspace else None,
                    p.name,
                    p.description,
                    "archived" if p.is_archived else "active",
                    ago(p.age_days),
                    ago(min(p.age_days, 20)),
                )
                for p in PROJECTS
            ],
        ),
        _members(
            "demo.copy_workspace_members", [(workspaces[w.name], w.members, ago(w.age_days - 2)) for w in WORKSPACES]
        ),
        _members("demo.copy_project_members", [(projects[p.name], p.members, ago(p.age_days - 2)) for p in PROJECTS]),
    ]


def _user(chance: Chance, person: Person, at: str) -> tuple[object, ...]:
    """One of them signed up before Clerk was there."""
    clerk_id = None if person.name == "Jonas Ekdahl" else f"user_{chance.new_id()[:27]}"
    return (person.user_id, clerk_id, person.email, person.name, at, at)


def _members(query: str, places: list[tuple[str, Members, str]]) -> Block:
    return rows(
        query,
        [(place, _KNOWN[name].user_id, role, at) for place, members, at in places for name, role in members],
    )
