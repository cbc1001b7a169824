"""What the lists of questions that are over tell first: the sentence, figures, the chart."""

from __future__ import annotations

import pandas as pd

from data.approvals import History, Questions
from data.approvals import View as Shown
from data.reports.absence import HiddenQuestions
from ui import page
from ui.approvals.choosing import NAMES, asked_in, carried
from ui.approvals.lists import say_hidden, say_stateless
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import charts
from ui.drawing.cards import Card
from ui.drawing.markup import Child, join
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import LEAST_COMPARED, OUTCOMES, change, plural, point_change

_STATES = {**OUTCOMES, "stateless": "signal"}


def history_summary(asked: Questions, told: History, period: Period, hidden: HiddenQuestions | None) -> None:
    """The first sentences of a history: how many there are, how that compares, what became of them, how long they
    waited; then that some wait now, and what row security hides."""
    counts, pieces = told.counts, list[Child]()
    if counts.of(asked.shown):
        pieces.append(_sentence(asked, told, period))
    if counts.waiting:
        words = plural(counts.waiting, "question waits", "questions wait")
        pieces.append(join(links.go(words, "approvals"), " for your decision."))
    if asked.shown != "stateless" and counts.stateless:
        pieces.append(say_stateless(asked, counts.stateless, period.query))
    if pieces:
        page.say(join(*pieces, between=" "), state="waiting" if counts.waiting else None)
    if hidden:
        say_hidden(hidden, counts.waiting)


def _sentence(asked: Questions, told: History, period: Period) -> Child:
    total = told.counts.of(asked.shown)
    verb = {
        "decided": "was decided" if total == 1 else "were decided",
        "expired": "ran out of time",
        "imported": "stands in imported logs" if total == 1 else "stand in imported logs",
        "stateless": f"{'has' if total == 1 else 'have'} a status that is not known, or none",
    }[asked.shown]
    matching = f" that {'matches' if total == 1 else 'match'} these filters" if asked.narrows else ""
    words = f"{plural(total, 'question')} {asked_in(period)}{matching} {verb}{_moved(asked.shown, told, period)}"
    parts = [part for part in (_share(asked, told, period), _waited(asked.shown, told, period)) if part]
    return join(join(words, *parts, *_unanswered(asked, told, period), between="; "), ".")


def _unanswered(asked: Questions, told: History, period: Period) -> list[Child]:
    """The questions of logs that nobody decided, each number leading to them."""
    if asked.shown != "imported":
        return []
    return [
        join(links.go(figures.count(number), "approvals", {**carried(asked), **period.query}, outcome=outcome), words)
        for outcome, number, words in (
            ("expired", told.ran_out, " ended undecided"),
            ("pending", told.unanswered, " had none at the end of the log"),
        )
        if number
    ]


def _moved(shown: Shown, told: History, period: Period) -> str:
    """The change against the period before, with how many there were then; nothing where those are too few."""
    before = told.previous(shown)
    moved = change(told.counts.of(shown), before) if period.previous else None
    if not moved:
        return ""
    amount = "as many as in" if moved == "unchanged" else f"{moved} on"
    so_far = " up to the same time" if period.is_partial else ""
    return f", {amount} {period.previous_label}{so_far} (n = {figures.count(before)})"


def _share(asked: Questions, told: History, period: Period) -> Child:
    """Which share was approved, or of all that is over ran out of time, and which was before."""
    part, whole, previous_part, previous_whole = _rate(asked.shown, told)
    if not whole:
        return None
    before = ""
    if period.previous and previous_whole >= LEAST_COMPARED:
        before = f", {figures.percent(previous_part, previous_whole)} before"
    if asked.shown == "expired":
        return f"that is {figures.percent(part, whole)} of the {figures.count(whole)} that are over{before}"
    were = "was" if part == 1 else "were"
    query = {**carried(asked), **period.query}
    approved = links.go(figures.count(part), "approvals", query, outcome="approved") if part else "0"
    return join(approved, f" of {figures.count(whole)} {were} approved ({figures.percent(part, whole)}{before})")


def _rate(shown: Shown, told: History) -> tuple[int, int, int, int]:
    """The share that a list is about, now and before: approved ones of those answered, or expired ones of those over
    that agents waited for."""
    if shown != "expired":
        return told.approved, told.answered, told.previous_approved, told.previous_answered
    expired, before = told.counts.expired, told.previous_expired
    return expired, expired + told.counts.decided, before, before + told.previous_decided


def _waited(shown: Shown, told: History, period: Period) -> str | None:
    if not told.timed or shown == "stateless":
        return None
    before = ""
    if period.previous and min(told.timed, told.previous_timed) >= LEAST_COMPARED:
        before = f" ({figures.duration(told.previous_p50_ms)} before)"
    span = f"{figures.duration(told.p50_ms)}{before}"
    if shown == "expired":
        return f"half of them had {span} or less for an answer" if told.timed > 1 else f"it had {span} for an answer"
    return f"half were decided within {span}" if told.timed > 1 else f"the decision took {span}"


def cards_of(asked: Questions, told: History, period: Period) -> list[Card]:
    """How many, the share that was approved or ran out, how long they waited, each against the period before."""
    total = told.counts.of(asked.shown)
    than = f"on {period.previous_label}" if period.previous else None
    here = links.href("approvals", {**carried(asked), **period.query})
    first = Card(
        NAMES[asked.shown],
        figures.count(total),
        change(total, told.previous(asked.shown)) if period.previous else None,
        f"{than}, n = {figures.count(told.previous(asked.shown))}" if than else None,
        address=here,
    )
    if asked.shown == "stateless":
        return [first]
    return [first, *_rates(asked, told, period, than), _typical(asked, told, period, here)]


def _rates(asked: Questions, told: History, period: Period, than: str | None) -> list[Card]:
    """The shares by outcome, each leading to the questions behind it."""
    rates: list[tuple[str, str | None, tuple[int, int, int, int]]]
    if asked.shown == "expired":
        rates = [("Share of what is over", None, _rate("expired", told))]
    else:
        answered, before = told.answered, told.previous_answered
        rates = [
            ("Approved", "approved", (told.approved, answered, told.previous_approved, before)),
            ("Rejected", "rejected", (told.rejected, answered, told.previous_rejected, before)),
        ]
    return [
        Card(
            label,
            figures.percent(part, whole),
            point_change(part, whole, previous_part, previous_whole) if period.previous else None,
            than,
            f"{figures.count(part)} of {figures.count(whole)}" if whole else None,
            address=links.href("approvals", {**carried(asked), **period.query}, outcome=outcome),
        )
        for label, outcome, (part, whole, previous_part, previous_whole) in rates
    ]


def _typical(asked: Questions, told: History, period: Period, here: str) -> Card:
    compared = min(told.timed, told.previous_timed)
    timed = f"{figures.count(told.timed)} timed, of {figures.count(told.counts.of(asked.shown))}"
    return Card(
        "Time they had (p50)" if asked.shown == "expired" else "Typical wait (p50)",
        figures.duration(told.p50_ms),
        change(told.p50_ms, told.previous_p50_ms, cases=compared) if period.previous else None,
        f"on {period.previous_label}" if period.previous else None,
        f"p95 {figures.duration(told.p95_ms)}, {timed}" if told.timed else timed,
        address=here,
    )


def history_chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, asked: Questions) -> None:
    """The questions of the list over the time in which they were asked, by outcome; a click opens that time."""
    if period.untimed:
        page.note("These questions have no time, so they cannot be drawn over it.")
        return
    only = asked.outcome or (asked.shown if asked.shown in ("expired", "stateless") else None)
    page.heading(f"Questions per {bucket}", "when they were asked" + ("" if only else ", by what became of them"))
    charts.by_state(
        view,
        buckets,
        value="questions",
        bucket=bucket,
        period=period,
        states=_STATES,
        height_px=110,
        only=only,
        opens="approvals",
        carrying={**carried(asked), "outcome": asked.outcome},
        choosing="outcome",
    )


def total_of(asked: Questions, told: History) -> int:
    """How many questions the list holds over all its pages."""
    return told.of(asked.outcome) if asked.outcome else told.counts.of(asked.shown)
