"""What the page of agents is asked for: agent and source; and why there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from data.reports.coverage import Coverage
from data.reports.performance import Performance
from ui import absence, page
from ui.asking import emptiness, filters, links
from ui.asking.periods import Period
from ui.drawing.markup import code
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed, plural
from ui.wording.terminal import command


@dataclass(frozen=True)
class Chosen:
    """What the URL asks for; `lists_failures` asks for the failed calls of the agent instead of its windows."""

    agent: str | None
    source: str | None
    lists_failures: bool = False

    @property
    def carried(self) -> dict[str, links.Value]:
        """What every link of the page carries on."""
        return {"agent": self.agent, "source": self.source}


def is_asked() -> Chosen:
    """What the URL asks for, before any picker is drawn."""
    lists_failures = filters.asked_of("list", ("windows", "failed"), instead=filters.PASSED_OVER) == "failed"
    agent = filters.given("agent")
    return Chosen(agent, filters.given("source"), lists_failures and agent is not None)


def choose(view: View, chosen: Chosen, agents: Sequence[Performance], sources: Mapping[str, int]) -> None:
    """The pickers: an agent and a source, each with how many windows are on record of it, which are what is listed."""
    filters.choice(view, "agent", {one.agent: one.windows for one in agents})
    if len(sources) > 1 or chosen.source:
        filters.choice(view, "source", dict(sorted(sources.items(), key=lambda one: (-one[1], one[0]))))
    filters.chips(
        view,
        {
            "agent": ("agent", chosen.agent) if chosen.agent else None,
            "source": ("source", chosen.source) if chosen.source else None,
            "list": ("list", "failed calls") if chosen.lists_failures else None,
        },
    )


_WINDOWS, _JOBS = "engine.agent_metrics", "agents.jobs"


def absent(view: View) -> str:
    """What stands for windows that are not there. A member is not told whether others have some."""
    return figures.NONE_RECORDED if view.sees_all_of(_WINDOWS) else "none yours to see"


def without_time(coverage: Coverage) -> str:
    """What agents did at no recorded time, in words: windows, with what they hold, and jobs."""
    told = coverage.untimed_of
    held = ", ".join(plural(told[f"{noun}s"], noun) for noun in ("action", "escalation"))
    windows = f"{plural(told['windows'], 'window')} ({held})"
    jobs = plural(told["jobs"], "job")
    return listed([words for words, number in ((windows, told["windows"]), (jobs, told["jobs"])) if number])


@contextmanager
def what_hides_windows(view: View, total: Performance) -> Iterator[bool]:
    """Where there are jobs and no windows: whether there may be some that the viewer does not see. What hides them is
    said after what is drawn inside."""
    if total.windows or not total.jobs:
        yield False
        return
    with page.gathering() as said:
        is_told = absence.explained(view, "analytics.stg_engine__agent_metrics", "windows of agents")
    yield is_told or not view.sees_all_of(_WINDOWS)
    if said:
        page.put(page.one_of(said))
    elif not view.sees_all_of(_WINDOWS):
        page.note("Members see windows that carry their name; managers see all.")


def of_source(chosen: Chosen) -> None:
    """What a source narrows and what it does not."""
    if chosen.source:
        page.note(
            f"Windows from {chosen.source} alone, and agents that have any. Jobs name no source: theirs count whole."
        )


def nothing(view: View, period: Period, chosen: Chosen, *, holds_any: bool) -> None:
    """Why there is no agent: none on record, none of the viewer's own, or none that fits."""
    if holds_any:
        who = f"of {chosen.agent} " if chosen.agent else ""
        where = "among the windows without a time" if period.untimed else period.during
        narrowed = " that fits these filters" if chosen.source else ""
        page.empty(
            f"Nothing {who}is on record {where}{narrowed}.",
            *emptiness.ways_out(view, period),
        )
    elif absence.explained(view, "analytics.stg_engine__agent_metrics", "records of agents"):
        return
    elif view.sees_all_of(_WINDOWS, _JOBS):
        page.empty(
            "No agent is recorded yet.",
            "Agents write what they did to engine.agent_metrics and agents.jobs; imported logs bring some too: ",
            code(command("ingest", "PATH")),
        )
    else:
        page.empty("No agent of yours is recorded.", "You see windows and jobs that carry your name; managers see all.")
