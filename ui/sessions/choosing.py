"""Which sessions are looked at: filters with counts, chips, and why a list is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.reports.sessions import HAS, Chosen
from ui import absence, page
from ui.asking import emptiness, filters, links
from ui.asking.periods import Period
from ui.drawing.markup import code
from ui.view import View
from ui.wording.terminal import command

Row = Mapping[str, Any]


_HAS_WORDS = {
    "errors": "failed calls",
    "refusals": "refused calls",
    "notifications": "open notifications",
    "waiting": "notifications not acknowledged in 24 hours",
    "compactions": "compactions",
    "subagents": "subagents",
    "unpriced": "a cost not priced in full",
    "unphased": "calls without a phase",
    "stateless": "a status that is not known",
}


DEFAULT_SORT = "-when"


def chosen(view: View, period: Period) -> Chosen:
    """What the URL asks for, as the filters of the reads."""
    has = filters.given("has")
    return Chosen(
        start=period.start,
        end=period.end,
        untimed=period.untimed,
        project=filters.given("project"),
        status=filters.given("status"),
        model=filters.given("model"),
        has=has if has in HAS else None,
        search=filters.given("q"),
        now=view.minute if has == "waiting" else None,
    )


def as_query(asked: Chosen, period: Period) -> dict[str, str]:
    """The same as parameters of the URL, for links to one session and back."""
    names = {
        "project": asked.project,
        "status": asked.status,
        "model": asked.model,
        "has": asked.has,
        "q": asked.search,
    }
    return {**period.query, **{name: value for name, value in names.items() if value}}


def as_export(asked: Chosen) -> dict[str, links.Value]:
    """The same as parameters of the export."""
    return {
        "start": asked.start,
        "end": asked.end,
        "untimed": True if asked.untimed else None,
        "project": asked.project,
        "status": asked.status,
        "model": asked.model,
        "has": asked.has,
        "search": asked.search,
        "now": asked.now,
    }


def draw_filters(view: View, facets: Mapping[str, Mapping[str, int]], waiting: int) -> None:
    """One picker per filter, each value with how many sessions it leaves, `waiting` those with notifications that wait;
    the active ones as chips."""
    filters.choice(view, "project", facets["project"])
    filters.choice(view, "status", facets["status"], every="Any status")
    filters.choice(view, "model", facets["model"])
    held = {**facets["has"], **({"waiting": waiting} if waiting else {})}
    most_first = sorted(held.items(), key=lambda one: (-one[1], one[0]))
    filters.choice(view, "has", most_first, every="Any content", label=lambda has: _HAS_WORDS.get(has, has), known=HAS)
    active = {name: (name, value) for name in ("project", "status", "model") if (value := filters.given(name))}
    if (has := filters.given("has")) in HAS:
        active["has"] = ("with", _HAS_WORDS.get(has or "", has or ""))
    if words := filters.given("q"):
        active["q"] = ("prompts say", words)
    filters.chips(view, active)


def say_waiting(asked: Chosen) -> None:
    """Which notifications the list is about, where it is about those that Overview counts."""
    if asked.has == "waiting":
        page.note(
            "These sessions, whenever they began, hold notifications of the last 24 hours that nobody acknowledged. "
            "Those that only inform are left out."
        )


def empty(view: View, period: Period, asked: Chosen, *, holds_any: bool) -> None:
    """Why the list is empty: no data, filtered out, or another time."""
    if not holds_any and absence.explained(view, "analytics.stg_chronicle__sessions", "sessions"):
        return
    if not holds_any and view.actor.sees_all:
        page.empty("No session is recorded here yet.", "An admin imports logs: ", code(command("ingest", "PATH")))
    elif not holds_any:
        page.empty("No session of yours is recorded here.", "You see your own; ask an admin for the role manager.")
    elif filters.are_set():
        open_ones = {"project": asked.project, "status": asked.status, "model": asked.model}
        page.empty(
            emptiness.unmatched("session", period, open_ones, narrowed=bool(asked.has or asked.search)),
            *emptiness.ways_out(view, period),
        )
    else:
        page.empty(f"No session started {period.during}.", links.go("Show all time", "sessions", period="all"))
