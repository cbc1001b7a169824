"""The parts of the pages of events: the list, one stream, one correlation, whether the log is whole."""

from ui.events import integrity, stream
from ui.events.choosing import (
    Chosen,
    asked,
    asked_correlation,
    asks_for_integrity,
    nothing,
    pickers,
    search_fields,
    switch,
)
from ui.events.listing import asked_place, events_table
from ui.events.telling import chart, charted, summary, types_table
from ui.events.tracing import show_trace

__all__ = [
    "Chosen",
    "asked",
    "asked_correlation",
    "asked_place",
    "asks_for_integrity",
    "chart",
    "charted",
    "events_table",
    "integrity",
    "nothing",
    "pickers",
    "search_fields",
    "show_trace",
    "stream",
    "summary",
    "switch",
    "types_table",
]
