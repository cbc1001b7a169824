"""What Overview says where it is about one project: what it leaves out, what it looked at, why it is empty."""

from __future__ import annotations

from data.reports.overview import MOST_SESSIONS
from ui import page, veil
from ui.asking import emptiness, links
from ui.asking.periods import Extent, Period
from ui.backups.attention import is_told
from ui.navigation import FIRST
from ui.overview.happenings import Happened
from ui.view import View
from ui.wording import figures, sentences
from ui.wording.sentences import plural

LOOKED_AT = (
    "questions to people in sessions of this project, its sessions that ended in an error, its notifications of the "
    "last 24 hours"
)
_OF_NO_PROJECT = (
    "jobs",
    "runs of procedures",
    "escalations of agents",
    "questions without a session",
    "records that could not be read",
)


def named(project: str) -> str:
    """The project inside a sentence."""
    return f"of the project “{figures.shortened(project, 60)}”"


def say_left_out(view: View, period: Period) -> None:
    """What belongs to no project and is left out therefore, leading to all projects."""
    left_out = sentences.listed([*_OF_NO_PROJECT, *(["backups"] if is_told(view) else [])])
    page.note(
        f"{left_out[0].upper()}{left_out[1:]} belong to no project and are left out. ",
        links.go("Show all projects", FIRST.url_path, period.query),
    )


def empty(period: Period, project: str) -> None:
    """Why there are no figures."""
    page.empty(
        emptiness.unmatched(veil.seen("session or call of a tool"), period, {"project": project}),
        links.go("Take the filter away", FIRST.url_path, period.query),
        " or ",
        links.go("look at all time", FIRST.url_path, period="all", project=project),
        ".",
    )


def share(happened: Happened) -> str | None:
    """How much of all sessions of the period is of the project; None where there is none."""
    everything = sum(happened.projects.values())
    if not everything:
        return None
    return f"{figures.percent(happened.count('sessions'), everything)} of all {plural(everything, 'session')}"


def searched() -> tuple[str, str]:
    """Where its newest happenings were looked for, and that there is none."""
    where = f" in its newest {figures.count(MOST_SESSIONS)} sessions"
    return where, f"{veil.seen('Nothing that matters')} is recorded{where}."


def say_untimed(period: Period, known: Extent, project: str) -> None:
    """How many events have no time: they were counted over all projects, which is said."""
    said = sentences.untimed(known.untimed, in_all_time=period.choice == "all")
    if said and not period.untimed:
        words = f"Of all projects together, {said[0].lower()}{said[1:]}"
        page.note(links.go(words, FIRST.url_path, period="untimed"))
