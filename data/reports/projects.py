"""Workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from data import database
from data.access import Actor
from data.errors import NotFound


def read_workspaces(actor: Actor) -> list[dict[str, Any]]:
    """Each workspace: workspace_id, name, owner_id, owner (address, None where not to be known), created_at, projects,
    members (the owner included). Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        return unit.rows("projects.list_workspaces")


def read_projects(
    actor: Actor, *, workspace: UUID | None = None, status: str | None = None, search: str | None = None
) -> list[dict[str, Any]]:
    """Projects that fit, active ones first: project_id, name, description, status, workspace_id, workspace, owner_id,
    owner, members, created_at, updated_at."""
    with database.reading(actor) as unit:
        return unit.rows("projects.list_projects", workspace=workspace, status=status, search=search)


def read_members(actor: Actor, *, project: UUID | None = None, workspace: UUID | None = None) -> list[dict[str, Any]]:
    """Who belongs to a project or a workspace, its owner first: user_id, address, full_name, role, joined_at.

    Raises NotFound where the viewer may not see it or there is none.
    """
    with database.reading(actor) as unit:
        rows = unit.rows("projects.list_members", project=project, workspace=workspace)
    if not rows:
        raise NotFound
    return rows
