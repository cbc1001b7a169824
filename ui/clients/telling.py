"""What the page of clients tells first: how many are at risk, who fell; four figures."""

from __future__ import annotations

from data.reports.clients import LEAST_FALL, Standing
from ui import page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing.cards import Card
from ui.drawing.markup import Child, enumerated, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural


def summary(standing: Standing, period: Period) -> None:
    """How many clients are at risk, who fell furthest, and what is not known."""
    pieces: list[Child] = [_risk(standing, period)]
    if period.start is not None:
        pieces.append(_moved(standing, period))
    if standing.unknown:
        of = links.go(plural(standing.unknown, "client"), "clients", period.query, status="unknown")
        pieces.append(join("How ", of, f" {_does(standing.unknown)} is not known."))
    if standing.not_assessed and period.start is not None:
        was = "was" if standing.not_assessed == 1 else "were"
        pieces.append(f"{plural(standing.not_assessed, 'client')} {was} not assessed {period.during}.")
    page.say(join(*[piece for piece in pieces if piece], between=" "), state=_state(standing))
    if standing.unsourced:
        be = "is" if standing.unsourced == 1 else "are"
        page.note(
            f"{figures.count(standing.unsourced)} of {plural(standing.assessments, 'assessment')} {period.during} {be} "
            "not event-sourced: no event tells of them, so no replay brings them back."
        )


def _does(number: int) -> str:
    return "fares" if number == 1 else "fare"


def _state(standing: Standing) -> str:
    if standing.critical:
        return "broken"
    if standing.at_risk:
        return "attention"
    return "unknown" if standing.unknown or not standing.healthy else "well"


def _risk(standing: Standing, period: Period) -> Child:
    """How many clients are critical or at risk, each number leading to them."""
    of = plural(standing.clients, "client")
    if not standing.critical and not standing.at_risk:
        if not standing.healthy:
            return f"Nothing is known of {of}."
        known = f"{plural(standing.healthy, 'client')} of which that is known" if standing.unknown else of
        return f"None of {known} is at risk or critical."
    told = (("critical", standing.critical, "critical"), ("at_risk", standing.at_risk, "at risk"))
    parts: list[Child] = []
    for status, number, words in told:
        if number:
            shown = links.go(figures.count(number), "clients", period.query, status=status)
            parts.append(join(shown, "" if parts else f" of {of}", f" {_is(number)} {words}"))
    return join(enumerated(parts), ".")


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _moved(standing: Standing, period: Period) -> Child:
    """Who fell since the period began, the furthest by name."""
    if not standing.compared:
        return "No client was assessed both before it and now, so nothing can be compared."
    if standing.fallen_client is None:
        return (
            f"None of {plural(standing.compared, 'client')} fell by {LEAST_FALL:.0f} points or more since "
            "the period began."
        )
    link = links.go(figures.middle(standing.fallen_client, 60), "clients", period.query, client=standing.fallen_client)
    others = standing.fell - 1
    rest: list[Child] = []
    if others:
        sorted_ = links.go(plural(others, "other client"), "clients", period.query, sort="change")
        rest = ["; ", sorted_, f" fell by {LEAST_FALL:.0f} points or more as well"]
    return join(link, f" fell from {score(standing.fallen_from)} to {score(standing.fallen_to)}", *rest, ".")


def score(value: float | None) -> str:
    """A score from 0 to 100, with a digit where it has one."""
    return "no score" if value is None else f"{value:.1f}".removesuffix(".0")


def cards_of(view: View, standing: Standing, period: Period) -> list[Card]:
    """Critical, at risk, healthy and unknown clients; how many there were before the period."""
    has_before = period.start is not None and standing.known_before > 0
    of = f"of {plural(standing.clients, 'client')}"

    def card(label: str, status: str, number: int, before: int) -> Card:
        moved = f"was {figures.count(before)}" if has_before else None
        than = f"of {figures.count(standing.known_before)} before" if moved else None
        address = links.href(view.page.url_path, period.query, status=status)
        return Card(label, figures.count(number), moved, than, of, address=address)

    return [
        card("Critical", "critical", standing.critical, standing.previous_critical),
        card("At risk", "at_risk", standing.at_risk, standing.previous_at_risk),
        card("Healthy", "healthy", standing.healthy, standing.previous_healthy),
        card("Unknown", "unknown", standing.unknown, standing.previous_unknown),
    ]
