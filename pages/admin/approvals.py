"""Approvals: what agents wait for, one question with its context, and what became of earlier ones."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from data import approvals as reports
from data.approvals import Questions
from ui import acts, approvals, cached, page
from ui.asking import filters, paging
from ui.asking.periods import Extent
from ui.drawing import cards
from ui.view import View


def show_one(view: View, chosen: Questions, approval_id: UUID) -> None:
    """One question in the order in which it is decided: what, why, how risky and how long, evidence, note, buttons."""
    # The filters of the queue that it was opened from; none where it was opened from elsewhere.
    all_that_wait = Questions(view.minute)
    waiting = chosen if chosen.shown == "queue" else all_that_wait
    with page.panel(view, "the question"):
        asked = cached.read(view, reports.read_approval, approval_id=approval_id, now=view.minute)
        queue = cached.read(view, reports.read_queue, chosen=waiting, limit=1)
        if is_rest := waiting.narrows and not queue.shown:
            waiting = all_that_wait
            queue = cached.read(view, reports.read_queue, chosen=waiting, limit=1)
        approvals.head(view, asked)
        approvals.what_will_happen(asked)
        approvals.why_and_clock(view, asked)
        with page.panel(view, "the evidence"):
            happenings = cached.read(view, reports.read_evidence, approval_id=approval_id)
            approvals.around(view, happenings, asked)
            approvals.similar(view, cached.read(view, reports.read_similar, approval_id=approval_id))
        acts.show_outcome()
        approvals.decision_form(view, asked)
        approvals.onward(asked, queue, waiting, is_rest=is_rest)


def show_queue(view: View, chosen: Questions, known: Extent) -> None:
    """What waits now. The counts of the other lists are of the period that they open on."""
    period = filters.asked_period(view, known)
    values = cached.read(view, reports.read_filter_values, chosen=chosen)
    if known.holds_rows:
        approvals.draw_filters(view, chosen, values)
    counts = cached.read(view, reports.read_counts, chosen=approvals.within(chosen, period))
    total = values["urgency"].get(chosen.urgency, 0) if chosen.urgency else counts.queue
    queue = cached.read(view, reports.read_queue, chosen=chosen, offset=paging.offset_of(total))
    hidden = approvals.hidden_from(view, counts, known)
    stateless = cached.read(view, reports.read_counts, chosen=chosen).stateless
    approvals.summary(chosen, counts, values["urgency"], known, hidden, stateless)
    approvals.say_how_counted(chosen)
    approvals.switch(view, chosen, counts, period)
    if known.untimed:
        without_time = replace(chosen, untimed=True)
        approvals.say_untimed_of(view, cached.read(view, reports.read_counts, chosen=without_time))
    if not total:
        approvals.nothing(view, chosen, counts, period, known, hidden)
        page.footer(view)
        return
    approvals.queue_table(view, queue, total)
    page.footer(view, report="approvals_queue", filters={**chosen.subject, "urgency": chosen.urgency}, rows=total)


def show_history(view: View, chosen: Questions, known: Extent) -> None:
    """One of the lists of what is over: sentence, figures, chart and questions of a period."""
    period = filters.period(view, known)
    chosen = approvals.within(chosen, period)
    of_all_outcomes = replace(chosen, outcome=None)
    values = cached.read(view, reports.read_filter_values, chosen=chosen)
    if known.holds_rows:
        approvals.draw_filters(view, chosen, values)
    told = cached.read(view, reports.read_summary, chosen=of_all_outcomes, **period.compared)
    hidden = approvals.hidden_from(view, told.counts, known)
    total = approvals.total_of(chosen, told)
    approvals.history_summary(chosen, told, period, hidden)
    approvals.say_untimed(view, period, told.untimed)
    approvals.say_how_counted(chosen)
    approvals.switch(view, chosen, told.counts, period)
    if not total:
        over_all_time = replace(chosen, start=None, end=None, untimed=False)
        ever = cached.read(view, reports.read_counts, chosen=over_all_time).of(chosen.shown)
        approvals.nothing(view, chosen, told.counts, period, known, hidden, ever=ever)
        page.footer(view)
        return
    cards.cards(approvals.cards_of(chosen, told, period))
    with page.panel(view, "the chart of questions"):
        bucket = period.bucket(known)
        buckets = cached.read(view, reports.read_buckets, chosen=of_all_outcomes, unit=bucket, zone=str(view.zone))
        approvals.history_chart(view, buckets, period, bucket, chosen)
    with page.panel(view, "the list of questions"):
        rows = cached.read(view, reports.read_history, chosen=chosen, offset=paging.offset_of(total))
        approvals.history_table(view, rows, total)
        page.footer(view, report="approvals", filters=approvals.as_export(chosen), rows=total)


view = page.begin("Approvals", needs="decide_approvals")
chosen = approvals.chosen(view)
if (asked_approval := approvals.asked_approval()) is not None:
    show_one(view, chosen, asked_approval)
else:
    with page.panel(view, "the list of questions"):
        known = filters.extent_of(cached.read(view, reports.read_coverage, now=view.minute))
        show_list = show_queue if chosen.shown == "queue" else show_history
        show_list(view, chosen, known)
