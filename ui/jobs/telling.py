"""What the page of jobs tells first: the sentences, four figures, the chart."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.jobs import ENDED, STATELESS, JobSummary
from data.reports import rates
from ui import page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import charts
from ui.drawing.cards import Card
from ui.drawing.markup import Child, join
from ui.jobs.choosing import WORDS, Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import LEAST_COMPARED, change, plural, point_change


def summary(view: View, counted: JobSummary, period: Period, carried: Mapping[str, links.Value]) -> None:
    """The first sentences: what runs for too long, what failed and how that compares, what waits, the throughput."""
    pieces: list[Child] = []
    if counted.long_running_now:
        words = plural(counted.long_running_now, "job runs", "jobs run")
        pieces.append(
            join(links.go(words, "jobs", {**carried, "long": True, "period": "all"}), " for over an hour now.")
        )
    pieces.append(_failed(counted, period, carried))
    pieces.append(_open(view, counted, carried))
    if counted.finished and period.days:
        pieces.append(_over(counted, period, view, carried))
    known = "well" if counted.ended and not counted.stateless else "unknown"
    state = "broken" if _is_worse(counted) else "attention" if counted.long_running_now or counted.failed else known
    page.say(join(*pieces, between=" "), state=state)


def _failed(counted: JobSummary, period: Period, carried: Mapping[str, links.Value]) -> Child:
    where = "among the jobs without a time" if period.untimed else period.during
    query = {**period.query, **carried}
    silent: Child = None
    if counted.stateless:
        of = links.go(plural(counted.stateless, "job"), "jobs", query, status=STATELESS)
        silent = join("What became of ", of, f" {where} is not known.")
    if not counted.ended:
        return silent or f"No job ran to an end {where}."
    failed: Child = figures.count(counted.failed)
    ended = links.go(plural(counted.ended, "job"), "jobs", query, status=ENDED)
    words = f" that ran to an end failed {where}"
    if counted.failed:
        failed = links.go(failed, "jobs", query, status="failed")
        words += f" ({figures.percent(counted.failed, counted.ended)}"
        if period.previous and counted.previous_ended >= LEAST_COMPARED:
            before = figures.percent(counted.previous_failed, counted.previous_ended)
            words += f"; {before} of {figures.count(counted.previous_ended)} in {period.previous_label}"
        words += ")"
    return join(failed, " of ", ended, f"{words}.", " " if silent else None, silent)


def _is_worse(counted: JobSummary) -> bool:
    return rates.fails_more_often(counted.failed, counted.ended, counted.previous_failed, counted.previous_ended)


def _open(view: View, counted: JobSummary, carried: Mapping[str, links.Value]) -> Child:
    """What is open now, from whatever time, each number leading to it."""
    everything = {**carried, "period": "all"}
    parts: list[Child] = []
    if counted.running_now:
        parts.append(
            links.go(plural(counted.running_now, "job runs", "jobs run"), "jobs", everything, status="running")
        )
    if counted.pending_now:
        since = figures.moment(counted.oldest_pending_at, view.zone, view.as_of)
        oldest = f" (the oldest since {since})" if counted.oldest_pending_at else ""
        words = plural(counted.pending_now, "job waits", "jobs wait")
        parts.append(join(links.go(words, "jobs", everything, status="pending"), oldest))
    unclear: Child = None
    if untimed := counted.running_untimed_now:
        of_them = links.go(f"{figures.count(untimed)} of them", "jobs", everything, startless=True)
        unclear = join(" Since when ", of_them, f" {'runs' if untimed == 1 else 'run'} is not recorded.")
    if not parts and counted.stateless:
        return "Whether any runs or waits now is not known."
    return join("Now ", join(*parts, between=" and "), ".", unclear) if parts else "Nothing runs or waits now."


def _over(counted: JobSummary, period: Period, view: View, carried: Mapping[str, links.Value]) -> Child:
    """How many are over and in how much time, and how many of them did not run to an end."""
    query = {**period.query, **carried}
    gone: Child = None
    if counted.cancelled:
        of = links.go(f"{figures.count(counted.cancelled)} cancelled", "jobs", query, status="cancelled")
        gone = join(" (", of, ")")
    words = plural(counted.finished, "job is", "jobs are")
    over = join(words, " over") if gone else links.go(f"{words} over", "jobs", query, status=ENDED)
    return join(over, gone, f", {_pace(counted.finished, period, view)}.")


def _pace(finished: int, period: Period, view: View) -> str:
    """How many finish in a day; over what has passed of a period that is not over yet."""
    start, end = period.start, period.end
    if start is None or end is None:
        return ""
    days = max((min(end, view.as_of) - start).total_seconds() / 86400, 1 / 24)
    a_day = finished / days
    return f"{figures.count(a_day)} a day" if a_day >= 10 else f"{a_day:.1f} a day"


def cards_of(counted: JobSummary, period: Period, carried: Mapping[str, links.Value]) -> list[Card]:
    """Jobs, failures, how long they run, what is open, each against the period before where that makes sense."""
    than = f"on {period.previous_label}" if period.previous else None
    query = {**period.query, **carried}
    ended = links.go(figures.count(counted.ended), "jobs", query, status=ENDED)
    return [
        Card(
            "Jobs",
            figures.count(counted.jobs),
            change(counted.jobs, counted.previous_jobs) if period.previous else None,
            f"{than}, n = {figures.count(counted.previous_jobs)}" if than else None,
            address=links.href("jobs", query),
        ),
        Card(
            "Failed",
            figures.percent(counted.failed, counted.ended) if counted.ended else figures.NONE_RECORDED,
            point_change(counted.failed, counted.ended, counted.previous_failed, counted.previous_ended)
            if period.previous
            else None,
            than,
            join(f"{figures.count(counted.failed)} of ", ended) if counted.ended else None,
            address=links.href("jobs", query, status="failed"),
        ),
        Card(
            "Typical run (p50)",
            figures.duration(counted.p50_ms),
            note=_slow(counted, period),
            address=links.href("jobs", query, status="completed"),
        ),
        Card(
            "Running now",
            figures.count(counted.running_now) if counted.running_now or not counted.stateless else "unknown",
            address=links.href("jobs", {**carried, "period": "all", "status": "running"}),
        ),
    ]


def _slow(counted: JobSummary, period: Period) -> str:
    """The slow runs, how that compares, and over how many of the jobs that the card leads to it is taken."""
    timed = f"{figures.count(counted.timed)} timed, of {figures.count(counted.completed)} completed"
    if not counted.timed:
        return timed
    moved = change(counted.p95_ms, counted.previous_p95_ms, cases=min(counted.timed, counted.previous_timed))
    against = f" ({moved})" if moved and period.previous else ""
    return f"p95 {figures.duration(counted.p95_ms)}{against}, {timed}"


def chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen) -> None:
    """The chosen jobs over time by what became of them; a click opens that time."""
    if period.untimed:
        page.note("These jobs have no time, so they cannot be drawn over it.")
        return
    page.heading(f"{chosen.jobs} per {bucket}", _when(chosen.only))
    charts.by_state(
        view,
        buckets,
        value="jobs",
        bucket=bucket,
        period=period,
        states=chosen.states,
        words=WORDS,
        only=chosen.only if len(chosen.states) == 1 else None,
        opens="jobs",
        carrying={**chosen.carried, "status": chosen.only},
        choosing="status",
    )


def _when(only: str | None) -> str:
    """Which time of a job decides its place in the chart."""
    if only is None:
        return "when they ended, by what became of them; open ones when they were created"
    return "when they were created" if only in ("pending", "running") else "when they ended"
