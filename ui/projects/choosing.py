"""What the page of projects is asked for: a workspace, a status, words, one project; and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from data.reports.projects import ProjectCount
from ui import absence, page
from ui.asking import filters, links, url
from ui.asking.periods import Period
from ui.view import View

_STATUSES = ("active", "archived")


@dataclass(frozen=True)
class Chosen:
    """The filters of the URL."""

    workspace: UUID | None
    status: str | None
    search: str | None

    @property
    def subject(self) -> dict[str, Any]:
        """What the reader of counts takes, which counts all states."""
        return {"workspace": self.workspace, "search": self.search}

    @property
    def parameters(self) -> dict[str, Any]:
        """What the reader of projects takes."""
        return {**self.subject, "status": self.status}


def asked_project() -> UUID | None:
    """The project that the URL asks for."""
    return url.asked_identifier("project")


def asked_workspace() -> UUID | None:
    """The workspace that the URL asks for."""
    return url.asked_identifier("workspace")


def asked() -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    status = filters.given("status")
    return Chosen(asked_workspace(), status if status in _STATUSES else None, filters.given("q"))


def choose(view: View, workspaces: Sequence[Mapping[str, Any]], chosen: Chosen) -> None:
    """The pickers: workspace with how many of the projects that fit each has, words of a name."""
    names = {str(one["workspace_id"]): one["name"] for one in workspaces}
    filters.choice(
        view,
        "workspace",
        {str(one["workspace_id"]): one["fitting"] for one in workspaces},
        label=lambda value: names.get(value, value),
    )
    filters.search(view, "Name or description")


def draw_status(
    view: View, chosen: Chosen, counts: Sequence[ProjectCount], workspaces: Sequence[Mapping[str, Any]]
) -> None:
    """The picker of states with how many projects each has, and every active filter to be taken away."""
    offered = {one.status: one.projects for one in counts if one.status and one.projects}
    filters.choice(view, "status", offered, every="Any status", known=_STATUSES)
    names = {str(one["workspace_id"]): one["name"] for one in workspaces}
    filters.chips(
        view,
        {
            "workspace": ("workspace", names.get(str(chosen.workspace), "unknown")) if chosen.workspace else None,
            "status": ("status", chosen.status) if chosen.status else None,
            "q": ("words", chosen.search) if chosen.search else None,
        },
    )


def nothing(view: View, workspaces: Sequence[Mapping[str, Any]], chosen: Chosen, period: Period) -> None:
    """Why there is no project: filtered out, none of the viewer's own, or none at all."""
    if filters.are_set() or period.choice != "all":
        made = "" if period.choice == "all" else " without a time" if period.untimed else f" made {period.during}"
        page.empty(f"No project{made} fits these filters.", links.go("Take the filters away", view.page.url_path), ".")
    elif absence.explained(view, "analytics.stg_toolbox__projects", "projects"):
        return
    elif view.actor.sees_all:
        page.empty("No project is recorded yet.", "ToolboxAI keeps them in toolbox.projects.")
    elif workspaces:
        page.empty("No project of yours.", "You see projects that you own or belong to; managers see all.")
    else:
        page.empty("No workspace and no project of yours.", "You see those that you own or belong to.")
