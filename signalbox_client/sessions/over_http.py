"""The session store over HTTP, with supabase-py: as a service with a secret key, or as the person signed in."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from signalbox_client import checking
from signalbox_client.errors import NotAllowed, TookTooLong
from signalbox_client.json_values import parsed
from signalbox_client.over_http import Client, Schema, Taken, answer
from signalbox_client.sessions import columns
from signalbox_client.sessions.records import (
    SESSION_STATUSES,
    AlreadyThere,
    Draft,
    Resolution,
    Revision,
    Session,
    SessionMoved,
    SessionNotFound,
    SessionStatus,
)

MAX_TRIES = 50  # for the next number, when others are taking numbers of the same session
PAUSE_S = 0.02
_JSON = ("current_ir", "metadata")
_COLUMNS = (
    "id,user_id,prompt,status,current_ir::text,metadata::text,revision_count,draft_count,hole_count,created_at,"
    "updated_at"
)


class SupabaseSessionStore:
    """Sessions through a project's HTTP interface; the schema `lift` has to be among its exposed schemas.

    Does what `PostgresSessionStore` does, one request at a time: no transaction goes around two of them.
    Every method raises BadArgument for what cannot be used, and DatabaseUnavailable, NotAllowed, SchemaNotExposed,
    TookTooLong, RefusedByDatabase.
    """

    def __init__(self, client: Client) -> None:
        self._lift = Schema(client, "lift")

    def create_session(self, session: Session) -> UUID:
        """Store a new session; its id. Raises AlreadyThere where the id is that of another session."""
        row = columns.session_columns(session)
        try:
            self._lift.insert("sessions", _plain(row))
        except Taken:
            found = self._lift.find("sessions", "user_id,prompt", id=str(row["id"]))
            if found is None or (found["user_id"], found["prompt"]) != (str(row["user_id"]), row["prompt"]):
                raise AlreadyThere(f"The session id {row['id']} is taken; nothing was written.") from None
        return UUID(str(row["id"]))

    def get_session(self, session_id: UUID | str) -> Session:
        """One session as it is now. Raises SessionNotFound."""
        row = self._lift.find("sessions", _COLUMNS, id=str(checking.identifier("session_id", session_id)))
        if row is None:
            raise SessionNotFound
        return _session(row)

    def update_session(
        self, session_id: UUID | str, updates: Mapping[str, Any], *, as_read: Session | None = None
    ) -> Session:
        """Change some of prompt, status, current_ir, metadata; the session afterwards.

        With `as_read`, only if nobody has changed it since that was read. Raises SessionMoved, SessionNotFound,
        NotAllowed for somebody else's session.
        """
        wanted = checking.identifier("session_id", session_id)
        changed = columns.updated_columns(updates)
        read_at = columns.time_read(as_read)
        request = self._lift.table("sessions").update(_plain(changed)).eq("id", str(wanted))
        if read_at is not None:
            request = request.eq("updated_at", read_at.isoformat())
        done = answer(request.select("id"))
        now = self.get_session(wanted)
        if done:
            return now
        if read_at is not None and now.updated_at != read_at:
            raise SessionMoved
        raise NotAllowed("This session belongs to somebody else; nothing was changed.")

    def delete_session(self, session_id: UUID | str) -> None:
        """Remove a session with its revisions, drafts and resolutions. Raises SessionNotFound, NotAllowed."""
        wanted = checking.identifier("session_id", session_id)
        if not answer(self._lift.table("sessions").delete().eq("id", str(wanted)).select("id")):
            self.get_session(wanted)
            raise NotAllowed("This session belongs to somebody else; nothing was changed.")

    def list_sessions(
        self,
        user_id: UUID | str,
        limit: int = 50,
        *,
        status: SessionStatus | None = None,
        before: Session | None = None,
    ) -> list[Session]:
        """A person's sessions, the newest first, at most `limit` (up to 1,000); go on with `before` the last one."""
        most, last = columns.page(limit, before)
        owner = checking.identifier("user_id", user_id)
        request = self._lift.table("sessions").select(_COLUMNS).eq("user_id", str(owner))
        if status is not None:
            request = request.eq("status", checking.one_of("status", status, SESSION_STATUSES))
        if last and last.created_at:
            at = last.created_at.isoformat()
            request = request.or_(f'created_at.lt."{at}",and(created_at.eq."{at}",id.lt.{last.session_id})')
        rows = answer(request.order("created_at", desc=True).order("id", desc=True).limit(most))
        return [_session(row) for row in rows]

    def save_revision(self, revision: Revision) -> int:
        """Store a revision; its number. Raises SessionNotFound, AlreadyThere where the number or the id is taken by
        another revision, TookTooLong where others took every number first."""
        return self._save_numbered(
            "session_revisions", "revision_number", "ir_content", columns.revision_columns(revision)
        )

    def save_draft(self, draft: Draft) -> int:
        """Store a draft; its number. Raises as `save_revision`."""
        return self._save_numbered("session_drafts", "draft_number", "code", columns.draft_columns(draft))

    def save_resolution(self, resolution: Resolution) -> UUID:
        """Store what a hole was filled with; the id of that. Raises as `save_revision`."""
        row = columns.resolution_columns(resolution)
        owner = self.get_session(row["session_id"]).user_id
        try:
            self._lift.insert("hole_resolutions", _plain(row | {"user_id": owner}))
        except Taken:
            if not self._same("hole_resolutions", "id", "resolution", row):
                raise AlreadyThere from None
        return UUID(str(row["id"]))

    def _same(self, table: str, wanted: str, content: str, row: columns.Columns) -> dict[str, Any] | None:
        """The `wanted` column of what was saved under the id of this row, None where that holds something else."""
        is_json = content in columns.JSON_COLUMNS
        asked = f"{wanted},{content}::text" if is_json else f"{wanted},{content}"
        saved = self._lift.find(table, asked, id=str(row["id"]), session_id=str(row["session_id"]))
        if saved and is_json:
            saved = parsed(saved, f"lift.{table}", {content})
        return saved if saved and saved[content] == _plain(row)[content] else None

    def _save_numbered(self, table: str, number: str, content: str, row: columns.Columns) -> int:
        """Add a row under the number given or the next one. Nobody can be kept from taking that first, so the unique
        key decides and the loser takes the next."""
        owner = self.get_session(row["session_id"]).user_id
        given = row[number]
        for _ in range(MAX_TRIES):
            wanted = given or self._next(table, number, row["session_id"])
            try:
                self._lift.insert(table, _plain(row | {"user_id": owner, number: wanted}))
            except Taken:
                if saved := self._same(table, number, content, row):
                    return int(saved[number])
                if given or self._lift.find(table, "id", id=str(row["id"])):
                    raise AlreadyThere from None
                time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311 - so that writers fall out of step
            else:
                return int(wanted)
        raise TookTooLong("Too many others were writing to this session; nothing was written. Try again.")

    def _next(self, table: str, number: str, session_id: UUID) -> int:
        request = self._lift.table(table).select(number).eq("session_id", str(session_id))
        rows = answer(request.order(number, desc=True).limit(1))
        return int(rows[0][number]) + 1 if rows else 1


def _session(row: Mapping[str, Any]) -> Session:
    return Session.of(parsed(row, "lift.sessions", _JSON))


def _plain(row: columns.Columns) -> dict[str, Any]:
    """The columns as JSON has them."""
    return {
        name: json.loads(value) if name in columns.JSON_COLUMNS and value is not None
        else str(value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }  # fmt: skip
