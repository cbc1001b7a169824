"""Jobs, the questions they put to people, and the engine's events about both, as blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from data.demo.columns import NULL, UNKNOWN_TIME, Block, Flags, Floats, Integers, block, escaped, times
from data.demo.engine.tally import Tally
from data.demo.people import PEOPLE
from data.demo.request import Request
from data.demo.work.agents import AGENTS
from data.demo.work.approvals import approval_rows
from data.demo.work.assignments import Work, draw_work, job_document
from data.demo.work.jobs import draw_jobs
from data.demo.work.streams import stream_rows

_AT_ONCE = 4_000


def blocks(request: Request, tally: Tally) -> Iterator[list[Block]]:
    """Everything about jobs, some thousand jobs at a time; events before the approvals that name them. The tally counts
    what the agents did."""
    jobs = draw_jobs(request)
    for number, first in enumerate(range(0, jobs.count, _AT_ONCE)):
        random = request.random(4, number)
        work = draw_work(random, request, jobs.part(first, first + _AT_ONCE))
        streams = stream_rows(random, work)
        _count(tally, work, streams.confidence)
        yield [_job_rows(work), streams.block, *approval_rows(random, work, streams.asked_ids)]


def _count(tally: Tally, work: Work, confidence: Floats) -> None:
    jobs, now = work.jobs, work.request.anchor_ms
    is_ended, is_asked = jobs.ended_ms <= now, jobs.asked_ms <= now
    by_hand = (jobs.asked_ms <= jobs.ended_ms)[is_ended]
    tally.add_jobs(
        jobs.agent[is_ended], jobs.ended_ms[is_ended], confidence[is_ended], by_hand=by_hand, is_asking=False
    )
    asked = np.flatnonzero(is_asked)
    tally.add_jobs(
        jobs.agent[asked],
        jobs.asked_ms[asked],
        confidence[asked],
        by_hand=np.ones(len(asked), dtype=bool),
        is_asking=True,
    )


def _job_rows(work: Work) -> Block:
    jobs, status = work.jobs, work.status
    is_started = jobs.started_ms <= work.request.anchor_ms
    is_ended = jobs.ended_ms <= work.request.anchor_ms
    touched = np.where(is_ended, jobs.ended_ms, np.where(is_started, jobs.started_ms, jobs.created_ms))
    owners = [PEOPLE[number].user_id for number in jobs.person.tolist()]
    return block(
        "demo.copy_jobs",
        jobs.count,
        [
            work.job_ids,
            [str(owner) if owner else NULL for owner in owners],
            [AGENTS[number].name for number in jobs.agent.tolist()],
            status,
            [job_document(work, number) for number in range(jobs.count)],
            [_result(number, word, work) for number, word in enumerate(status)],
            [escaped(error) if word == "failed" else NULL for error, word in zip(work.errors, status, strict=True)],
            times(jobs.created_ms),
            times(touched),
            _times_if(jobs.started_ms, is_started),
            _times_if(jobs.ended_ms, is_ended),
        ],
    )


def _result(number: int, status: str, work: Work) -> str:
    if status == "completed":
        return escaped(json.dumps({"summary": "Done", "steps": 2 + number % 9, "confidence": 0.7 + number % 30 / 100}))
    if status == "cancelled":
        return escaped(json.dumps({"summary": "Stopped before the end"}))
    return NULL


def _times_if(at_ms: Integers, known: Flags) -> list[str]:
    return times(np.where(known, at_ms, UNKNOWN_TIME))
