"""Some jobs with their ids and words, before they are written as rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.demo.columns import document, hyphened, uuids
from data.demo.request import Request
from data.demo.work.agents import AGENTS, CUSTOMERS, OFFERS, PRODUCTS, REPORTS, TOPICS, Agent
from data.demo.work.jobs import UNDECIDED, Jobs
from data.demo.work.waiting import Waiting


@dataclass(frozen=True)
class Work:
    """Some jobs with their ids and words. An approval's id and events exist for every job, used where one is asked."""

    request: Request
    jobs: Jobs
    job_ids: list[str]
    approval_ids: list[str]
    correlation_ids: list[str]
    words: list[dict[str, str]]
    errors: list[str]

    @property
    def status(self) -> list[str]:
        """The status of each job at the anchor."""
        jobs, now = self.jobs, self.request.anchor_ms
        ended = np.choose(jobs.outcome, ["completed", "failed", "cancelled"])
        status = np.where(jobs.started_ms > now, "pending", np.where(jobs.ended_ms > now, "running", ended))
        return [str(word) for word in status.tolist()]


def draw_work(random: np.random.Generator, request: Request, jobs: Jobs) -> Work:
    """Ids and words for some jobs."""
    words = [
        draw_words(*row)
        for row in zip(random.integers(0, 1 << 20, (jobs.count, 5)).tolist(), jobs.waiting, strict=True)
    ]
    errors = []
    for agent, word, decision, pick in zip(
        jobs.agent.tolist(),
        words,
        jobs.decision.tolist(),
        random.integers(0, 1 << 20, jobs.count).tolist(),
        strict=True,
    ):
        texts = AGENTS[agent].errors
        late = decision == UNDECIDED
        errors.append("Nobody decided in time" if late else texts[pick % len(texts)].format_map(word))
    return Work(
        request, jobs, uuids(random, jobs.count), uuids(random, jobs.count), uuids(random, jobs.count), words, errors
    )


def draw_words(pick: list[int], waiting: Waiting | None = None) -> dict[str, str]:
    """Names and numbers to be put into tasks and questions, from five whole numbers drawn by chance."""
    words = {
        "customer": CUSTOMERS[pick[0] % len(CUSTOMERS)],
        "product": PRODUCTS[pick[1] % len(PRODUCTS)],
        "topic": TOPICS[pick[2] % len(TOPICS)],
        "report": REPORTS[pick[2] % len(REPORTS)],
        "number": f"2026-{pick[3] % 9000 + 1000}",
        "amount": f"{100 + pick[4] % 9 * 45 + pick[3] % 100 / 100:.2f}",
        "version": f"v5.{pick[1] % 20}.{pick[2] % 10}",
        "rows": f"{pick[4] % 18_000 + 400:,}",
        "offer": OFFERS[pick[2] % len(OFFERS)],
    }
    if waiting is not None:
        words |= {name: given for name in ("amount", "product") if (given := getattr(waiting, name))}
    return words


def matters(agent: Agent, words: dict[str, str]) -> dict[str, str]:
    """Those of the words that the agent's task names: what the job is about."""
    return {name: word for name, word in words.items() if f"{{{name}}}" in agent.task}


def job_document(work: Work, number: int) -> str:
    """What a job was asked to do, as JSON for COPY."""
    words, agent = work.words[number], AGENTS[int(work.jobs.agent[number])]
    return document(
        {
            "title": agent.task.format_map(words),
            **matters(agent, words),
            "priority": "high" if agent.question and agent.question.risk in {"high", "critical"} else "normal",
            "correlation_id": hyphened(work.correlation_ids[number]),
        }
    )
