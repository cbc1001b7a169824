"""What jobs asked people: decided ones with their notes, and those that wait."""

from __future__ import annotations

import numpy as np

from data.demo.columns import NULL, UNKNOWN_TIME, Block, Integers, block, chosen, document, escaped, times
from data.demo.people import DECIDERS, PEOPLE
from data.demo.work.agents import AGENTS, Question
from data.demo.work.assignments import Work
from data.demo.work.jobs import APPROVED, UNDECIDED

_STATUSES = ("approved", "rejected", "expired")


def approval_rows(random: np.random.Generator, work: Work, asked_ids: list[str]) -> Block:
    """One row per question that was asked before the anchor."""
    jobs, now = work.jobs, work.request.anchor_ms
    asked = np.flatnonzero(jobs.asked_ms <= now)
    numbers = asked.tolist()
    is_decided = jobs.decided_ms[asked] <= now
    decision = jobs.decision[asked]
    is_by_person = is_decided & (decision != UNDECIDED)
    status = [
        _STATUSES[d] if known else "pending" for d, known in zip(decision.tolist(), is_decided.tolist(), strict=True)
    ]
    questions = [_question(int(jobs.agent[number])) for number in numbers]
    words = [work.words[number] for number in numbers]
    deciders = [DECIDERS[n % len(DECIDERS)] for n in random.integers(0, 1 << 20, len(numbers)).tolist()]
    by_person = is_by_person.tolist()
    notes = _notes(random, questions, decision)
    return block(
        "demo.copy_human_approvals",
        len(numbers),
        [
            [work.approval_ids[n] for n in numbers],
            [asked_ids[n] for n in numbers],
            [work.correlation_ids[n] for n in numbers],
            [NULL] * len(numbers),
            [_owner(int(jobs.person[n])) for n in numbers],
            [AGENTS[int(jobs.agent[n])].name for n in numbers],
            [question.kind for question in questions],
            [escaped(q.title.format_map(w)) for q, w in zip(questions, words, strict=True)],
            [escaped(q.reason.format_map(w)) for q, w in zip(questions, words, strict=True)],
            [work.jobs.risk[n] or q.risk for n, q in zip(numbers, questions, strict=True)],
            [_payload(q, w) for q, w in zip(questions, words, strict=True)],
            [document({"job_id": _id(work.job_ids[n]), "topic": work.words[n]["topic"]}) for n in numbers],
            status,
            times(jobs.asked_ms[asked]),
            times(jobs.expires_ms[asked]),
            times(np.where(is_by_person, jobs.decided_ms[asked], UNKNOWN_TIME)),
            [str(d.user_id) if known else NULL for d, known in zip(deciders, by_person, strict=True)],
            [d.email if known else NULL for d, known in zip(deciders, by_person, strict=True)],
            [note if known else NULL for note, known in zip(notes, by_person, strict=True)],
            chosen(is_by_person, "{}", "{}"),
        ],
    )


def _question(agent: int) -> Question:
    question = AGENTS[agent].question
    if question is None:  # pragma: no cover - only agents with a question ask
        raise LookupError(AGENTS[agent].name)
    return question


def _owner(person: int) -> str:
    user_id = PEOPLE[person].user_id
    return str(user_id) if user_id else NULL


def _id(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _notes(random: np.random.Generator, questions: list[Question], decision: Integers) -> list[str]:
    picks = random.integers(0, 1 << 20, len(questions)).tolist()
    notes = []
    for question, how, pick in zip(questions, decision.tolist(), picks, strict=True):
        texts = question.approved_notes if how == APPROVED else question.rejected_notes
        notes.append(escaped(texts[pick % len(texts)]) or NULL)
    return notes


def _payload(question: Question, words: dict[str, str]) -> str:
    customer = words["customer"]
    match question.kind:
        case "refund":
            payload: dict[str, object] = {
                "customer": customer,
                "order": words["number"],
                "amount": float(words["amount"]),
                "currency": "EUR",
                "cause": words["topic"],
            }
        case "email":
            payload = {
                "to": f"purchasing@{words['number']}.example.com",
                "customer": customer,
                "subject": f"About your {words['topic']}",
                "body": f"Hello,\nwe have seen the {words['topic']} and would like to offer you 10 %.\nRegards",
            }
        case "deploy":
            payload = {
                "service": words["product"],
                "version": words["version"],
                "environment": "production",
                "migrations": 1,
            }
        case _:
            payload = {
                "customer": customer,
                "records": int(words["rows"].replace(",", "")),
                "tables": ["orders", "messages"],
            }
    return document(payload)
