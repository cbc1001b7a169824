"""The decision on a question: one winner, with its event and its audit row in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from data import adoption, audit, database
from data.access import Actor
from data.arguments import checked
from data.database import Unit
from data.errors import Conflict, NotAllowed, NotFound, SignalboxError, WrongUse
from data.wording import time_of_day
from signalbox_client import EventStore, NewEvent
from signalbox_client.events import Event
from signalbox_client.projections import human_approvals

Decision = Literal["approved", "rejected"]
MAX_NOTE_CHARACTERS = 4000
_TABLES = ("engine.human_approvals", "engine.events")  # that a decision is written into

_EVENT_TYPES: dict[Decision, str] = {
    "approved": human_approvals.APPROVED,
    "rejected": human_approvals.REJECTED,
}


class AlreadyDecided(Conflict):
    """Somebody else has decided this; nothing was changed."""


class TimeRanOut(Conflict):
    """The time to decide this has run out; nothing was changed. The agent has to ask again."""


class OnlyHistory(Conflict):
    """This was found in an imported log: no agent waits for it, so there is nothing to decide."""


class SaysSomethingElse(Conflict):
    """The agent has changed this question since you read it; nothing was changed. Read it again, then decide."""


class NoteTooLong(WrongUse):
    """This note is too long. Nothing was changed."""


class RejectionNeedsNote(WrongUse):
    """A rejection needs a note: it is all the agent learns about the reason. Nothing was changed."""


@dataclass(frozen=True)
class Receipt:
    """What a decision did: the question, what was decided and when, and its event in the engine's stream."""

    approval_id: UUID
    title: str
    agent: str
    decision: Decision
    decided_at: datetime
    event_id: UUID
    sequence_number: int


@checked()
def decide(
    actor: Actor,
    approval_id: UUID,
    decision: Decision,
    note: str = "",
    *,
    said: str | None = None,
    zone: str = "UTC",
) -> Receipt:
    """Approve or reject what an agent waits for: decision, event and audit row are one transaction.

    `said` is the mark that `read_approval` gave of what was read: a question that says something else is not decided.
    `zone` is the one in which the loser of a race is told of times.

    Raises WrongArgument, NotAllowed, NoteTooLong, RejectionNeedsNote for a rejection without a note, and what the loser
    of a race reads: AlreadyDecided with who and when, SaysSomethingElse, TimeRanOut, OnlyHistory; NotFound where there
    is nothing.
    """
    actor.must("decide_approvals")
    written = note.strip()
    if len(written) > MAX_NOTE_CHARACTERS:
        raise NoteTooLong(
            f"A note can have at most {MAX_NOTE_CHARACTERS:,} characters, and this one has {len(written):,}."
            " Nothing was changed."
        )
    if decision == "rejected" and not written:
        raise RejectionNeedsNote
    with adoption.explained(actor, *_TABLES), database.writing(actor) as unit:
        decided = unit.row(
            "approvals.deciding.decide",
            approval_id=approval_id,
            decision=decision,
            actor_id=actor.user_id,
            actor_name=actor.email,
            note=written or None,
            said=said,
        )
        if decided is None:
            raise _lost(unit, approval_id, ZoneInfo(zone))
        event = _append(unit, actor, decided, decision, written)
        audit.record(unit, actor, f"{decision} a question", f"approval:{approval_id}", _detail(decided, event, written))
    return Receipt(
        approval_id,
        decided["title"],
        decided["agent"],
        decision,
        decided["decided_at"],
        event.event_id,
        event.sequence_number,
    )


def _append(unit: Unit, actor: Actor, decided: dict[str, Any], decision: Decision, note: str) -> Event:
    """The event of a decision: it follows the question's own event and stays in its correlation."""
    payload = {
        "approval_id": str(decided["approval_id"]),
        "approval_type": decided["approval_type"],
        "decision": decision,
        "note": note or None,
        "decided_by": str(actor.user_id),
        "decided_by_name": actor.email,
        "decided_at": decided["decided_at"].isoformat(),
    }
    event = NewEvent(
        _EVENT_TYPES[decision],
        human_approvals.AGGREGATE,
        str(decided["approval_id"]),
        payload,
        emitted_by="signalbox",
        correlation_id=decided["correlation_id"],
        causation_id=decided["cause_id"],
    )
    return EventStore(unit.connection).append(event)


def _detail(decided: dict[str, Any], event: Event, note: str) -> dict[str, Any]:
    return {
        "title": decided["title"],
        "approval_type": decided["approval_type"],
        "agent": decided["agent"],
        "risk_level": decided["risk_level"],
        "note": note or None,
        "event_id": str(event.event_id),
        "sequence_number": event.sequence_number,
    }


def _lost(unit: Unit, approval_id: UUID, zone: ZoneInfo) -> SignalboxError:
    """Why a question was not there to be decided."""
    now = unit.row("approvals.deciding.find_state", approval_id=approval_id)
    if now is None:
        if unit.row("approvals.find_approval", approval_id=approval_id, now=None):
            return NotAllowed("The policies of its table let you see this question, not decide it.")
        return NotFound("There is no such question, or it is not yours to see.")
    if now["stored_status"] in _EVENT_TYPES:
        who = now["decided_by_name"] or "somebody"
        when = f" at {_written(now['decided_at'], zone)}" if now["decided_at"] else ""
        sentence = f"{who} {now['stored_status']} this{when}."
        return AlreadyDecided(f"{sentence} Your decision was not taken; nothing was changed.")
    if now["is_waiting"]:
        return SaysSomethingElse()
    if now["is_imported"]:
        return OnlyHistory()
    if now["expires_at"]:
        sentence = f"The time to decide this ran out at {_written(now['expires_at'], zone)}."
        return TimeRanOut(f"{sentence} Nothing was changed; the agent has to ask again.")
    return TimeRanOut()


def _written(when: datetime, zone: ZoneInfo) -> str:
    return f"{time_of_day(when, zone)} on {when.astimezone(zone):%Y-%m-%d}"
