"""What agents asked people: the queue, one question with its context, the history.

Reading asks for no permission here: as with every report, row-level security lets managers and admins read all
questions and members their own, also in the exports and where other pages tell of them. Deciding is an admin's alone
(`decide`), and so is the page of approvals, which is made for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound

View = Literal["queue", "decided", "expired", "imported"]

VIEWS: tuple[View, ...] = ("queue", "decided", "expired", "imported")
EXPIRING_S = 3600  # what runs out within the hour stands on top of the queue
OVERDUE_S = 24 * 3600  # an agent that waited for a day has been forgotten
SIMILAR = 5  # look.md: the last five like it


@dataclass(frozen=True)
class Queue:
    """The questions on one page of the queue, and how many wait altogether."""

    shown: tuple[dict[str, Any], ...]
    waiting: int


@checked()
def read_counts(actor: Actor, *, now: datetime) -> dict[str, int]:
    """How many questions there are by view: queue, decided, expired, imported. `now` decides what has
    expired.

    Raises what `database.reading` raises, as every reader here.
    """
    with database.reading(actor) as unit:
        row = unit.row("approvals.count_views", now=now) or {}
    return {view: row[view] for view in VIEWS}


@checked()
def read_queue(actor: Actor, *, now: datetime, expiring_s: int = EXPIRING_S, limit: int = 25, offset: int = 0) -> Queue:
    """What waits for a decision at `now`: first what runs out within `expiring_s`, then by risk, then the
    oldest.

    Rows hold approval_id, agent, approval_type, title, reason, risk_level, created_at, expires_at,
    project_name.
    """
    with database.reading(actor) as unit:
        rows = unit.rows("approvals.list_queue", now=now, soon_s=expiring_s, limit=limit, offset=offset)
    return Queue(tuple(rows), rows[0]["waiting"] if rows else 0)


@checked()
def read_history(actor: Actor, *, shown: View, now: datetime, limit: int = 25, offset: int = 0) -> list[dict[str, Any]]:
    """Questions that are over, the latest first: those decided here, those whose time ran out, or those
    found in imported logs. Rows hold the columns of the queue and outcome, decided_at, decided_by_name,
    decision_note, waited_ms."""
    with database.reading(actor) as unit:
        return unit.rows("approvals.list_history", shown=shown, now=now, limit=limit, offset=offset)


@checked()
def read_approval(actor: Actor, *, approval_id: UUID, now: datetime) -> dict[str, Any]:
    """One question with everything it says, and `said`, the mark of that by which it is decided. Raises NotFound where
    there is none, or it is not the actor's to see."""
    with database.reading(actor) as unit:
        row = unit.row("approvals.find_approval", approval_id=approval_id, now=now)
    if row is None:
        raise NotFound("There is no such question, or it is not yours to see.")
    return row


@checked()
def read_evidence(actor: Actor, *, approval_id: UUID) -> list[dict[str, Any]]:
    """What happened around a question, in the order of time: up to ten happenings before and eight after
    it, from its session and its stream: occurred_at, kind, what, detail, outcome, is_question. Empty when
    it has no time."""
    with database.reading(actor) as unit:
        return unit.rows("approvals.list_evidence", approval_id=approval_id)


@checked()
def read_similar(actor: Actor, *, approval_id: UUID) -> list[dict[str, Any]]:
    """The last decided questions of the same kind and what came of them: approval_id, agent, title, outcome,
    risk_level, decided_at, decided_by_name, decision_note, is_imported, waited_ms, came_of_it, came_at."""
    with database.reading(actor) as unit:
        return unit.rows("approvals.list_similar", approval_id=approval_id, limit=SIMILAR)
