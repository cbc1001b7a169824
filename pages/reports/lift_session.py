"""One session of lift-sys: its present IR, what each revision changed, its drafts and its holes."""

from __future__ import annotations

from data.reports import lift_sessions as reports
from ui import cached, lift_sessions, page
from ui.view import View


def show(view: View) -> None:
    """The session from its sentence to its holes."""
    session_id = lift_sessions.asked_session()
    found = cached.read(view, reports.read_session, session_id=session_id)
    lift_sessions.head(view, found)
    lift_sessions.present_ir(found.about["current_ir"])
    with page.panel(view, "the revisions"):
        compared = cached.read(
            view, reports.compare_revisions, session_id=session_id, revision=lift_sessions.asked_revision()
        )
        lift_sessions.revisions_table(view, found, compared["revision_number"] if compared else None)
        if compared:
            lift_sessions.show_difference(compared)
        elif found.revisions:
            page.note("There is no revision of that number.")
    lift_sessions.drafts_table(view, found.drafts)
    lift_sessions.open_holes_table(view, found)
    lift_sessions.holes_table(view, found.holes)
    page.footer(view)


view = page.begin("Session of lift-sys")
with page.panel(view, "this session"):
    show(view)
