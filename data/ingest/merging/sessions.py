"""The sessions of a file: found, joined with what the file says of them, and saved."""

from __future__ import annotations

from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from data.ingest.merging.statements import Statements
from data.ingest.staging.escaping import Escaper
from data.ingest.staging.session_merge import merge
from data.ingest.staging.touched import Staged, Touched, TouchedSession


def merge_sessions(do: Statements, staged: Staged, owner: UUID | None) -> Touched:
    """Make the rows of the file's sessions; which sessions these are, and how each changed."""
    facts = list(staged.sessions.all())
    if not facts:
        return Touched()
    escaper = Escaper()  # of its own: these characters are counted where they stand
    names = [session.session_id for session in facts]
    known = {row["session_id"]: row for row in do.rows("ingest.sessions.find_sessions", session_ids=names)}
    merged = [merge(session, known.get(name), owner, escaper) for session, name in zip(facts, names, strict=True)]
    ids = {session.row["session_id"]: UUID(session.row["id"]) for session in merged}
    if changed := [session.row for session in merged if session.is_changed]:
        rows = do.rows("ingest.sessions.save_sessions", sessions=Jsonb(changed, dumps=orjson.dumps))
        ids |= {row["session_id"]: row["id"] for row in rows}
    moved = {told.key: ids[name] for told, name in zip(facts, names, strict=True) if UUID(told.key) != ids[name]}
    if moved:
        do.run("ingest.sessions.move_staged_sessions", told=list(moved), known=list(moved.values()))
    staged.report.added["sessions"] += sum(not session.existed for session in merged)
    return Touched(
        [
            TouchedSession(ids[name], session, frozenset(told.holds))
            for name, session, told in zip(names, merged, facts, strict=True)
        ]
    )


def move_starts(do: Statements, touched: Touched, file_id: int) -> None:
    """A known session of which the file has earlier entries starts earlier."""
    if touched.any_begins_earlier:
        do.run("ingest.sessions.move_session_starts", file_id=file_id)


def settle_status(do: Statements, staged: Staged, touched: Touched) -> None:
    """Whether the sessions ended well or in an error."""
    if staged.has_failed_stop or touched.any_failed:
        do.run("ingest.sessions.settle_session_status", sessions=touched.ids)
