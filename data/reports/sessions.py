"""Sessions of agents: the list inside filters, one session as what happened in it, notifications to acknowledge."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import pandas as pd

from data import audit, database
from data.access import Actor
from data.errors import Conflict, NotFound

SORTS = ("when", "duration", "prompts", "calls", "errors", "cost")
HAS = ("errors", "refusals", "notifications", "compactions", "subagents")

# A session with more happenings is still shown, from its beginning up to here.
MOST_ITEMS = 20_000

Sort = Literal["when", "duration", "prompts", "calls", "errors", "cost"]


@dataclass(frozen=True)
class Chosen:
    """Which sessions are looked at; None is no filter. `search` is written as in a web search."""

    start: datetime | None = None
    end: datetime | None = None
    untimed: bool = False
    project: str | None = None
    status: str | None = None
    model: str | None = None
    has: str | None = None
    search: str | None = None


def count_facets(actor: Actor, *, chosen: Chosen) -> dict[str, dict[str, int]]:
    """How many sessions each value of project, status, model and has would leave, other filters applied."""
    with database.reading(actor) as unit:
        rows = unit.rows("sessions.count_facets", **asdict(chosen))
    facets: dict[str, dict[str, int]] = {"project": {}, "status": {}, "model": {}, "has": {}}
    for row in rows:
        facets[row["filter"]][row["value"]] = row["sessions"]
    return facets


def count_started(
    actor: Actor,
    *,
    chosen: Chosen,
    previous_start: datetime | None,
    previous_end: datetime | None,
    bucket: str,
    zone: str,
) -> pd.DataFrame:
    """Sessions per slice and status: is_current, bucket (null in the period before), status, sessions."""
    with database.reading(actor) as unit:
        return unit.frame(
            "sessions.count_started",
            **asdict(chosen),
            previous_start=previous_start,
            previous_end=previous_end,
            bucket=bucket,
            zone=zone,
        )


def list_page(
    actor: Actor, *, chosen: Chosen, sort: str, downwards: bool, most: int, skipped: int = 0
) -> list[dict[str, Any]]:
    """Some sessions in order with their counts and costs; each row says how many there are in all."""
    with database.reading(actor) as unit:
        return unit.rows(
            "sessions.list_page",
            **asdict(chosen),
            sort=sort,
            downwards=downwards,
            most=most,
            skipped=max(skipped, 0),
        )


def read_session(actor: Actor, *, session_pk: UUID) -> dict[str, Any]:
    """One session. Raises NotFound when there is none or it is not the actor's to see."""
    with database.reading(actor) as unit:
        row = unit.row("sessions.read_session", session_pk=session_pk)
    if row is None:
        raise NotFound("There is no such session, or it is not yours to see.")
    return row


def list_items(actor: Actor, *, session_pk: UUID) -> list[dict[str, Any]]:
    """What happened in a session, in order, without contents; what has no time comes last, as it was recorded."""
    with database.reading(actor) as unit:
        return unit.rows("sessions.list_items", session_pk=session_pk, most=MOST_ITEMS)


def read_item(actor: Actor, *, session_pk: UUID, item_id: UUID, kind: str) -> dict[str, Any]:
    """One happening of a session with its contents. Raises NotFound when the session has none of this id."""
    query = "sessions.read_question" if kind == "question" else "sessions.read_item"
    with database.reading(actor) as unit:
        row = unit.row(query, session_pk=session_pk, item_id=item_id)
    if row is None:
        raise NotFound("This session has nothing under that address.")
    return row


def acknowledge(actor: Actor, notification_id: UUID) -> None:
    """Mark a notification as seen, with its audit row. Raises NotAllowed, Conflict when somebody was faster."""
    actor.must("acknowledge_notifications")
    with database.writing(actor) as unit:
        row = unit.row("sessions.acknowledge", notification_id=notification_id)
        if row is None:
            raise Conflict("Somebody acknowledged this notification before, or it is not yours; nothing was changed.")
        audit.record(
            unit,
            actor,
            "acknowledged a notification",
            f"notification:{notification_id}",
            {"session": str(row["session_id"])},
        )
