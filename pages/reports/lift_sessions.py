"""Sessions of lift-sys: which came to an end, what their drafts cost, and whether these parse."""

from __future__ import annotations

from typing import Any

from data.reports import lift_sessions as reports
from ui import cached, page
from ui import lift_sessions as parts
from ui.asking import filters, paging
from ui.asking.periods import Period
from ui.view import View


def show_drafts(view: View, period: Period, asked: parts.OfModel) -> None:
    """The drafts of one model."""
    span = {"start": period.start, "end": period.end}
    total = parts.count(cached.read(view, reports.list_validation, **span), asked)
    parts.say_how_many(asked, total, period)
    if total:
        narrowed: dict[str, Any] = {**span, **asked.narrowed}
        offset = paging.offset_of(total)
        rows = cached.read(view, reports.list_drafts_of_model, **narrowed, limit=paging.PAGE_SIZE, offset=offset)
        parts.drafts_of_model(view, rows, total, period)
        page.footer(view, report="lift_drafts_of_model", filters=narrowed, rows=total)
    else:
        page.footer(view)


def show(view: View) -> None:
    """Sentence, sessions, drafts by model."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    span = {"start": period.start, "end": period.end}
    if (of_model := parts.asked_model(view)) is not None:
        show_drafts(view, period, of_model)
        return
    search = filters.search(view, "Search in prompts")
    found: dict[str, Any] = {"search": search, "unpriced": parts.asks_for_unpriced()}
    counted: dict[str, Any] = {**span, **period.compared, **found}
    counts = cached.read(view, reports.count_statuses, **counted)
    chosen = parts.choose(view, counts)
    total = sum(one.sessions for one in counts if chosen.status in (None, one.status))
    if not total:
        parts.nothing(view, period, chosen, holds_any=known.holds_rows)
        page.footer(view)
        return
    parts.summary(counts, period, chosen)
    filters.say_unsummed(chosen.unsummed, "sessions")
    order = filters.sorting(reports.SORTS, "-when")
    asked: dict[str, Any] = {**span, "status": chosen.status, **found}
    rows = cached.read(
        view,
        reports.list_sessions,
        **asked,
        sort=order[0],
        downwards=order[1],
        limit=paging.PAGE_SIZE,
        offset=paging.offset_of(total),
    )
    parts.sessions_table(view, rows, total, order, period)
    page.footer(view, report="lift_sessions", filters=asked, order=order, rows=total)
    with page.panel(view, "the drafts by model"):
        models = cached.read(view, reports.list_validation, **span)
        parts.validation_table(view, models, period, is_narrowed=bool(chosen.status or chosen.unsummed))
        page.footer(view, report="lift_drafts_by_model", filters=span, rows=len(models))


view = page.begin("Sessions of lift-sys")
parts.switch(view)
with page.panel(view, "the list of sessions"):
    show(view)
