"""The pages of the console: their addresses, files and who they are for. Pure, so that the gate can read it too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.access import ACTIONS, ROLES, Role

FOLDER = Path(__file__).parent.parent / "pages"
VIEWS = ("view", "list", "show")


@dataclass(frozen=True)
class PageEntry:
    """One page. `url_path` equals the stem of its file; `needs` is the action a visitor must be allowed.

    A page that is not `listed` is reached by links alone, and the menu marks the one that it stands `under` instead.
    `systems` are those whose tables it reads, or single tables of one ("engine.human_approvals"). `views` is the
    parameter of the URL that chooses among its views, of those in VIEWS.
    """

    url_path: str
    path: Path
    title: str
    icon: str
    section: str
    needs: str = "view_reports"
    listed: bool = True
    under: str | None = None
    systems: tuple[str, ...] = ()
    views: str | None = None

    def reads(self, table: str) -> bool:
        """Whether the page reads this table, as far as that is known before it has read any."""
        return table in self.systems or table.partition(".")[0] in self.systems


PAGES: tuple[PageEntry, ...] = (
    PageEntry(
        "overview",
        FOLDER / "reports/overview.py",
        "Overview",
        ":material/home:",
        "Reports",
        systems=("chronicle", "agents", "engine"),
    ),
    PageEntry(
        "sessions", FOLDER / "reports/sessions.py", "Sessions", ":material/forum:", "Reports", systems=("chronicle",)
    ),
    PageEntry(
        "session",
        FOLDER / "reports/session.py",
        "Session",
        ":material/timeline:",
        "Reports",
        listed=False,
        under="sessions",
        systems=("chronicle", "engine.human_approvals"),
    ),
    PageEntry(
        "lift_sessions",
        FOLDER / "reports/lift_sessions.py",
        "Sessions of lift-sys",
        ":material/forum:",
        "Reports",
        listed=False,
        under="sessions",
        systems=("lift",),
    ),
    PageEntry(
        "lift_session",
        FOLDER / "reports/lift_session.py",
        "Session of lift-sys",
        ":material/difference:",
        "Reports",
        listed=False,
        under="sessions",
        systems=("lift",),
    ),
    PageEntry(
        "tools",
        FOLDER / "reports/tools.py",
        "Tools",
        ":material/build:",
        "Reports",
        systems=("chronicle",),
        views="list",
    ),
    PageEntry("jobs", FOLDER / "reports/jobs.py", "Jobs", ":material/list_alt:", "Reports", systems=("agents",)),
    PageEntry(
        "agents",
        FOLDER / "reports/agents.py",
        "Agents",
        ":material/smart_toy:",
        "Reports",
        systems=("engine", "agents", "chronicle"),
        views="list",
    ),
    PageEntry(
        "sops", FOLDER / "reports/sops.py", "SOPs", ":material/checklist:", "Reports", systems=("engine",), views="list"
    ),
    PageEntry(
        "sop_execution",
        FOLDER / "reports/sop_execution.py",
        "SOP run",
        ":material/steps:",
        "Reports",
        listed=False,
        under="sops",
        systems=("engine",),
    ),
    PageEntry(
        "events", FOLDER / "reports/events.py", "Events", ":material/bolt:", "Engine", systems=("engine",), views="view"
    ),
    PageEntry(
        "event_stream",
        FOLDER / "reports/event_stream.py",
        "Event stream",
        ":material/linear_scale:",
        "Engine",
        listed=False,
        under="events",
        systems=("engine",),
    ),
    PageEntry(
        "clients",
        FOLDER / "reports/clients.py",
        "Clients",
        ":material/handshake:",
        "Engine",
        systems=("engine",),
        views="view",
    ),
    PageEntry(
        "people",
        FOLDER / "reports/people.py",
        "People",
        ":material/group:",
        "Organisation",
        needs="view_people",
        systems=("chronicle", "lift", "agents"),
    ),
    PageEntry(
        "projects",
        FOLDER / "reports/projects.py",
        "Projects",
        ":material/folder:",
        "Organisation",
        systems=("toolbox",),
    ),
    PageEntry(
        "backups",
        FOLDER / "reports/backups.py",
        "Backups",
        ":material/inventory_2:",
        "Operations",
        needs="view_backups",
    ),
    PageEntry(
        "approvals",
        FOLDER / "admin/approvals.py",
        "Approvals",
        ":material/how_to_reg:",
        "Administration",
        needs="decide_approvals",
        systems=("engine", "chronicle"),
        views="show",
    ),
    PageEntry(
        "seen_as",
        FOLDER / "admin/seen_as.py",
        "Seen as",
        ":material/visibility:",
        "Administration",
        needs="see_as_others",
    ),
    PageEntry(
        "migrations",
        FOLDER / "admin/migrations.py",
        "Migrations",
        ":material/upgrade:",
        "Administration",
        needs="run_migrations",
    ),
    PageEntry(
        "database",
        FOLDER / "admin/database.py",
        "Database",
        ":material/database:",
        "Administration",
        needs="operate_database",
    ),
)

FIRST = PAGES[0]


def entry_of(url_path: str) -> PageEntry:
    """The page at an address; "" is the first one. Raises KeyError when there is none."""
    if url_path == "":
        return FIRST
    return {entry.url_path: entry for entry in PAGES}[url_path]


def modules() -> list[str]:
    """The modules that pages are made of, all but the script itself, which runs for each viewer."""
    here = Path(__file__).parent
    places = (path.relative_to(here.parent).with_suffix("") for path in here.rglob("*.py") if path.stem != "shell")
    return sorted(".".join(place.parts).removesuffix(".__init__") for place in places)


def known_pages() -> Mapping[str, Role]:
    """Every address of a page with the least role it is for; "" and the first page's name are the same page."""
    addresses = {entry.url_path: _least_role(entry.needs) for entry in PAGES}
    return {"": addresses[FIRST.url_path]} | addresses


def _least_role(action: str) -> Role:
    return next(role for role in ROLES if role in ACTIONS[action][1])
