"""What the page of projects is asked for: a workspace, a status, words, one project; and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ui import absence, page
from ui.asking import filters, links
from ui.view import View

_STATUSES = ("active", "archived")


@dataclass(frozen=True)
class Chosen:
    """The filters of the URL."""

    workspace: UUID | None
    status: str | None
    search: str | None

    @property
    def is_any(self) -> bool:
        """Whether anything narrows the projects."""
        return any(self.parameters.values())

    @property
    def parameters(self) -> dict[str, Any]:
        """What the reader of projects takes."""
        return {"workspace": self.workspace, "status": self.status, "search": self.search}


def asked_project() -> UUID | None:
    """The project that the URL asks for."""
    return filters.asked_identifier("project")


def asked_workspace() -> UUID | None:
    """The workspace that the URL asks for."""
    return filters.asked_identifier("workspace")


def asked() -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    return Chosen(asked_workspace(), filters.asked_of("status", _STATUSES), filters.given("q"))


def choose(view: View, workspaces: Sequence[Mapping[str, Any]], chosen: Chosen) -> None:
    """The pickers: workspace with how many of the projects that fit each has, words of a name; the active filters."""
    names = {str(one["workspace_id"]): one["name"] for one in workspaces}
    filters.choice(
        view,
        "workspace",
        {str(one["workspace_id"]): one["fitting"] for one in workspaces},
        label=lambda value: names.get(value, value),
    )
    filters.search(view, "Name or description")
    filters.chips(
        view,
        {
            "workspace": ("workspace", names.get(str(chosen.workspace), "unknown")) if chosen.workspace else None,
            "status": ("status", chosen.status) if chosen.status else None,
            "q": ("words", chosen.search) if chosen.search else None,
        },
    )


def nothing(view: View, workspaces: Sequence[Mapping[str, Any]], chosen: Chosen) -> None:
    """Why there is no project: filtered out, none of the viewer's own, or none at all."""
    if chosen.is_any:
        page.empty("No project fits these filters.", links.go("Take the filters away", view.page.url_path), ".")
    elif absence.explained(view, "analytics.stg_toolbox__projects", "projects"):
        return
    elif view.actor.sees_all:
        page.empty("No project is recorded yet.", "ToolboxAI keeps them in toolbox.projects.")
    elif workspaces:
        page.empty("No project of yours.", "You see projects that you own or belong to; managers see all.")
    else:
        page.empty("No workspace and no project of yours.", "You see those that you own or belong to.")
