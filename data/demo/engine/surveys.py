"""What stands in the projections without an event behind it: surveys of clients, and runs from before the engine."""

from __future__ import annotations

from data.demo.calendar import DAY_MS
from data.demo.columns import Block
from data.demo.engine.clients import CLIENTS
from data.demo.engine.health import status_of
from data.demo.engine.procedures import LEAD_INTAKE
from data.demo.engine.records import Chance, rows, stamp
from data.demo.request import Request

_SURVEYS_DAYS_AGO = (85, 40)
_OLD_RUNS = 6


def survey_rows(chance: Chance, request: Request) -> Block:
    """Twice some of the clients were asked how content they are; the answers became rows without events."""
    written: list[tuple[object, ...]] = []
    for days_ago in _SURVEYS_DAYS_AGO:
        for client in CLIENTS[:6]:
            at = stamp(request.anchor_ms - days_ago * DAY_MS - chance.draw.randrange(DAY_MS))
            answer = min(10, max(1, round(chance.draw.gauss(client.health_first / 10, 1.2))))
            signals = {"survey_answer": answer}
            status = status_of(answer * 10)
            written.append((chance.new_id(), client.client_id, None, answer * 10, status, signals, [], at, at))
    return rows("demo.copy_client_health", written)


def spreadsheet_rows(chance: Chance, request: Request) -> Block:
    """Runs of a procedure that were noted in a spreadsheet: whole hours, no steps, no events, no cost."""
    written = []
    for _ in range(_OLD_RUNS):
        started = request.anchor_ms - (80 + chance.draw.randrange(9)) * DAY_MS
        hours = chance.draw.randrange(2, 30)
        started_at, completed_at = stamp(started), stamp(started + hours * 3_600_000)
        about: tuple[object, ...] = (
            chance.new_id(),
            LEAD_INTAKE.sop_id,
            1,
            None,
            None,
            None,
            None,
            "completed",
            None,
            [],
        )
        counted = (None, None, 1, hours, None, None, None)
        written.append((*about, *counted, started_at, completed_at, {"source": "spreadsheet"}, completed_at))
    return rows("demo.copy_sop_executions", written)
