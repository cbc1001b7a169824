"""One run of a procedure, step by step, with its events, questions and session."""

from __future__ import annotations

from typing import Any

from data.reports import sop_runs
from data.reports import sops as reports
from ui import cached, page, sops
from ui.asking import filters, url
from ui.sops import choosing

view = page.begin("SOP run", page="sop_execution")

with page.panel(view, "this run"):
    execution_id = sops.asked_execution()
    run = cached.read(view, sop_runs.read_execution, execution_id=execution_id)
    period = filters.asked_period(view, filters.extent_of(cached.read(view, reports.read_coverage)), first="30d")
    chosen = sops.asked(view)
    at = url.asked_number("at")
    rows = []
    if at is not None:
        order = choosing.order()
        narrowed: dict[str, Any] = {**period.parameters, **chosen.narrowed}
        rows = cached.read(
            view,
            sop_runs.read_executions,
            **narrowed,
            sort=order[0],
            downwards=order[1],
            limit=3,
            offset=max(at - 1, 0),
        )
    sops.ways(str(execution_id), [str(row["execution_id"]) for row in rows], at, period, chosen)
    sops.head(view, run, period)
    sops.show_steps(view, run)
    with page.panel(view, "its events and questions"):
        happenings = []
        if run["correlation_id"]:
            happenings = cached.read(
                view, sop_runs.read_happenings, correlation_id=run["correlation_id"], now=view.minute
            )
        sops.show_happenings(view, run, happenings)
page.footer(view)
