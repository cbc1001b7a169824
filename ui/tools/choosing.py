"""What the page of tools is asked for: project, tool, outcome, kind of error; and why there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.reports.coverage import read_coverage
from ui import absence, cached, page
from ui.asking import emptiness, filters, links
from ui.asking.periods import Period
from ui.drawing.markup import code
from ui.view import View
from ui.wording.sentences import plural
from ui.wording.terminal import command

OUTCOMES = ("failed", "refused", "unknown", "succeeded", "known", "timed")
KNOWN = ("failed", "succeeded")  # what rates are taken over
STATES = {"failed": "broken", "refused": "waiting", "unknown": "unknown", "succeeded": "well"}
WORDS = {
    "succeeded": "succeeded",
    "failed": "failed",
    "refused": "refused by a person",
    "unknown": "outcome not recorded",
    "known": "succeeded or failed",
    "timed": "with a duration",
}
SHORT_WORDS = {"refused": "refused", "unknown": "not recorded"}  # where a few have to stand in one line
_CALLS = {
    "succeeded": "Calls that succeeded",
    "failed": "Failed calls",
    "refused": "Calls that a person refused",
    "unknown": "Calls without a recorded outcome",
    "known": "Calls that succeeded or failed",
    "timed": "Calls with a duration",
}


@dataclass(frozen=True)
class Chosen:
    """What the URL asks for. `single` is whether single calls are listed instead of tools."""

    tool: str | None
    project: str | None
    outcome: str | None
    group: str | None
    single: bool

    @property
    def carried(self) -> dict[str, links.Value]:
        """What every link of the page carries on."""
        return {"tool": self.tool, "project": self.project}

    @property
    def only(self) -> str | None:
        """What the chart and the list are about: an outcome, "known" or "timed". A kind of error is one of failures."""
        return "failed" if self.group else self.outcome

    @property
    def states(self) -> dict[str, str]:
        """The outcomes that the chart tells apart, each with whose colour it has, from the bottom up."""
        return {name: STATES[name] for name in KNOWN} if self.only == "known" else STATES

    @property
    def calls(self) -> str:
        """What the chart and the list hold, as the beginning of a heading."""
        return _CALLS[self.only] if self.only else "Calls"

    @property
    def narrowed_to(self) -> str:
        """What else they are narrowed to: the tool, the project, the kind of error; empty where to nothing."""
        parts = (("of", self.tool), ("in", self.project), ("with", self.group))
        return ", ".join(f"{word} {value}" for word, value in parts if value)


def asked() -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    tool, project, outcome, group = (filters.given(name) for name in ("tool", "project", "outcome", "error"))
    outcome = outcome if outcome in OUTCOMES else None
    lists_calls = filters.asked_of("list", ("tools", "calls"), instead=filters.PASSED_OVER) == "calls"
    return Chosen(tool, project, outcome, group, bool(tool or outcome or group or lists_calls))


def draw_filters(view: View, chosen: Chosen, facets: Mapping[str, Mapping[str, int]]) -> None:
    """One picker per filter, each value with how many calls it leaves; the active ones as chips."""
    filters.choice(view, "project", facets["project"])
    filters.choice(view, "tool", facets["tool"])
    outcomes = {name: facets["outcome"][name] for name in OUTCOMES if name in facets["outcome"]}
    filters.choice(
        view, "outcome", outcomes, every="All outcomes", label=lambda name: WORDS.get(name, name), known=OUTCOMES
    )
    filters.chips(
        view,
        {
            "tool": ("tool", chosen.tool) if chosen.tool else None,
            "project": ("project", chosen.project) if chosen.project else None,
            "outcome": ("outcome", WORDS[chosen.outcome]) if chosen.outcome else None,
            "error": ("error", chosen.group) if chosen.group else None,
        },
    )


def say_outcomes(chosen: Chosen) -> None:
    """That the four figures are of all outcomes, where the chart and the list are of one; what takes longer."""
    if chosen.only:
        page.note(
            f"The sentence and the four figures are of all outcomes; the chart and the list are of "
            f"{chosen.calls[0].lower()}{chosen.calls[1:]} alone."
        )
    filters.say_unsummed(("kind of error",) if chosen.group else (), "calls of the chart and the filters")


def say_unnamed(view: View) -> None:
    """That what was begun and not ended is not counted, where rows do not say which call they begin, and how many rows
    say neither begin nor end, leading to the sessions that hold them."""
    known = cached.read(view, read_coverage)["tools"]
    if known.unphased:
        says = "says" if known.unphased == 1 else "say"
        page.note(
            links.go(f"{plural(known.unphased, 'row')} of calls", "sessions", period="all", has="unphased"),
            f" {says} neither that a call began nor that it ended (phase), in whatever period: no call is counted of "
            f"{'it' if known.unphased == 1 else 'them'}.",
        )
    if known.holds_unnamed:
        page.note(
            "Some rows that begin a call do not say which (call_id): such a call counts once it has ended, and one "
            "that never ended is not among these."
        )


def nothing(view: View, period: Period, *, holds_any: bool) -> None:
    """Why there is no call: none recorded, none of the viewer's own, or none that fits."""
    if holds_any:
        emptiness.say_none(view, period, "No call", "the calls without a time")
    elif absence.explained(view, "analytics.tool_calls", "calls of tools"):
        return
    elif view.actor.sees_all:
        page.empty("No call of a tool is recorded yet.", "Calls come with the logs: ", code(command("ingest", "PATH")))
    else:
        page.empty("No call of a tool in a session of yours.", "You see your own sessions; managers see all.")
