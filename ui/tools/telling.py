"""What the page of tools tells first: the sentences, four figures, the chart."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.reports import rates
from data.reports.tool_usage import ToolUsage, Usage
from ui import page
from ui.asking import links
from ui.asking.periods import Period
from ui.drawing import charts
from ui.drawing.cards import Card
from ui.drawing.markup import Child, Markup, enumerated, join
from ui.tools.choosing import SHORT_WORDS, Chosen
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import change, listed, plural, point_change

_MOST_NAMED = 3  # tools in one sentence; the table has them all


def summary(usage: Usage, period: Period, chosen: Chosen) -> None:
    """The first sentences: which tools fail more often or take longer than before, and what is not known."""
    tool = chosen.tool
    worse = [one for one in usage.tools if one.fails_more_often]
    slower = [one for one in usage.tools if one.is_slower and not one.fails_more_often]
    pieces: list[Child] = [_rise(one, period, chosen) for one in worse[:_MOST_NAMED]]
    pieces += [_delay(one, period, chosen) for one in slower[:_MOST_NAMED]]
    if more := len(worse) + len(slower) - len(pieces):
        pieces.append(f"{plural(more, 'other tool is', 'other tools are')} worse as well.")
    compared = sum(one.is_compared for one in usage.tools)
    if period.previous and compared and not pieces:
        name = tool or "No tool"
        verb = "does not fail more often and takes no longer" if tool else "fails more often or takes longer"
        checked = "" if tool else f" ({plural(compared, 'tool')} with enough calls to compare)"
        pieces.append(f"{name} {verb} than in {period.previous_label}{checked}.")
    elif pieces and compared > len(pieces) and not tool:
        pieces.append("The others are as they were.")
    pieces.append(_outcomes(usage.total, period, chosen))
    better = [one.tool_name or "" for one in usage.tools if one.fails_less_often]
    if better and not tool:
        pieces.append(f"{listed(better[:_MOST_NAMED])} {'fails' if len(better) == 1 else 'fail'} less often.")
    state = "broken" if worse else "attention" if slower else "well" if compared else "unknown"
    page.say(join(*pieces, between=" "), state=state)


def _rise(one: ToolUsage, period: Period, chosen: Chosen) -> Markup:
    words = _to_tool(one, period, chosen, outcome="failed")
    return join(
        words,
        f" fails more often than in {period.previous_label}: {figures.percent(one.failed, one.known)} of ",
        _to_calls(one, one.known, period, chosen, outcome="known"),
        f", was {figures.percent(one.previous_failed, one.previous_known)} of {figures.count(one.previous_known)}.",
    )


def _delay(one: ToolUsage, period: Period, chosen: Chosen) -> Markup:
    words = _to_tool(one, period, chosen, outcome="timed", sort="-duration")
    return join(
        words,
        f" takes longer than in {period.previous_label}: p95 {figures.duration(one.p95_ms)} of ",
        _to_calls(one, one.timed, period, chosen, outcome="timed", sort="-duration"),
        f", was {figures.duration(one.previous_p95_ms)} of {figures.count(one.previous_timed)}.",
    )


def _to_tool(one: ToolUsage, period: Period, chosen: Chosen, **asked: links.Value) -> Child:
    """The name of a tool, leading to its calls inside the filters where the page is of several."""
    name = one.tool_name or ""
    return name if chosen.tool else links.go(name, "tools", period.query, tool=name, project=chosen.project, **asked)


def _to_calls(one: ToolUsage, number: int, period: Period, chosen: Chosen, **asked: links.Value) -> Markup:
    """How many calls of a tool, leading to them."""
    query = {**period.query, "tool": one.tool_name, "project": chosen.project}
    return links.go(plural(number, "call"), "tools", query, **asked)


def _outcomes(total: ToolUsage, period: Period, chosen: Chosen) -> Markup:
    """How many calls succeeded of those of which that is known, and how many are left out; each leads to its calls."""
    query = {**period.query, **chosen.carried}

    def calls(words: str, outcome: str | None) -> Markup:
        return links.go(words, "tools", query, outcome=outcome, list=None if outcome else "calls")

    if not total.known:
        where = "without a time" if period.untimed else period.during
        return join(
            "Of ",
            calls(plural(total.calls, "call"), None),
            f" {where} no outcome is recorded, so no success rate can be told.",
        )
    where = "" if period.untimed else f" {period.during}"
    share = f"{figures.percent(total.succeeded, total.known)} of "
    timeless = " without a time" if period.untimed else ""
    words = join(share, calls(plural(total.known, "call"), "known"), f"{timeless} succeeded{where}")
    apart = []
    if total.unknown:
        unknown, of = calls(figures.count(total.unknown), "unknown"), calls(figures.count(total.calls), None)
        apart.append(join("the outcome was not recorded for ", unknown, " of ", of))
    if total.refused:
        apart.append(join("a person refused ", calls(figures.count(total.refused), "refused")))
    return join(words, "; ", enumerated(apart), ".") if apart else join(words, ".")


def cards_of(usage: Usage, period: Period, carried: Mapping[str, links.Value]) -> list[Card]:
    """Calls, success, the typical and the slow call, each against the period before."""
    total = usage.total
    than = f"on {period.previous_label}" if period.previous else None
    query = {**period.query, **carried}
    timed = links.href("tools", query, outcome="timed", sort="-duration")
    return [
        Card(
            "Calls",
            figures.count(total.calls),
            change(total.calls, total.previous_calls) if period.previous else None,
            f"{than}, n = {figures.count(total.previous_calls)}" if than else None,
            address=links.href("tools", query),
        ),
        Card(
            "Succeeded",
            figures.percent(total.succeeded, total.known) if total.known else "unknown",
            point_change(total.succeeded, total.known, total.previous_succeeded, total.previous_known)
            if period.previous
            else None,
            than,
            f"{figures.count(total.failed)} of {figures.count(total.known)} known failed" if total.known else None,
            address=links.href("tools", query, outcome="known" if total.known else None),
        ),
        Card(
            "Typical call (p50)",
            figures.duration(total.p50_ms),
            note=f"average {figures.duration(total.average_ms)}, {figures.count(total.timed)} timed"
            if total.timed
            else "0 timed",
            address=timed,
        ),
        Card(
            "Slow call (p95)",
            figures.duration(total.p95_ms),
            _delta(total) if period.previous else None,
            than,
            None if period.previous else _timed(total),
            address=timed,
        ),
    ]


def _timed(total: ToolUsage) -> str:
    return f"{figures.count(total.timed)} timed"


def _delta(total: ToolUsage) -> str | None:
    """The change of the p95 in time; None where either period has too few timed calls."""
    if (
        not rates.is_compared(total.timed, total.previous_timed)
        or total.p95_ms is None
        or total.previous_p95_ms is None
    ):
        return None
    moved = total.p95_ms - total.previous_p95_ms
    if abs(moved) < 0.01 * total.previous_p95_ms or round(moved) == 0:
        return "unchanged"
    return f"{'+' if moved > 0 else ''}{figures.duration(moved)}"


def chart(view: View, buckets: pd.DataFrame, period: Period, bucket: str, chosen: Chosen) -> None:
    """The chosen calls over time by what came of them; a click opens that time."""
    if period.untimed:
        page.note("These calls have no time, so they cannot be drawn over it.")
        return
    by = None if chosen.only not in (None, "known") else "by what came of them"
    page.heading(f"{chosen.calls} per {bucket}", chosen.narrowed_to or by)
    charts.by_state(
        view,
        buckets,
        value="calls",
        bucket=bucket,
        period=period,
        states=chosen.states,
        words=SHORT_WORDS,
        only=None if chosen.only == "known" else chosen.only,
        opens="tools",
        carrying={**chosen.carried, "outcome": chosen.outcome, "error": chosen.group},
        choosing="outcome",
    )
