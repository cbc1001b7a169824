"""Clients: who is at risk, who fell, the history of one; chaos experiments and what came of them."""

from __future__ import annotations

from functools import partial
from typing import Any

from data.reports import clients as reports
from ui import cached, clients, page
from ui.asking import filters, paging
from ui.asking.periods import Extent, Period
from ui.drawing import cards
from ui.view import View


def show(view: View) -> None:
    """Sentence, figures, and the table of clients."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    clients.switch(view, None)
    if known.holds_rows and (period.untimed or known.first is None):
        show_untimed(view, known)
        return
    chosen = clients.asked()
    span: dict[str, Any] = {"start": period.start, "end": period.end}
    say_untimed = partial(filters.say_untimed, view, period, known, "assessment")
    standing = cached.read(view, reports.count_clients, **span, search=chosen.search)
    clients.choose(view, chosen, standing)
    total = getattr(standing, chosen.status) if chosen.status else standing.clients
    if not total:
        clients.nothing(view, period, chosen, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
        return
    clients.summary(standing, period)
    say_untimed()
    cards.cards(clients.cards_of(view, standing, period))
    with page.panel(view, "the table of clients"):
        order = filters.sorting(reports.SORTS, "-worst")
        asked: dict[str, Any] = {**span, **chosen.narrowed}
        offset = paging.offset_of(total)
        rows = cached.read(
            view,
            reports.list_clients,
            **asked,
            sort=order[0],
            downwards=order[1],
            limit=paging.PAGE_SIZE,
            offset=offset,
        )
        names = tuple(row["client_id"] for row in rows)
        start = period.start or known.first or view.minute
        end = period.end or max(start, view.minute)  # a clock that goes wrong may be ahead of this one
        trends = cached.read(view, reports.read_trends, clients=names, start=start, end=end)
        clients.clients_table(view, rows, total, period, trends, order)
        page.footer(view, report="clients", filters=asked, order=order, rows=total, noun="client")


def show_untimed(view: View, known: Extent) -> None:
    """The assessments that do not say when they were made."""
    clients.say_untimed(known)
    _list_untimed(view, known.untimed, None)


def _list_untimed(view: View, total: int, client: str | None) -> None:
    asked: dict[str, Any] = {"client": client, "untimed": True}
    rows = cached.read(view, reports.list_history, **asked, limit=paging.PAGE_SIZE, offset=paging.offset_of(total))
    clients.one.untimed_table(view, rows, total, client)
    page.footer(view, report="client_history", filters=asked, rows=total, noun="assessment")


def show_one(view: View, client: str) -> None:
    """One client from its sentence to its runs."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    span: dict[str, Any] = {"start": period.start, "end": period.end}
    found = [] if period.untimed else cached.read(view, reports.list_clients, **span, client=client)
    if not found:
        show_untimed_one(view, client, period)
        return
    row = found[0]
    clients.one.head(view, row, period)
    asked = span | {"client": client}
    if row["assessments"]:
        bucket = period.bucket(known)
        scores = cached.read(view, reports.read_scores, **asked, unit=bucket, zone=str(view.zone))
        clients.one.chart(view, scores, period, bucket, client)
    with page.panel(view, "the assessments of this client"):
        offset = paging.offset_of(row["assessments"])
        rows = cached.read(view, reports.list_history, **asked, limit=paging.PAGE_SIZE, offset=offset)
        clients.one.history_table(view, rows, row["assessments"])
        page.footer(view, report="client_history", filters=asked, rows=row["assessments"], noun="assessment")
    _list_runs(view, client)


def show_untimed_one(view: View, client: str, period: Period) -> None:
    """One client of which nothing but assessments without a time is to be shown."""
    total = cached.read(view, reports.read_coverage, client=client).untimed
    if not total:
        clients.no_such_client(view, client, period)
        page.footer(view)
        return
    newest = cached.read(view, reports.list_history, client=client, untimed=True, limit=1)
    clients.one.untimed_head(view, newest[0], total, period)
    with page.panel(view, "the assessments of this client"):
        _list_untimed(view, total, client)
    _list_runs(view, client)


def _list_runs(view: View, client: str) -> None:
    with page.panel(view, "the runs of procedures about this client"):
        runs = cached.read(view, reports.read_executions, client=client)
        clients.one.executions_table(view, runs)
        if runs.executions:
            page.footer(view, report="client_executions", filters={"client": client}, rows=runs.executions, noun="run")


def show_experiments(view: View) -> None:
    """Chaos experiments: sentence and table."""
    known = filters.extent_of(cached.read(view, reports.read_experiment_coverage))
    period = filters.period(view, known, first="30d")
    clients.switch(view, "experiments")
    span: dict[str, Any] = {"start": period.start, "end": period.end}
    counts = cached.read(view, reports.count_experiments, **span)
    chosen = clients.choose_experiments(view, counts)
    total = chosen.count(counts)
    if not total:
        clients.no_experiments(view, period, holds_any=known.holds_rows)
        page.footer(view)
        return
    clients.experiments.summary(counts, period)
    asked = span | {"status": chosen.status, "outcome": chosen.outcome}
    offset = paging.offset_of(total)
    rows = cached.read(view, reports.list_experiments, **asked, limit=paging.PAGE_SIZE, offset=offset)
    clients.experiments.experiments_table(view, rows, total)
    page.footer(view, report="chaos_experiments", filters=asked, rows=total, noun="experiment")


view = page.begin("Clients")
client = filters.given("client")
if client:
    with page.panel(view, "this client"):
        show_one(view, client)
elif clients.asks_for_experiments():
    with page.panel(view, "chaos experiments"):
        show_experiments(view)
else:
    with page.panel(view, "the health of clients"):
        show(view)
