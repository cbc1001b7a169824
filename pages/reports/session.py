"""One session: what happened in it as lanes over time, the selected item beside them."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from data.reports import session, sessions
from ui import acts, boundary, cached, page, veil
from ui.asking import filters
from ui.sessions import choosing, item, lanes, one, parts, timeline

view = page.begin("Session")
acts.show_outcome()

with page.panel(view, "this session"):
    pk = one.asked_session()
    about = cached.read(view, session.read_session, session_pk=pk)
    items = cached.read(view, session.list_items, session_pk=pk)
    is_dropped = boundary.is_before(about, boundary.read(view)) and not items
    one.head(view, about, items, is_known=not is_dropped)
    boundary.say_of_session(view, about, has_items=bool(items))
    if len(items) == session.MOST_ITEMS:
        one.say_cut(view, about, len(items), cached.read(view, session.count_items, session_pk=pk))
    period = filters.asked_period(view, filters.extent(view, "sessions"))
    chosen = choosing.chosen(view, period)
    place = one.place_in_list(choosing.as_query(chosen, period))
    rows = []
    if place.at is not None:
        sort, downwards = filters.sorting(sessions.SORTS, choosing.DEFAULT_SORT)
        rows = cached.read(
            view,
            sessions.list_page,
            chosen=chosen,
            sort=sort,
            downwards=downwards,
            most=3,
            skipped=place.first,
        )
    one.ways(place, str(pk), [row["session_pk"] for row in rows])
    shown = parts.asked(view, items)
    picked = item.picked(shown, filters.given("item"))
    if picked is None and (is_dropped or items):
        one.files(about)
    elif picked is None:
        page.empty(
            "Whether more is recorded of this session than that it existed cannot be told." if veil.hides()
            else "Nothing is recorded of this session but that it existed."
        )  # fmt: skip
    else:
        drawn = timeline.arrange(shown)
        left, right = st.columns([5, 3], gap="medium")
        with left:
            one.steps(timeline.neighbours(shown, picked["item_id"]))
            lanes.lanes(view, drawn, picked["item_id"])
            lanes.untimed(view, drawn, picked["item_id"])
            one.files(about)
        with right, page.panel(view, "the selected item"):
            if picked["item_id"] is None:
                page.note("The event of this was dropped, so no more is known of it than the timeline says.")
            else:
                content = cached.read(
                    view, session.read_item, session_pk=pk, item_id=UUID(picked["item_id"]), kind=picked["kind"]
                )
                item.detail(view, picked, content)
    page.footer(
        view, report="session_events", filters={"session": str(pk)}, rows=about["events"], noun="recorded event"
    )
