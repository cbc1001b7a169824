"""The tables of the page of people: everybody, and what one person did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from data.reports.people import ENDED, ENDED_STATES, HAS, KINDS, NOBODY, SORTS, Doings, Has, Kind, Person
from ui import page
from ui.asking import filters, links, paging
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup
from ui.people.telling import address_of, no_share
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES

_STATES = {
    "active": "signal", "running": "signal", "pending": "waiting", "completed": "well", "finalized": "well",
    "failed": "broken", "error": "broken", "terminated": "unknown", "abandoned": "unknown", "cancelled": "unknown",
}  # fmt: skip
_PAGES: dict[Kind, tuple[str, str]] = {
    "session": ("session", "session"), "lift": ("lift_session", "session"), "job": ("jobs", "job")
}  # fmt: skip
_FIELDS: dict[Kind, str] = {"session": "sessions", "lift": "lift_sessions", "job": "jobs"}
_COSTS: dict[Has, str] = {"priced": "a cost", "unpriced": "a cost not priced in full"}
_KINDS: dict[str, str] = {"session": "session", "lift": "session of lift-sys", "job": "job"}


def people_table(view: View, people: Sequence[Person], period: Period) -> tuple[str, bool]:
    """Everybody, by the column that the URL asks for, each name leading to what this person did; what they are sorted
    by."""
    order = filters.sorting(SORTS, "-sessions")
    rows = tables.ordered([asdict(one) for one in people], order, SORTS)
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
    return order


def _columns(view: View, period: Period) -> list[tables.Column]:
    def person(row: tables.Row) -> Child:
        if row["person"] is None:
            return links.go("names nobody", "people", period.query, person=NOBODY)
        return links.go(figures.middle(row["address"], 40), "people", period.query, person=row["person"])

    def of(row: tables.Row, words: str, kind: Kind, state: str | None = None) -> Child:
        return links.go_to(words, address_of(kind, period, row["person"] or NOBODY, state))

    def counted(name: str, kind: Kind) -> tables.Cell:
        return lambda row: of(row, figures.count(row[name]), kind) if row[name] else "0"

    def ended(row: tables.Row, kind: Kind, done: str, lost: str) -> Child:
        whole = row[done] + row[lost]
        if not whole:
            return tables.muted(no_share(view, kind, "none ended") if row[_FIELDS[kind]] else "none ended")
        return of(row, figures.percent(row[done], whole), kind, ENDED)

    def cost(row: tables.Row) -> Child:
        if row["cost_usd"] is None:
            return tables.muted("not priced")
        words = tables.money(row["cost_usd"], is_estimate=row["estimated_sessions"] > 0)
        return links.go(words, "people", period.query, person=row["person"] or NOBODY, has="priced")

    return [
        tables.Column("Person", person, sort="person", hint=lambda row: row["address"], down_first=False),
        tables.Column("Sessions", counted("sessions", "session"), is_number=True, sort="sessions"),
        tables.Column("lift-sys", counted("lift_sessions", "lift"), is_number=True, sort="lift"),
        tables.Column("finalized", lambda row: ended(row, "lift", "finalized", "lost"), is_number=True,
                      hint=lambda row: f"{row['finalized']} finalized, {row['lost']} abandoned or in error"),
        tables.Column("Jobs", counted("jobs", "job"), is_number=True, sort="jobs"),
        tables.Column("completed", lambda row: ended(row, "job", "completed_jobs", "failed_jobs"),
                      is_number=True, sort="completed",
                      hint=lambda row: f"{row['completed_jobs']} completed, {row['failed_jobs']} failed"),
        tables.Column("Cost", cost, is_number=True, sort="cost", hint=_priced),
        tables.Column(f"Last active ({figures.zone_name(view.as_of, view.zone)})", tables.when(view, "last_active_at"),
                      sort="active", hint=lambda row: figures.exact(row["last_active_at"], view.zone)),
    ]  # fmt: skip


def _priced(row: tables.Row) -> str:
    estimated = f", {row['estimated_sessions']} {COST_BASES['estimate']}" if row["estimated_sessions"] else ""
    return (
        f"of sessions {figures.money(row['session_cost_usd'])} over {row['priced_sessions']} priced{estimated}, "
        f"{row['unpriced_sessions']} not in full; of lift-sys {figures.money(row['lift_cost_usd'])} over "
        f"{row['priced_lift_sessions']} priced, {row['unpriced_lift_sessions']} not in full"
    )


@dataclass(frozen=True)
class Narrowed:
    """What the list of one person is narrowed to."""

    kind: Kind | None
    state: str | None


def asked_cost() -> Has | None:
    """Whether the list of one person is to hold those sessions alone that have a cost, or not in full."""
    asked = filters.asked_of("has", HAS)
    return next((one for one in HAS if one == asked), None)


def choose(view: View, counts: Sequence[Doings]) -> Narrowed:
    """The pickers of kind and state, each with how many things it leaves."""
    state = filters.given("state")
    kinds = {one: total_of(counts, Narrowed(one, state)) for one in KINDS}
    offered = {str(one): things for one, things in kinds.items() if things}
    asked = filters.choice(view, "kind", offered, label=_kind, known=KINDS)
    narrowed = Narrowed(next((one for one in KINDS if one == asked), None), state)
    held = [one.state for one in counts if one.state]
    states = {one: total_of(counts, Narrowed(narrowed.kind, one)) for one in (*held, ENDED)}
    filters.choice(view, "state", {one: things for one, things in states.items() if things}, label=_state)
    filters.chips(
        view,
        {
            "kind": ("kind", _kind(narrowed.kind)) if narrowed.kind else None,
            "state": ("state", _state(state)) if state else None,
            "has": ("with", _COSTS[has]) if (has := asked_cost()) else None,
        },
    )
    return narrowed


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _state(state: str) -> str:
    return "came to an end" if state == ENDED else state


def total_of(counts: Sequence[Doings], narrowed: Narrowed) -> int:
    """How many of the things fit."""

    def fits(one: Doings) -> bool:
        ended = narrowed.state == ENDED and one.state in ENDED_STATES[one.kind]
        return narrowed.kind in (None, one.kind) and (narrowed.state in (None, one.state) or ended)

    return sum(one.things for one in counts if fits(one))


def activity_table(view: View, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """What one person did, the newest first; each line leads to the thing itself."""
    page.heading("What was done", "the newest first")
    if not total:
        page.empty(
            "Nothing that was done fits these filters.",
            links.go_to("Take the filters away", filters.here(view, kind=None, state=None, has=None, page=None)),
            ".",
        )
        return

    def thing(row: tables.Row) -> Markup:
        target, parameter = _PAGES[row["kind"]]
        words = figures.shortened(row["title"], 90) or f"{_kind(row['kind'])} {figures.short_id(row['id'])}"
        return links.go(words, target, {parameter: row["id"]})

    columns = [
        tables.moment(view, "happened_at"),
        tables.Column("Kind", lambda row: _kind(row["kind"])),
        tables.Column("What", thing, wide=True, hint=lambda row: row["title"]),
        tables.Column("Project or agent", tables.text("project_or_agent", 28)),
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
    tables.table(view, rows, columns, label="What was done", total=total)
