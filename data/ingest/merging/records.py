"""The records of a file: those that are known left out, the others added with their details and their provenance."""

from __future__ import annotations

from psycopg import errors

from data.ingest.merging import copies, joining, pairing, sessions
from data.ingest.merging.statements import Statements
from data.ingest.staging.touched import Staged, Touched


def merge_records(do: Statements, staged: Staged, touched: Touched, file_id: int) -> None:
    """Add what the file tells anew, and join it with what other files told of the same."""
    report = staged.report
    shared = shared_replies = 0
    if staged.events:
        if staged.has_counted_records:
            do.run("ingest.records.number_records")
        sessions.move_starts(do, touched, file_id)
        if touched.any_existed or do.raw_from:
            report.known = do.run("ingest.records.forget_known_records")
        pairing.prepare(do, staged, touched)
        shared = _add(do, staged, file_id, carefully=touched.any_told_twice or do.raw_from is not None)
        joining.join(do, touched, shared)
        pairing.pair(do, staged, touched)
        if staged.has_files:
            do.tally(report, "files_touched", "ingest.records.add_files_touched")
        sessions.settle_status(do, staged, touched)
    if staged.has_replies:
        shared_replies = do.tally(report, "replies", "ingest.records.add_replies")["shared"]
    copies.settle(do, staged, touched, shared, shared_replies)


def _add(do: Statements, staged: Staged, file_id: int, *, carefully: bool) -> int:
    """Add what is staged; how many records are to be joined with an event that was there already.

    Looking for those first costs more than it brings, so without a reason to expect any they are met by accident.
    """
    shared = _set_aside_shared(do, staged) if carefully else 0
    try:
        with do.connection.transaction():
            added = do.rows("ingest.records.add_records", file_id=file_id)
    except errors.UniqueViolation:
        if carefully:
            raise
        return _add(do, staged, file_id, carefully=True)
    for row in added:
        staged.report.added[row["event_type"]] = row["events"]
    return shared


def _set_aside_shared(do: Statements, staged: Staged) -> int:
    """Leave out what is there already; how many records are to be joined with an event that is."""
    (aside,) = do.rows("ingest.records.set_aside_shared")
    staged.report.known += aside["repeated"]
    staged.report.paired += aside["shared"]
    return int(aside["shared"])
