"""Chaos experiments: written by hand, from planned ones to one that runs while the demo ends, with their events."""

from __future__ import annotations

from dataclasses import dataclass

from data.demo.calendar import DAY_MS
from data.demo.columns import Block
from data.demo.engine.records import Chance, Event, Happenings, rows, stamp, stamp_or_none, written_id
from data.demo.request import Request


@dataclass(frozen=True)
class Experiment:
    """One experiment. `begins_days_ago` is negative for planned ones, `minutes` how long it lasts."""

    name: str
    hypothesis: str
    target: str
    blast_radius: str
    percent: float
    begins_days_ago: float
    minutes: float
    status: str
    outcome: str | None = None
    findings: str | None = None


EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "Primary database fails over",
        "Agents lose at most 30 seconds of work and no event when the primary changes.",
        "database", "All agents, one region", 100, 76.9, 42, "completed", "confirmed",
        "22 seconds without writes; all streams without a gap."),
    Experiment(
        "Mail provider answers slowly",
        "mail-triage queues and catches up within ten minutes when each mail takes 20 seconds.",
        "mail-triage", "A tenth of the mailboxes", 10, 61.1, 55, "completed", "refuted",
        "The queue grew for 48 minutes: retries ran at once instead of one after another."),
    Experiment(
        "Mail provider answers slowly, again",
        "With a pause between retries mail-triage catches up within ten minutes.",
        "mail-triage", "A tenth of the mailboxes", 10, 47.8, 40, "completed", "confirmed",
        "Caught up after 7 minutes."),
    Experiment(
        "Model refuses every fifth call",
        "refund-desk asks a person instead of failing.",
        "refund-desk", "One worker of six", 17, 34.0, 90, "completed", "inconclusive",
        "Only four refunds came in; repeat on a Monday."),
    Experiment(
        "Nobody answers approvals for an hour",
        "Releases wait; nothing is deployed without an answer.",
        "deploy-bot", "Staging alone", 0, 27.2, 60, "completed", "confirmed", "Three releases waited, none went out."),
    Experiment(
        "Worker killed in the middle of a refund",
        "No refund is paid twice.",
        "refund-desk", "One worker of six", 17, 13.1, 8, "aborted", None,
        "Stopped after eight minutes: a real client was in the affected share."),
    Experiment(
        "Search quota used up at nine",
        "lead-research says so in its first step and no lead is lost.",
        "lead-research", "All of its runs of the morning", 100, 0.02, 45, "running"),
    Experiment(
        "Clock of one host ten minutes ahead",
        "Streams keep their order, as it comes from sequence numbers and not from clocks.",
        "event store", "One host of eight", 12.5, -4.2, 30, "planned"),
)  # fmt: skip


def experiments(chance: Chance, request: Request) -> tuple[list[Event], Block]:
    """The events of the experiments that have begun, and one row per experiment."""
    events: list[Event] = []
    written = []
    for experiment in EXPERIMENTS:
        happenings = Happenings(chance, chance.new_id(), request.anchor_ms)
        experiment_id = chance.new_id()
        began, ended = _times(experiment, request)
        _tell(happenings, experiment, experiment_id, began, ended)
        events += happenings.events
        made_ms = min(request.anchor_ms, began or request.anchor_ms) - 2 * DAY_MS
        written.append(
            (
                experiment_id,
                experiment.name,
                experiment.hypothesis,
                experiment.target,
                experiment.blast_radius,
                experiment.percent,
                experiment.status,
                experiment.outcome,
                experiment.findings,
                happenings.correlation_id if happenings.events else None,
                {"owner": "Carla Mendes", "planned_minutes": experiment.minutes},
                stamp_or_none(began),
                stamp_or_none(ended),
                stamp(made_ms),
                stamp(ended or began or made_ms),
            )
        )
    return events, rows("demo.copy_chaos_experiments", written)


def _times(experiment: Experiment, request: Request) -> tuple[int | None, int | None]:
    if experiment.status == "planned":
        return None, None
    began = request.anchor_ms - int(experiment.begins_days_ago * DAY_MS)
    return began, None if experiment.status == "running" else began + int(experiment.minutes * 60_000)


def _tell(
    happenings: Happenings, experiment: Experiment, experiment_id: str, began: int | None, ended: int | None
) -> None:
    if began is None:
        return
    stream = ("ChaosExperiment", written_id(experiment_id))
    told = {"name": experiment.name, "target": experiment.target, "blast_radius_percent": experiment.percent}
    last = happenings.tell("CHAOS_EXPERIMENT_STARTED", stream, told, by="chaos-runner", at_ms=began)
    if last and ended is not None:
        injected = happenings.tell(
            "CHAOS_FAULT_INJECTED",
            stream,
            {"target": experiment.target},
            by="chaos-runner",
            at_ms=began + 90_000,
            cause=last,
        )
        what = "CHAOS_EXPERIMENT_ABORTED" if experiment.status == "aborted" else "CHAOS_EXPERIMENT_COMPLETED"
        told = {"outcome": experiment.outcome, "findings": experiment.findings}
        happenings.tell(what, stream, told, by="chaos-runner", at_ms=ended, cause=injected)
