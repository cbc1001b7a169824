"""Overview: what needs somebody, what happened against the period before, where it goes, what is fresh."""

from __future__ import annotations

from typing import Any

from data.reports import overview as reports
from ui import acts, backups, boundary, cached, overview, page
from ui.asking import filters
from ui.drawing import cards
from ui.overview import first_look

SUBJECTS = ("sessions", "events", "tools", "jobs", "approvals")

view = page.begin("Overview")
acts.show_outcome()
known = filters.extent(view, SUBJECTS)
if not known.holds_rows:
    first_look.show(view)
    page.footer(view)
else:
    period = filters.period(view, known)
    asked: dict[str, Any] = {
        **period.parameters,
        **period.compared,
        "bucket": period.bucket(known),
        "zone": str(view.zone),
    }
    calls = None
    with page.panel(view, "the overview"):
        attention = cached.read(view, reports.read_attention, now=view.minute)
        attention["backup"] = backups.attention(view, attention)
        happened = overview.gather(
            cached.read(view, reports.read_activity, **asked), cached.read(view, reports.read_calls, **asked)
        )
        calls = happened.calls.calls
        overview.summary(view, period, attention, happened)
        if boundary.say(view, period, sums="calls and prompts", rows="lists, search and single calls"):
            calls = None  # the CSV holds the rows alone
        cards.cards(overview.figures_of(view, period, happened, known))
        overview.needs_you(view, period, attention, happened)
        overview.unreadable(view, attention)
        overview.trends(view, period, happened, known)
    with page.panel(view, "the newest happenings"):
        overview.newest(view, cached.read(view, reports.list_newest, most=10))
    filters.say_untimed(view, period, filters.extent(view, "events"), "event")
    page.footer(view, report="tool_calls", filters=period.parameters, rows=calls, noun="tool call")
