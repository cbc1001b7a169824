"""One session of lift-sys: its present IR, what each revision changed, its drafts and its holes."""

from __future__ import annotations

from uuid import UUID

from data.reports import lift_sessions as reports
from ui import cached, lift_sessions, page
from ui.asking import links, paging
from ui.view import View


def show(view: View) -> None:
    """The session from its sentence to its holes."""
    session_id = lift_sessions.asked_session()
    found = cached.read(view, reports.read_session, session_id=session_id)
    lift_sessions.head(view, found)
    lift_sessions.present_ir(view, found.about["current_ir"])
    with page.panel(view, "the revisions"):
        show_revisions(view, session_id, found.about["revisions"])
    drafts = found.about["drafts"]
    of_session: dict[str, links.Value] = {"session_id": str(session_id)}
    with page.panel(view, "the drafts"):
        offset = paging.offset_of(drafts, "drafts")
        rows = cached.read(view, reports.list_drafts, session_id=session_id, limit=paging.PAGE_SIZE, offset=offset)
        lift_sessions.drafts_table(view, rows, drafts)
        page.footer(view, report="lift_drafts", filters=of_session, rows=drafts, noun="draft")
    with page.panel(view, "the holes"):
        lift_sessions.open_holes_table(view, found)
        resolutions = found.about["resolutions"]
        offset = paging.offset_of(resolutions, "holes")
        rows = cached.read(view, reports.list_holes, session_id=session_id, limit=paging.PAGE_SIZE, offset=offset)
        lift_sessions.holes_table(view, rows, resolutions)
        page.footer(view, report="lift_holes", filters=of_session, rows=resolutions, noun="resolution")


def show_revisions(view: View, session_id: UUID, total: int) -> None:
    """One page of the revisions, and what the one that is asked for changed."""
    asked = lift_sessions.asked_revision()
    compared = cached.read(view, reports.compare_revisions, session_id=session_id, revision=asked)
    offset = paging.offset_of(total, "revisions")
    rows = cached.read(view, reports.list_revisions, session_id=session_id, limit=paging.PAGE_SIZE, offset=offset)
    lift_sessions.revisions_table(view, rows, total, compared["revision_number"] if compared else None)
    if compared:
        lift_sessions.show_difference(view, compared)
    elif total:
        lift_sessions.say_no_revision(view, asked)
    page.footer(view, report="lift_revisions", filters={"session_id": str(session_id)}, rows=total, noun="revision")


view = page.begin("Session of lift-sys")
with page.panel(view, "this session"):
    show(view)
