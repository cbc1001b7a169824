"""What the page of procedures tells first: the sentences, four figures, the chart."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from data.reports import rates
from data.reports.sop_runs import ENDED, STATELESS
from data.reports.sops import HumanSteps, Procedure
from ui import lacking, page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import charts
from ui.drawing.cards import Card
from ui.drawing.markup import Child, Markup, enumerated, join
from ui.sops.choosing import WORDS, Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import LEAST_COMPARED, change, plural, point_change

_MOST_NAMED = 3  # procedures in one sentence; the table has them all


def summary(
    view: View, procedures: Sequence[Procedure], shown: Procedure, steps: HumanSteps, period: Period, chosen: Chosen
) -> None:
    """The first sentences: what failed or took longer than before, what runs by itself, where people step in."""
    failing = [one for one in procedures if one.fails_more_often]
    slower = [one for one in procedures if one.is_slower and not one.fails_more_often]
    pieces: list[Child | None] = [_outcome(shown, period, chosen)]
    if period.previous:
        worse = [*[_rise(one, period, chosen) for one in failing], *[_delay(one, period, chosen) for one in slower]]
        pieces += worse[:_MOST_NAMED]
        if (more := len(worse) - _MOST_NAMED) > 0:
            pieces.append(f"{plural(more, 'other procedure is', 'other procedures are')} worse as well.")
        compared = sum(one.is_compared for one in procedures)
        if not worse and compared:
            checked = "" if chosen.sop else f" ({plural(compared, 'procedure')} with enough runs to compare)"
            name, verb = (
                ("It", "does not clearly fail more often or take longer")
                if chosen.sop
                else (
                    "No procedure",
                    "clearly fails more often or takes longer",
                )
            )
            pieces.append(f"{name} {verb} than in {period.previous_label}{checked}.")
    pieces += [_automation(shown, period), _people(view, shown, steps, period, chosen)]
    known = shown.ended and not shown.stateless
    state = "broken" if failing else "attention" if slower or shown.failed else "well" if known else "unknown"
    page.say(join(*[piece for piece in pieces if piece], between=" "), state=state)


def _outcome(shown: Procedure, period: Period, chosen: Chosen) -> Child:
    """What became of the runs, each number leading to those."""
    where = "among the runs without a time" if period.untimed else period.during
    if not shown.executions:
        return f"No run {where} fits these filters." if chosen.agent else f"No run is recorded {where}."

    def led(words: str, status: str) -> Child:
        return links.go(words, "sops", {**period.query, **chosen.carried}, status=status)

    cancelled = led(f"{figures.count(shown.cancelled)} cancelled", "cancelled") if shown.cancelled else None
    is_open = led(plural(shown.running, "run is open", "runs are open"), "running")
    open_ones = join("; ", is_open) if shown.running else None
    silent: Child = None
    if shown.stateless:
        of = led(plural(shown.stateless, "run"), STATELESS)
        if shown.stateless == shown.executions:
            return join("What became of ", of, f" {where} is not known.")
        silent = join(" What became of ", of, " is not known.")
    if not shown.ended:
        gone = join("; ", cancelled) if cancelled else None
        return join(f"No run came to an end by itself {where}", open_ones, gone, ".", silent)
    words = f" completed {where}"
    if period.previous and shown.previous_ended >= LEAST_COMPARED:
        before = figures.percent(shown.previous_completed, shown.previous_ended)
        words += f", was {before} of {figures.count(shown.previous_ended)} in {period.previous_label}"
    apart = [led(f"{figures.count(shown.failed)} failed", "failed")] if shown.failed else []
    apart += [cancelled] if cancelled else []
    share, of = figures.percent(shown.completed, shown.ended), led(plural(shown.ended, "run"), ENDED)
    return join(f"{share} of ", of, words, "; " if apart else None, enumerated(apart), open_ones, ".", silent)


def _name(one: Procedure, period: Period, chosen: Chosen) -> Child:
    words = figures.shortened(one.title, 60) or one.sop_id or ""
    return words if chosen.sop else links.go(words, "sops", period.query, sop=one.sop_id, agent=chosen.agent)


def _rise(one: Procedure, period: Period, chosen: Chosen) -> Markup:
    return join(
        _name(one, period, chosen),
        f" fails more often: {figures.percent(one.failed, one.ended)} of {plural(one.ended, 'run')}, was "
        f"{figures.percent(one.previous_failed, one.previous_ended)} of {figures.count(one.previous_ended)}.",
    )


def _delay(one: Procedure, period: Period, chosen: Chosen) -> Markup:
    return join(
        _name(one, period, chosen),
        f" takes longer: {figures.duration(one.p50_ms)} in the middle of {plural(one.timed, 'completed run')}, was "
        f"{figures.duration(one.previous_p50_ms)} of {figures.count(one.previous_timed)}.",
    )


def _automation(shown: Procedure, period: Period) -> str | None:
    if not shown.rated_actions:
        return "No automation rate can be told." if shown.executions else None
    words = (
        f"{figures.percent(shown.automated, shown.rated_actions)} of {plural(shown.rated_actions, 'action')} ran "
        "without a person"
    )
    if period.previous and shown.previous_rated_actions >= LEAST_COMPARED:
        before = figures.percent(shown.previous_automated, shown.previous_rated_actions)
        words += f", was {before} of {figures.count(shown.previous_rated_actions)}"
    if shown.countless:
        say = "says" if shown.countless == 1 else "say"
        words += f" ({plural(shown.countless, 'run')} {say} not out of how many actions and cannot be weighted)"
    return f"{words}."


def _people(view: View, shown: Procedure, steps: HumanSteps, period: Period, chosen: Chosen) -> Child:
    if not shown.interventions and not steps.shown:
        return _nobody(view, shown) if shown.executions else None
    silent = f" {_silent(shown)}" if 0 < shown.silent < shown.executions else ""
    words: Child = "People stepped in"
    if shown.stepped_in:
        runs = f"{figures.count(shown.stepped_in)} of {plural(shown.executions, 'run')}"
        times = plural(shown.interventions, "intervention") if shown.interventions else "not counted"
        query = {**period.query, **chosen.carried}
        words = join("People stepped into ", links.go(runs, "sops", query, list="runs", sort="-people"), f" ({times})")
    named = [one for one in steps.shown if one.step_name]
    if not named:
        return join(words, f"; at which step is not recorded.{silent}")
    first = named[0]
    at = links.go(
        f"“{figures.shortened(first.step_name, 60)}”",
        "sops",
        period.query,
        sop=first.sop_id,
        step=first.step_name,
        agent=chosen.agent,
    )
    of = "" if chosen.sop else f" of {figures.middle(first.sop_id, 40)}"
    return join(words, ", most often at ", at, f"{of} ({plural(first.times, 'time')}).{silent}")


def _nobody(view: View, shown: Procedure) -> str:
    """That no person stepped in, of the runs that say so; of the others that it is not known, and why."""
    if not shown.silent:
        return "No person stepped in."
    if shown.silent < shown.executions:
        rest = plural(shown.executions - shown.silent, "run")
        return f"No person stepped into {rest}; {_silent(shown)}"
    why = lacking.untold(view, "engine.sop_executions", "human_interventions") or "not recorded"
    return f"Whether a person stepped in is {why}."


def _silent(shown: Procedure) -> str:
    return f"{plural(shown.silent, 'run')} {'does' if shown.silent == 1 else 'do'} not say whether a person stepped in."


def cards_of(shown: Procedure, period: Period, chosen: Chosen) -> list[Card]:
    """Runs, cycle time, automation, cost, each against the period before."""
    than = f"on {period.previous_label}" if period.previous else None
    query = {**period.query, **chosen.carried}
    return [
        Card(
            "Runs",
            figures.count(shown.executions),
            change(shown.executions, shown.previous_executions) if period.previous else None,
            f"{than}, n\u00a0=\u00a0{figures.count(shown.previous_executions)}" if than else None,
            f"{figures.count(shown.started)} began in it" if not period.untimed and period.choice != "all" else None,
            address=links.href("sops", query, list="runs"),
        ),
        Card(
            "Cycle time (p50)",
            figures.duration(shown.p50_ms),
            _delta(shown) if period.previous else None,
            f"{than}, n\u00a0=\u00a0{figures.count(shown.previous_timed)}" if than else None,
            _slow(shown),
            address=links.href("sops", query, status="completed", sort="-took"),
        ),
        Card(
            "Automated",
            figures.percent(shown.automated, shown.rated_actions) if shown.rated_actions else "unknown",
            point_change(
                round(shown.automated),
                shown.rated_actions,
                round(shown.previous_automated),
                shown.previous_rated_actions,
            )
            if period.previous
            else None,
            f"{than}, n\u00a0=\u00a0{figures.count(shown.previous_rated_actions)}" if than else None,
            f"of {plural(shown.rated_actions, 'action')}" if shown.rated_actions else "no counts recorded",
            address=links.href("sops", query, list="runs", sort="-people"),
        ),
        Card(
            "Cost",
            figures.money(shown.cost_usd) if shown.cost_usd is not None else "not priced",
            _dearer(shown) if period.previous else None,
            than,
            f"estimated for {figures.count(shown.priced)} of {plural(shown.executions, 'run')}",
            address=links.href("sops", query, list="runs", sort="-cost"),
        ),
    ]


def _slow(shown: Procedure) -> str:
    timed = f"{figures.count(shown.timed)} of {figures.count(shown.completed)} completed timed"
    if not shown.timed:
        return timed
    return f"p95 {figures.duration(shown.p95_ms)}, average {figures.duration(shown.average_ms)}; {timed}"


def _delta(shown: Procedure) -> str | None:
    """The change of the median; None where either period has too few timed runs."""
    if not rates.is_compared(shown.timed, shown.previous_timed):
        return None
    moved = (shown.p50_ms or 0.0) - (shown.previous_p50_ms or 0.0)
    if abs(moved) < 0.01 * (shown.previous_p50_ms or 0.0) or round(moved) == 0:
        return "unchanged"
    return f"{'+' if moved > 0 else ''}{figures.duration(moved)}"


def _dearer(shown: Procedure) -> str | None:
    """The change of the cost of a run, since the number of priced runs differs."""
    if shown.cost_usd is None or shown.previous_cost_usd is None or not shown.priced or not shown.previous_priced:
        return None
    moved = change(
        shown.cost_usd / shown.priced,
        shown.previous_cost_usd / shown.previous_priced,
        cases=min(shown.priced, shown.previous_priced),
    )
    return f"{moved} per run" if moved else None


def chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen) -> None:
    """Runs over time by what became of them; a click opens that time."""
    if period.untimed:
        page.note("These runs have no time, so they cannot be drawn over it.")
        return
    what = chosen.runs
    if chosen.open_before:
        page.heading(f"{what} open for over a day per {bucket}", "when they started")
    else:
        page.heading(f"{what} per {bucket}", "when they ended, by what became of them; open ones when they started")
    charts.by_state(
        view,
        buckets,
        value="executions",
        bucket=bucket,
        period=period,
        states=chosen.states,
        words=WORDS,
        only=chosen.status if len(chosen.states) == 1 else None,
        opens="sops",
        carrying=chosen.of_chart,
        choosing="status",
    )
