"""What the page of jobs is asked for: agent, status, words, a kind of failure, one job; and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from data.jobs import ENDED, STATELESS, STATUSES
from ui import absence, page
from ui.asking import emptiness, filters, links, url
from ui.asking.periods import Period
from ui.drawing.markup import code
from ui.view import View
from ui.wording.terminal import command

STATES = {
    "failed": "broken",
    "cancelled": "unknown",
    "completed": "well",
    "running": "signal",
    "pending": "waiting",
    STATELESS: "attention",
}
_CHOICES = (ENDED, *STATUSES, STATELESS)
WORDS = {ENDED: "ran to an end", STATELESS: "not known"}


@dataclass(frozen=True)
class Chosen:
    """What the URL asks for; `status` may be ENDED or STATELESS too. `long_running` asks for what runs over an hour
    now, from whatever time, `startless` for what runs and does not say since when."""

    agent: str | None
    search: str | None
    status: str | None
    group: str | None
    long_running: bool
    startless: bool

    @property
    def is_of_now(self) -> bool:
        """Whether it is about what runs now, in whatever period that counts."""
        return self.long_running or self.startless

    @property
    def subject(self) -> dict[str, Any]:
        """What narrows every figure of the page."""
        return {"agent": self.agent, "search": self.search}

    @property
    def carried(self) -> dict[str, links.Value]:
        """What every link of the page carries on."""
        return {"agent": self.agent, "q": self.search}

    def narrowed(self, period: Period) -> dict[str, Any]:
        """What narrows the list and the counts beside the filters: what runs now does so in no period."""
        span = period.parameters
        if self.is_of_now:
            span = {"start": None, "end": None, "untimed": False}
        of_now = {"long_running": self.long_running, "startless": self.startless}
        return {**span, **self.subject, "status": self.status, "error_group": self.group, **of_now}

    @property
    def only(self) -> str | None:
        """The one state that the chart and the list are about; a kind of failure is one of failed jobs."""
        return "failed" if self.group else self.status

    @property
    def states(self) -> dict[str, str]:
        """The states that the chart and the list hold, each with whose colour it has, from the bottom up."""
        held = ("completed", "failed") if self.only == ENDED else (self.only,) if self.only else tuple(STATES)
        return {name: kind for name, kind in STATES.items() if name in held}

    @property
    def jobs(self) -> str:
        """What the chart and the list hold, as the beginning of a heading."""
        if self.only == ENDED:
            return "Jobs that ran to an end"
        if self.only == STATELESS:
            return "Jobs of which it is not known what became of them"
        return f"{self.only.capitalize()} jobs" if self.only else "Jobs"


def choose(view: View) -> Chosen:
    """The search field, and what the URL asks for beside it."""
    search = filters.search(view, "Search in jobs")
    status = filters.given("status")
    return Chosen(
        filters.given("agent"),
        search,
        status if status in _CHOICES else None,
        filters.given("error"),
        url.asked_flag("long"),
        url.asked_flag("startless"),
    )


def draw_filters(view: View, chosen: Chosen, facets: Mapping[str, Mapping[str, int]]) -> None:
    """The pickers of agent and state, each value with how many jobs it leaves; the active filters as chips."""
    filters.choice(view, "agent", facets["agent"])
    states = {name: facets["status"][name] for name in _CHOICES if name in facets["status"]}
    filters.choice(view, "status", states, every="All states", label=_word, known=_CHOICES)
    filters.chips(
        view,
        {
            "agent": ("agent", chosen.agent) if chosen.agent else None,
            "q": ("words", chosen.search) if chosen.search else None,
            "status": ("state", _word(chosen.status)) if chosen.status else None,
            "error": ("failure", chosen.group) if chosen.group else None,
            "long": ("runs", "over an hour, now") if chosen.long_running else None,
            "startless": ("runs", "since when is not recorded") if chosen.startless else None,
        },
    )


def _word(status: str) -> str:
    return WORDS.get(status, status)


def say_states(chosen: Chosen) -> None:
    """That the four figures are of all states, where the chart and the list are of one; what takes longer, and why."""
    if chosen.only:
        what = "the chart is of failed jobs, the list of this kind" if chosen.group else "the chart and the list are"
        of = "" if chosen.group else f" of {chosen.jobs[0].lower()}{chosen.jobs[1:]}"
        page.note(f"The sentence and the four figures are of all states; {what}{of} alone.")
    if chosen.search:
        filters.say_unsummed(("words of jobs",), "jobs")
    else:
        filters.say_unsummed(("kind of failure",) if chosen.group else (), "jobs of the filters")


def asked_job() -> UUID | None:
    """The one job that the URL asks for; None where it asks for none, or for what is no id."""
    return url.asked_identifier("job")


def nothing(view: View, period: Period, *, holds_any: bool) -> None:
    """Why there is no job: none recorded, none of the viewer's own, or none that fits."""
    if holds_any:
        emptiness.say_none(view, period, "No job", "those without a time")
    elif absence.explained(view, "analytics.stg_agents__jobs", "jobs"):
        return
    elif view.actor.sees_all:
        page.empty(
            "No job is recorded yet.",
            "Agents write them to agents.jobs; imported logs bring some too: ",
            code(command("ingest", "PATH")),
        )
    else:
        page.empty("No job of yours.", "You see jobs that you created; managers see all.")
