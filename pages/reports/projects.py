"""Projects: workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from data.reports import projects as reports
from ui import cached, page, projects
from ui.asking import links, paging
from ui.view import View


def show_one(view: View, project_id: UUID) -> None:
    """One project with its members."""
    page.note(links.go("‹ All projects", view.page.url_path))
    project = cached.read(view, reports.read_project, project=project_id)
    offset = (paging.page_number(project["members"]) - 1) * paging.PAGE_SIZE
    members = cached.read(view, reports.read_members, project=project_id, limit=paging.PAGE_SIZE, offset=offset)
    projects.members_table(view, project, members)
    page.footer(view, report="project_members", filters={"project": str(project_id)}, rows=project["members"])


def show(view: View) -> None:
    """Sentence, workspaces and projects; of one workspace also its members."""
    chosen = projects.asked()
    workspaces = cached.read(
        view, reports.read_workspaces, chosen=chosen.workspace, status=chosen.status, search=chosen.search
    )
    projects.choose(view, workspaces.rows, chosen)
    counted = cached.read(view, reports.count_projects, **chosen.parameters)
    if not counted.projects:
        projects.nothing(view, workspaces.rows, chosen)
    else:
        projects.summary(workspaces.workspaces, counted, chosen)
        offset = (paging.page_number(counted.projects) - 1) * paging.PAGE_SIZE
        found = cached.read(view, reports.read_projects, **chosen.parameters, limit=paging.PAGE_SIZE, offset=offset)
        projects.projects_table(view, found, counted.projects)
    if workspaces.rows and chosen.workspace is None:
        projects.workspaces_table(view, workspaces)
    asked = {name: str(value) for name, value in chosen.parameters.items() if value is not None}
    page.footer(view, report="projects", filters=asked, rows=counted.projects)
    one = next((row for row in workspaces.rows if row["workspace_id"] == chosen.workspace), None)
    if one is not None:
        with page.panel(view, "the members of the workspace"):
            show_members(view, one)


def show_members(view: View, workspace: Mapping[str, Any]) -> None:
    """Who belongs to a workspace."""
    asked, total = workspace["workspace_id"], workspace["members"]
    offset = paging.offset_of(total, "members")
    members = cached.read(view, reports.read_members, workspace=asked, limit=paging.PAGE_SIZE, offset=offset)
    projects.workspace_members_table(view, workspace, members, "members")
    page.footer(view, report="project_members", filters={"workspace": str(asked)}, rows=total, noun="member")


view = page.begin("Projects")
with page.panel(view, "the list of projects"):
    if (asked := projects.asked_project()) is not None:
        show_one(view, asked)
    else:
        show(view)
