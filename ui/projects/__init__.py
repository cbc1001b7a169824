"""The parts of the page of projects."""

from ui.projects.choosing import Chosen, asked, asked_project, choose, draw_status, nothing
from ui.projects.listing import (
    fitting,
    members_table,
    projects_table,
    summary,
    workspace_members_table,
    workspaces_table,
)

__all__ = [
    "Chosen",
    "asked",
    "asked_project",
    "choose",
    "draw_status",
    "fitting",
    "members_table",
    "nothing",
    "projects_table",
    "summary",
    "workspace_members_table",
    "workspaces_table",
]
