"""One stream of events: its state after any of them, what each changed, and by what it was folded."""

from __future__ import annotations

import streamlit as st

from data.reports import streams as reports
from ui import cached, page
from ui.events import stream
from ui.view import View


def show(view: View) -> None:
    """The stream from its sentence to its events, around the one that the URL asks for."""
    aggregate_type, aggregate_id, number = stream.asked_stream(view)
    aggregate = (aggregate_type, aggregate_id)
    found = cached.read(view, reports.read_stream, aggregate_type=aggregate_type, aggregate_id=aggregate_id, at=number)
    stream.head(view, aggregate, found)
    stream.slider(aggregate, found)
    left, right = st.columns(2, gap="medium")
    with left:
        stream.show_event(view, found)
    with right:
        stream.show_change(found)
        stream.show_state(found)
    stream.steps_table(view, aggregate, found)
    narrowed = {"aggregate": aggregate_type, "aggregate_id": aggregate_id}
    page.footer(view, report="events", filters=narrowed, rows=found.about.events, noun="event")


view = page.begin("Event stream")
with page.panel(view, "this stream"):
    show(view)
