"""What the page of people tells first: who did how much, what came of it, what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from data.reports.coverage import Coverage
from data.reports.people import KINDS, NOBODY, Kind, Person, cost_of, together
from ui import absence, lacking, page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing.cards import Card
from ui.drawing.markup import Child, Markup, enumerated, join, tag
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import COST_BASES, change, listed, plural, point_change

_TABLES: dict[Kind, str] = {"session": "chronicle.sessions", "lift": "lift.sessions", "job": "agents.jobs"}
_TARGETS: dict[Kind, str] = {"session": "sessions", "lift": "lift_sessions", "job": "jobs"}


def summary(people: Sequence[Person], period: Period) -> None:
    """How many people did how much, and what of it names nobody: who did that is not known. Whether it went well is not
    judged here, so it is not said."""
    named = [one for one in people if one.person and _count(one)]
    nobody = next((one for one in people if one.person is None and _count(one)), None)
    if nobody and not named:
        page.say(
            f"Who worked with agents {period.during} is not known: ", _namelessly(nobody, period), ".", state="unknown"
        )
        return
    words = f"{plural(len(named), 'person', 'people')} worked with agents {period.during}: "
    nameless = join(" ", _namelessly(nobody, period), ".") if nobody else None
    page.say(words, _done(people, period), ".", nameless, state="unknown" if nobody else None)


def summary_of_one(one: Person, period: Period) -> None:
    """How much one person did, or names nobody."""
    if one.person is None:
        page.say(f"Nobody is named {period.during} by ", _done([one], period, NOBODY), ".", state="unknown")
        return
    words = f"{one.address or one.person} worked with agents {period.during}: "
    page.say(words, _done([one], period, one.person), ".")


def _done(people: Sequence[Person], period: Period, person: str | None = None) -> Markup:
    """How much was done of each kind, leading to it."""
    sums = together(people)
    told: tuple[tuple[Kind, int], ...] = (
        ("session", sums["sessions"]), ("lift", sums["lift_sessions"]), ("job", sums["jobs"]),
    )  # fmt: skip
    parts = [links.go_to(_told(kind, number), address_of(kind, period, person)) for kind, number in told if number]
    return enumerated(parts or ["nothing"])


def without_time(coverage: Coverage) -> str:
    """What was done at no recorded time, in words."""
    return listed([_told(kind, number) for kind in KINDS if (number := coverage.untimed_of[kind])])


def _told(kind: Kind, number: int) -> str:
    """So many things of a kind."""
    return plural(number, "job") if kind == "job" else f"{plural(number, 'session')}{' of lift-sys' * (kind == 'lift')}"


def _namelessly(nobody: Person, period: Period) -> Markup:
    done = _done([nobody], period, NOBODY)
    return join(done, f" {'names' if _count(nobody) == 1 else 'name'} nobody")


def _count(one: Person) -> int:
    return one.sessions + one.lift_sessions + one.jobs


def cards_of(view: View, people: Sequence[Person], period: Period, person: str | None = None) -> list[Card]:
    """Sessions, jobs that came to an end well, sessions of lift-sys that did, cost: of everybody, or of one `person`.
    Each leads to the rows behind it."""
    sums = together(people)
    than = f"on {period.previous_label}" if period.previous else None
    jobs_ended, lift_ended = sums["completed_jobs"] + sums["failed_jobs"], sums["finalized"] + sums["lost"]
    return [
        Card(
            "Sessions",
            figures.count(sums["sessions"]),
            change(sums["sessions"], sums["previous_sessions"]),
            f"{than}, n = {figures.count(sums['previous_sessions'])}" if than else None,
            address=address_of("session", period, person),
        ),
        Card(
            "Jobs completed",
            figures.percent(sums["completed_jobs"], jobs_ended) if jobs_ended else no_share(view, "job"),
            point_change(
                sums["completed_jobs"],
                jobs_ended,
                sums["previous_completed_jobs"],
                sums["previous_completed_jobs"] + sums["previous_failed_jobs"],
            ),
            than,
            note=f"of {plural(jobs_ended, 'job')} that ended",
            address=address_of("job", period, person, "completed"),
        ),
        Card(
            "lift-sys finalized",
            figures.percent(sums["finalized"], lift_ended) if lift_ended else no_share(view, "lift"),
            point_change(
                sums["finalized"],
                lift_ended,
                sums["previous_finalized"],
                sums["previous_finalized"] + sums["previous_lost"],
            ),
            than,
            note=f"of {plural(lift_ended, 'session')} that ended",
            address=address_of("lift", period, person, "finalized"),
        ),
        Card("Cost", figures.money(cost_of(one.cost_usd for one in people)), note=_priced(people, period, person)),
    ]


def no_share(view: View, kind: Kind, none: str = figures.NONE_RECORDED) -> str:
    """What stands for a share of what came to an end where nothing did, or where nobody knows what did."""
    return "unknown" if lacking.untold(view, _TABLES[kind], "status") else none


def address_of(
    kind: Kind, period: Period, person: str | None, state: str | None = None, *, has: str | None = None
) -> str:
    """Where the things of a kind are listed, in a state or with what is asked for: those of a person on the page of
    people, everybody's on that of their kind."""
    if person:
        return links.href("people", period.query, person=person, kind=kind, state=state, has=has)
    return links.href(_TARGETS[kind], period.query, status=state, has=has)


def _priced(people: Sequence[Person], period: Period, person: str | None) -> Child:
    """What the cost is of: each kind of session leads to those behind it, and says what has no full price."""
    sums = together(people)
    said: list[Child] = []
    if sums["priced_sessions"] or sums["unpriced_sessions"]:
        cost = cost_of(one.session_cost_usd for one in people)
        words = f"{figures.money(cost)} of {plural(sums['priced_sessions'], 'session')}"
        said += [join(_part(words, "session", period, person), _estimated(sums))]
        said += _unpriced(sums["unpriced_sessions"], "", address_of("session", period, person, has="unpriced"))
    if sums["priced_lift_sessions"] or sums["unpriced_lift_sessions"]:
        cost = cost_of(one.lift_cost_usd for one in people)
        words = f"{figures.money(cost)} of {plural(sums['priced_lift_sessions'], 'session')} of lift-sys"
        said += [_part(words, "lift", period, person)]
        address = address_of("lift", period, person, has="unpriced")
        said += _unpriced(sums["unpriced_lift_sessions"], " of lift-sys", address)
    return join(*said, between="; ") if said else "no session has a cost"


def _estimated(sums: Mapping[str, int]) -> str | None:
    """That the cost of sessions, or of how many of them, is estimated."""
    if not sums["estimated_sessions"]:
        return None
    are_all = sums["estimated_sessions"] == sums["priced_sessions"]
    return f", {'' if are_all else figures.count(sums['estimated_sessions']) + ' of them '}{COST_BASES['estimate']}"


def _part(words: str, kind: Kind, period: Period, person: str | None) -> Child:
    address = address_of(kind, period, person, has="priced" if person else None)
    return links.go_to(words, address if person else f"{address}&sort=-cost")


def _unpriced(number: int, of: str, address: str) -> list[Child]:
    words = f"{plural(number, 'session')}{of} {'is' if number == 1 else 'are'} not priced in full"
    return [links.go_to(words, address)] if number else []


def head(view: View, one: Person | None, person: str) -> None:
    """Who this is, and the way back to everybody."""
    st.html(tag("p", links.go("‹ Everybody", view.page.url_path), class_="sb-note"))
    if person == NOBODY:
        page.heading("What names nobody")
        return
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
