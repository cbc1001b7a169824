"""Overview: what needs somebody, what happened against the period before, where it goes, what is fresh."""

from __future__ import annotations

from ui import acts, cached, overview, page
from ui.asking import filters
from ui.overview import first_look

HAPPENED = ("sessions", "events", "tools", "jobs")  # what its figures and charts are of, and so its periods

view = page.begin("Overview")
acts.show_outcome()
known = filters.extent(view, HAPPENED)
if not filters.extent(view, (*HAPPENED, "approvals")).holds_rows:
    first_look.show(view)
    page.footer(view)
else:
    period = filters.period(view, known)
    project = filters.given("project")
    filters.chips(view, {"project": ("project", project) if project else None})
    calls = None
    with page.in_one():
        with page.panel(view, "the overview"):
            drawn = cached.drawn(
                view,
                overview.draw,
                period=period,
                known=known,
                backup=None if project else overview.newest_backup(view),
                hidden=overview.hidden_questions(view, project),
                project=project,
            )
            calls = drawn.calls
            filters.choice(view, "project", drawn.projects)
            page.put(drawn.first)
            overview.unreadable(view, drawn.problems, drawn.first_problems)
            page.put(drawn.trends)
        with page.panel(view, "the newest happenings"):
            page.put(cached.drawn(view, overview.draw_newest, period=period, project=project))
    taken = period.parameters | ({"project": project} if project else {})
    page.footer(view, report="tool_calls", filters=taken, rows=calls, noun="tool call")
