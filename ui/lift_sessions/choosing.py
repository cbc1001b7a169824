"""What the pages of lift-sys are asked for; the switch between the two systems that have sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from data.errors import NotFound
from data.reports.lift_sessions import STATELESS, StatusCount
from ui import absence, page
from ui.asking import emptiness, filters, links, url
from ui.asking.periods import Period
from ui.drawing.markup import Child, tag
from ui.view import View


@dataclass(frozen=True)
class Chosen:
    """The filters of the URL."""

    status: str | None
    search: str | None
    unpriced: bool

    @property
    def unsummed(self) -> tuple[str, ...]:
        """The filters that stored sums do not know, in words: with one of them the sessions themselves are counted."""
        return ("words of prompts",) * (self.search is not None) + ("content",) * self.unpriced


def switch(view: View) -> None:
    """Links between the sessions of agents and those of lift-sys."""
    pieces: list[Child] = []
    for words, target in (("Agents", "sessions"), ("lift-sys", "lift_sessions")):
        if target == view.page.url_path:
            pieces.append(tag("span", words, class_="sb-chip", aria_current="true"))
        else:
            pieces.append(links.go_to(words, links.href(target), class_="sb-chip"))
    st.html(tag("div", *pieces, class_="sb-chips", role="navigation", aria_label="Whose sessions"))


def asks_for_unpriced() -> bool:
    """Whether those sessions alone are asked for that are not priced in full."""
    return filters.asked_of("has", ("unpriced",)) == "unpriced"


def choose(view: View, counts: Sequence[StatusCount]) -> Chosen:
    """The picker of a status with its counts, and what else was asked for."""
    status = filters.choice(
        view,
        "status",
        {one.status: one.sessions for one in counts if one.sessions},
        every="All statuses",
        label=_word,
    )
    chosen = Chosen(status, filters.given("q"), filters.given("has") == "unpriced")
    filters.chips(
        view,
        {
            "status": ("status", _word(chosen.status)) if chosen.status else None,
            "q": ("words", chosen.search) if chosen.search else None,
            "has": ("with", "a cost not priced in full") if chosen.unpriced else None,
        },
    )
    return chosen


def _word(status: str) -> str:
    return "not known" if status == STATELESS else status


def nothing(view: View, period: Period, chosen: Chosen, *, holds_any: bool) -> None:
    """Why there is no session: filtered out, none of the viewer's own, or none at all."""
    if holds_any:
        if chosen.status or chosen.search or chosen.unpriced:
            why = emptiness.unmatched(
                "session of lift-sys", period, {"status": chosen.status}, narrowed=bool(chosen.unsummed)
            )
            page.empty(why, *emptiness.ways_out(view, period))
        else:
            none = f"No session of lift-sys is recorded {period.during}."
            page.empty(none, *emptiness.ways_out(view, period))
    elif absence.explained(view, "analytics.stg_lift__sessions", "sessions of lift-sys"):
        return
    elif view.actor.sees_all:
        page.empty("No session of lift-sys is recorded yet.", "lift-sys writes them to lift.sessions.")
    else:
        page.empty("No session of lift-sys is yours.", "You see your own; managers see all.")


def asked_session() -> UUID:
    """The session that the URL asks for. Raises NotFound where it names none."""
    try:
        return UUID(filters.given("session") or "")
    except ValueError:
        raise NotFound from None


def asked_revision() -> int | None:
    """The revision that the URL asks for; None is the newest."""
    return url.asked_number("revision", otherwise="the newest revision is shown")
