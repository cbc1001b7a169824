"""Agents: what runs without a person, who escalates, fails and costs more than before; one agent in depth."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from data.reports import agent as single
from data.reports import agents as reports
from data.reports.coverage import Coverage
from data.reports.performance import Performance, ToolCalls, together
from data.reports.tools import SORTS as CALL_SORTS
from ui import agents, boundary, cached, page
from ui.asking import filters, paging
from ui.asking.periods import Period
from ui.drawing import cards
from ui.tools import leafed_of
from ui.view import View


def show_all(
    view: View, found: tuple[Performance, ...], period: Period, chosen: agents.Chosen, coverage: Coverage
) -> None:
    """The table of agents, and what their tools did where events tie these to them."""
    asked: dict[str, Any] = {**period.parameters}
    order = agents.agents_table(view, found, period, chosen)
    compared = asked | period.compared
    narrowed = compared | {"source": chosen.source}
    page.footer(view, report="agents", filters=narrowed, order=order, rows=len(found))
    with page.panel(view, "the tools of agents"):
        tools = cached.read(view, reports.read_tool_calls, agents=tuple(one.agent for one in found), **compared)
        boundary.say(view, period, rows="the tools of agents", known=coverage)
        agents.tools_table(view, tools, period)
        if tools:
            page.footer(view, report="agent_tools", filters=compared | {"agents": tuple(tools)}, rows=len(tools))


def show_tools(view: View, one: Performance, period: Period, coverage: Coverage) -> ToolCalls | None:
    """What the tools of an agent did, in a sentence."""
    compared: dict[str, Any] = {**period.parameters, **period.compared}
    tools = None
    with page.panel(view, "the tools of this agent"):
        tools = cached.read(view, reports.read_tool_calls, agents=(one.agent,), **compared).get(one.agent)
        boundary.say(view, period, rows="the tools of agents", known=coverage)
        agents.say_tools(tools, one.agent, period)
    return tools


def show_failures(view: View, one: Performance, period: Period, coverage: Coverage) -> None:
    """The failed calls of an agent one by one, below what they are among."""
    tools = show_tools(view, one, period, coverage)
    total = tools.failed if tools else 0
    asked: dict[str, Any] = {**period.parameters, "agent": one.agent}
    with page.panel(view, "the failed calls of this agent"):
        order = filters.sorting(CALL_SORTS, "-when", beside=(*reports.SORTS, *single.WINDOW_SORTS))
        rows = cached.read(
            view,
            single.read_failed_calls,
            **asked,
            sort=order[0],
            downwards=order[1],
            limit=paging.PAGE_SIZE,
            offset=paging.offset_of(leafed_of(total)),
        )
        agents.failures_table(view, rows, total, period, order)
        page.footer(view, report="agent_failed_calls", filters=asked, order=order, rows=total)


def show_one(
    view: View,
    one: Performance,
    buckets: pd.DataFrame,
    period: Period,
    bucket: str,
    chosen: agents.Chosen,
    coverage: Coverage,
) -> None:
    """Trends, what the agent did, its tools, and the windows behind its figures; or its failed calls."""
    asked: dict[str, Any] = {**period.parameters, "agent": one.agent}
    agents.trends(view, buckets, period, bucket, chosen)
    if chosen.lists_failures:
        show_failures(view, one, period, coverage)
        return
    with page.panel(view, "what this agent did"):
        activity = cached.read(view, single.read_activity, now=view.minute, **asked)
        agents.show_activity(view, one, activity, period, chosen)
    show_tools(view, one, period, coverage)
    with page.panel(view, "the windows of this agent"):
        order = filters.sorting(single.WINDOW_SORTS, "-when", beside=(*reports.SORTS, *CALL_SORTS))
        narrowed = asked | {"source": chosen.source}
        rows = cached.read(
            view,
            single.read_windows,
            **narrowed,
            sort=order[0],
            downwards=order[1],
            limit=paging.PAGE_SIZE,
            offset=paging.offset_of(one.windows),
        )
        agents.windows_table(view, rows, one.windows, period, order)
        page.footer(view, report="agent_windows", filters=narrowed, order=order, rows=one.windows)


def show(view: View) -> None:
    """Sentences, figures and chart; below them all agents, or one."""
    coverage = cached.read(view, reports.read_coverage)
    known = filters.extent_of(coverage)
    period = filters.period(view, known, first="30d")
    bucket = period.bucket(known)
    chosen = agents.is_asked()
    span: dict[str, Any] = {**period.parameters}
    without = agents.without_time(coverage)
    say_untimed = partial(filters.say_untimed, view, period, known, without, in_all_time=True)
    asked = span | {"source": chosen.source}
    compared = asked | period.compared
    found = cached.read(view, reports.read_agents, **compared)
    shown = [one for one in found if chosen.agent in (None, one.agent)]
    if chosen.agent:  # which leaves no query for its sources
        sources = shown[0].windows_by_source if shown else {}
    else:
        sources = cached.read(view, reports.read_sources, **span)
    agents.choose(view, chosen, found, sources)
    if chosen.agent:
        agents.head(view, chosen)
    if not any(one.is_present for one in shown):
        agents.nothing(view, period, chosen, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
        return
    total = together(shown)
    with agents.what_hides_windows(view, total) as is_partial:
        agents.summary(shown, total, period, chosen, is_partial=is_partial)
    say_untimed()
    agents.say_windows(total, period)
    agents.of_source(chosen)
    cards.cards(agents.cards_of(view, total, period, chosen))
    drawn = asked | {"agent": chosen.agent, "unit": bucket, "zone": str(view.zone)}
    buckets = cached.read(view, reports.read_buckets, **drawn)
    agents.chart(view, buckets, period, bucket, chosen)
    if chosen.agent:
        show_one(view, shown[0], buckets, period, bucket, chosen, coverage)
    else:
        show_all(view, found, period, chosen, coverage)


view = page.begin("Agents")
with page.panel(view, "the figures of agents"):
    show(view)
