"""One question as a page to decide on: what will happen, why the agent asks, risk and clock."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from data.approvals import Questions, Queue, words
from ui import lacking, page
from ui.approvals.choosing import carried
from ui.approvals.clock import clock
from ui.approvals.lists import risk
from ui.asking import filters, links
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, join, tag
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES, unsourced

Approval = Mapping[str, Any]

_LONGEST_SHOWN = 20_000  # characters of JSON; more makes the browser slow and is read by nobody


def head(view: View, asked: Approval) -> None:
    """The way back, the title, and, once it is over, how it ended."""
    st.html(tag("p", links.go_to("‹ all questions", filters.here(view, approval=None)), class_="sb-note"))
    title = figures.shortened(asked["title"], 160) or "(no title)"
    st.html(tag("h2", title, class_="sb-heading", style="font-size:18px"))
    if asked["status"] != "pending":
        page.say(_ended(view, asked), state=OUTCOMES[asked["status"]])


def onward(asked: Approval, queue: Queue, chosen: Questions, *, is_rest: bool) -> None:
    """The way to what waits next, once this one is over: the first of the `queue` of the `chosen` ones, or, where none
    of those is left, of all that waits (`is_rest`)."""
    if asked["status"] == "pending":
        return
    if is_rest:
        page.note("Nothing that matches these filters waits any more.")
    if not queue.shown:
        return
    following = queue.shown[0]
    title = figures.shortened(following["title"], 80) or "(no title)"
    matching = " and match these filters" if chosen.narrows else ""
    words_of_way = f"Next of {figures.count(queue.waiting)} that wait{matching}: {title} ›"
    way = links.go(
        words_of_way, "approvals", carried(chosen), urgency=chosen.urgency, approval=str(following["approval_id"])
    )
    st.html(tag("p", way, class_="sb-say"))


def _ended(view: View, asked: Approval) -> Markup:
    when = _at(view, asked["decided_at"])
    source = " This comes from an imported log: no agent waits for it." if asked["is_imported"] else ""
    if asked["status"] == "expired":
        over = asked["expires_at"]
        since = _at(view, over)
        if asked["is_imported"]:
            if noted := _noted(asked["decision_note"]):
                return join("It ended undecided.", noted, source)
            return join("Nobody answered.", source)
        return join(f"The time to decide ran out{since}: nothing was decided.")
    who = asked["decided_by_name"] or "Somebody"
    noted = _noted(asked["decision_note"])
    return join(tag("b", who), f" {asked['status']} this{when}.", noted, source)


def _noted(note: str | None) -> Markup:
    if not note:
        return Markup("")
    if answered := telling.answers(note):
        pairs = [join(question, " ", tag("b", answer)) for question, answer in answered.items()]
        return join(" The answers: ", join(*pairs, between="; "), ".")
    return join(" Note: ", tag("q", note))


def what_will_happen(asked: Approval) -> None:
    """The payload as words: money and objects strong, what changes as a diff, then everything as JSON on request."""
    described = words.describe(asked["request_payload"] if isinstance(asked["request_payload"], dict) else {})
    page.heading("What will happen" if asked["status"] == "pending" else "What was asked for")
    if described.is_empty:
        page.note("The agent has not said: the payload is empty.")
        return
    if lines := list(_lines(described)):
        st.html(tag("ul", *lines, class_="sb-words"))
    for text, language in ((described.command, "bash"), (described.diff, "diff"), (described.plan, "markdown")):
        if text:
            st.code(text[:_LONGEST_SHOWN], language=language, wrap_lines=True)
    if described.left_out:
        page.note(f"{described.left_out} more values stand in the payload below.")
    with st.expander("The payload as the agent wrote it"):
        text = json.dumps(asked["request_payload"], ensure_ascii=False, indent=2)
        if len(text) > _LONGEST_SHOWN:
            page.note(f"The first {_LONGEST_SHOWN:,} of {len(text):,} characters.")
        st.code(text[:_LONGEST_SHOWN], language="json", wrap_lines=True)


def _lines(described: words.Words) -> Iterator[Markup]:
    for line in described.lines:
        pieces = [tag("b", run.text) if run.is_strong else run.text for run in line]
        yield tag("li", *pieces, style="white-space:pre-wrap")
    for question in described.questions:
        answers = [tag("li", answer) for answer in question.answers]
        yield tag("li", tag("b", question.text), tag("ul", *answers) if answers else None)


def why_and_clock(view: View, asked: Approval) -> None:
    """Why the agent asks, then risk and clock in one line."""
    page.heading("Why the agent asks")
    reason = (asked["reason"] or "").strip()
    told = tag("p", reason, class_="sb-say", style="white-space:pre-wrap") if reason else None
    untold = lacking.untold(view, "engine.human_approvals", "reason")
    st.html(told or tag("p", tables.muted(f"That is {untold}." if untold else "The agent gave no reason.")))
    _context(asked)
    page.heading("Risk and clock")
    pieces: list[Child] = [join("Risk: ", risk(asked))]
    if asked["status"] == "pending":
        state, words_of_clock = clock(asked, view.as_of)
        pieces.append(tag("span", page.mark(state, words_of_clock), words_of_clock, class_=f"sb-{state}"))
    pieces.append(_asked(view, asked))
    st.html(tag("p", join(*pieces, between=". "), ".", class_="sb-say"))
    if not asked["is_event_sourced"]:
        page.note(unsourced("this question", sees_all=view.actor.sees_all))


def _context(asked: Approval) -> None:
    """What the agent says it knew when it asked; the job it was working on is a link."""
    given = dict(asked["context"]) if isinstance(asked["context"], dict) else {}
    job = given.pop("job_id", None)
    lines = list(_lines(words.describe(given)))
    if isinstance(job, str):
        lines.append(tag("li", "Job: ", links.go(figures.short_id(job), "jobs", job=job)))
    if lines:
        st.html(tag("ul", *lines, class_="sb-words"))


def _asked(view: View, asked: Approval) -> Markup:
    when = _at(view, asked["created_at"])
    pieces: list[Child] = ["Asked by ", tag("b", asked["agent"]), when or ", at a time not recorded"]
    if asked["session_pk"]:
        name = asked["project_name"] or "(no project)"
        pieces += [" in a session of ", links.go(name, "session", session=str(asked["session_pk"]))]
    return join(*pieces)


def _at(view: View, when: datetime | None) -> str:
    """A time inside a sentence, with its zone, as no header names one; nothing where none is recorded."""
    return f" at {figures.moment_with_zone(when, view.zone, view.as_of)}" if when else ""
