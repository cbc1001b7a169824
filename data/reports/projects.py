"""Workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound

MOST_WORKSPACES = 100  # on one screen; projects lead to all of them


@dataclass(frozen=True)
class Workspaces:
    """The first workspaces by name as `rows`, and how many there are in all."""

    rows: list[dict[str, Any]]
    workspaces: int


@checked()
def read_workspaces(
    actor: Actor, *, chosen: UUID | None = None, status: str | None = None, search: str | None = None
) -> Workspaces:
    """At most MOST_WORKSPACES workspaces, and the `chosen` one wherever it stands: workspace_id, name, owner_id, owner
    (address, None where not to be known), created_at, projects, fitting (those of the projects with that status and
    these words), members (the owner included).

    Raises what `database.reading` raises, as every reader here.
    """
    with database.reading(actor) as unit:
        rows = unit.rows("projects.list_workspaces", chosen=chosen, status=status, search=search, limit=MOST_WORKSPACES)
    return Workspaces(rows, rows[0]["workspaces"] if rows else 0)


@dataclass(frozen=True)
class ProjectCount:
    """How many projects fit, how many of them are active, and of how many it is known whether they are."""

    projects: int
    active: int
    known: int


@checked()
def count_projects(
    actor: Actor, *, workspace: UUID | None = None, status: str | None = None, search: str | None = None
) -> ProjectCount:
    """The projects that fit, counted."""
    with database.reading(actor) as unit:
        row = unit.row("projects.count_projects", workspace=workspace, status=status, search=search)
    return ProjectCount(**(row or {}))


@checked()
def read_projects(
    actor: Actor,
    *,
    workspace: UUID | None = None,
    status: str | None = None,
    search: str | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of the projects that fit, active ones first: project_id, name, description, status, workspace_id,
    workspace, owner_id, owner, members, created_at, updated_at."""
    with database.reading(actor) as unit:
        return unit.rows(
            "projects.list_projects",
            project=None,
            workspace=workspace,
            status=status,
            search=search,
            limit=limit,
            offset=offset,
        )


@checked()
def read_project(actor: Actor, *, project: UUID) -> dict[str, Any]:
    """One project with the columns of read_projects. Raises NotFound where the viewer may not see it or there is
    none."""
    with database.reading(actor) as unit:
        row = unit.row(
            "projects.list_projects", project=project, workspace=None, status=None, search=None, limit=1, offset=0
        )
    if row is None:
        raise NotFound
    return row


@checked()
def read_members(
    actor: Actor,
    *,
    project: UUID | None = None,
    workspace: UUID | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Who belongs to a project or a workspace, its owner first: user_id, address, full_name, role, joined_at.

    Raises NotFound where the viewer may not see it or there is none.
    """
    with database.reading(actor) as unit:
        rows = unit.rows("projects.list_members", project=project, workspace=workspace, limit=limit, offset=offset)
    if not rows:
        raise NotFound
    return rows
