"""SOPs: how procedures run, what fails or takes longer than before, where people step in, and how they are defined."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from data.reports import sop_runs
from data.reports import sops as reports
from ui import absence, cached, page, sops
from ui.asking import filters, paging
from ui.asking.periods import Period
from ui.drawing import cards
from ui.sops import choosing
from ui.view import View


def show_runs(view: View, total: int, period: Period, chosen: sops.Chosen) -> None:
    """The runs behind the figures."""
    with page.panel(view, "the list of runs"):
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


def read_runs(view: View, period: Period, bucket: str, chosen: sops.Chosen) -> pd.DataFrame | None:
    """Where no sums are kept by a filter, the runs of all procedures, agents and states that it leaves, counted one by
    one."""
    if not chosen.unsummed:
        return None
    span: dict[str, Any] = {**period.parameters, "unit": bucket, "zone": str(view.zone)}
    others: dict[str, Any] = {**chosen.narrowed, "sop": None, "agent": None, "status": None}
    return cached.read(view, sop_runs.read_buckets, **span, **others)


def read_buckets(
    view: View, period: Period, bucket: str, chosen: sops.Chosen, runs: pd.DataFrame | None
) -> pd.DataFrame:
    """What the chart draws: from stored sums, or of the runs that were counted one by one."""
    if runs is not None:
        return choosing.of(runs, sop=chosen.sop, agent=chosen.agent)
    sliced: dict[str, Any] = {**period.parameters, "unit": bucket, "zone": str(view.zone)}
    return cached.read(view, reports.read_buckets, **sliced, sop=chosen.sop, agent=chosen.agent)


def show(view: View) -> None:
    """Sentences, figures and chart; below them the procedures, or the runs and the definition of one."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    bucket = period.bucket(known)
    chosen = sops.asked(view)
    span: dict[str, Any] = {**period.parameters}
    say_untimed = partial(filters.say_untimed, view, period, known, "run")
    asked = span | {"agent": chosen.agent}
    compared = asked | period.compared
    found = cached.read(view, reports.read_procedures, **compared)
    runs = read_runs(view, period, bucket, chosen)
    facets = sops.facets_of(chosen, found, runs)
    sops.choose(view, chosen, found, facets)
    each = [one for one in found.each if chosen.sop in (None, one.sop_id)]
    shown = found.total if chosen.sop is None else each[0] if each else None
    # A procedure stands here before its first run; where an agent is asked for, its runs alone count.
    if shown is None or not (shown.executions or shown.previous_executions or (each and not chosen.agent)):
        sops.nothing(view, period, chosen, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
        return
    sops.draw_status(view, chosen, facets)
    narrowed = asked | {"sop": chosen.sop}
    steps = cached.read(view, reports.read_human_steps, **narrowed)
    if known.first is None and not known.untimed:  # definitions are everybody's to see, runs are not
        absence.explained(view, "analytics.stg_engine__sop_executions", "runs of procedures")
    sops.summary(view, each, shown, steps, period, chosen)
    say_untimed()
    sops.say_states(chosen)
    cards.cards(sops.cards_of(shown, period, chosen))
    with page.panel(view, "the chart of runs"):
        buckets = read_buckets(view, period, bucket, chosen, runs)
        sops.chart(view, buckets[buckets["bucket"].notna()], period, bucket, chosen)
    if chosen.single:
        show_runs(view, facets["status"].get(chosen.status or "executions", 0), period, chosen)
    else:
        order = sops.procedures_table(view, each, period, chosen)
        page.footer(view, report="sops", filters=compared, order=order, rows=len(each))
    sops.human_steps_table(view, steps, shown, period, chosen)
    if steps.steps:
        page.footer(view, report="sop_human_steps", filters=narrowed, rows=steps.steps)
    if chosen.sop:
        with page.panel(view, "the definition"):
            sops.definitions_of(view, cached.read(view, reports.read_definitions, sop=chosen.sop), chosen.sop)


view = page.begin("SOPs")
with page.panel(view, "the figures of procedures"):
    show(view)
