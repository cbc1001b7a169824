"""Projects: workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from data.reports import projects as reports
from ui import cached, page, projects
from ui.asking import filters, links, paging
from ui.view import View


def show_one(view: View, project_id: UUID) -> None:
    """One project with its members."""
    page.note(links.go("‹ All projects", view.page.url_path))
    project = cached.read(view, reports.read_project, project=project_id)
    offset = paging.offset_of(project["members"])
    members = cached.read(view, reports.read_members, project=project_id, limit=paging.PAGE_SIZE, offset=offset)
    projects.members_table(view, project, members)
    page.footer(view, report="project_members", filters={"project": str(project_id)}, rows=project["members"])


def show(view: View) -> None:
    """Sentence, workspaces and projects; of one workspace also its members."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="all")
    chosen = projects.asked()
    asked: dict[str, Any] = {**period.parameters, **chosen.parameters}
    fitting: dict[str, Any] = {**period.parameters, "status": chosen.status, "search": chosen.search}
    workspaces = cached.read(view, reports.read_workspaces, chosen=chosen.workspace, **fitting)
    projects.choose(view, workspaces.rows, chosen)
    counted: dict[str, Any] = {**period.parameters, **period.compared, **chosen.subject}
    counts = cached.read(view, reports.count_projects, **counted)
    projects.draw_status(view, chosen, counts, workspaces.rows)
    total = sum(one.projects for one in projects.fitting(counts, chosen))
    order = filters.sorting(reports.SORTS, "status")
    if not total:
        projects.nothing(view, workspaces.rows, chosen, period)
    else:
        projects.summary(view, workspaces.workspaces, counts, period, chosen)
        found = cached.read(
            view,
            reports.read_projects,
            **asked,
            sort=order[0],
            downwards=order[1],
            limit=paging.PAGE_SIZE,
            offset=paging.offset_of(total),
        )
        projects.projects_table(view, found, total, order)
    filters.say_untimed(view, period, known, "project")
    taken = {name: str(value) if isinstance(value, UUID) else value for name, value in asked.items()}
    page.footer(view, report="projects", filters=taken, order=order, rows=total)
    if workspaces.rows and chosen.workspace is None:
        projects.workspaces_table(view, workspaces)
        page.footer(view, report="workspaces", rows=workspaces.workspaces, noun="workspace")
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
