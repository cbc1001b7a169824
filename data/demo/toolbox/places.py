"""Workspaces and projects of the demo, written by hand: whose they are, who belongs to them, how old they are."""

from __future__ import annotations

from dataclasses import dataclass

Members = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Workspace:
    """A workspace; members are name and role, beside the owner."""

    name: str
    owner: str
    age_days: int
    members: Members


@dataclass(frozen=True)
class Project:
    """A project, in a workspace or in none."""

    name: str
    owner: str
    age_days: int
    description: str | None
    workspace: str | None = None
    members: Members = ()
    is_archived: bool = False


# The three accounts that one can sign in as are named by their roles.
# fmt: off
WORKSPACES: tuple[Workspace, ...] = (
    Workspace("Shop", "Jonas Ekdahl", 812, (
        ("member", "member"), ("Priya Raman", "admin"), ("Lea Brunner", "member"), ("manager", "viewer"))),
    Workspace("Data", "Tomasz Zielinski", 640, (
        ("Samir Haddad", "member"), ("Yuki Tanabe", "member"), ("admin", "admin"), ("manager", "viewer"))),
    Workspace("Support", "Grace Whitfield", 455, (("member", "admin"), ("Daniel Okafor", "member"))),
    Workspace("Tinkering", "member", 71, (("Lea Brunner", "viewer"),)),
    Workspace("Board", "Carla Mendes", 33, ()),
)
PROJECTS: tuple[Project, ...] = (
    Project("storefront", "Jonas Ekdahl", 810, "The shop that customers see.", "Shop",
            (("member", "member"), ("Priya Raman", "admin"), ("Lea Brunner", "member"), ("manager", "viewer"))),
    Project("billing-service", "Priya Raman", 790, "Invoices, refunds, dunning.", "Shop",
            (("Jonas Ekdahl", "member"), ("Carla Mendes", "viewer"))),
    Project("mobile-app", "Lea Brunner", 402, "Orders in the pocket.", "Shop", (("member", "viewer"),)),
    Project("warehouse-etl", "Tomasz Zielinski", 630, "Stock and orders, every night.", "Data",
            (("Samir Haddad", "admin"), ("Yuki Tanabe", "member"))),
    Project("forecast", "Samir Haddad", 96, "How much will be sold.", "Data", (("Tomasz Zielinski", "viewer"),)),
    Project("support-bot", "Grace Whitfield", 450, "Answers, and hands over to people.", "Support",
            (("member", "admin"), ("Daniel Okafor", "member"), ("Samir Haddad", "viewer"))),
    Project("ticket-archive", "Daniel Okafor", 433, None, "Support", (), is_archived=True),
    Project("label-checker", "member", 64, "Do addresses fit on labels?", "Tinkering", (("Lea Brunner", "member"),)),
    Project("refund-splitter", "member", 21, "Cents that add up.", "Tinkering"),
    Project("platform-infra", "Carla Mendes", 700, "Network, databases, alerts.", None, (("admin", "admin"),)),
    Project("handbook", "Lea Brunner", 380, "How we work.", None,
            (("member", "viewer"), ("Priya Raman", "member"), ("Grace Whitfield", "member"))),
    Project("old-shop", "Jonas Ekdahl", 811, "The shop before the shop.", "Shop", (), is_archived=True),
    Project("quarterly-figures", "Carla Mendes", 12, "For the board.", "Board"),
)
# fmt: on
