"""The engine's events about jobs and approvals: numbers without a gap in each stream, each event naming its cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.calendar import DAY_MS
from data.demo.columns import NULL, Block, Flags, Floats, Integers, block, document, hyphened, times, uuids
from data.demo.work.agents import AGENTS
from data.demo.work.assignments import Work, job_document
from data.demo.work.jobs import APPROVED, COMPLETED, FAILED, REFUSED, WORSENING_DAYS

_END_TYPES = ("JOB_COMPLETED", "JOB_FAILED", "JOB_CANCELLED")
_DECISION_TYPES = ("HUMAN_APPROVAL_APPROVED", "HUMAN_APPROVAL_REJECTED", "HUMAN_APPROVAL_EXPIRED")


@dataclass(frozen=True)
class Streams:
    """The events as a block, and for each job the id of the event with which it asked a person, and how sure its agent
    was each time that it said so."""

    block: Block
    asked_ids: list[str]
    confidence: Floats


@dataclass(frozen=True)
class _Step:
    """One kind of event of every job: when, in which stream and place there, and what caused it."""

    types: list[str]
    stream: str
    stream_ids: list[str]
    number: str
    at_ms: Integers
    ids: list[str]
    causes: list[str]
    payloads: list[str]
    emitters: list[str]
    confidence: list[str]


def stream_rows(random: np.random.Generator, work: Work) -> Streams:
    """Up to five events per job: queued, started, a question asked and decided, ended."""
    jobs, count = work.jobs, work.jobs.count
    queued, started, asked, decided, ended = (uuids(random, count) for _ in range(5))
    agents = [AGENTS[number].name for number in jobs.agent.tolist()]
    nothing, unsure = [NULL] * count, ["{}"] * count
    confidence = np.round(random.beta(9, 2, count) * _sureness(work), 2)
    sure = [f"{value:.2f}" for value in confidence.tolist()]
    is_asked = jobs.asked_ms <= jobs.ended_ms
    enders = [d if known else s for d, s, known in zip(decided, started, is_asked.tolist(), strict=True)]
    titles = [_asked(agent, words) for agent, words in zip(jobs.agent.tolist(), work.words, strict=True)]
    documents = [job_document(work, number) for number in range(count)]
    system = ["job-queue"] * count
    steps = (
        _Step(
            ["JOB_QUEUED"] * count,
            "Job",
            work.job_ids,
            "1",
            jobs.created_ms,
            queued,
            nothing,
            documents,
            system,
            nothing,
        ),
        _Step(
            ["JOB_STARTED"] * count, "Job", work.job_ids, "2", jobs.started_ms, started, queued, unsure, agents, nothing
        ),
        _Step(
            ["HUMAN_APPROVAL_REQUESTED"] * count,
            "HumanApproval",
            work.approval_ids,
            "1",
            jobs.asked_ms,
            asked,
            started,
            titles,
            agents,
            sure,
        ),
        _Step(
            [_DECISION_TYPES[d] for d in jobs.decision.tolist()],
            "HumanApproval",
            work.approval_ids,
            "2",
            jobs.decided_ms,
            decided,
            asked,
            _decisions(work),
            ["signalbox"] * count,
            nothing,
        ),
        _Step(
            [_END_TYPES[o] for o in jobs.outcome.tolist()],
            "Job",
            work.job_ids,
            "3",
            jobs.ended_ms,
            ended,
            enders,
            _ends(work),
            agents,
            sure,
        ),
    )
    return Streams(_block(work, steps), asked, confidence)


def _sureness(work: Work) -> Floats:
    """One, and less the nearer the end for agents that fail lately: they say so."""
    lately = np.clip(1 - (work.request.anchor_ms - work.jobs.ended_ms) / (WORSENING_DAYS * DAY_MS), 0.0, 1.0)
    is_failing = np.array([agent.failing_lately is not None for agent in AGENTS])[work.jobs.agent]
    return np.asarray(1 - 0.3 * lately * is_failing)


def _block(work: Work, steps: tuple[_Step, ...]) -> Block:
    blocks = [_step_block(work, step, step.at_ms <= work.request.anchor_ms) for step in steps]
    return Block("demo.copy_engine_events", b"".join(b.data for b in blocks), sum(b.rows for b in blocks))


def _step_block(work: Work, step: _Step, happened: Flags) -> Block:
    keep = np.flatnonzero(happened)
    kept = keep.tolist()
    at = times(step.at_ms[keep])

    def picked(values: list[str]) -> list[str]:
        return [values[number] for number in kept]

    return block(
        "demo.copy_engine_events",
        len(kept),
        [
            picked(step.ids),
            picked(step.types),
            picked(work.correlation_ids),
            picked(step.causes),
            [step.stream] * len(kept),
            map(hyphened, picked(step.stream_ids)),
            [step.number] * len(kept),
            picked(step.payloads),
            ["{}"] * len(kept),
            picked(step.emitters),
            picked(step.confidence),
            at,
            at,
        ],
    )


def _asked(agent: int, words: dict[str, str]) -> str:
    question = AGENTS[agent].question
    if question is None:
        return "{}"
    return document({"title": question.title.format_map(words), "approval_type": question.kind})


def _decisions(work: Work) -> list[str]:
    written = {APPROVED: '{"decision": "approved"}', REFUSED: '{"decision": "rejected"}'}
    return [written.get(decision, '{"decision": "expired"}') for decision in work.jobs.decision.tolist()]


def _ends(work: Work) -> list[str]:
    seconds = ((work.jobs.ended_ms - work.jobs.started_ms) // 1000).tolist()
    payloads = []
    for outcome, error, took in zip(work.jobs.outcome.tolist(), work.errors, seconds, strict=True):
        detail = {"error": error} if outcome == FAILED else {"duration_s": took} if outcome == COMPLETED else {}
        payloads.append(document(detail))
    return payloads
