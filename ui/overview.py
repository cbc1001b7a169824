"""The parts of the first page: the sentence, the figures, what needs somebody, trends, the newest happenings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from ui import charts, figures, links, page, tables
from ui.cards import Card
from ui.happenings import Cost, Happened
from ui.markup import Child, Markup, join, tag
from ui.periods import Extent, Period
from ui.sentences import change, listed, plural, point_change
from ui.view import View

Attention = Mapping[str, Any]


def summary(view: View, period: Period, attention: Attention, happened: Happened) -> None:
    """The first sentences: what waits, then what happened and how it compares."""
    urgent = _urgent(period, attention, happened)
    first: Child = (
        f"{listed(urgent).capitalize()}."
        if urgent
        else "Nothing needs you: no question waits, no job runs over an hour, no job or session failed."
    )
    worse = happened.worse[0] if happened.worse else None
    state = "waiting" if attention["pending_approvals"] else "attention" if urgent or worse else "well"
    pieces: list[Child] = [first, " ", _what_happened(period, happened)]
    if worse:
        words = f"{worse.tool} fails more often than in {period.previous_label}"
        pieces += [
            " ",
            links.go(words, "tools", period.query, tool=worse.tool),
            f": {worse.rate:.1f} % of {figures.count(worse.calls)} calls, was {worse.rate_before:.1f} %.",
        ]
    page.say(*pieces, state=state)


def _urgent(period: Period, attention: Attention, happened: Happened) -> list[str]:
    counts = (
        (attention["pending_approvals"], "question waits", "questions wait", " for a decision"),
        (attention["long_running_jobs"], "job runs", "jobs run", " over an hour"),
        (happened.count("jobs failed"), "job failed", "jobs failed", ""),
        (happened.count("sessions in error"), "session ended in an error", "sessions ended in an error", ""),
    )
    return [f"{plural(number, one, many)}{more}" for number, one, many, more in counts if number]


def _what_happened(period: Period, happened: Happened) -> str:
    sessions = happened.count("sessions")
    if not sessions and not happened.calls.calls:
        return f"No session and no call of a tool is recorded in {period.label}."
    where = "Among" if period.untimed else "In"
    words = f"{where} {period.label} there {'was' if sessions == 1 else 'were'} {plural(sessions, 'session')}"
    moved = change(sessions, happened.before("sessions")) if period.previous else None
    if moved:
        words += f" ({_against(moved, happened.before('sessions'), period)})"
    known = happened.calls.known
    if known:
        words += f"; {figures.percent(happened.calls.succeeded, known)} of {figures.count(known)} tool calls succeeded"
    elif happened.calls.calls:
        words += f"; of {plural(happened.calls.calls, 'tool call')} no outcome is recorded"
    return f"{words}."


def _against(moved: str, before: int, period: Period) -> str:
    so_far = " up to the same time" if period.is_partial else ""
    same = moved == "unchanged"
    return f"{'as many as' if same else moved + ' on'} {period.previous_label}{so_far}, n = {figures.count(before)}"


def figures_of(view: View, period: Period, happened: Happened) -> list[Card]:
    """Sessions, success of calls, jobs and cost, each against the period before."""
    than = f"on {period.previous_label}" if period.previous else None
    calls, before = happened.calls, happened.calls_before
    points = point_change(calls.succeeded, calls.known, before.succeeded, before.known)
    done, failed = happened.count("jobs completed"), happened.count("jobs failed")
    done_before = happened.before("jobs completed") + happened.before("jobs failed")
    return [
        Card(
            "Sessions started",
            figures.count(happened.count("sessions")),
            change(happened.count("sessions"), happened.before("sessions")),
            than,
            plural(happened.count("prompts"), "prompt"),
            links.href("sessions", period.query),
            _trend(happened, "sessions"),
        ),
        Card(
            "Tool calls that succeeded",
            figures.percent(calls.succeeded, calls.known) if calls.known else "unknown",
            points,
            than,
            f"{figures.count(calls.known)} known outcomes of {figures.count(calls.calls)}",
            links.href("tools", period.query),
        ),
        Card(
            "Jobs finished",
            figures.count(done + failed),
            change(done + failed, done_before),
            than,
            f"{figures.count(failed)} failed",
            links.href("jobs", period.query),
            _trend(happened, "jobs completed", "jobs failed"),
        ),
        _cost_card(period, happened, than),
    ]


def _trend(happened: Happened, *kinds: str) -> Sequence[float]:
    rows = happened.slices[happened.slices["kind"].isin(kinds)]
    return [float(number) for number in rows.groupby("bucket")["happened"].sum().sort_index()][-30:]


def _cost_card(period: Period, happened: Happened, than: str | None) -> Card:
    cost, before = happened.cost, happened.cost_before
    moved = None
    if cost.amount is not None and before.amount:
        moved = change(float(cost.amount), float(before.amount), cases=min(_priced(cost), _priced(before)))
    value = figures.money(cost.amount) if cost.amount is not None else _no_cost(cost)
    return Card("Cost of sessions", value, moved, than, basis(cost), links.href("sessions", period.query, sort="-cost"))


def _priced(cost: Cost) -> int:
    return sum(number for kind, number in cost.sessions.items() if kind not in ("not priced", "none recorded"))


def _no_cost(cost: Cost) -> str:
    return "not priced" if cost.sessions.get("not priced") else figures.NONE_RECORDED


def basis(cost: Cost) -> str:
    """On what a cost rests: how many sessions recorded theirs, are estimated at list price, or are not priced."""
    names = ("recorded", "estimate", "partial estimate", "not priced")
    return ", ".join(f"{figures.count(cost.sessions[name])} {name}" for name in names if cost.sessions.get(name))


def needs_you(view: View, period: Period, attention: Attention, happened: Happened) -> None:
    """What waits for somebody: one line each, one click to it."""
    lines = _lines(view, period, attention, happened)
    page.heading("Needs you")
    if not lines:
        checked = "questions to people, jobs over an hour, failed jobs and sessions, notifications of the last 24 hours"
        st.html(tag("p", page.mark("well"), f"Nothing. Looked at: {checked}.", class_="sb-lines"))
        return
    st.html(tag("ul", *[tag("li", page.mark(state), line) for state, line in lines], class_="sb-lines"))


def _lines(view: View, period: Period, attention: Attention, happened: Happened) -> list[tuple[str, Markup]]:
    lines: list[tuple[str, Markup]] = []
    waiting = attention["pending_approvals"]
    if waiting:
        words = plural(waiting, "question waits for a decision", "questions wait for a decision")
        decides = view.actor.can("decide_approvals")
        head: Child = links.go(words, "approvals") if decides else words
        since = attention["oldest_approval_at"]
        age = f", the oldest since {figures.moment(since, view.zone, view.as_of)}" if since else ""
        closing = attention["next_expiry_at"]
        ends = f"; the next one lapses at {figures.moment(closing, view.zone, view.as_of)}" if closing else ""
        lines.append(("waiting", join(head, age, ends, "" if decides else ". An admin decides.")))
    if number := attention["long_running_jobs"]:
        words = plural(number, "job runs for more than an hour", "jobs run for more than an hour")
        since = figures.moment(attention["oldest_start_at"], view.zone, view.as_of)
        lines.append(("attention", join(links.go(words, "jobs", status="running", period="all"), f", since {since}")))
    if number := happened.count("jobs failed"):
        words = f"{plural(number, 'job')} failed"
        lines.append(("broken", join(links.go(words, "jobs", period.query, status="failed"), f" in {period.label}")))
    if number := happened.count("sessions in error"):
        words = f"{plural(number, 'session')} ended in an error"
        lines.append(
            ("broken", join(links.go(words, "sessions", period.query, status="error"), f" in {period.label}"))
        )
    if number := attention["open_notifications"]:
        words = f"{plural(number, 'notification')} not acknowledged"
        lines.append(("attention", join(links.go(words, "sessions", has="notifications", period="24h"), " in 24 hours")))
    if attention["files_with_problems"]:
        words = (
            f"{plural(attention['problems'], 'record')} in {plural(attention['files_with_problems'], 'file')} "
            "could not be read at import"
        )
        lines.append(("unknown", join(words)))
    return lines


def trends(view: View, period: Period, happened: Happened, known: Extent) -> None:
    """Three small charts: sessions, failed calls, cost; a click opens that time."""
    if period.untimed:
        page.note("These rows have no time, so there is no trend of them.")
        return
    bucket = period.bucket(known)
    sessions = happened.slices[happened.slices["kind"] == "sessions"]
    costs = happened.slices[happened.slices["kind"].str.startswith("cost ") & happened.slices["amount"].notna()]
    costs = costs.assign(amount=costs["amount"].astype(float)).groupby("bucket", as_index=False)["amount"].sum()
    shown = (
        (f"Sessions started per {bucket}", sessions, "happened", "sessions", "signal", {}),
        (f"Failed tool calls per {bucket}", happened.call_slices, "failed", "tools", "broken", {"outcome": "failed"}),
        (f"Cost per {bucket}, US dollars", costs, "amount", "sessions", "signal", {"sort": "-cost"}),
    )
    for column, (title, frame, value, opens, kind, carrying) in zip(st.columns(3), shown, strict=True):
        with column, page.panel(view, title):
            page.heading(title)
            charts.over_time(
                view,
                frame,
                key=f"trend_{value}",
                value=value,
                bucket=bucket,
                title=title,
                kind=kind,
                small=True,
                opens=opens,
                carrying=carrying,
                written=",.2f" if value == "amount" else ",.0f",
            )


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


def newest(view: View, rows: Sequence[Mapping[str, Any]]) -> None:
    """The last happenings that matter, whatever the period."""
    page.heading("Fresh from the stream", "the last ten that matter, whatever the period")
    if not rows:
        page.empty("Nothing with a time is recorded yet.")
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
            tables.Column("What", lambda row: _what(row)),
            tables.Column("Where", lambda row: _where(view, row)),
            tables.Column("Which", _which, wide=True, hint=lambda row: row["detail"]),
        ],
        label="The last happenings that matter",
    )


def _what(row: Mapping[str, Any]) -> Markup:
    state, words = _SIGNS.get(row["kind"], ("unknown", row["kind"]))
    return tag("span", page.mark(state), words, class_=f"sb-state sb-{state}")


def _where(view: View, row: Mapping[str, Any]) -> Child:
    if row["kind"].startswith("job"):
        return links.go(f"job of {row['subject']}", "jobs", job=row["item_id"])
    if row["session_pk"] is None:
        return tables.muted("no session")
    name = row["project_name"] or "(no project)"
    return links.go(name, "session", session=row["session_pk"], item=row["item_id"])


def _which(row: Mapping[str, Any]) -> Child:
    detail = figures.shortened(row["detail"], 140)
    if row["kind"].startswith("job"):
        return detail or tables.muted(figures.NONE_RECORDED)
    return join(tag("b", figures.shortened(row["subject"], 80)), f" {detail}" if detail else None)
