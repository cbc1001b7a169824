"""One session of an agent: what it was, what happened in it, each happening whole, notifications to acknowledge."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from data import adoption, audit, database
from data.access import Actor
from data.arguments import checked
from data.errors import Conflict, NotAllowed, NotFound

# A session with more happenings is still shown, from its beginning up to here.
MOST_ITEMS = 20_000
_NOTIFICATIONS = "chronicle.notification_events"


@checked()
def read_session(actor: Actor, *, session_pk: UUID) -> dict[str, Any]:
    """One session. Raises NotFound when there is none or it is not the actor's to see."""
    with database.reading(actor) as unit:
        row = unit.row("session.read_session", session_pk=session_pk)
    if row is None:
        raise NotFound("There is no such session, or it is not yours to see.")
    return row


@checked()
def list_items(actor: Actor, *, session_pk: UUID) -> list[dict[str, Any]]:
    """What happened in a session, in order, without contents; what has no time comes last, as it was recorded.

    The first MOST_ITEMS of them.
    """
    with database.reading(actor) as unit:
        return unit.rows("session.list_items", session_pk=session_pk, most=MOST_ITEMS)


@checked()
def count_items(actor: Actor, *, session_pk: UUID) -> int:
    """How many happenings a session has, for those of which `list_items` gives MOST_ITEMS."""
    with database.reading(actor) as unit:
        return int(unit.value("session.count_items", session_pk=session_pk))


@checked()
def read_item(actor: Actor, *, session_pk: UUID, item_id: UUID, kind: str) -> dict[str, Any]:
    """One happening of a session with its contents. Raises NotFound when the session has none of this id."""
    query = "session.read_question" if kind == "question" else "session.read_item"
    with database.reading(actor) as unit:
        row = unit.row(query, session_pk=session_pk, item_id=item_id)
    if row is None:
        raise NotFound("This session has nothing under that address.")
    return row


@checked()
def acknowledge(actor: Actor, notification_id: UUID) -> None:
    """Mark a notification as seen, with its audit row. Raises NotAllowed, Conflict when somebody was faster."""
    actor.must("acknowledge_notifications")
    with adoption.explained(actor, _NOTIFICATIONS), database.writing(actor) as unit:
        row = unit.row("session.acknowledge", notification_id=notification_id)
        if row is None:
            if unit.value("session.is_open", notification_id=notification_id):
                raise NotAllowed("The policies of its table let you see this notification, not acknowledge it.")
            raise Conflict("Somebody acknowledged this notification before, or it is not yours; nothing was changed.")
        audit.record(
            unit,
            actor,
            "acknowledged a notification",
            f"notification:{notification_id}",
            {"session": str(row["session_pk"])},
        )
