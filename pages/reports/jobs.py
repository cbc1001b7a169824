"""Jobs: what agents were asked to do, what came of it, and what runs for too long; one job in depth."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from data import jobs as reports
from ui import cached, jobs, page
from ui.asking import filters, paging
from ui.drawing import cards
from ui.view import View


def show_one(view: View, job_id: UUID) -> None:
    """One job, with what an admin can do about it."""
    with page.panel(view, "the job"):
        job = cached.read(view, reports.read_job, job_id=job_id)
        # Not cached: admins alone see the audit log, and a manager has the same sight as an admin otherwise.
        jobs.show_job(view, job, reports.read_acts(view.actor, job_id=job_id))
    page.footer(view)


def show_all(view: View) -> None:
    """Filters, then sentence, figures, chart, jobs and kinds of failures."""
    known = filters.extent(view, "jobs")
    period = filters.period(view, known)
    bucket = period.bucket(known)
    asked: dict[str, Any] = period.parameters
    say_untimed = partial(filters.say_untimed, view, period, known, "job", in_all_time=True)
    with page.panel(view, "the figures of jobs"):
        chosen = jobs.choose(view)
        listed = chosen.narrowed(period)
        # What runs for too long is another answer each minute; nothing else is.
        now = view.minute if chosen.long_running else None
        facets = cached.read(view, reports.count_facets, **listed, now=now)
        jobs.draw_filters(view, chosen, facets)
        asked |= chosen.subject
        compared: dict[str, Any] = asked | period.compared
        counted = cached.read(view, reports.read_summary, now=view.minute, **compared)
        if not counted.jobs and not chosen.is_of_now:
            jobs.nothing(view, period, holds_any=known.holds_rows)
            say_untimed()
            page.footer(view)
            return
        failures = cached.read(view, reports.read_failures, **asked, error_group=chosen.group)
        jobs.summary(view, counted, period, chosen.carried)
        say_untimed()
        jobs.say_states(chosen)
        cards.cards(jobs.cards_of(counted, period, chosen.carried))
        with page.panel(view, "the chart of jobs"):
            buckets = cached.read(view, reports.read_buckets, **asked, unit=bucket, zone=str(view.zone))
            jobs.chart(view, buckets, period, bucket, chosen)
        with page.panel(view, "the list of jobs"):
            show_list(view, chosen, listed, jobs.total_of(counted, facets, chosen))
        if not chosen.group and not chosen.is_of_now and chosen.only in (None, "failed", reports.ENDED):
            jobs.failures_of(view, failures, period, chosen.carried)
            if failures.groups:
                page.footer(view, report="job_failures", filters=asked, rows=failures.groups)


def show_list(view: View, chosen: jobs.Chosen, listed: dict[str, Any], total: int) -> None:
    """The jobs behind the figures, what hurts first unless the newest are asked for."""
    order = filters.sorting(("hurt", "when"), "-hurt")
    narrowed = listed | {"newest": order[0] == "when"}
    rows = cached.read(
        view,
        reports.read_jobs,
        now=view.minute,
        **narrowed,
        limit=paging.PAGE_SIZE,
        offset=paging.offset_of(total),
    )
    hurting = "what runs too long, failed or waits stands first" if order[0] == "hurt" else "the latest first"
    page.heading(chosen.jobs, hurting)
    jobs.jobs_table(view, rows, total, order)
    page.footer(view, report="jobs", filters=narrowed, rows=total)


view = page.begin("Jobs")
if (asked_job := jobs.asked_job()) is not None:
    show_one(view, asked_job)
else:
    show_all(view)
