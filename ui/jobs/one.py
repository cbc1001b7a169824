"""One job in depth: how it stands, what an admin can do about it, what went in and came out, its course."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from data import adoption, calendar, jobs
from data.access import Actor
from ui import acts, deeds, page
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child, join, tag
from ui.jobs.choosing import STATES
from ui.view import View
from ui.wording import figures, telling

Job = Mapping[str, Any]

_SAME_S = 1.0  # an event of the stream tells the same as the time in the row
_LONGEST_SHOWN = 20_000  # characters of JSON; more makes the browser slow and is read by nobody


def show_job(view: View, job: Job, happenings: Sequence[Mapping[str, Any]]) -> None:
    """Everything about one job, the sentence first."""
    st.html(tag("p", links.go_to("‹ all jobs", filters.here(view, job=None)), class_="sb-note"))
    title = figures.shortened(_title(job), 120) or f"Job {figures.short_id(job['job_id'])}"
    st.html(tag("h2", title, class_="sb-heading", style="font-size:18px"))
    _say(view, job)
    acts.show_outcome()
    if view.actor.can("operate_jobs"):
        _buttons(view, job)
    if job["error_message"]:
        page.heading("Error of an attempt before" if job["status"] in ("pending", "running") else "Error")
        st.code(job["error_message"][:_LONGEST_SHOWN], language=None, wrap_lines=True)
    page.heading("Course")
    _course(view, job, happenings)
    for column, (title, name) in zip(st.columns(2), (("Data", "job_data"), ("Result", "result")), strict=True):
        with column:
            page.heading(title)
            _json(job[name])


def _title(job: Job) -> str | None:
    """What the job says of itself; that of a subagent is what its call said in short."""
    data = job["job_data"] if isinstance(job["job_data"], dict) else {}
    given = data["input"] if isinstance(data.get("input"), dict) else {}
    told = [*(data.get(name) for name in ("title", "description", "prompt")), given.get("description")]
    return next((words for words in told if isinstance(words, str) and words), None)


def _say(view: View, job: Job) -> None:
    ran = _ran_ms(view, job)
    took = f" after {figures.duration(ran)}" if ran is not None else ""
    words = {
        "pending": "waits for its agent to take it",
        "running": f"has run for {figures.duration(ran)}" if ran is not None else "runs; since when is not recorded",
        "completed": f"is completed{took}",
        "failed": f"failed{took}",
        "cancelled": f"was cancelled{took}",
    }.get(job["status"], "has a state that is not recorded")
    is_long = job["status"] == "running" and ran is not None and ran > 1000 * jobs.LONG_RUNNING_S
    page.say(
        join("The job of ", tag("b", job["agent"] or "an unnamed agent"), f" {words}. "),
        tables.identifier("job_id")(job),
        state="attention" if is_long else STATES.get(job["status"], "unknown"),
    )


def _ran_ms(view: View, job: Job) -> float | None:
    began = job["started_at"]
    # Its worker's clock may be ahead of the page.
    end = max(view.as_of, began or view.as_of) if job["status"] == "running" else job["completed_at"]
    return calendar.took_ms(began, end)


def _buttons(view: View, job: Job) -> None:
    """What can be done, with what it will do written before the button."""
    job_id, status, agent = job["job_id"], job["status"], acts.escaped(figures.shortened(job["agent"], 40))
    if status in jobs.CANCELLABLE and deeds.is_possible(view, adoption.CANCELLING):
        page.note(
            "Cancelling marks this one job as cancelled and stops its clock. "
            "An agent that already works on it stops when it next looks at its job."
        )
        acts.button(f"Cancel job of {agent}", cancel, job_id, status, key=f"cancel_{job_id}")
    if status in jobs.RETRYABLE and deeds.is_possible(view, adoption.RETRYING):
        page.note(
            "Retrying puts this one job back into the queue. Its error, result and times move into the audit log. "
            "It runs again when an agent takes it; a job from an imported log has no agent waiting for it."
        )
        acts.button(f"Retry job of {agent}", retry, job_id, status, key=f"retry_{job_id}")


def cancel(actor: Actor, job_id: UUID, seen: str) -> str:
    """Cancel, and the sentence of the receipt. Raises what `data.jobs.cancel` raises."""
    receipt = jobs.cancel(actor, job_id, seen)
    return f"Cancelled the job of {receipt.agent}: it was {receipt.before}. The audit log has it under job:{job_id}."


def retry(actor: Actor, job_id: UUID, seen: str) -> str:
    """Retry, and the sentence of the receipt. Raises what `data.jobs.retry` raises."""
    receipt = jobs.retry(actor, job_id, seen)
    return (
        f"The job of {receipt.agent} waits in the queue again: it was {receipt.before}. "
        f"The audit log keeps its error under job:{job_id}."
    )


def _course(view: View, job: Job, happenings: Sequence[Mapping[str, Any]]) -> None:
    """The times of the job and what people did to it, in their order."""
    moments = [("created", job["created_at"]), ("started", job["started_at"])]
    if job["completed_at"]:
        moments.append(
            (job["status"] if job["status"] in ("completed", "failed", "cancelled") else "ended", job["completed_at"])
        )
    rows = [
        {"at": at, "what": what, "who": job["agent"] if what != "created" else None, "detail": None}
        for what, at in moments
        if at is not None and not any(abs((one["occurred_at"] - at).total_seconds()) < _SAME_S for one in happenings)
    ]
    rows += [
        {
            "at": one["occurred_at"],
            "what": one["happening"].replace("_", " ").lower(),
            "who": one["actor"],
            "detail": _detail(one["detail"]),
        }
        for one in happenings
    ]
    rows.sort(key=lambda row: row["at"])
    if not rows:
        page.note("No time of this job is recorded.")
        return
    tables.table(
        view,
        rows,
        [
            tables.Column(
                f"When ({figures.zone_name(view.as_of, view.zone)})",
                tables.when(view, "at"),
                hint=lambda row: figures.exact(row["at"], view.zone),
            ),
            tables.Column("What", tables.text("what")),
            tables.Column("By", _who),
            tables.Column("Detail", tables.text("detail", 160), wide=True, hint=lambda row: row["detail"]),
        ],
        label="The course of the job",
    )
    if missing := [what for what, at in moments[:2] if at is None]:
        page.note(
            f"Not recorded: when it was {' and '.join(missing)}." if job["status"] != "pending" else "Not started."
        )


def _who(row: tables.Row) -> Child:
    return figures.shortened(row["who"], 60) or tables.muted(figures.DASH)


def _detail(detail: Any) -> str | None:
    if not isinstance(detail, dict) or not detail:
        return None
    if "error_message" in detail:
        return f"was {detail.get('status')}: {detail['error_message']}"
    return (
        f"was {detail['status']}"
        if set(detail) <= {"agent", "status", "started_at", "completed_at"}
        else telling.value(json.dumps(detail, ensure_ascii=False), 160)
    )


def _json(value: Any) -> None:
    if value is None:
        page.note("None recorded.")
        return
    text = json.dumps(value, ensure_ascii=False, indent=2)
    if len(text) > _LONGEST_SHOWN:
        page.note(f"The first {_LONGEST_SHOWN:,} of {len(text):,} characters.")
    st.code(text[:_LONGEST_SHOWN], language="json", wrap_lines=True)
