"""Projects: workspaces, projects and members of ToolboxAI, as far as the viewer may see."""

from __future__ import annotations

from uuid import UUID

from data.errors import NotFound
from data.reports import projects as reports
from ui import cached, page, projects
from ui.asking import links
from ui.view import View


def show_one(view: View, project_id: UUID) -> None:
    """One project with its members."""
    page.note(links.go("‹ All projects", view.page.url_path))
    found = cached.read(view, reports.read_projects)
    project = next((one for one in found if one["project_id"] == project_id), None)
    if project is None:
        raise NotFound
    members = cached.read(view, reports.read_members, project=project_id)
    projects.members_table(view, project, members)
    page.footer(view, report="project_members", filters={"project": str(project_id)}, rows=len(members))


def show(view: View) -> None:
    """Sentence, workspaces and projects."""
    workspaces = cached.read(view, reports.read_workspaces)
    chosen = projects.choose(view, workspaces)
    found = cached.read(view, reports.read_projects, **chosen.parameters)
    if not found:
        projects.nothing(view, workspaces, chosen)
    else:
        projects.summary(workspaces, found, chosen)
        projects.projects_table(view, found)
    if workspaces and chosen.workspace is None:
        projects.workspaces_table(view, workspaces)
    asked = {name: str(value) for name, value in chosen.parameters.items() if value is not None}
    page.footer(view, report="projects", filters=asked, rows=len(found))


view = page.begin("Projects")
with page.panel(view, "the list of projects"):
    if (asked := projects.asked_project()) is not None:
        show_one(view, asked)
    else:
        show(view)
