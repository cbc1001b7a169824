"""Tools: which of them fail or take long, why, and the calls behind every figure."""

from __future__ import annotations

from functools import partial
from typing import Any

from data.reports import tool_usage
from data.reports import tools as reports
from ui import boundary, cached, page, tools
from ui.asking import filters, paging
from ui.drawing import cards

ROWS = "single calls and the texts of errors"  # what begins where rows do

view = page.begin("Tools")
known = filters.extent(view, "tools")
period = filters.period(view, known)
bucket = period.bucket(known)
asked: dict[str, Any] = period.parameters
say_untimed = partial(filters.say_untimed, view, period, known, "call", in_all_time=True)

with page.panel(view, "the figures of tools"):
    chosen = tools.asked()
    asked |= chosen.carried
    facets = cached.read(view, reports.count_facets, **asked, outcome=chosen.outcome, error_group=chosen.group)
    tools.draw_filters(view, chosen, facets)
    compared = asked | period.compared
    usage = cached.read(view, reports.read_usage, **compared)
    if not usage.total.calls:
        boundary.say(view, period, sums="calls", rows=ROWS)
        tools.say_unnamed(view)
        tools.nothing(view, period, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
    else:
        errors = cached.read(view, reports.read_errors, **asked, error_group=chosen.group)
        tools.summary(usage, period, chosen)
        say_untimed()
        tools.say_outcomes(chosen)
        tools.say_unnamed(view)
        raw_from = boundary.say(view, period, sums="calls", rows=ROWS)
        cards.cards(tools.cards_of(usage, period, chosen.carried))
        with page.panel(view, "the chart of calls"):
            drawn = asked | {"error_group": chosen.group, "unit": bucket, "zone": str(view.zone)}
            tools.chart(view, cached.read(view, reports.read_buckets, **drawn), period, bucket, chosen)
        if chosen.single:
            with page.panel(view, "the list of calls"):
                order = filters.sorting(reports.SORTS, "-when", beside=tool_usage.SORTS)
                narrowed = asked | {"outcome": chosen.outcome, "error_group": chosen.group}
                listed = usage
                if raw_from:
                    start = max(raw_from, period.start or raw_from)
                    listed = cached.read(view, reports.read_usage, **(asked | {"start": start}))
                total = tools.total_of(listed, errors, chosen)
                rows = cached.read(
                    view,
                    reports.read_calls,
                    **narrowed,
                    sort=order[0],
                    downwards=order[1],
                    limit=paging.PAGE_SIZE,
                    offset=paging.offset_of(tools.leafed_of(total)),
                )
                tools.calls_table(view, rows, total, period, chosen, order)
                page.footer(view, report="tool_calls", filters=narrowed, order=order, rows=total)
        else:
            order = tools.by_tool(view, usage, period, chosen.project)
            page.footer(view, report="tools", filters=compared, order=order, rows=len(usage.tools))
        if not chosen.group and chosen.outcome in (None, "failed", "known"):
            tools.errors_of(view, usage, errors, period, chosen.carried)
            if errors.groups:
                page.footer(view, report="tool_errors", filters=asked, rows=errors.groups)
