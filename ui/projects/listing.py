"""The tables of the page of projects: workspaces, projects, members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui import page
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child
from ui.projects.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_STATES = {"active": "signal", "archived": "unknown"}


def summary(workspaces: Sequence[Mapping[str, Any]], projects: Sequence[Mapping[str, Any]], chosen: Chosen) -> None:
    """How many workspaces and projects there are."""
    active = sum(one["status"] == "active" for one in projects)
    fitting = " that fit" if any(chosen.parameters.values()) else ""
    page.say(
        f"{plural(len(projects), 'project')}{fitting}, {figures.count(active)} of them active; "
        f"{plural(len(workspaces), 'workspace')} in all.",
        state="well",
    )


def _owner(row: tables.Row) -> Child:
    return row["owner"] or tables.muted(figures.short_id(row["owner_id"]) if row["owner_id"] else "nobody")


def workspaces_table(view: View, workspaces: Sequence[Mapping[str, Any]]) -> None:
    """The workspaces; each leads to its projects."""
    page.heading("Workspaces", "the owner counts as a member")

    def name(row: tables.Row) -> Child:
        return links.go(row["name"], view.page.url_path, workspace=str(row["workspace_id"]))

    columns = [
        tables.Column("Workspace", name, wide=True),
        tables.Column("Owner", _owner),
        tables.Column("Projects", tables.count("projects"), is_number=True),
        tables.Column("Members", tables.count("members"), is_number=True),
        _created(view),
    ]
    tables.table(view, workspaces, columns, label="Workspaces")


def projects_table(view: View, projects: Sequence[Mapping[str, Any]]) -> None:
    """The projects of one page of the list; each leads to its members."""
    page.heading("Projects")
    offset = (filters.page_number(len(projects)) - 1) * filters.PAGE_SIZE

    def name(row: tables.Row) -> Child:
        return links.go(row["name"], view.page.url_path, project=str(row["project_id"]))

    columns = [
        tables.Column("Project", name, wide=True, hint=lambda row: row["description"]),
        tables.Column("Status", tables.state("status", _STATES)),
        tables.Column("Workspace", lambda row: row["workspace"] or tables.muted("none")),
        tables.Column("Owner", _owner),
        tables.Column("Members", tables.count("members"), is_number=True),
        _created(view),
    ]
    shown = projects[offset : offset + filters.PAGE_SIZE]
    tables.table(view, shown, columns, label="Projects", total=len(projects))


def members_table(view: View, project: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> None:
    """One project: what it is and who belongs to it."""
    page.heading(project["name"], f"{project['status']}, in {project['workspace'] or 'no workspace'}")
    if project["description"]:
        page.note(project["description"])

    def person(row: tables.Row) -> Child:
        return row["address"] or tables.muted(f"somebody whose address you may not see ({str(row['user_id'])[:8]})")

    columns = [
        tables.Column("Member", person, wide=True),
        tables.Column("Name", lambda row: row["full_name"] or tables.muted(figures.DASH)),
        tables.Column("Role", tables.text("role")),
        tables.Column(f"Since ({figures.zone_name(view.as_of, view.zone)})", tables.when(view, "joined_at")),
    ]
    tables.table(view, members, columns, label="Members")


def _created(view: View) -> tables.Column:
    return tables.Column(
        f"Created ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "created_at"),
        hint=lambda row: figures.exact(row["created_at"], view.zone),
    )
