"""What of Overview leads on: what needs somebody, three trends, the newest happenings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import absence, page, veil
from ui.asking import links
from ui.asking.periods import Extent, Period
from ui.backups.attention import is_told
from ui.drawing import charts, tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.overview import of_project
from ui.overview.happenings import Escalating, Happened
from ui.overview.telling import Attention
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import plural

_MOST_AGENTS = 3  # named in one line; the page of agents has them all


def needs_you(view: View, period: Period, attention: Attention, happened: Happened) -> None:
    """What waits for somebody: one line each, one click to it."""
    lines = _lines(view, period, attention, happened)
    page.heading("Needs you")
    if not lines:
        checked = of_project.LOOKED_AT if happened.project is not None else _looked_at(view)
        page.put(
            tag(
                "p",
                page.mark(veil.at_best("unknown" if happened.untold else "well")),
                f"Nothing. Looked at: {checked}.",
                class_="sb-lines",
            )
        )
        return
    page.put(tag("ul", *[tag("li", page.mark(state), line) for state, line in lines], class_="sb-lines"))


def _looked_at(view: View) -> str:
    checked = "questions to people, jobs over an hour, failed jobs and sessions, runs of procedures that failed or are "
    checked += "open for over a day, escalations of agents, notifications of the last 24 hours"
    return checked + (", the last backup" if is_told(view) else "")


def _lines(view: View, period: Period, attention: Attention, happened: Happened) -> list[tuple[str, Markup]]:
    lines: list[tuple[str, Markup]] = []
    waiting = attention["pending_approvals"]
    if waiting:
        words = plural(waiting, "question waits for a decision", "questions wait for a decision")
        decides = view.actor.can("decide_approvals")
        head: Child = links.go(words, "approvals", project=happened.project) if decides else words
        since = attention["oldest_approval_at"]
        age = f", the oldest since {figures.moment(since, view.zone, view.as_of)}" if since else ""
        closing = attention["next_expiry_at"]
        ends = f"; the next one lapses at {figures.moment(closing, view.zone, view.as_of)}" if closing else ""
        lines.append(("waiting", join(head, age, ends, "" if decides else ". An admin decides.")))
    if hidden := attention["hidden"]:
        lines.append(("unknown", join(absence.unseen(hidden.waiting), ". ", absence.decided_by(hidden.policies))))
    if number := attention.get("long_running_jobs"):
        words = plural(number, "job runs for more than an hour", "jobs run for more than an hour")
        since = figures.moment(attention["oldest_start_at"], view.zone, view.as_of)
        lines.append(("attention", join(links.go(words, "jobs", long=True, period="all"), f", since {since}")))
    if number := happened.count("jobs failed"):
        words = f"{plural(number, 'job')} failed"
        lines.append(("broken", join(links.go(words, "jobs", period.query, status="failed"), f" {period.during}")))
    if number := happened.count("runs failed"):
        words = plural(number, "run of a procedure failed", "runs of procedures failed")
        ended = number + happened.count("runs completed")
        lines.append(
            (
                "broken",
                join(
                    links.go(words, "sops", period.query, status="failed"),
                    f" {period.during}, of {figures.count(ended)} that ended",
                ),
            )
        )
    if number := attention.get("long_open_runs"):
        words = plural(
            number, "run of a procedure is open for over a day", "runs of procedures are open for over a day"
        )
        since = figures.moment(attention["oldest_run_at"], view.zone, view.as_of)
        lines.append(
            ("attention", join(links.go(words, "sops", long=True, sort="when", period="all"), f", since {since}"))
        )
    if number := happened.count("sessions in error"):
        words = f"{plural(number, 'session')} ended in an error"
        opened = links.go(words, "sessions", period.query, status="error", project=happened.project)
        lines.append(("broken", join(opened, f" {period.during}")))
    if number := attention["open_notifications"]:
        words = f"{plural(number, 'notification')} not acknowledged in 24 hours, in "
        of = plural(attention["sessions_with_open_notifications"], "session")
        opened = links.go(of, "sessions", has="waiting", period="all", project=happened.project)
        lines.append(("attention", join(words, opened)))
    if happened.escalating:
        lines.append(("attention", _escalates(happened.escalating, period)))
    if attention.get("files_with_problems"):
        words = (
            f"{plural(attention['problems'], 'record')} in {plural(attention['files_with_problems'], 'file')} "
            "could not be read at import; they are listed below"
        )
        lines.append(("unknown", join(words)))
    if attention["backup"]:
        lines.append((attention["backup"].state, attention["backup"].line))
    return lines


def _escalates(escalating: Sequence[Escalating], period: Period) -> Markup:
    """The agents that turn to people more often than before, each leading to its page."""
    named = [
        links.go(figures.middle(one.agent, 40) or "(no name)", "agents", period.query, agent=one.agent)
        for one in escalating[:_MOST_AGENTS]
    ]
    more = len(escalating) - len(named)
    rest = f" and {plural(more, 'other agent')}" if more else ""
    verb = "escalates" if len(escalating) == 1 else "escalate"
    return join(join(*named, between=", "), f"{rest} {verb} more often than in {period.previous_label}")


def unreadable(view: View, total: int, problems: Sequence[Mapping[str, Any]]) -> None:
    """The records that could not be read at import, on request: which line of which file, and why."""
    if not problems:
        return
    with page.apart(), st.expander(f"{plural(total, 'record')} that could not be read"):
        tables.table(
            view,
            problems,
            [
                tables.Column("File", tables.text("path", 70), wide=True, hint=lambda row: row["path"]),
                tables.Column("Line", _line_of, is_number=True),
                tables.Column("Why", tables.text("reason", 300), wide=True, hint=lambda row: row["reason"]),
            ],
            label="Records that could not be read",
        )
        if (left := total - len(problems)) > 0:
            page.note(f"{plural(left, 'more is', 'more are')} not listed.")


def _line_of(row: Mapping[str, Any]) -> Child:
    return figures.count(row["line"]) if row["line"] is not None else tables.muted("whole file")


def trends(view: View, period: Period, happened: Happened, known: Extent) -> None:
    """Three small charts: sessions, failed calls, cost; a click opens that time."""
    if period.untimed:
        page.note("These rows have no time, so there is no trend of them.")
        return
    bucket = period.bucket(known)
    sessions = [row for row in happened.slices if row["kind"] == "sessions"]
    costs = [row for row in happened.slices if row["kind"].startswith("cost ") and row["amount"] is not None]
    shown: tuple[tuple[str, Sequence[Mapping[str, Any]], str, str, str, dict[str, str]], ...] = (
        (f"Sessions started per {bucket}", sessions, "happened", "sessions", "signal", {}),
        (f"Failed tool calls per {bucket}", happened.call_slices, "failed", "tools", "broken", {"outcome": "failed"}),
        (f"Cost per {bucket}, US dollars", costs, "amount", "sessions", "signal", {"sort": "-cost"}),
    )
    drawn = [
        tag(
            "div",
            page.head(title),
            charts.chart_over_time(
                view,
                rows,
                value=value,
                bucket=bucket,
                title=title,
                kind=kind,
                small=True,
                opens=opens,
                carrying={**carrying, "project": happened.project},
                period=period,
                decimals=2 if value == "amount" else 0,
            ),
            class_="sb-trend",
        )
        for title, rows, value, opens, kind, carrying in shown
    ]
    page.put(tag("div", *drawn, class_="sb-trends"))


_SIGNS = {
    "failed call": ("broken", "Call failed"),
    "job failed": ("broken", "Job failed"),
    "job cancelled": ("unknown", "Job cancelled"),
    "question pending": ("waiting", "Question asked"),
    "question approved": ("well", "Approved"),
    "question rejected": ("attention", "Rejected"),
    "question expired": ("unknown", "Question lapsed"),
    "notification": ("attention", "Notification"),
    "compaction": ("signal", "Compaction"),
}


def newest(view: View, rows: Sequence[Mapping[str, Any]], project: str | None = None) -> None:
    """The last happenings that matter, whatever the period; those of a project were looked for in its newest
    sessions."""
    where, nothing = (
        of_project.searched() if project is not None else ("", f"{veil.seen('Nothing with a time')} is recorded yet.")
    )
    page.heading("Fresh from the stream", f"the last ten that matter{where}, whatever the period")
    if not rows:
        page.empty(nothing)
        return
    tables.table(
        view,
        rows,
        [
            tables.Column(
                f"When ({figures.zone_name(view.as_of, view.zone)})",
                tables.when(view, "occurred_at"),
                hint=lambda row: figures.exact(row["occurred_at"], view.zone),
            ),
            tables.Column("What", _what),
            tables.Column("Which", lambda row: _which(view, row), line=True, hint=lambda row: row["detail"]),
            tables.Column("Where", lambda row: _where(view, row)),
        ],
        label="The last happenings that matter",
    )


def _what(row: Mapping[str, Any]) -> Markup:
    state, words = _SIGNS.get(row["kind"], ("unknown", row["kind"]))
    return tag("span", page.mark(state), words, class_=f"sb-state sb-{state}")


def _where(view: View, row: Mapping[str, Any]) -> Child:
    if row["kind"].startswith("job"):
        return links.go(f"job of {figures.middle(row['subject'], 40)}", "jobs", job=row["item_id"])
    if row["session_pk"] is None:
        return tables.muted("no session")
    name = row["project_name"] or "(no project)"
    return links.go(name, "session", session=row["session_pk"], item=row["item_id"])


def _which(view: View, row: Mapping[str, Any]) -> Child:
    detail = figures.shortened(row["detail"], 140)
    if row["kind"].startswith("job"):
        return detail or tables.muted(figures.NONE_RECORDED)
    subject: Child = figures.shortened(row["subject"], 80)
    if row["kind"].startswith("question") and view.actor.can("decide_approvals"):
        subject = links.go(subject or "(no title)", "approvals", approval=row["item_id"])
    if row["kind"] == "notification":
        detail = _type_unless_said(row["detail"] or "", row["subject"] or "")
    return join(tag("b", subject), f" {detail}" if detail else None)


_SAID = {"permission_prompt": "permission", "idle_prompt": "waiting"}


def _type_unless_said(kind: str, message: str) -> str:
    """The type of a notification in words; nothing where its message says the same."""
    said = _SAID.get(kind)
    return "" if said and said in message.lower() else kind.replace("_", " ")
