"""Parts of the plain sentences that pages open with: plurals, lists, changes against the period before. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from data.wording import plural
from ui.wording.figures import with_unit

__all__ = [
    "COST_BASES",
    "LEAST_COMPARED",
    "MOST_CHANGED",
    "OUTCOMES",
    "change",
    "listed",
    "plural",
    "point_change",
    "unsourced",
    "untimed",
]

# Below this many cases a change says more about chance than about the agents.
LEAST_COMPARED = 10
# Above this many per cent the figure before was next to nothing, and the exact share says nothing either.
MOST_CHANGED = 900

# What a cost rests on, as the database names it.
COST_BASES = {
    "recorded": "as the agent recorded it",
    "estimate": "estimated at list prices",
    "partial estimate": "estimated at list prices; some replies are of models without a known price",
}
# The mark of what became of a question to a person: a rejection is an answer, and no failure.
OUTCOMES = {"pending": "waiting", "approved": "well", "rejected": "attention", "expired": "unknown"}


def listed(items: Sequence[str]) -> str:
    """Items as people list them: a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def change(current: float | None, previous: float | None, *, cases: int | None = None) -> str | None:
    """The change of a total against the period before: +8 %, −12 %, "unchanged".

    `cases` is how many things the smaller of both figures counts (default: the previous figure). None when there is
    nothing to compare with or too little.
    """
    if current is None or previous is None or not previous:
        return None
    if (previous if cases is None else cases) < LEAST_COMPARED:
        return None
    share = 100 * (current - previous) / previous
    if share > MOST_CHANGED:
        return f"more than {with_unit(f'+{MOST_CHANGED}', '%')}"
    return "unchanged" if round(share) == 0 else with_unit(f"{share:+,.0f}", "%").replace("-", "−")


def point_change(part: int, whole: int, previous_part: int, previous_whole: int) -> str | None:
    """The change of a rate in points: −1.1 pt. None where either period has too few cases."""
    if min(whole, previous_whole) < LEAST_COMPARED:
        return None
    points = 100 * part / whole - 100 * previous_part / previous_whole
    return "unchanged" if abs(points) < 0.05 else with_unit(f"{points:+.1f}", "pt").replace("-", "−")


def untimed(number: int, what: str = "event", *, in_all_time: bool = False) -> str | None:
    """The sentence every period says about what it cannot place, or all time about what it holds beside what has a
    time; None when everything has one. `what` is the noun of such a row, or how many there are of what, in words that
    begin with a number."""
    if not number:
        return None
    words = what if what[:1].isdigit() else plural(number, what)
    if in_all_time:
        return f"All time includes {words} without a recorded time."
    return f"{words} without a recorded time {'is' if number == 1 else 'are'} in no period."


def unsourced(thing: str, *, sees_all: bool) -> str:
    """That no event tells of a row; whoever may not see all events is told no more than that."""
    if not sees_all:
        return f"No event that you may see tells of {thing}."
    return f"Not event-sourced: no event tells of {thing}, so no replay brings it back."
