"""Sessions: what agents did, one row per session, found by what people asked and by what happened."""

from __future__ import annotations

import streamlit as st

from data import sessions as reports
from ui import cached, charts, filters, page, sentences, sessions
from ui.navigation import entry_of

view = page.begin("Sessions")
if pk := filters.given("session"):
    st.switch_page(entry_of("session").path, query_params={"session": pk})

period = filters.period(view, "sessions")
known = filters.extent(view, "sessions")
filters.search(view, "Search in prompts")
chosen = sessions.chosen(period)
order = filters.sorting(reports.SORTS, sessions.DEFAULT_SORT)

with page.panel(view, "the list of sessions"):
    sessions.draw_filters(view, cached.read(view, reports.count_facets, chosen=chosen))
    counts = cached.read(
        view,
        reports.count_started,
        chosen=chosen,
        **period.compared,
        bucket=period.bucket(known),
        zone=str(view.zone),
    )
    skipped = filters.asked_offset()
    rows = cached.read(
        view,
        reports.list_page,
        chosen=chosen,
        sort=order[0],
        downwards=order[1],
        most=filters.PAGE_SIZE,
        skipped=skipped,
    )
    total = int(counts[counts["is_current"].astype(bool)]["sessions"].sum())
    sessions.summary(period, chosen, counts, total)
    if rows:
        if not period.untimed:
            charts.over_time(
                view,
                sessions.slices(counts),
                key="sessions_started",
                value="sessions",
                bucket=period.bucket(known),
                title="Sessions started",
                small=True,
                opens="sessions",
                carrying={**sessions.as_query(chosen, period), "sort": filters.given("sort")},
            )
        sessions.table(view, rows, chosen, period, order, skipped)
    else:
        sessions.empty(view, period, chosen, holds_any=known.holds_rows)
    note = sentences.untimed(known.untimed, "session")
    if note and not period.untimed and period.choice != "all":
        page.note(note)
    page.footer(view, report="sessions", filters=sessions.as_export(chosen), rows=total)
