"""What the page of procedures is asked for: procedure, state, agent, step, open for long; and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from data.reports import sops
from data.reports.sop_runs import ENDED, SORTS, STATELESS, STATUSES
from data.reports.sops import Procedures
from ui import absence, page
from ui.asking import emptiness, filters, links, url
from ui.asking.periods import Period
from ui.drawing.markup import code
from ui.view import View
from ui.wording.terminal import command

STATES = {
    "failed": "broken",
    "running": "signal",
    "cancelled": "unknown",
    "completed": "well",
    STATELESS: "attention",
}
DEFAULT_SORT = "-hurt"
_CHOICES = (ENDED, *STATUSES, STATELESS)
_COUNTS = ("executions", *STATUSES, STATELESS)
WORDS = {ENDED: "ended by itself", STATELESS: "not known"}
LONG_OPEN = timedelta(days=1)


@dataclass(frozen=True)
class Chosen:
    """What the URL asks for. `step` is one at which a person stepped in; `open_before` asks for runs that began before
    it and are still open; `single` is whether runs are listed."""

    sop: str | None
    status: str | None
    agent: str | None
    step: str | None
    open_before: datetime | None
    single: bool

    @property
    def states(self) -> dict[str, str]:
        """The states that the chart and the list hold, each with whose colour it has, from the bottom up."""
        held = ("failed", "completed") if self.status == ENDED else (self.status,) if self.status else tuple(STATES)
        return {name: kind for name, kind in STATES.items() if name in held}

    @property
    def runs(self) -> str:
        """What the chart and the list hold, as the beginning of a heading."""
        if self.status == ENDED:
            return "Runs that came to an end by themselves"
        if self.status == STATELESS:
            return "Runs of which it is not known what became of them"
        return f"{self.status.capitalize()} runs" if self.status else "Runs"

    @property
    def carried(self) -> dict[str, links.Value]:
        """What every link of the page carries on."""
        return {"sop": self.sop, "agent": self.agent}

    @property
    def narrowed(self) -> dict[str, Any]:
        """What the list of runs is narrowed to, as parameters of its reader and of its export."""
        return {**self._named, "open_before": self.open_before}

    @property
    def _named(self) -> dict[str, str | None]:
        return {"sop": self.sop, "status": self.status, "agent": self.agent, "step": self.step}

    @property
    def unsummed(self) -> tuple[str, ...]:
        """The filters that stored sums do not know, in words: with one of them the runs themselves are counted."""
        return ("how long a run is open",) * (self.open_before is not None) + ("step",) * (self.step is not None)

    @property
    def query(self) -> dict[str, str]:
        """The same with the order as parameters of the URL, so that steps from run to run stay inside the filter."""
        given = {**self.of_chart, "sort": filters.given("sort")}
        return {name: value for name, value in given.items() if value}

    @property
    def of_chart(self) -> dict[str, str | None]:
        """What the bars of the chart carry on: all but the order of the list."""
        return {**self._named, "long": "true" if self.open_before else None}


def asked(view: View) -> Chosen:
    """What the URL asks for."""
    sop, status, agent, step = (filters.given(name) for name in ("sop", "status", "agent", "step"))
    status = status if status in _CHOICES else None
    open_before = view.minute - LONG_OPEN if url.asked_flag("long") else None
    lists_runs = filters.asked_of("list", ("procedures", "runs"), instead=filters.PASSED_OVER) == "runs"
    single = bool(sop or status or agent or step or open_before or lists_runs)
    return Chosen(sop, status, agent, step, open_before, single)


def order() -> tuple[str, bool]:
    """How runs are sorted."""
    return filters.sorting(SORTS, DEFAULT_SORT, beside=sops.SORTS)


def of(runs: pd.DataFrame, **values: str | None) -> pd.DataFrame:
    """Those of the runs that have these values; None asks for nothing."""
    for name, value in (("sop_id", values.get("sop")), ("agent", values.get("agent"))):
        runs = runs[runs[name] == value] if value else runs
    return runs


def facets_of(chosen: Chosen, found: Procedures, runs: pd.DataFrame | None) -> dict[str, dict[str, int]]:
    """How many runs each procedure, each state and each agent would leave, the other filters applied. `runs` are those
    of all of them where stored sums do not know the filters, else None."""
    states = tuple(chosen.states) if chosen.status else ()
    each: dict[Any, dict[str, int]]
    if runs is None:
        each = {one.sop_id: {name: int(getattr(one, name)) for name in _COUNTS} for one in found.each}
        agents = found.agents(chosen.sop, states)
    else:
        each = {
            str(sop) if pd.notna(sop) else None: {name: int(rows[name].sum()) for name in _COUNTS}
            for sop, rows in of(runs, agent=chosen.agent).groupby("sop_id", dropna=False)
        }
        by_agent = of(runs, sop=chosen.sop).groupby("agent")[list(states or ["executions"])].sum().sum(axis=1)
        by_agent = by_agent.sort_values(ascending=False, kind="stable")
        agents = {str(agent): int(number) for agent, number in by_agent.items() if number}
    for counts in each.values():
        counts[ENDED] = counts["completed"] + counts["failed"]
    of_states = [counts for sop, counts in each.items() if chosen.sop in (None, sop)]
    by_state = {name: sum(counts[name] for counts in of_states) for name in (*_COUNTS, ENDED)}
    return {
        "sop": {sop: counts[chosen.status or "executions"] for sop, counts in each.items() if sop is not None},
        "status": {name: number for name, number in by_state.items() if number},
        "agent": agents,
    }


def choose(
    view: View,
    chosen: Chosen,
    found: Procedures,
    facets: Mapping[str, Mapping[str, int]],
) -> None:
    """The pickers of procedure and agent, each value with how many runs it leaves."""
    counts = {one.sop_id: facets["sop"].get(one.sop_id, 0) for one in found.each if one.sop_id is not None}
    titles = {one.sop_id: one.title for one in found.each}
    filters.choice(view, "sop", counts, every="All procedures", label=lambda sop: titles.get(sop) or sop)
    if facets["agent"] or chosen.agent:
        filters.choice(view, "agent", facets["agent"])


def draw_status(view: View, chosen: Chosen, facets: Mapping[str, Mapping[str, int]]) -> None:
    """The picker of states, and every active filter to be taken away."""
    counts = {name: facets["status"][name] for name in _CHOICES if name in facets["status"]}
    filters.choice(view, "status", counts, every="All states", label=_word, known=_CHOICES)
    filters.chips(
        view,
        {
            "sop": ("procedure", chosen.sop) if chosen.sop else None,
            "status": ("state", _word(chosen.status)) if chosen.status else None,
            "agent": ("agent", chosen.agent) if chosen.agent else None,
            "step": ("a person stepped in at", chosen.step) if chosen.step else None,
            "long": ("open", "for over a day, now") if chosen.open_before else None,
        },
    )


def _word(status: str) -> str:
    return WORDS.get(status, status)


def say_states(chosen: Chosen) -> None:
    """That the figures are of all states, where the chart and the list are of one; what takes longer, and why."""
    if chosen.status or chosen.unsummed:
        what = f"{chosen.runs[0].lower()}{chosen.runs[1:]}"
        where = " open for over a day" if chosen.open_before else ""
        where += " in which a person stepped in there" if chosen.step else ""
        page.note(
            "The sentence, the four figures and the steps are of all states; the chart and the list are of "
            f"{what}{where} alone."
        )
    filters.say_unsummed(chosen.unsummed, "runs of the chart and the filters")


def nothing(view: View, period: Period, chosen: Chosen, *, holds_any: bool) -> None:
    """Why there is no run: none on record, none of the viewer's own, or none that fits."""
    if holds_any:
        emptiness.say_none(view, period, "No run of a procedure", "those without a time")
    elif absence.explained(view, "analytics.stg_engine__sop_executions", "runs of procedures"):
        return
    elif view.actor.sees_all:
        page.empty(
            "No procedure and no run of one is recorded yet.",
            "Engines write them to engine.sop_definitions and engine.sop_executions; imported logs bring runs of "
            "skills and epics too: ",
            code(command("ingest", "PATH")),
        )
    else:
        page.empty("No run of yours is recorded.", "You see runs of yours or of your client; managers see all.")
