"""The queue of questions and their history: what waits, what was decided, what ran out, what logs brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.approvals import Counts, Questions, Queue
from data.reports.absence import HiddenQuestions
from ui import absence, page
from ui.approvals.choosing import URGENT, carried
from ui.approvals.clock import RISKS, clock
from ui.asking import filters, links
from ui.asking.periods import Extent
from ui.drawing import tables
from ui.drawing.markup import Child, Markup, enumerated, join, tag
from ui.view import View
from ui.wording import figures, telling
from ui.wording.sentences import OUTCOMES, plural


def hidden_from(view: View, counts: Counts, known: Extent) -> HiddenQuestions | None:
    """What row security hides from this person; asked where no question is seen at all, and where it may hide some.
    None where nothing is hidden."""
    if known.holds_rows and "engine.human_approvals" not in view.veiled:
        return None
    return absence.hidden_questions(view, seen_waiting=counts.waiting, sees_any=known.holds_rows)


def summary(
    asked: Questions,
    counts: Counts,
    urgent: Mapping[str, int],
    known: Extent,
    hidden: HiddenQuestions | None,
    stateless: int,
) -> None:
    """The first sentences: what waits, what hurries (`urgent` says how many of each urgency), or that nothing does, of
    which questions that is not known (`stateless`, over all time), and what row security hides."""
    silent = say_stateless(asked, stateless, {"period": "all"}) if stateless else None
    if hidden and not counts.waiting:
        say_hidden(hidden, counts.waiting)
        return
    if not counts.waiting:
        if silent:
            page.say("Nothing that could be checked waits for a decision. ", silent, state="unknown")
        elif not known.holds_rows:
            page.say("Nothing waits for a decision, and no question has ever been recorded.", state="well")
        else:
            page.say("Nothing waits for a decision. Looked at: every open question of this database.", state="well")
        return
    page.say(_waiting(asked, counts, urgent), " " if silent else None, silent, state="waiting")
    if hidden:
        say_hidden(hidden, counts.waiting)


def _waiting(asked: Questions, counts: Counts, urgent: Mapping[str, int]) -> Child:
    """What waits, how much of it the filters leave, and what of that hurries, each number leading to it."""
    words = f"{plural(counts.waiting, 'question waits', 'questions wait')} for your decision"
    if not counts.queue:
        return f"{words}, but {'it does not match' if counts.waiting == 1 else 'none matches'} these filters."
    hurried = [
        links.go(f"{figures.count(urgent[name])} {told}", "approvals", carried(asked), urgency=name)
        for name, told in URGENT.items()
        if urgent.get(name)
    ]
    if counts.queue < counts.waiting:
        match = "matches" if counts.queue == 1 else "match"
        words += f", and {figures.count(counts.queue)} of them {match} these filters"
    between = ": " if counts.queue < counts.waiting else ", "
    return join(words, between if hurried else None, enumerated(hurried), ".")


def say_stateless(asked: Questions, number: int, of_period: Mapping[str, links.Value]) -> Child:
    """That it is not known what became of some questions that fit, leading to them."""
    query = {**carried(asked), **of_period, "show": "stateless"}
    return join("What became of ", links.go(plural(number, "question"), "approvals", query), " is not known.")


def say_hidden(hidden: HiddenQuestions, seen_waiting: int) -> None:
    """What row security hides beside the `seen_waiting` questions that wait, and by which policies."""
    if not hidden.waiting:
        words = "Nothing waits for a decision. There are questions that are over, but your role sees none of them"
    elif seen_waiting:
        words = f"Beside those that you see, {absence.unseen(hidden.waiting)}"
    else:
        words = absence.unseen(hidden.waiting)
    page.say(f"{words}. ", absence.decided_by(hidden.policies), state="unknown")


def queue_table(view: View, queue: Queue, total: int) -> None:
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
        total=total,
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
            tables.Column("Note", note, line=True, hint=lambda row: row["decision_note"]),
        ],
        label="Questions that are over",
        total=total,
    )


def note(row: tables.Row, length: int = 300) -> Child:
    """What was written with the decision; of answers to questions the answers alone."""
    answered = telling.answers(row["decision_note"])
    words = "; ".join(answered.values()) if answered else row["decision_note"]
    return figures.shortened(words, length) or tables.muted(figures.DASH)


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
