"""Events of the engine: how many of which type, the list, one correlation as a tree of causes, whether all is whole."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from data.reports import events as reports
from ui import cached, events, page
from ui.asking import filters
from ui.view import View


def show(view: View) -> None:
    """Sentence, chart, types, list."""
    known = filters.extent_of(cached.read(view, reports.read_coverage))
    period = filters.period(view, known, first="30d")
    events.switch(view, None)
    events.search_fields(view)
    chosen = events.asked(view)
    asked: dict[str, Any] = {**period.parameters, **chosen.narrowed}
    say_untimed = partial(filters.say_untimed, view, period, known, "event")
    compared = asked | period.compared
    counts = cached.read(view, reports.count_kinds, **compared)
    events.pickers(view, chosen, counts)
    if not counts.events:
        events.nothing(view, period, chosen, holds_any=known.holds_rows)
        say_untimed()
        page.footer(view)
        return
    events.summary(counts, period, chosen)
    say_untimed()
    bucket = period.bucket(known)
    if not period.untimed:
        types = events.charted(counts, chosen)
        sliced = asked | {"types": types, "unit": bucket, "zone": str(view.zone)}
        events.chart(view, cached.read(view, reports.read_buckets, **sliced), period, bucket, chosen, types)
    types_shown, order = events.types_table(view, counts, period, chosen)
    of_types = compared | {"kind": "type"}
    page.footer(view, report="event_types", filters=of_types, order=order, rows=types_shown, noun="type")
    with page.panel(view, "the list of events"):
        place, upwards = events.asked_place(period, chosen)
        found = cached.read(view, reports.list_events, **asked, place=place, upwards=upwards)
        events.events_table(view, found, counts.events, period, chosen)
        page.footer(view, report="events", filters=asked, rows=counts.events, noun="event")


def show_correlation(view: View, correlation: UUID) -> None:
    """One correlation, by what caused what."""
    with page.panel(view, "this correlation"):
        found = cached.read(view, reports.read_trace, correlation=correlation)
        events.show_trace(view, correlation, found)
        rows = len(found.lines) if found.is_complete else None
        page.footer(view, report="events", filters={"correlation": str(correlation)}, rows=rows, noun="event")


def show_integrity(view: View) -> None:
    """Gaps and snapshots over the whole log, and projections when asked."""
    events.switch(view, "integrity")
    if not view.actor.sees_all:
        page.say(
            "Whether the log is whole cannot be told from the events of one client; managers see.", state="unknown"
        )
        page.footer(view)
        return
    with page.panel(view, "gaps and snapshots"):
        events.integrity.log(view)
    with page.panel(view, "the projections"):
        events.integrity.projections(view)
    page.footer(view)


view = page.begin("Events")
correlation = events.asked_correlation()
if correlation:
    show_correlation(view, correlation)
elif events.asks_for_integrity():
    show_integrity(view)
else:
    with page.panel(view, "the figures of events"):
        show(view)
