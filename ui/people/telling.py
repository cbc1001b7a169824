"""What the page of people tells first: who did how much, what came of it, what it cost."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.reports.people import Person, cost_of, together
from ui import absence, page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing.cards import Card
from ui.drawing.markup import tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, listed, plural, point_change


def summary(people: Sequence[Person], period: Period) -> None:
    """How many people did how much, and what of it names nobody."""
    sums = together(people)
    named = [one for one in people if one.person and _count(one)]
    nobody = next((one for one in people if one.person is None and _count(one)), None)
    words = (
        f"{plural(len(named), 'person', 'people')} worked with agents {period.during}: "
        f"{plural(sums['sessions'], 'session')}, {plural(sums['lift_sessions'], 'session')} of lift-sys, "
        f"{plural(sums['jobs'], 'job')}."
    )
    if nobody:
        parts = [
            plural(number, noun) for number, noun in ((nobody.sessions, "session"), (nobody.jobs, "job")) if number
        ]
        words += f" {listed(parts)} {'names' if _count(nobody) == 1 else 'name'} nobody."
    page.say(words, state="well")


def _count(one: Person) -> int:
    return one.sessions + one.lift_sessions + one.jobs


def cards_of(people: Sequence[Person], period: Period, *, leads: bool = False) -> list[Card]:
    """Sessions, jobs that came to an end well, sessions of lift-sys that did, cost. Those of everybody lead to the rows
    behind them, which no other page has by person."""

    def to(target: str, **more: str) -> str | None:
        return links.href(target, period.query, **more) if leads else None

    sums = together(people)
    than = f"on {period.previous_label}" if period.previous else None
    jobs_ended, lift_ended = sums["completed_jobs"] + sums["failed_jobs"], sums["finalized"] + sums["lost"]
    cost = cost_of(people)
    unpriced = sums["unpriced_sessions"]
    return [
        Card(
            "Sessions",
            figures.count(sums["sessions"]),
            change(sums["sessions"], sums["previous_sessions"]),
            f"{than}, n = {figures.count(sums['previous_sessions'])}" if than else None,
            address=to("sessions"),
        ),
        Card(
            "Jobs completed",
            figures.percent(sums["completed_jobs"], jobs_ended),
            point_change(
                sums["completed_jobs"],
                jobs_ended,
                sums["previous_completed_jobs"],
                sums["previous_completed_jobs"] + sums["previous_failed_jobs"],
            ),
            than,
            note=f"of {plural(jobs_ended, 'job')} that ended",
            address=to("jobs", status="completed"),
        ),
        Card(
            "lift-sys finalized",
            figures.percent(sums["finalized"], lift_ended),
            point_change(
                sums["finalized"],
                lift_ended,
                sums["previous_finalized"],
                sums["previous_finalized"] + sums["previous_lost"],
            ),
            than,
            note=f"of {plural(lift_ended, 'session')} that ended",
            address=to("lift_sessions", status="finalized"),
        ),
        Card(
            "Cost",
            figures.money(cost),
            note=f"of {plural(sums['priced_sessions'], 'session')}; "
            f"{plural(unpriced, 'session is', 'sessions are')} not priced in full"
            if unpriced
            else f"of {plural(sums['priced_sessions'], 'session')}",
            address=to("sessions", sort="-cost"),
        ),
    ]


def head(view: View, one: Person | None, person: str) -> None:
    """Who this is, and the way back to everybody."""
    st.html(tag("p", links.go("‹ Everybody", view.page.url_path), class_="sb-note"))
    page.heading(one.address or person if one else person, "one person")


def nothing(view: View, period: Period, *, holds_any: bool, person: str | None = None) -> None:
    """Why there is nobody, or nothing of one person."""
    if person:
        page.empty(
            f"Nothing {period.during} is on record of somebody with this id.",
            links.go("Look at all time", "people", period="all", person=person),
            ".",
        )
    elif holds_any:
        page.empty(f"Nobody did anything {period.during}.", links.go("Look at all time", "people", period="all"), ".")
    elif not absence.explained(view, "analytics.stg_chronicle__sessions", "sessions"):
        page.empty(
            "Nobody is recorded as working with an agent yet.",
            "People come with sessions and jobs that name their owner.",
        )
