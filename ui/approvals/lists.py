"""The queue of questions and their history: what waits, what was decided, what ran out, what logs brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import streamlit as st

from data.approvals import VIEWS, Queue
from data.approvals import View as Shown
from data.reports.absence import HiddenQuestions
from ui import absence, page
from ui.approvals.clock import OUTCOMES, RISKS, clock, is_expiring, is_overdue
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import listed, plural

_NAMES: dict[Shown, str] = {
    "queue": "Waiting",
    "decided": "Decided",
    "expired": "Ran out of time",
    "imported": "From imported logs",
}


def asked_approval() -> UUID | None:
    """The one question that the URL asks for; None where it asks for none, or for what is no id."""
    return filters.asked_identifier("approval")


def asked_view() -> Shown:
    """Which list the URL asks for; the queue unless it names another."""
    asked = filters.given("show")
    return next((view for view in VIEWS if view == asked), "queue")


def hidden_from(view: View, counts: Mapping[str, int]) -> HiddenQuestions | None:
    """What row security hides from this person; asked where no question is seen at all, and of an adopted table always,
    for its policies are not ours. None where nothing is hidden."""
    if any(counts.values()) and "engine.human_approvals" not in view.adopted:
        return None
    return absence.hidden_questions(view, seen_waiting=counts["queue"], sees_any=any(counts.values()))


def summary(view: View, queue: Queue, counts: Mapping[str, int], hidden: HiddenQuestions | None) -> None:
    """The first sentences: what waits, what hurries, or that nothing does, and what row security hides."""
    if hidden and not counts["queue"]:
        _say_hidden(hidden, counts)
        return
    if not queue.waiting:
        if not any(counts.values()):
            page.say("Nothing waits for a decision, and no question has ever been recorded.", state="well")
        else:
            page.say("Nothing waits for a decision. Looked at: every open question of this database.", state="well")
        return
    hurried = [
        f"{number} {words}"
        for number, words in (
            (sum(is_expiring(row, view.as_of) for row in queue.shown), "within an hour of running out"),
            (sum(is_overdue(row, view.as_of) for row in queue.shown), "waiting for more than a day"),
            (sum(row["risk_level"] in RISKS for row in queue.shown), "of high or critical risk"),
        )
        if number
    ]
    words = plural(queue.waiting, "question waits", "questions wait")
    scope = "" if len(queue.shown) == queue.waiting else " on this page"
    page.say(f"{words} for your decision{f', {listed(hurried)}{scope}' if hurried else ''}.", state="waiting")
    if hidden:
        _say_hidden(hidden, counts)


def _say_hidden(hidden: HiddenQuestions, counts: Mapping[str, int]) -> None:
    if not hidden.waiting:
        words = "Nothing waits for a decision. There are questions that are over, but your role sees none of them"
    elif counts["queue"]:
        words = f"Beside those that you see, {absence.unseen(hidden.waiting)}"
    else:
        words = absence.unseen(hidden.waiting)
    page.say(f"{words}. ", absence.decided_by(hidden.policies), state="unknown")


def switch(view: View, shown: Shown, counts: Mapping[str, int]) -> None:
    """Links to the lists, each with how many questions it holds."""
    pieces: list[Child] = []
    for name, words in _NAMES.items():
        label = join(words, " ", tag("b", figures.count(counts[name])))
        if name == shown:
            pieces.append(tag("span", label, class_="sb-chip", aria_current="true"))
        else:
            address = links.href(view.page.url_path, show=None if name == "queue" else name)
            pieces.append(links.go_to(label, address, class_="sb-chip"))
    st.html(tag("div", *pieces, class_="sb-chips", role="navigation", aria_label="Lists of questions"))


def nothing(shown: Shown, counts: Mapping[str, int], hidden: HiddenQuestions | None) -> None:
    """Why a list is empty, and where to look instead; where rows are hidden, no more than that none is seen."""
    if hidden:
        page.empty("Your role sees no question of this list.")
        return
    elsewhere = [links.go(_NAMES[name], "approvals", show=name) for name in VIEWS if name != shown and counts[name]]
    page.empty(
        {
            "queue": "No agent waits for a decision.",
            "decided": "Nothing has been decided here yet.",
            "expired": "No question has run out of time.",
            "imported": "No imported log holds a question to a person.",
        }[shown],
        *(
            ["Look at: ", join(*elsewhere, between=", "), "."]
            if elsewhere
            else ["Agents ask by engine.human_approvals."]
        ),
    )


def queue_table(view: View, queue: Queue) -> None:
    """What waits: first what runs out, then by risk, then the oldest."""
    tables.table(
        view,
        queue.shown,
        [
            _question(view),
            tables.Column("Clock", lambda row: _clock(view, row), hint=lambda row: _clock_hint(view, row)),
            tables.Column("Risk", risk),
            tables.Column("Agent", tables.text("agent", 40)),
            tables.Column("Why", tables.text("reason", 300), line=True, hint=lambda row: row["reason"]),
        ],
        label="Questions that wait for a decision",
        total=queue.waiting,
    )


def history_table(view: View, rows: Sequence[Mapping[str, Any]], total: int) -> None:
    """What is over, the latest first."""
    tables.table(
        view,
        rows,
        [
            _question(view),
            tables.Column("Outcome", tables.state("outcome", OUTCOMES)),
            tables.Column("By", tables.text("decided_by_name", 40)),
            tables.Column("Waited", tables.duration("waited_ms"), is_number=True),
            tables.Column(
                f"Over since ({figures.zone_name(view.as_of, view.zone)})",
                lambda row: _over_since(view, row),
                hint=lambda row: figures.exact(row["decided_at"] or row["expires_at"], view.zone),
            ),
            tables.Column("Risk", risk),
            tables.Column("Note", _note, line=True, hint=lambda row: row["decision_note"]),
        ],
        label="Questions that are over",
        total=total,
    )


def _note(row: tables.Row) -> Child:
    answered = telling.answers(row["decision_note"])
    words = "; ".join(answered.values()) if answered else row["decision_note"]
    return figures.shortened(words, 300) or tables.muted(figures.DASH)


def _question(view: View) -> tables.Column:
    return tables.Column(
        "Question",
        lambda row: links.go_to(
            figures.shortened(row["title"], 100) or "(no title)",
            filters.here(view, approval=str(row["approval_id"]), page=None),
        ),
        wide=True,
        hint=lambda row: row["title"],
    )


def _clock(view: View, row: tables.Row) -> Markup:
    state, words = clock(row, view.as_of)
    return tag("span", page.mark(state, words), words, class_=f"sb-state sb-{state}")


def _clock_hint(view: View, row: tables.Row) -> str:
    ends = f", runs out {figures.exact(row['expires_at'], view.zone)}" if row["expires_at"] else ", no time limit"
    return f"asked {figures.exact(row['created_at'], view.zone)}{ends}"


def _over_since(view: View, row: tables.Row) -> Child:
    over = row["decided_at"] or (row["expires_at"] if row["outcome"] == "expired" else None)
    return figures.moment(over, view.zone, view.as_of) if over else tables.muted("no time")


def risk(row: tables.Row) -> Child:
    """The risk as the agent gave it; only the high ones carry a sign."""
    level = row["risk_level"]
    if level in RISKS:
        return tag("span", page.mark(RISKS[level], f"{level} risk"), level, class_=f"sb-state sb-{RISKS[level]}")
    return tables.muted("not given") if level in (None, "unknown") else str(level)
