"""People: who works with agents, what comes of it and what it costs; one person's sessions and jobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from data.reports import people as reports
from ui import cached, page, people
from ui.asking import filters, paging
from ui.asking.periods import Period
from ui.drawing import cards
from ui.view import View


def show_one(
    view: View,
    person: str,
    everybody: tuple[reports.Person, ...],
    period: Period,
    say_untimed: Callable[[], None],
) -> None:
    """One person: a sentence, figures, then what they did, the newest first."""
    one = next((each for each in everybody if (each.person or reports.NOBODY) == person), None)
    people.head(view, one, person)
    if one is None:
        people.nothing(view, period, holds_any=True, person=person)
        say_untimed()
        page.footer(view)
        return
    asked: dict[str, Any] = {**period.parameters, "person": person, "has": people.asked_cost()}
    counts = cached.read(view, reports.count_activity, **asked)
    people.summary_of_one(one, period)
    say_untimed()
    cards.cards(people.cards_of(view, [one], period, person))
    narrowed = people.choose(view, counts)
    asked |= {"kind": narrowed.kind, "state": narrowed.state}
    total = people.total_of(counts, narrowed)
    rows = cached.read(view, reports.read_activity, **asked, limit=paging.PAGE_SIZE, offset=paging.offset_of(total))
    people.activity_table(view, rows, total)
    page.footer(view, report="person", filters=asked, rows=total)


def show(view: View) -> None:
    """Sentences, figures and everybody, or one."""
    coverage = cached.read(view, reports.read_coverage)
    known = filters.extent_of(coverage)
    period = filters.period(view, known, first="30d")
    filters.say_refused("person", "everybody is shown")
    person = filters.given("person")
    compared: dict[str, Any] = {**period.parameters, **period.compared}
    without = people.without_time(coverage)
    say_untimed = partial(filters.say_untimed, view, period, known, without, in_all_time=True)
    everybody = cached.read(view, reports.read_people, **compared)
    if person:
        show_one(view, person, everybody, period, say_untimed)
        return
    if not everybody:
        people.nothing(view, period, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
        return
    people.summary(everybody, period)
    say_untimed()
    cards.cards(people.cards_of(view, everybody, period))
    order = people.people_table(view, everybody, period)
    page.footer(view, report="people", filters=compared, order=order, rows=len(everybody))


view = page.begin("People", needs="view_people")
with page.panel(view, "the figures of people"):
    show(view)
