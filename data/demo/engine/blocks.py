"""The engine's own work as blocks: definitions, clients, runs of procedures with leads and questions, experiments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

from data.demo.calendar import DAY_MS, moments
from data.demo.columns import Block
from data.demo.engine import approvals, planted
from data.demo.engine.clients import CLIENTS, client_events, client_id
from data.demo.engine.executions import Asked, Run
from data.demo.engine.experiments import experiments
from data.demo.engine.leads import Lead, take_in
from data.demo.engine.procedures import LEAD_INTAKE, LEAD_INTAKE_BEFORE, PROCEDURES, Procedure, procedure_rows
from data.demo.engine.projections import execution_rows, health_row, snapshots
from data.demo.engine.records import Chance, Event, Happenings, event_rows, rows
from data.demo.engine.surveys import spreadsheet_rows, survey_rows
from data.demo.engine.tally import Tally
from data.demo.people import PEOPLE
from data.demo.request import Request
from data.demo.work.assignments import draw_words

EVENTS_PER_RUN = 400
RUNS_AT_LEAST = 60
_RUNS_AT_ONCE = 250
_EVENTS_AT_ONCE = 4_000
# Somebody is always at work: how many minutes before the end these began that still run then.
_RUNNING = {
    minutes_ago: next(p for p in PROCEDURES if p.sop_id == sop_id and p.status == "active")
    for minutes_ago, sop_id in (
        (3, "invoice-dispute"),
        (17, "lead-intake"),
        (42, "production-release"),
        (95, "health-review"),
        (150, "client-onboarding"),
    )
}
_STAFF = tuple(person for person in PEOPLE if person.user_id is not None)


def blocks(request: Request, tally: Tally) -> Iterator[list[Block]]:
    """Everything of the engine but jobs; events before what names them. The tally is written last."""
    chance = Chance(request.random(6))
    yield [procedure_rows(chance, request)]
    yield from _clients(request, tally)
    yield from _runs(request, tally)
    events, experiment_rows = experiments(chance, request)
    yield [event_rows(events), experiment_rows, spreadsheet_rows(chance, request), survey_rows(chance, request)]
    yield [tally.metric_rows(chance, request)]


def _clients(request: Request, tally: Tally) -> Iterator[list[Block]]:
    """Streams of the clients; the busiest lags behind with its snapshots, and of the next one row is wrong."""
    for number, client in enumerate(CLIENTS):
        chance = Chance(request.random(7, number))
        stream = client_events(chance, request, client)
        tally.add(stream)
        assessed = [event for event in stream if event.event_type == "CLIENT_HEALTH_ASSESSED"]
        health = [health_row(chance, event) for event in assessed]
        taken = snapshots(chance, stream)
        if number == 0:
            taken = planted.lagging(taken, stream)
        if number == 1:
            health[-2] = planted.differing(health[-2])
        for first in range(0, len(stream), _EVENTS_AT_ONCE):
            yield [event_rows(stream[first : first + _EVENTS_AT_ONCE])]
        yield [rows("demo.copy_event_snapshots", taken), rows("demo.copy_client_health", health)]


def _runs(request: Request, tally: Tally) -> Iterator[list[Block]]:
    """Runs of procedures in the order of their begin; the lead of the middle one lost an event."""
    count = max(request.events // EVENTS_PER_RUN, RUNS_AT_LEAST)
    at_ms, person = moments(request.random(8), request.anchor, _STAFF, count)
    running = {count - 1 - place: minutes_ago for place, minutes_ago in enumerate(_RUNNING)}
    for place, minutes_ago in running.items():
        at_ms[place] = request.anchor_ms - minutes_ago * 60_000
    for number, first in enumerate(range(0, count, _RUNS_AT_ONCE)):
        chance = Chance(request.random(9, number))
        events: list[Event] = []
        asked: list[Asked] = []
        for place in range(first, min(first + _RUNS_AT_ONCE, count)):
            procedure = LEAD_INTAKE if place == count // 2 else _RUNNING.get(running.get(place, 0))
            run = _begin(chance, request, int(person[place]), procedure, int(at_ms[place]))
            run.is_quick = place == count // 2
            _let_go(run, 10_000 + place, int(at_ms[place]))
            told = run.happenings.events
            events += planted.with_gap(told, "Lead") if run.is_quick else told
            asked += run.asked
        tally.add(events)
        yield [event_rows(events), execution_rows(_streams(events)), *approvals.approval_rows(asked)]


def _begin(chance: Chance, request: Request, person: int, given: Procedure | None, at_ms: int) -> Run:
    """A run of a procedure drawn by chance, or steadily of the given one."""
    draw = chance.draw
    procedure = given or draw.choices(PROCEDURES, [p.weight for p in PROCEDURES])[0]
    if procedure is LEAD_INTAKE and at_ms < request.anchor_ms - procedure.age_days * DAY_MS:
        procedure = LEAD_INTAKE_BEFORE
    words = draw_words([draw.randrange(1 << 20) for _ in range(5)])
    is_about_client = procedure.sop_id not in {LEAD_INTAKE.sop_id, "production-release"}
    happenings = Happenings(chance, chance.new_id(), request.anchor_ms)
    client = client_id(words["customer"]) if is_about_client else None
    return Run(happenings, procedure, _STAFF[person], words, client, is_steady=given is not None)


def _let_go(run: Run, number: int, at_ms: int) -> None:
    if run.procedure.sop_id == LEAD_INTAKE.sop_id:
        lead = Lead(run.happenings, number, is_smooth=run.is_quick)
        run.words["customer"] = lead.company
        take_in(run, lead, at_ms)
    else:
        run.go(at_ms, None)


def _streams(events: list[Event]) -> list[list[Event]]:
    of_runs = sorted((e for e in events if e.aggregate_type == "SopExecution"), key=attrgetter("aggregate_id"))
    return [list(stream) for _, stream in groupby(of_runs, attrgetter("aggregate_id"))]
