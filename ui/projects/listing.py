"""The tables of the page of projects: workspaces, projects, members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.reports.projects import ProjectCount, Workspaces
from ui import page, veil
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child
from ui.projects.choosing import Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, plural

_WORKSPACES = "toolbox.workspaces"
_STATES = {"active": "signal", "archived": "unknown"}


def fitting(counts: Sequence[ProjectCount], chosen: Chosen) -> list[ProjectCount]:
    """The counts of the states that are asked for."""
    return [one for one in counts if chosen.status in (None, one.status)]


def summary(view: View, workspaces: int, counts: Sequence[ProjectCount], period: Period, chosen: Chosen) -> None:
    """How many projects were made, how many of them are active, and how many workspaces there are."""
    shown = fitting(counts, chosen)
    total, before = sum(one.projects for one in shown), sum(one.previous_projects for one in shown)
    known = sum(one.projects for one in shown if one.status)
    active = sum(one.projects for one in shown if one.status == "active")
    narrowed = f" that fit{'s' if total == 1 else ''}" if filters.are_set() else ""
    made = "" if period.choice == "all" else f" {period.during}" if period.untimed else f" made {period.during}"
    of = "them" if known == total else f"{figures.count(known)} with a status"
    told: Child = "none of them with a status"
    if known:
        words = f"{figures.count(active)} of {of} active"
        told = links.go_to(words, filters.here(view, status="active", page=None)) if active else words
    moved = change(total, before) if period.previous else None
    than = f", {moved} on {period.previous_label} (n = {figures.count(before)})" if moved else ""
    words = plural(workspaces, "workspace")
    seen = veil.seen(words, _WORKSPACES) if veil.hides(_WORKSPACES) else f"{words} in all"
    page.say(f"{plural(total, 'project')}{made}{narrowed}, ", told, f"{than}; {seen}.")


_LONGEST_ADDRESS = 34


def _owner() -> tables.Column:
    """Whose it is; everything has an owner, but an adopted table may not say whom."""

    def owner(row: tables.Row) -> Child:
        return figures.middle(row["owner"] or "", _LONGEST_ADDRESS) or tables.muted(
            figures.short_id(row["owner_id"]) if row["owner_id"] else "unknown"
        )

    return tables.Column("Owner", owner, hint=lambda row: row["owner"])


def workspaces_table(view: View, found: Workspaces) -> None:
    """The workspaces; each leads to its projects."""
    page.heading("Workspaces", "the owner counts as a member")

    def name(row: tables.Row) -> Child:
        words = figures.shortened(row["name"], 80) or "(no name)"
        return links.go(words, view.page.url_path, workspace=str(row["workspace_id"]))

    def counted(name: str) -> tables.Cell:
        return lambda row: links.go(figures.count(row[name]), view.page.url_path, workspace=str(row["workspace_id"]))

    columns = [
        tables.Column("Workspace", name, wide=True),
        _owner(),
        tables.Column("Projects", counted("projects"), is_number=True),
        tables.Column("Members", counted("members"), is_number=True),
        _created(view),
    ]
    tables.table(view, found.rows, columns, label="Workspaces")
    if (left := found.workspaces - len(found.rows)) > 0:
        more = plural(left, "more workspace is", "more workspaces are")
        page.note(f"The first {figures.count(len(found.rows))} by name; {more} reached through their projects.")


def projects_table(view: View, projects: Sequence[Mapping[str, Any]], total: int, order: tuple[str, bool]) -> None:
    """The projects of one page of the list, of `total`, in an order; each leads to its members."""
    page.heading("Projects")

    def name(row: tables.Row) -> Child:
        words = figures.shortened(row["name"], 80) or "(no name)"
        return links.go(words, view.page.url_path, project=str(row["project_id"]))

    def members(row: tables.Row) -> Child:
        return links.go(figures.count(row["members"]), view.page.url_path, project=str(row["project_id"]))

    columns = [
        tables.Column(
            "Project", name, wide=True, hint=lambda row: row["description"], sort="project", down_first=False
        ),
        tables.Column("Status", tables.state("status", _STATES), sort="status", down_first=False),
        tables.Column("Workspace", _workspace, hint=lambda row: row["workspace"]),
        _owner(),
        tables.Column("Members", members, is_number=True, sort="members"),
        _created(view),
    ]
    tables.table(view, projects, columns, label="Projects", total=total, sorted_by=order)


def _workspace(row: tables.Row) -> Child:
    """Where a project lies; the workspace may be one that the viewer does not see."""
    if row["workspace"]:
        return figures.shortened(row["workspace"], 60)
    return tables.muted("none" if row["workspace_id"] is None else "not yours to see")


def members_table(view: View, project: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> None:
    """One project: what it is and who belongs to it."""
    where = figures.shortened(project["workspace"], 80) or (
        "no workspace" if project["workspace_id"] is None else "a workspace that is not yours to see"
    )
    status = project["status"] or "status not recorded"
    page.heading(figures.shortened(project["name"], 120) or "(no name)", f"{status}, in {where}")
    if project["description"]:
        page.note(figures.shortened(project["description"], 1000))
    tables.table(view, members, _of_a_member(view), label="Members", total=project["members"])


def workspace_members_table(
    view: View, workspace: Mapping[str, Any], members: Sequence[Mapping[str, Any]], paged_by: str
) -> None:
    """One page of those who belong to a workspace, by its own number of a page in the URL."""
    page.heading(f"Members of {figures.shortened(workspace['name'], 80) or '(no name)'}", "its owner is one of them")
    columns = _of_a_member(view)
    tables.table(view, members, columns, label="Members", total=workspace["members"], paged_by=paged_by)


def _of_a_member(view: View) -> list[tables.Column]:
    def person(row: tables.Row) -> Child:
        unknown = tables.muted(f"somebody whose address you may not see ({str(row['user_id'])[:8]})")
        return figures.middle(row["address"] or "", _LONGEST_ADDRESS) or unknown

    return [
        tables.Column("Member", person, hint=lambda row: row["address"]),
        tables.Column("Name", tables.text("full_name", 60)),
        tables.Column("Role", tables.text("role")),
        tables.Column(f"Since ({figures.zone_name(view.as_of, view.zone)})", tables.when(view, "joined_at")),
    ]


def _created(view: View) -> tables.Column:
    return tables.Column(
        f"Created ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "created_at"),
        sort="created",
        hint=lambda row: figures.exact(row["created_at"], view.zone),
    )
