"""One flush: a batch of records through COPY into the tables of Chronicle, in one transaction that may be repeated."""

from __future__ import annotations

from collections.abc import Sequence

from signalbox_client import queries
from signalbox_client.connection import Database
from signalbox_client.errors import RefusedByDatabase, SignalboxError, UnfitTable
from signalbox_client.recorder.errors import Misplaced
from signalbox_client.recorder.records import Record

# What the server says when a value itself is at fault: data, constraints, limits. Trying again would not help.
_BLAMES_A_VALUE = ("22", "23", "54")


def write(database: Database, records: Sequence[Record]) -> None:
    """Write all of these records, or none; those that an earlier attempt has written are left as they are.

    Raises Misplaced for records without a session, and what `Database.transaction` raises.
    """
    with database.transaction() as work:
        work.run("recorder.create_staged")
        copying = queries.find("recorder.copy_staged").text
        with work.cursor() as cursor, cursor.copy(copying) as copy:
            position = 0
            for record in records:
                for target, content in record.rows:
                    copy.write_row((position, target, record.event_id, record.session_key, content))
                    position += 1
        targets = {target for record in records for target, _ in record.rows}
        if "session_start" in targets:
            work.run("recorder.store_sessions")
        misplaced = work.row("recorder.find_misplaced") or {}
        if misplaced.get("with_another_owner"):
            raise Misplaced("The session of this key belongs to somebody else.")
        if misplaced.get("without_session"):
            raise Misplaced
        work.value("recorder.store_events")
        if targets & {"session_start", "session_end"}:
            work.run("recorder.settle_sessions")


def blames_a_record(error: SignalboxError) -> bool:
    """Whether one of the records is at fault, and not the server, the way to it, or the rights of this role."""
    if isinstance(error, Misplaced):
        return True
    if isinstance(error, UnfitTable):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, RefusedByDatabase) and state.startswith(_BLAMES_A_VALUE)
