"""The audit log: every write of a person leaves its row here, in the transaction of the write."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from data.access import Actor
from data.database import Unit

OPERATOR = "command line"
CONSOLE = "signalbox"  # the console by itself


def record(
    unit: Unit,
    actor: Actor | None,
    action: str,
    target: str,
    detail: dict[str, Any] | None = None,
    *,
    by: str = OPERATOR,
) -> None:
    """Append one row: who did what to which thing.

    Without an `actor` it was `by`: OPERATOR or CONSOLE. `detail` is JSON and holds
    no secret.
    """
    unit.run(
        "audit.record",
        actor_id=actor.user_id if actor else None,
        actor_email=actor.email if actor else by,
        action=action,
        target=target,
        detail=Jsonb(detail or {}),
    )
