"""Approvals: what agents wait for, one question with its context, and what became of earlier ones."""

from __future__ import annotations

from uuid import UUID

from data import approvals as reports
from ui import acts, approvals, cached, page
from ui.asking import paging
from ui.view import View


def show_one(view: View, approval_id: UUID) -> None:
    """One question in the order in which it is decided: what, why, how risky and how long, evidence, note, buttons."""
    now = view.minute
    with page.panel(view, "the question"):
        asked = cached.read(view, reports.read_approval, approval_id=approval_id, now=now)
        queue = cached.read(view, reports.read_queue, now=now, limit=1)
        approvals.head(view, asked)
        approvals.what_will_happen(asked)
        approvals.why_and_clock(view, asked)
        with page.panel(view, "the evidence"):
            happenings = cached.read(view, reports.read_evidence, approval_id=approval_id)
            approvals.around(view, happenings, asked["created_at"])
            approvals.similar(view, cached.read(view, reports.read_similar, approval_id=approval_id))
        acts.show_outcome()
        approvals.decision_form(view, asked)
        approvals.onward(asked, queue)


def show_lists(view: View) -> None:
    """What waits, or one of the lists of what is over."""
    shown = approvals.asked_view()
    now, offset = view.minute, paging.asked_offset()
    with page.panel(view, "the list of questions"):
        counts = cached.read(view, reports.read_counts, now=now)
        queue = cached.read(view, reports.read_queue, now=now, offset=offset if shown == "queue" else 0)
        hidden = approvals.hidden_from(view, counts)
        approvals.summary(view, queue, counts, hidden)
        approvals.switch(view, shown, counts)
        if not counts[shown]:
            approvals.nothing(shown, counts, hidden)
            page.footer(view)
        elif shown == "queue":
            approvals.queue_table(view, queue)
            page.footer(view, report="approvals_queue", rows=counts["queue"])
        else:
            rows = cached.read(view, reports.read_history, shown=shown, now=now, offset=offset)
            approvals.history_table(view, rows, counts[shown])
            page.footer(view, report="approvals", filters={"shown": shown}, rows=counts[shown])


view = page.begin("Approvals", needs="decide_approvals")
if (asked_approval := approvals.asked_approval()) is not None:
    show_one(view, asked_approval)
else:
    show_lists(view)
