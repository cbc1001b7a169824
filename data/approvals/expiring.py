"""Questions whose time has run out leave the queue with a record: state, event and audit row in one transaction."""

from __future__ import annotations

from data import audit, database
from data.access import Dataset
from signalbox_client import EventStore, NewEvent
from signalbox_client.projections import human_approvals

AT_ONCE = 100  # in one transaction; the others in the next


def expire_due(dataset: Dataset) -> int:
    """Note on every question whose time has run out that it has, as an event too; how many there were.

    Nobody waits for a question that is being decided at this moment: the next round sees it as it is then.
    Raises DatabaseUnavailable.
    """
    expired = 0
    while True:
        with database.operating(dataset) as unit:
            due = unit.rows("approvals.deciding.expire_due", limit=AT_ONCE)
            store = EventStore(unit.connection)
            for question in due:
                approval_id = str(question["approval_id"])
                # None is a time before all times: Python has no word for it.
                expires_at = question["expires_at"].isoformat() if question["expires_at"] else None
                event = NewEvent(
                    human_approvals.EXPIRED,
                    human_approvals.AGGREGATE,
                    approval_id,
                    {"approval_id": approval_id, "approval_type": question["approval_type"], "expired_at": expires_at},
                    emitted_by=audit.CONSOLE,
                    correlation_id=question["correlation_id"],
                    causation_id=question["cause_id"],
                )
                store.append(event)
                detail = {"title": question["title"], "expired_at": expires_at}
                audit.record(
                    unit, None, "a question ran out of time", f"approval:{approval_id}", detail, by=audit.CONSOLE
                )
        expired += len(due)
        if len(due) < AT_ONCE:
            return expired
