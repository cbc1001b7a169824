"""The pages of the console: their addresses, files and who they are for. Pure, so that the gate can read it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.access import ACTIONS, ROLES, Role

FOLDER = Path(__file__).parent.parent / "pages"


@dataclass(frozen=True)
class PageEntry:
    """One page. `url_path` equals the stem of its file; `needs` is the action a visitor must be allowed.

    A page that is not `listed` is reached by links alone.
    """

    url_path: str
    path: Path
    title: str
    icon: str
    section: str
    needs: str = "view_reports"
    listed: bool = True


PAGES: tuple[PageEntry, ...] = (
    PageEntry("overview", FOLDER / "reports/overview.py", "Overview", ":material/home:", "Reports"),
    PageEntry("sessions", FOLDER / "reports/sessions.py", "Sessions", ":material/forum:", "Reports"),
    PageEntry("session", FOLDER / "reports/session.py", "Session", ":material/timeline:", "Reports", listed=False),
    PageEntry("tools", FOLDER / "reports/tools.py", "Tools", ":material/build:", "Reports"),
    PageEntry("jobs", FOLDER / "reports/jobs.py", "Jobs", ":material/list_alt:", "Reports"),
    PageEntry(
        "approvals",
        FOLDER / "admin/approvals.py",
        "Approvals",
        ":material/how_to_reg:",
        "Administration",
        needs="decide_approvals",
    ),
)

FIRST = PAGES[0]


def entry_of(url_path: str) -> PageEntry:
    """The page at an address; "" is the first one. Raises KeyError when there is none."""
    if url_path == "":
        return FIRST
    return {entry.url_path: entry for entry in PAGES}[url_path]


def known_pages() -> Mapping[str, Role]:
    """Every address of a page with the least role it is for; "" and the first page's name are the same page."""
    addresses = {entry.url_path: _least_role(entry.needs) for entry in PAGES}
    return {"": addresses[FIRST.url_path]} | addresses


def _least_role(action: str) -> Role:
    return next(role for role in ROLES if role in ACTIONS[action][1])
