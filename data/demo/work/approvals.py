"""What jobs asked people: decided ones with their notes, and those that wait."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from data.demo.columns import (
    NULL,
    UNKNOWN_TIME,
    Block,
    Flags,
    Integers,
    block,
    document,
    escaped,
    hyphened,
    same,
    times,
)
from data.demo.people import DECIDERS, PEOPLE, Person
from data.demo.work.agents import AGENTS, Question
from data.demo.work.assignments import Work, matters
from data.demo.work.jobs import APPROVED, UNDECIDED
from data.demo.work.waiting import Waiting

_STATUSES = ("approved", "rejected", "expired")


@dataclass(frozen=True)
class _Asked:
    """The questions asked before the anchor, by the positions of their jobs. `deciders` holds None where nobody
    decided, be it that the question waits or that it expired."""

    work: Work
    numbers: Integers
    is_over: Flags
    decision: Integers
    questions: list[Question]
    words: list[dict[str, str]]
    deciders: list[Person | None]
    notes: list[str]

    def ids(self, among: list[str]) -> list[str]:
        """Those of the ids of all jobs that belong to the questions."""
        return [among[number] for number in self.numbers.tolist()]

    @property
    def titles(self) -> list[str]:
        """What each question is called."""
        return [q.title.format_map(w) for q, w in zip(self.questions, self.words, strict=True)]


def approval_rows(random: np.random.Generator, work: Work, asked_ids: list[str]) -> list[Block]:
    """One row per question that was asked before the anchor, and one in the audit log per decision of a person."""
    asked = _asked(random, work)
    return [_questions(asked, asked_ids), _audit(asked)]


def _asked(random: np.random.Generator, work: Work) -> _Asked:
    jobs, now = work.jobs, work.request.anchor_ms
    numbers = np.flatnonzero(jobs.asked_ms <= now)
    is_over = jobs.decided_ms[numbers] <= now
    decision = jobs.decision[numbers]
    picks = random.integers(0, 1 << 20, len(numbers)).tolist()
    is_by_person = (is_over & (decision != UNDECIDED)).tolist()
    deciders = [DECIDERS[p % len(DECIDERS)] if known else None for p, known in zip(picks, is_by_person, strict=True)]
    questions = [_question(int(agent)) for agent in jobs.agent[numbers]]
    words = [work.words[number] for number in numbers.tolist()]
    notes = _notes(random, questions, decision)
    return _Asked(work, numbers, is_over, decision, questions, words, deciders, notes)


def _questions(asked: _Asked, asked_ids: list[str]) -> Block:
    work, jobs, numbers = asked.work, asked.work.jobs, asked.numbers.tolist()
    is_decided = np.array([decider is not None for decider in asked.deciders], dtype=bool)
    live = work.request.live_session_id
    decided_ms = np.where(is_decided, jobs.decided_ms[asked.numbers], UNKNOWN_TIME)
    paired = list(zip(asked.questions, asked.words, strict=True))
    over = zip(asked.decision.tolist(), asked.is_over.tolist(), strict=True)
    return block(
        "demo.copy_human_approvals",
        len(numbers),
        [
            asked.ids(work.approval_ids),
            asked.ids(asked_ids),
            asked.ids(work.correlation_ids),
            [live if (w := jobs.waiting[n]) and w.is_of_live_session else NULL for n in numbers],
            [_owner(int(jobs.person[n])) for n in numbers],
            [AGENTS[int(jobs.agent[n])].name for n in numbers],
            [question.kind for question in asked.questions],
            map(escaped, asked.titles),
            [escaped(q.reason.format_map(w)) for q, w in paired],
            [_risk(jobs.waiting[n], q) for n, q in zip(numbers, asked.questions, strict=True)],
            [document(asked_for(q, w)) for q, w in paired],
            [document(_context(work, n)) for n in numbers],
            [_STATUSES[d] if is_over else "pending" for d, is_over in over],
            times(jobs.asked_ms[asked.numbers]),
            times(jobs.expires_ms[asked.numbers]),
            times(decided_ms),
            [str(d.user_id) if d else NULL for d in asked.deciders],
            [d.email if d else NULL for d in asked.deciders],
            [note if d else NULL for d, note in zip(asked.deciders, asked.notes, strict=True)],
            same("{}"),
        ],
    )


def _audit(asked: _Asked) -> Block:
    rows = [
        (
            hyphened(approval_id),
            _STATUSES[decision],
            decider,
            document({"title": title, "approval_type": question.kind, "agent": AGENTS[agent].name}),
            decided_ms,
        )
        for approval_id, decision, decider, title, question, agent, decided_ms in zip(
            asked.ids(asked.work.approval_ids),
            asked.decision.tolist(),
            asked.deciders,
            asked.titles,
            asked.questions,
            asked.work.jobs.agent[asked.numbers].tolist(),
            asked.work.jobs.decided_ms[asked.numbers].tolist(),
            strict=True,
        )
        if decider is not None
    ]
    return block(
        "demo.copy_audit_log",
        len(rows),
        [
            times(np.array([decided_ms for *_, decided_ms in rows], dtype=np.int64)),
            [str(decider.user_id) for _, _, decider, _, _ in rows],
            [decider.email for _, _, decider, _, _ in rows],
            [f"{decision} a question" for _, decision, _, _, _ in rows],
            [f"approval:{approval_id}" for approval_id, _, _, _, _ in rows],
            [detail for _, _, _, detail, _ in rows],
        ],
    )


def _context(work: Work, number: int) -> dict[str, str]:
    about = matters(AGENTS[int(work.jobs.agent[number])], work.words[number])
    return {"job_id": hyphened(work.job_ids[number]), **about}


def _risk(waiting: Waiting | None, question: Question) -> str:
    return waiting.risk if waiting and waiting.risk else question.risk


def _question(agent: int) -> Question:
    question = AGENTS[agent].question
    if question is None:  # pragma: no cover - only agents with a question ask
        raise LookupError(AGENTS[agent].name)
    return question


def _owner(person: int) -> str:
    user_id = PEOPLE[person].user_id
    return str(user_id) if user_id else NULL


def _notes(random: np.random.Generator, questions: list[Question], decision: Integers) -> list[str]:
    picks = random.integers(0, 1 << 20, len(questions)).tolist()
    notes = []
    for question, how, pick in zip(questions, decision.tolist(), picks, strict=True):
        texts = question.approved_notes if how == APPROVED else question.rejected_notes
        notes.append(escaped(texts[pick % len(texts)]) or NULL)
    return notes


def asked_for(question: Question, words: dict[str, str]) -> dict[str, object]:
    """What a question asks for, as its payload holds it."""
    customer = words["customer"]
    match question.kind:
        case "refund":
            return {
                "customer": customer,
                "order": words["number"],
                "amount": float(words["amount"]),
                "currency": "EUR",
                "cause": words["topic"],
            }
        case "email":
            return {
                "to": f"purchasing@{_domain(customer)}",
                "customer": customer,
                "subject": f"{words['offer'].capitalize()} for {customer}",
                "body": f"Hello,\nwe would like to show you {words['offer']}, 10 % off this month.\nRegards",
            }
        case "deploy":
            return {
                "service": words["product"],
                "version": words["version"],
                "environment": "production",
                "migrations": 1,
            }
        case _:
            return {
                "customer": customer,
                "records": int(words["rows"].replace(",", "")),
                "tables": ["orders", "messages"],
            }


def _domain(customer: str) -> str:
    plain = unicodedata.normalize("NFKD", customer).encode("ascii", "ignore").decode().lower()
    return f"{'-'.join(re.findall('[a-z]+', plain))}.example.com"
