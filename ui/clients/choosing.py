"""What the page of clients is asked for: status, words, one client, experiments; and why there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from data.reports.clients import NO_OUTCOME, OUTCOMES, STATELESS, STATUSES, ExperimentCount, Standing
from ui import absence, page
from ui.asking import emptiness, filters, links
from ui.asking.periods import Extent, Period
from ui.drawing.markup import Child, tag
from ui.view import View
from ui.wording.sentences import plural

STATES = {"critical": "broken", "at_risk": "attention", "unknown": "unknown", "healthy": "well"}
WORDS = {"critical": "critical", "at_risk": "at risk", "unknown": "unknown", "healthy": "healthy"}
EXPERIMENT_STATES = {"planned": "waiting", "running": "signal", "completed": "well", "aborted": "attention"}
_EXPERIMENT_WORDS = {STATELESS: "status not known", NO_OUTCOME: "no outcome"}
_STATUSES, _OUTCOMES = (*EXPERIMENT_STATES, STATELESS), (*OUTCOMES, NO_OUTCOME)
OUTCOME_STATES = {"confirmed": "well", "refuted": "broken", "inconclusive": "unknown"}
_VIEWS = (("Health", None), ("Chaos experiments", "experiments"))


@dataclass(frozen=True)
class Chosen:
    """The filters of the URL."""

    status: str | None
    search: str | None

    @property
    def narrowed(self) -> dict[str, Any]:
        """What readers and exports take."""
        return {"status": self.status, "search": self.search}


def switch(view: View, shown: str | None) -> None:
    """Links between the health of clients and chaos experiments."""
    pieces: list[Child] = []
    for words, name in _VIEWS:
        if name == shown:
            pieces.append(tag("span", words, class_="sb-chip", aria_current="true"))
        else:
            pieces.append(links.go_to(words, links.href(view.page.url_path, view=name), class_="sb-chip"))
    st.html(tag("div", *pieces, class_="sb-chips", role="navigation", aria_label="Clients or experiments"))


def asks_for_experiments() -> bool:
    """Whether the URL asks for chaos experiments, and not for the health of clients."""
    views = ("health", "experiments")
    return filters.asked_of("view", views, instead="the health of clients is shown") == "experiments"


def asked() -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    status = filters.given("status")
    return Chosen(status if status in STATUSES else None, filters.given("q"))


def choose(view: View, chosen: Chosen, standing: Standing) -> None:
    """The search field, the picker of a status, and the active filters."""
    filters.search(view, "Search in clients")
    counts = {name: getattr(standing, name) for name in STATUSES if getattr(standing, name)}
    filters.choice(view, "status", counts, every="All statuses", label=_status_word, known=STATUSES)
    filters.chips(
        view,
        {
            "status": ("status", WORDS[chosen.status]) if chosen.status else None,
            "q": ("words", chosen.search) if chosen.search else None,
        },
    )


def _status_word(status: str) -> str:
    return WORDS.get(status, status)


@dataclass(frozen=True)
class ChosenExperiments:
    """The filters of the URL."""

    status: str | None
    outcome: str | None

    def count(self, counts: Sequence[ExperimentCount]) -> int:
        """How many of these experiments fit."""
        return sum(
            one.experiments
            for one in counts
            if self.status in (None, one.status) and self.outcome in (None, one.outcome)
        )


def choose_experiments(view: View, counts: Sequence[ExperimentCount]) -> ChosenExperiments:
    """The pickers of status and outcome, each value with how many it leaves, and what is picked."""
    status, outcome = filters.given("status"), filters.given("outcome")
    chosen = ChosenExperiments(status if status in _STATUSES else None, outcome if outcome in _OUTCOMES else None)
    statuses: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    for one in counts:
        if chosen.outcome in (None, one.outcome):
            statuses[one.status] = statuses.get(one.status, 0) + one.experiments
        if chosen.status in (None, one.status):
            outcomes[one.outcome] = outcomes.get(one.outcome, 0) + one.experiments
    filters.choice(view, "status", statuses, every="All statuses", label=_experiment_word, known=_STATUSES)
    filters.choice(view, "outcome", outcomes, label=_experiment_word, known=_OUTCOMES)
    filters.chips(
        view,
        {
            "status": ("status", _experiment_word(chosen.status)) if chosen.status else None,
            "outcome": ("outcome", _experiment_word(chosen.outcome)) if chosen.outcome else None,
        },
    )
    return chosen


def _experiment_word(name: str) -> str:
    return _EXPERIMENT_WORDS.get(name, name)


def say_untimed(known: Extent) -> None:
    """That assessments do not say when they were made, and what follows for clients with several of them."""
    several = known.untimed > 1
    if not known.untimed:
        words = "Every assessment of a client says when it was made."
    elif known.first is None:
        words = (
            f"{plural(known.untimed, 'assessment of clients is', 'assessments of clients are')} recorded, and "
            f"{'none of them says' if several else 'it does not say'} when it was made."
        )
    else:
        words = (
            f"{plural(known.untimed, 'assessment of clients does', 'assessments of clients do')} not say when "
            f"{'they were' if several else 'it was'} made."
        )
    page.say(words, state="unknown")
    if several:
        page.note("Where a client has several of them, which is the newest cannot be told.")


def nothing(view: View, period: Period, chosen: Chosen, *, holds_any: bool) -> None:
    """Why there is no client: none that fits, hidden ones, none at all."""
    if holds_any:
        what = "fits these filters" if chosen.status or chosen.search else f"was assessed {period.during} or before"
        page.empty(
            f"No client {what}.",
            *emptiness.ways_out(view, period),
        )
    elif absence.explained(view, "analytics.stg_engine__client_health", "assessments of clients"):
        return
    elif view.actor.sees_all:
        page.empty(
            "No assessment of a client is recorded yet.",
            "Their health follows from events CLIENT_HEALTH_ASSESSED, or is written to engine.client_health.",
        )
    elif view.actor.client_id:
        page.empty(
            f"No assessment of {view.actor.client_id} is recorded yet.", "You see that client; managers see all."
        )
    else:
        page.empty(
            "No client of yours is recorded.",
            "Members see the client that their account speaks for, and yours speaks for none; managers see all.",
        )


def no_such_client(view: View, client: str, period: Period) -> None:
    """Why there is nothing of one client."""
    when = " without a time is recorded" if period.untimed else " is recorded"
    if period.start or period.end:
        when += f" {period.during} or before"
    page.empty(
        f"No assessment of {client}{when}, or it is not yours to see.",
        links.go("‹ All clients", view.page.url_path, period.query),
    )


def no_experiments(view: View, period: Period, *, holds_any: bool) -> None:
    """Why there is no experiment."""
    if holds_any:
        page.empty(
            f"No experiment {period.during} fits.",
            links.go("Look at all of them", view.page.url_path, view="experiments", period="all"),
            ".",
        )
    elif absence.explained(view, "analytics.stg_engine__chaos_experiments", "chaos experiments"):
        return
    elif view.actor.sees_all:
        page.empty("No chaos experiment is recorded yet.", "They are written to engine.chaos_experiments.")
    else:
        page.empty("No chaos experiment is yours to see.", "They concern all clients at once; managers see them.")
