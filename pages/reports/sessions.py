"""Sessions: what agents did, one row per session, found by what people asked and by what happened."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data.reports import sessions as reports
from data.reports.sessions import Chosen
from ui import boundary, cached, lift_sessions, page
from ui.asking import filters, paging
from ui.asking.periods import Extent, Period
from ui.navigation import entry_of
from ui.sessions import choosing, listing
from ui.view import View


def show_list(view: View, period: Period, chosen: Chosen, known: Extent) -> None:
    """Filters, then sentence, chart and sessions."""
    order = filters.sorting(reports.SORTS, choosing.DEFAULT_SORT)
    facets = cached.read(view, reports.count_facets, chosen=chosen)
    waiting = cached.read(view, reports.count_waiting, chosen=replace(chosen, has=None, now=None), now=view.minute)
    choosing.draw_filters(view, facets, waiting)
    counts = cached.read(
        view,
        reports.count_started,
        chosen=chosen,
        **period.compared,
        bucket=period.bucket(known),
        zone=str(view.zone),
    )
    total = int(counts[counts["is_current"].astype(bool)]["sessions"].sum())
    skipped = paging.offset_of(total)
    rows = cached.read(
        view,
        reports.list_page,
        chosen=chosen,
        sort=order[0],
        downwards=order[1],
        most=paging.PAGE_SIZE,
        skipped=skipped,
    )
    if total:
        listing.summary(view, period, chosen, counts, total)
        choosing.say_waiting(chosen)
        listing.say_order(order, total)
    raw_from = boundary.say(view, period, rows="search in prompts, and the prompts, calls and errors of sessions,")
    if rows:
        if not period.untimed:
            listing.chart(view, counts, chosen, period, period.bucket(known))
        listing.table(view, rows, chosen, period, order, skipped, raw_from)
    else:
        choosing.empty(view, period, chosen, holds_any=True)
    filters.say_untimed(view, period, known, "session")
    page.footer(view, report="sessions", filters=choosing.as_export(chosen), order=order, rows=total)


view = page.begin("Sessions")
if pk := filters.given("session"):
    st.switch_page(entry_of("session").path, query_params={"session": pk})

lift_sessions.switch(view)
known = filters.extent(view, "sessions")
period = filters.period(view, known)
filters.search(view, "Search in prompts")
chosen = choosing.chosen(view, period)
with page.panel(view, "the list of sessions"):
    if known.holds_rows:
        show_list(view, period, chosen, known)
    else:
        choosing.empty(view, period, chosen, holds_any=False)
        page.footer(view)
