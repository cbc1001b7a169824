"""Acting as a person: for one transaction, row-level security sees that person and not the role of the connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from signalbox_client.connection import Database, Work


@contextmanager
def transaction_as(database: Database, user_id: UUID | None) -> Iterator[Work]:
    """A transaction in which policies take the caller for the person with this id; None stays with the connection's
    role, as a service does.

    In a transaction of the caller's own, what comes after is done as before. Raises as `Database.transaction`.
    """
    with database.transaction() as work:
        if user_id is None:
            yield work
            return
        claims = json.dumps({"sub": str(user_id), "role": "authenticated"})
        before = work.row("acting.take_on", claims=claims) or {}
        yield work
        # Within a transaction of the caller's this is a savepoint, which does not end what was set in it.
        work.run("acting.give_back", role=before["role"], claims=before["claims"])
