"""The tables of the page of people: everybody, and what one person did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.reports.people import Person
from ui import page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES

SORTS = ("person", "sessions", "lift", "jobs", "completed", "cost", "active")
_STATES = {
    "active": "signal", "running": "signal", "pending": "waiting", "completed": "well", "finalized": "well",
    "failed": "broken", "error": "broken", "terminated": "unknown", "abandoned": "unknown", "cancelled": "unknown",
}  # fmt: skip
_PAGES = {"session": ("session", "session"), "lift session": ("lift_session", "session"), "job": ("jobs", "job")}


def people_table(view: View, people: Sequence[Person], period: Period) -> None:
    """Everybody, by the column that the URL asks for; each name leads to what this person did."""
    order = filters.sorting(SORTS, "-sessions")
    rows = _sorted([asdict(one) for one in people], order)
    offset = paging.offset_of(len(rows))
    page.heading("People", "success is taken over what came to an end")
    tables.table(
        view,
        rows[offset : offset + paging.PAGE_SIZE],
        _columns(view, period),
        label="People",
        total=len(rows),
        sorted_by=order,
    )


def _sorted(rows: list[dict[str, Any]], order: tuple[str, bool]) -> list[dict[str, Any]]:
    """By the column, what is not known last."""
    name = {
        "person": "address", "sessions": "sessions", "lift": "lift_sessions", "jobs": "jobs",
        "completed": "completed_jobs", "cost": "cost_usd", "active": "last_active_at",
    }[order[0]]  # fmt: skip
    known = [row for row in rows if row[name] is not None]
    unknown = [row for row in rows if row[name] is None]
    return sorted(known, key=lambda row: row[name], reverse=order[1]) + unknown


def _columns(view: View, period: Period) -> list[tables.Column]:
    def person(row: tables.Row) -> Child:
        if row["person"] is None:
            return tables.muted("names nobody")
        return links.go(figures.middle(row["address"], 40), "people", period.query, person=row["person"])

    def ended(row: Mapping[str, Any], done: str, lost: str) -> Child:
        whole = row[done] + row[lost]
        return figures.percent(row[done], whole) if whole else tables.muted("none ended")

    def cost(row: tables.Row) -> Child:
        return figures.money(row["cost_usd"]) if row["priced_sessions"] else tables.muted("not priced")

    return [
        tables.Column("Person", person, sort="person", hint=lambda row: row["address"], down_first=False),
        tables.Column("Sessions", tables.count("sessions"), is_number=True, sort="sessions"),
        tables.Column("lift-sys", tables.count("lift_sessions"), is_number=True, sort="lift"),
        tables.Column("finalized", lambda row: ended(row, "finalized", "lost"), is_number=True,
                      hint=lambda row: f"{row['finalized']} finalized, {row['lost']} abandoned or in error"),
        tables.Column("Jobs", tables.count("jobs"), is_number=True, sort="jobs"),
        tables.Column("completed", lambda row: ended(row, "completed_jobs", "failed_jobs"), is_number=True,
                      sort="completed",
                      hint=lambda row: f"{row['completed_jobs']} completed, {row['failed_jobs']} failed"),
        tables.Column("Cost", cost, is_number=True, sort="cost",
                      hint=lambda row: f"over {row['priced_sessions']} priced, {row['unpriced_sessions']} not in full"),
        tables.Column(f"Last active ({figures.zone_name(view.as_of, view.zone)})", tables.when(view, "last_active_at"),
                      sort="active", hint=lambda row: figures.exact(row["last_active_at"], view.zone)),
    ]  # fmt: skip


def activity_table(view: View, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """What one person did, the newest first; each line leads to the thing itself."""

    def thing(row: tables.Row) -> Markup:
        target, parameter = _PAGES[row["kind"]]
        words = figures.shortened(row["title"], 90) or figures.short_id(row["id"])
        return links.go(words, target, {parameter: row["id"]})

    columns = [
        tables.moment(view, "happened_at"),
        tables.Column("Kind", tables.text("kind")),
        tables.Column("What", thing, wide=True),
        tables.Column("State", tables.state("state", _STATES)),
        tables.Column(
            "Cost",
            lambda row: (
                tables.money(row["cost_usd"], is_estimate=row["cost_basis"] != "recorded")
                if row["cost_usd"] is not None
                else tables.muted(figures.DASH)
            ),
            is_number=True,
            hint=lambda row: COST_BASES.get(row["cost_basis"]),
        ),
    ]
    tables.table(view, rows, columns, label="What this person did", total=total)
