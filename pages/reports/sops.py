"""SOPs: how procedures run, what fails or takes longer than before, where people step in, and how they are defined."""

from __future__ import annotations

from typing import Any

import pandas as pd

from data.reports import sop_runs
from data.reports import sops as reports
from data.reports.sops import Procedure
from ui import cached, page, sops
from ui.asking import filters, paging
from ui.asking.periods import Period
from ui.drawing import cards
from ui.sops import choosing
from ui.view import View


def show_runs(view: View, shown: Procedure, period: Period, bucket: str, chosen: sops.Chosen) -> None:
    """The runs behind the figures."""
    with page.panel(view, "the list of runs"):
        total = int(getattr(shown, chosen.status or "executions"))
        if chosen.unsummed:
            total = int(read_buckets(view, period, bucket, chosen)["executions"].sum())
        order = choosing.order()
        narrowed: dict[str, Any] = {**period.parameters, **chosen.narrowed}
        rows = cached.read(
            view,
            sop_runs.read_executions,
            **narrowed,
            sort=order[0],
            downwards=order[1],
            limit=paging.PAGE_SIZE,
            offset=paging.offset_of(total),
        )
        sops.executions_table(view, rows, total, period, chosen, order)
        page.footer(view, report="sop_executions", filters=narrowed, order=order, rows=total)


def read_buckets(view: View, period: Period, bucket: str, chosen: sops.Chosen) -> pd.DataFrame:
    """What the chart draws: from stored sums, or where none are kept by a filter, counted over the listed runs."""
    sliced: dict[str, Any] = {**period.parameters, "unit": bucket, "zone": str(view.zone)}
    if chosen.unsummed:
        return cached.read(view, sop_runs.read_buckets, **sliced, **chosen.narrowed)
    return cached.read(view, reports.read_buckets, **sliced, sop=chosen.sop, agent=chosen.agent)


def show(view: View) -> None:
    """Sentences, figures and chart; below them the procedures, or the runs and the definition of one."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    bucket = period.bucket(known)
    chosen = sops.asked(view)
    span: dict[str, Any] = {**period.parameters}
    asked = span | {"agent": chosen.agent}
    compared = asked | period.compared
    found = cached.read(view, reports.read_procedures, **compared)
    # One procedure leaves no query for the picker of agents; what the URL asks for stays as a chip.
    agents = None if chosen.single else cached.read(view, reports.read_agents, **span)
    sops.choose(view, chosen, found, agents)
    each = [one for one in found.each if chosen.sop in (None, one.sop_id)]
    shown = found.total if chosen.sop is None else each[0] if each else None
    # A procedure stands here before its first run; where an agent is asked for, its runs alone count.
    if shown is None or not (shown.executions or shown.previous_executions or (each and not chosen.agent)):
        sops.nothing(view, period, chosen, holds_any=known.holds_rows)
        page.footer(view)
        return
    sops.draw_status(view, chosen, shown)
    narrowed = asked | {"sop": chosen.sop}
    steps = cached.read(view, reports.read_human_steps, **narrowed)
    sops.summary(view, each, shown, steps, period, chosen)
    filters.say_untimed(view, period, known, "run", within=("sop", "agent", "status", "step"))
    sops.say_states(chosen)
    cards.cards(sops.cards_of(shown, period, chosen))
    with page.panel(view, "the chart of runs"):
        buckets = read_buckets(view, period, bucket, chosen)
        sops.chart(view, buckets[buckets["bucket"].notna()], period, bucket, chosen)
    if chosen.single:
        show_runs(view, shown, period, bucket, chosen)
    else:
        sops.procedures_table(view, each, period, chosen)
        page.footer(view, report="sops", filters=compared, rows=len(each))
    sops.human_steps_table(view, steps, period, chosen)
    if steps.steps:
        page.footer(view, report="sop_human_steps", filters=narrowed, rows=steps.steps)
    if chosen.sop:
        with page.panel(view, "the definition"):
            sops.definitions_of(view, cached.read(view, reports.read_definitions, sop=chosen.sop), chosen.sop)


view = page.begin("SOPs")
with page.panel(view, "the figures of procedures"):
    show(view)
