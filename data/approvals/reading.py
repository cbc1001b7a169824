"""What agents asked people: the queue, one question with its context, how many there are.

Reading asks for no permission here: as with every report, row-level security lets managers and admins read all
questions and members their own, also in the exports and where other pages tell of them. Deciding is an admin's alone
(`decide`), and so is the page of approvals, which is made for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from data import database
from data.access import Actor
from data.arguments import checked
from data.errors import NotFound

View = Literal["queue", "decided", "expired", "imported", "stateless"]

Outcome = Literal["approved", "rejected", "expired", "pending"]

Urgency = Literal["expiring", "overdue", "risky"]

VIEWS: tuple[View, ...] = ("queue", "decided", "expired", "imported", "stateless")
OUTCOMES: tuple[Outcome, ...] = ("approved", "rejected", "expired", "pending")
URGENCIES: tuple[Urgency, ...] = ("expiring", "overdue", "risky")
EXPIRING_S = 3600  # what runs out within the hour stands on top of the queue
OVERDUE_S = 24 * 3600  # an agent that waited for a day has been forgotten
SIMILAR = 5  # look.md: the last five like it


@dataclass(frozen=True)
class Questions:
    """Which questions are looked at, as they stand at `now`: those of the list `shown`, asked from `start` up to `end`
    (None is open) or only those without a time, that pass the filters; None is no filter. What waits is of no period
    and has no outcome; it alone has an `urgency`: it runs out within the hour, has waited for a day, is of high or
    critical risk. These two narrow a list and the values to filter by, the others every figure."""

    now: datetime
    shown: View = "queue"
    start: datetime | None = None
    end: datetime | None = None
    untimed: bool = False
    agent: str | None = None
    kind: str | None = None
    risk: str | None = None
    project: str | None = None
    outcome: Outcome | None = None
    urgency: Urgency | None = None

    @property
    def subject(self) -> dict[str, str | None]:
        """What narrows every figure."""
        return {"agent": self.agent, "kind": self.kind, "risk": self.risk, "project": self.project}

    @property
    def narrows(self) -> bool:
        """Whether the queue, or every figure of a history, is of some of the questions alone."""
        return any(self.subject.values()) or self.urgency is not None

    @property
    def unsummed(self) -> tuple[str, ...]:
        """The filters that stored sums do not know: with one of them the questions themselves are counted."""
        return ("kind",) * bool(self.kind) + ("project",) * bool(self.project)


@dataclass(frozen=True)
class Queue:
    """The questions on one page of the queue, and how many it holds altogether; 0 on a page past its end."""

    shown: tuple[dict[str, Any], ...]
    waiting: int


@dataclass(frozen=True)
class Counts:
    """How many questions each list holds: `queue` of now, the others of a period. `waiting` is the queue without
    filters; `stateless` are those of an adopted table whose status is none that reports know, or not there."""

    waiting: int
    queue: int
    decided: int
    expired: int
    imported: int
    stateless: int

    def of(self, view: View) -> int:
        """How many questions the list holds."""
        return int(getattr(self, view))

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Counts:
        """The counts that a row of a query holds."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})


@checked()
def read_counts(actor: Actor, *, chosen: Questions) -> Counts:
    """How many questions wait, and how many of those of the period stand in each list of history.

    Raises what `database.reading` raises, as every reader here.
    """
    name = "approvals.history.count_views" if chosen.unsummed else "approvals.count_views"
    with database.reading(actor) as unit:
        return Counts.of_row(unit.row(name, **asdict(chosen)) or {})


@checked()
def read_queue(
    actor: Actor, *, chosen: Questions, expiring_s: int = EXPIRING_S, limit: int = 25, offset: int = 0
) -> Queue:
    """What waits for a decision and passes the filters: first what runs out within `expiring_s`, then by risk, then the
    oldest.

    Rows hold approval_id, agent, approval_type, title, reason, risk_level, created_at, expires_at,
    project_name.
    """
    with database.reading(actor) as unit:
        span = {"soon_s": expiring_s, "overdue_s": OVERDUE_S}
        rows = unit.rows("approvals.list_queue", **asdict(chosen), **span, limit=limit, offset=offset)
    return Queue(tuple(rows), rows[0]["waiting"] if rows else 0)


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
