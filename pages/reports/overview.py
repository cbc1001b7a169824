"""Overview: what needs somebody, what happened against the period before, where it goes, what is fresh."""

from __future__ import annotations

from ui import acts, overview, page
from ui.asking import filters
from ui.overview import first_look

view = page.begin("Overview")
acts.show_outcome()
known = overview.extent(view)
if overview.is_empty(view):
    first_look.show(view)
    page.footer(view)
else:
    period = filters.period(view, known)
    project = filters.given("project")
    filters.chips(view, {"project": ("project", project) if project else None})
    calls = None
    with page.in_one():
        with page.panel(view, "the overview"):
            drawn = overview.figures(view, known, period, project)
            calls = drawn.calls
            filters.choice(view, "project", drawn.projects)
            page.put(drawn.first)
            overview.unreadable(view, drawn.problems, drawn.first_problems)
            page.put(drawn.trends)
        with page.panel(view, "the newest happenings"):
            page.put(overview.newest(view, project))
            overview.say_untimed(view, period, project)
    taken = period.parameters | ({"project": project} if project else {})
    page.footer(view, report="tool_calls", filters=taken, rows=calls, noun="tool call")
