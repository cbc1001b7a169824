"""Which questions are looked at: the list, filters with counts, chips, the period in words, why a list is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from data.approvals import OUTCOMES, URGENCIES, VIEWS, Counts, Outcome, Questions, Urgency
from data.approvals import View as Shown
from data.reports.absence import HiddenQuestions
from ui import page
from ui.asking import filters, links, url
from ui.asking.periods import Extent, Period
from ui.drawing.markup import Child, Markup, join, span, tag
from ui.view import View
from ui.wording import figures, sentences

NAMES: dict[Shown, str] = {
    "queue": "Waiting",
    "decided": "Decided",
    "expired": "Ran out of time",
    "imported": "From imported logs",
    "stateless": "Status not known",
}
# Why a question that waits hurries, as the end of a sentence about it.
URGENT: dict[Urgency, str] = {
    "expiring": "within an hour of running out",
    "overdue": "waiting for more than a day",
    "risky": "of high or critical risk",
}
OUTCOMES_OF: dict[Shown, tuple[Outcome, ...]] = {"decided": ("approved", "rejected"), "imported": OUTCOMES}


def asked_approval() -> UUID | None:
    """The one question that the URL asks for; None where it asks for none, or for what is no id."""
    return url.asked_identifier("approval")


def chosen(view: View) -> Questions:
    """The list that the URL asks for, the queue unless it names another, and its filters, of no period yet. Once a
    view: it says what it asks for that there is none of."""
    asked, outcome = filters.asked_of("show", VIEWS, instead="the queue is shown"), filters.given("outcome")
    urgency = filters.given("urgency")
    shown: Shown = next((name for name in VIEWS if name == asked), "queue")
    return Questions(
        view.minute,
        shown,
        agent=filters.given("agent"),
        kind=filters.given("kind"),
        risk=filters.given("risk"),
        project=filters.given("project"),
        outcome=next((name for name in OUTCOMES_OF.get(shown, ()) if name == outcome), None),
        urgency=next((name for name in URGENCIES if shown == "queue" and name == urgency), None),
    )


def within(asked: Questions, period: Period) -> Questions:
    """The same of a period."""
    return replace(asked, start=period.start, end=period.end, untimed=period.untimed)


def carried(asked: Questions) -> dict[str, links.Value]:
    """What links to the same list carry on, but for its outcome and urgency."""
    return {"show": None if asked.shown == "queue" else asked.shown, **asked.subject}


def as_export(asked: Questions) -> dict[str, links.Value]:
    """The same as parameters of the export of a history."""
    of_period: dict[str, links.Value] = {"start": asked.start, "end": asked.end, "untimed": asked.untimed}
    return {"shown": asked.shown, **of_period, **asked.subject, "outcome": asked.outcome}


def draw_filters(view: View, asked: Questions, values: Mapping[str, Mapping[str, int]]) -> None:
    """One picker per filter, each value with how many questions of the list it leaves; the active ones as chips."""
    filters.choice(view, "agent", values["agent"])
    filters.choice(view, "kind", values["kind"])
    filters.choice(view, "risk", values["risk"], every="Any risk", label=_risk)
    filters.choice(view, "project", values["project"])
    if known := OUTCOMES_OF.get(asked.shown):
        filters.choice(view, "outcome", values["outcome"], every="Any outcome", known=known)
    if asked.shown == "queue":
        filters.choice(
            view,
            "urgency",
            values["urgency"],
            every="Any urgency",
            label=_urgency,
            known=URGENCIES,
        )
    active: dict[str, tuple[str, str] | None] = {
        name: (name, _risk(value) if name == "risk" else value) if value else None
        for name, value in {**asked.subject, "outcome": asked.outcome}.items()
    }
    active["urgency"] = ("urgency", URGENT[asked.urgency]) if asked.urgency else None
    filters.chips(view, active)


def _urgency(name: str) -> str:
    return next((words for one, words in URGENT.items() if one == name), name)


def _risk(level: str) -> str:
    return "not given" if level == "unknown" else level


def say_how_counted(asked: Questions) -> None:
    """What takes longer, and why; which figures are not of the chosen outcome alone."""
    if asked.urgency:
        page.note(f"The sentence is of all that waits; the list is of what is {URGENT[asked.urgency]} alone.")
    if asked.outcome:
        of = f"{asked.outcome} ones"
        page.note(f"The sentence and the figures are of all outcomes; the chart and the list are of {of} alone.")
    filters.say_unsummed(asked.unsummed, "questions")


def say_untimed(view: View, period: Period, untimed: int) -> None:
    """How many questions of the list no period holds, of any outcome, leading to them."""
    said = sentences.untimed(untimed, "question", in_all_time=period.choice == "all")
    if said and not period.untimed:
        page.note(links.go_to(said, _without_time(view)))


def say_untimed_of(view: View, untimed: Counts) -> None:
    """How many questions of each history no period holds, leading to them; beside the queue, which holds its own."""
    ways: list[Child] = []
    for name in VIEWS:
        if name != "queue" and untimed.of(name):
            words = f"{NAMES[name]} {figures.count(untimed.of(name))}"
            ways += [", " if ways else "", links.go_to(words, _without_time(view, show=name))]
    if ways:
        page.note("Without a recorded time, and so in no period: ", *ways, ".")


def _without_time(view: View, **changes: links.Value) -> str:
    unsaid = dict.fromkeys(("from", "to", "page", "outcome"))
    return filters.here(view, period="untimed", **unsaid, **changes)


def asked_in(period: Period) -> str:
    """The period of a history inside a sentence: "asked in the last 7 days", "without a recorded time"."""
    if period.untimed:
        return "without a recorded time"
    if period.choice == "all":
        return period.during
    words, _, days = period.during.partition(": ")
    return f"asked {words} ({days})" if days else f"asked {words}"


def switch(view: View, asked: Questions, counts: Counts, period: Period) -> None:
    """Links to the lists, each with how many questions it holds: the queue now, the others of the period; that of
    questions whose status is not known where there are any."""
    lists = [name for name in NAMES if name != "stateless" or asked.shown == name or counts.of(name)]
    queue, *history = [_way(view, name, asked, counts) for name in lists]
    of_period = span(f"{asked_in(period)}:", "sb-muted")
    page.put(
        tag("div", queue, of_period, *history, class_="sb-chips", role="navigation", aria_label="Lists of questions")
    )


def _way(view: View, name: Shown, asked: Questions, counts: Counts) -> Child:
    label = join(NAMES[name], " ", tag("b", figures.count(counts.of(name))))
    if name == asked.shown:
        return tag("span", label, class_="sb-chip", aria_current="true")
    return links.go_to(label, _to_list(view, name), class_="sb-chip")


def _to_list(view: View, name: Shown) -> str:
    """The address of another list with the same filters and period."""
    others = dict.fromkeys(("outcome", "urgency", "approval", "page"))
    return filters.here(view, show=None if name == "queue" else name, **others)


def nothing(
    view: View,
    asked: Questions,
    counts: Counts,
    period: Period,
    known: Extent,
    hidden: HiddenQuestions | None,
    *,
    ever: int = 0,
) -> None:
    """Why a list is empty, and where to look instead; where rows are hidden, no more than that none is seen. `ever` is
    how many questions it holds over all time, of any outcome."""
    is_filtered = asked.narrows or bool(asked.outcome)
    is_cut = asked.shown != "queue" and period.choice != "all" and (ever > 0 or hidden is not None)

    def to_all_time(words: str) -> Markup:
        return links.go_to(words, filters.here(view, period="all", **dict.fromkeys(("from", "to", "page"))))

    if is_filtered and known.holds_rows:
        remaining = dict.fromkeys((*asked.subject, "outcome", "urgency", "page"))
        away = links.go_to("Take the filters away", filters.here(view, **remaining))
        page.empty(_unmatched(asked, period), away, *([" or ", to_all_time("look at all time")] if is_cut else []), ".")
    elif hidden:
        page.empty("Your role sees no question of this list.", *([to_all_time("Show all time")] if is_cut else []))
    elif is_cut:
        page.empty(f"{_NONE[asked.shown]} among those {asked_in(period)}.", to_all_time("Show all time"))
    else:
        page.empty(_NEVER[asked.shown], *_elsewhere(view, asked, counts))


_NONE: dict[Shown, str] = {
    "decided": "No question was decided",
    "expired": "No question ran out of time",
    "imported": "No imported log holds a question to a person",
    "stateless": "No question has a status that is not known",
}
_NEVER: dict[Shown, str] = {
    "queue": "No agent waits for a decision.",
    "decided": "Nothing has been decided here yet.",
    "expired": "No question has run out of time.",
    "imported": "No imported log holds a question to a person.",
    "stateless": "Every question has a status that is known.",
}


def _unmatched(asked: Questions, period: Period) -> str:
    values = {**asked.subject, "outcome": asked.outcome}
    named = [(name, value) for name, value in values.items() if value]
    of_list = {
        "queue": "question that waits",
        "decided": f"question {asked_in(period)} that was decided",
        "expired": f"question {asked_in(period)} that ran out of time",
        "imported": f"question {asked_in(period)} in an imported log",
        "stateless": f"question {asked_in(period)} with a status that is not known",
    }[asked.shown]
    if asked.urgency and not named:
        return f"No {of_list} is {URGENT[asked.urgency]}."
    if len(named) != 1 or asked.urgency:
        return f"No {of_list} matches these filters."
    [(name, value)] = named
    words = _risk(value) if name == "risk" else value
    return f"No {of_list} has the {name} “{figures.shortened(words, 60)}”."


def _elsewhere(view: View, asked: Questions, counts: Counts) -> list[Child]:
    others = [
        links.go_to(NAMES[name], _to_list(view, name)) for name in VIEWS if name != asked.shown and counts.of(name)
    ]
    return ["Look at: ", join(*others, between=", "), "."] if others else ["Agents ask by engine.human_approvals."]
