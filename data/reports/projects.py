"""Workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound
from data.reports.coverage import Coverage

MOST_WORKSPACES = 100  # on one screen; projects lead to all of them
SORTS = ("status", "project", "members", "created")


@dataclass(frozen=True)
class Workspaces:
    """The first workspaces by name as `rows`, and how many there are in all."""

    rows: list[dict[str, Any]]
    workspaces: int


@checked()
def read_workspaces(
    actor: Actor,
    *,
    chosen: UUID | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    status: str | None = None,
    search: str | None = None,
) -> Workspaces:
    """At most MOST_WORKSPACES workspaces, and the `chosen` one wherever it stands: workspace_id, name, owner_id, owner
    (address, None where not to be known), created_at, projects, fitting (those of the projects made in the period,
    with that status and these words), members (the owner included).

    Raises what `database.reading` raises, as every reader here.
    """
    with database.reading(actor) as unit:
        rows = unit.rows(
            "projects.list_workspaces",
            chosen=chosen,
            start=start,
            end=end,
            untimed=untimed,
            status=status,
            search=search,
            limit=MOST_WORKSPACES,
        )
    return Workspaces(rows, rows[0]["workspaces"] if rows else 0)


@dataclass(frozen=True)
class ProjectCount:
    """How many projects of a state were made in a period and in the one before; None is no state that is recorded."""

    status: str | None
    projects: int
    previous_projects: int


def read_coverage(actor: Actor) -> Coverage:
    """From when to when projects were made."""
    with database.reading(actor) as unit:
        row = unit.row("projects.read_coverage") or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])


@checked()
def count_projects(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
    workspace: UUID | None = None,
    search: str | None = None,
) -> tuple[ProjectCount, ...]:
    """The projects that fit and were made from `start` up to `end` or in the period before, counted by their state."""
    with database.reading(actor) as unit:
        rows = unit.rows(
            "projects.count_projects",
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            workspace=workspace,
            search=search,
        )
    return tuple(ProjectCount(**row) for row in rows)


@checked(sort=SORTS)
def read_projects(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    workspace: UUID | None = None,
    status: str | None = None,
    search: str | None = None,
    sort: str = "status",
    downwards: bool = False,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """One page of the projects that fit, made from `start` up to `end`, by one of SORTS: project_id, name, description,
    status, workspace_id, workspace, owner_id, owner, members, created_at, updated_at."""
    with database.reading(actor) as unit:
        return unit.rows(
            "projects.list_projects",
            project=None,
            start=start,
            end=end,
            untimed=untimed,
            workspace=workspace,
            status=status,
            search=search,
            sort=sort,
            downwards=downwards,
            limit=limit,
            offset=offset,
        )


@checked()
def read_project(actor: Actor, *, project: UUID) -> dict[str, Any]:
    """One project with the columns of read_projects. Raises NotFound where the viewer may not see it or there is
    none."""
    with database.reading(actor) as unit:
        row = unit.row(
            "projects.list_projects",
            project=project,
            start=None,
            end=None,
            untimed=False,
            workspace=None,
            status=None,
            search=None,
            sort=None,
            downwards=None,
            limit=1,
            offset=0,
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
