"""The lists of the page of jobs: jobs by what hurts, kinds of failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from data.jobs import Failures, JobSummary
from ui import lacking, page
from ui.asking import filters, links
from ui.asking.periods import Period
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, tag
from ui.jobs.choosing import STATES, Chosen
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import plural


def jobs_table(view: View, rows: Sequence[Mapping[str, Any]], total: int, sorted_by: tuple[str, bool]) -> None:
    """Jobs one by one, each leading to all that is known about it, with the filters for the way back."""
    are_told = 2 * sum(_message(row) is not None for row in rows) >= len(rows)
    tables.table(
        view,
        rows,
        [
            tables.Column("Job", lambda row: _job(view, row), wide=True, hint=lambda row: row["title"]),
            tables.Column("State", _state),
            tables.Column("Agent", tables.text("agent", 40)),
            tables.Column("Ran", _ran, is_number=True, hint=_ran_hint),
            _when(view),
            tables.Column(
                "Message",
                lambda row: telling.error(_message(row), 120 if are_told else 24) or tables.muted(figures.DASH),
                line=are_told,  # where most say nothing, their titles get the room
                hint=_message,
            ),
        ],
        label="Jobs",
        total=total,
        sorted_by=sorted_by,
    )


def _job(view: View, row: tables.Row) -> Markup:
    words = figures.shortened(row["title"], 90) or f"Job {figures.short_id(row['job_id'])}"
    return links.go_to(words, filters.here(view, job=str(row["job_id"])))


def _message(row: Mapping[str, Any]) -> str | None:
    """What ended it. What still stands beside a job that waits or runs is of an attempt before."""
    message: str | None = row["error_message"]
    return None if row["status"] in ("pending", "running") else message


def _state(row: tables.Row) -> Child:
    if row["is_long_running"]:
        words = "running over an hour"
        return tag("span", page.mark("attention", words), words, class_="sb-state sb-attention")
    return tables.state("status", STATES)(row)


def _ran(row: tables.Row) -> Child:
    if row["run_ms"] is None:
        return tables.muted("not started" if row["status"] == "pending" else figures.NONE_RECORDED)
    return figures.duration(row["run_ms"])


def _ran_hint(row: tables.Row) -> str | None:
    return "up to now" if row["status"] == "running" and row["run_ms"] is not None else None


def _when(view: View) -> tables.Column:
    """The time a job counts at: when it ended, while it is open since when; of one that is over and does not say, when
    it began. Where no log says that either, when it was created."""

    def cell(row: tables.Row) -> Child:
        if row["completed_at"] is not None:
            return tables.when(view, "completed_at")(row)
        since = row["started_at"] or row["created_at"]
        words = "since" if row["status"] in ("pending", "running") else "began"
        if row["started_at"] is None and row["status"] != "pending":
            words = "created"  # which tells since when a job waits, not since when it runs nor that it ever began
        return f"{words} {figures.moment(since, view.zone, view.as_of)}" if since else tables.muted("no time")

    def hint(row: tables.Row) -> str:
        names = (("created", "created_at"), ("started", "started_at"), ("ended", "completed_at"))
        return "\n".join(f"{words} {figures.exact(row[name], view.zone)}" for words, name in names)

    return tables.Column(f"When ({figures.zone_name(view.as_of, view.zone)})", cell, sort="when", hint=hint)


def failures_of(view: View, failures: Failures, period: Period, carried: Mapping[str, links.Value]) -> None:
    """Kinds of failures with their message, the most frequent first."""
    page.heading("Why jobs failed", "messages of one kind together; paths, ids and numbers left out")
    if not failures.shown:
        untold = lacking.untold(view, "agents.jobs", "status")
        page.note(f"Which jobs failed is {untold}." if untold else "No job failed.")
        return
    bar = tables.bar("cases", failures.shown[0].cases, kind="broken")

    def of_kind(content: Child, row: tables.Row) -> Markup:
        query = {**period.query, **carried, "agent": row["agent"], "status": "failed", "error": row["group"]}
        return links.go(content, "jobs", query)

    def example(row: tables.Row) -> Child:
        words = telling.line(row["example"], row["group"]) or row["group"]
        return links.go_to(words, filters.here(view, job=str(row["newest_id"])))

    columns = [
        tables.Column("Kind", lambda row: of_kind(row["group"], row), wide=True),
        tables.Column("Cases", lambda row: of_kind(bar(row), row), is_number=True),
        tables.Column("Agent", tables.text("agent", 40)),
        _last(view),
        tables.Column("Newest message", example, line=True, hint=lambda row: row["example"]),
    ]
    tables.table(view, [asdict(one) for one in failures.shown], columns, label="Kinds of failures")
    if (left := failures.groups - len(failures.shown)) > 0:
        page.note(f"{plural(left, 'rarer kind is', 'rarer kinds are')} in the export alone.")


def _last(view: View) -> tables.Column:
    return tables.Column(
        f"Last ({figures.zone_name(view.as_of, view.zone)})",
        tables.when(view, "last_at"),
        hint=lambda row: figures.exact(row["last_at"], view.zone),
    )


def total_of(counted: JobSummary, facets: Mapping[str, Mapping[str, int]], chosen: Chosen) -> int:
    """How many jobs the list holds over all its pages."""
    if chosen.status:
        return facets["status"].get(chosen.status, 0)
    if chosen.group or chosen.is_of_now:
        return facets["status"].get("failed" if chosen.group else "running", 0)
    return counted.jobs
