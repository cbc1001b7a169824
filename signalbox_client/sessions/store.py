"""What every session store does, and the one over a connection to PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from signalbox_client import checking
from signalbox_client.acting import transaction_as
from signalbox_client.connection import Database, Source, Work
from signalbox_client.errors import NotAllowed
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


class SessionStore(Protocol):
    """The eight operations of lift-sys, whatever they go over."""

    def create_session(self, session: Session) -> UUID: ...
    def get_session(self, session_id: UUID | str) -> Session: ...
    def update_session(
        self, session_id: UUID | str, updates: Mapping[str, Any], *, as_read: Session | None = None
    ) -> Session: ...
    def delete_session(self, session_id: UUID | str) -> None: ...
    def list_sessions(
        self,
        user_id: UUID | str,
        limit: int = 50,
        *,
        status: SessionStatus | None = None,
        before: Session | None = None,
    ) -> list[Session]: ...
    def save_revision(self, revision: Revision) -> int: ...
    def save_draft(self, draft: Draft) -> int: ...
    def save_resolution(self, resolution: Resolution) -> UUID: ...


class PostgresSessionStore:
    """Sessions over a connection, as a person (`user_id`: row-level security holds) or, without one, as a service.

    Whatever is saved carries an id of its own, so that saving it again after an unknown outcome saves it once.
    Every method raises BadArgument for what cannot be used, and DatabaseUnavailable, NotAllowed, TookTooLong,
    RefusedByDatabase. Safe to share between threads.
    """

    def __init__(self, source: Source | Database, *, user_id: UUID | str | None = None) -> None:
        self._database = Database.of(source)
        self._user_id = checking.optional_identifier("user_id", user_id)

    def create_session(self, session: Session) -> UUID:
        """Store a new session; its id. Raises AlreadyThere where the id is that of another session."""
        row = columns.session_columns(session)
        with transaction_as(self._database, self._user_id) as work:
            if work.row("sessions.create", **row) is None:
                found = work.row("sessions.find", session_id=session.session_id)
                if found is None or found["user_id"] != row["user_id"] or found["prompt"] != row["prompt"]:
                    raise AlreadyThere(f"The session id {session.session_id} is taken; nothing was written.")
        return UUID(str(row["id"]))

    def get_session(self, session_id: UUID | str) -> Session:
        """One session as it is now. Raises SessionNotFound."""
        wanted = checking.identifier("session_id", session_id)
        with transaction_as(self._database, self._user_id) as work:
            return _found(work, wanted)

    def update_session(
        self, session_id: UUID | str, updates: Mapping[str, Any], *, as_read: Session | None = None
    ) -> Session:
        """Change some of prompt, status, current_ir, metadata; the session afterwards.

        With `as_read`, only if nobody has changed it since that was read. Counters are the database's own.
        Raises SessionMoved, SessionNotFound, NotAllowed for somebody else's session.
        """
        wanted = checking.identifier("session_id", session_id)
        changed = columns.updated_columns(updates)
        read_at = columns.time_read(as_read)
        row = dict.fromkeys(columns.UPDATABLE) | changed
        with transaction_as(self._database, self._user_id) as work:
            done = work.row("sessions.update", session_id=wanted, names=list(changed), read_at=read_at, **row)
            if done is None:
                raise _refused(_found(work, wanted), as_read)
        return Session.of(done)

    def delete_session(self, session_id: UUID | str) -> None:
        """Remove a session with its revisions, drafts and resolutions. Raises SessionNotFound, NotAllowed."""
        wanted = checking.identifier("session_id", session_id)
        with transaction_as(self._database, self._user_id) as work:
            if not work.run("sessions.delete", session_id=wanted):
                raise _refused(_found(work, wanted), None)

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
        wanted = {
            "user_id": checking.identifier("user_id", user_id),
            "status": None if status is None else checking.one_of("status", status, SESSION_STATUSES),
            "before_at": last.created_at if last else None,
            "before_id": last.session_id if last else None,
            "limit": most,
        }
        with transaction_as(self._database, self._user_id) as work:
            return [Session.of(row) for row in work.rows("sessions.list", **wanted)]

    def save_revision(self, revision: Revision, *, make_current: bool = False) -> int:
        """Store a revision; its number. With `make_current` its IR becomes the session's in the same transaction.

        Raises SessionNotFound, AlreadyThere where the number or the id is taken by another revision: what is saved
        again under its id holds the same.
        """
        row = columns.revision_columns(revision)
        checking.flag("make_current", make_current)
        with transaction_as(self._database, self._user_id) as work:
            saved, is_new = _saved(work, "revision", row)
            # A repeat leaves the IR alone: what came after the first time stands.
            if make_current and is_new:
                current = dict.fromkeys(columns.UPDATABLE) | {"current_ir": row["ir_content"]}
                work.row("sessions.update", session_id=row["session_id"], names=["current_ir"], read_at=None, **current)
        return int(saved["number"])

    def save_draft(self, draft: Draft) -> int:
        """Store a draft; its number. Raises as `save_revision`."""
        row = columns.draft_columns(draft)
        with transaction_as(self._database, self._user_id) as work:
            saved, _ = _saved(work, "draft", row)
        return int(saved["number"])

    def save_resolution(self, resolution: Resolution) -> UUID:
        """Store what a hole was filled with; the id of that. Raises as `save_revision`."""
        row = columns.resolution_columns(resolution)
        with transaction_as(self._database, self._user_id) as work:
            saved, _ = _saved(work, "resolution", row)
        return UUID(str(saved["id"]))


def _saved(work: Work, what: str, row: columns.Columns) -> tuple[dict[str, Any], bool]:
    """Save what belongs to a session, once: its number or id, and whether it is new. It belongs to whom the session
    belongs."""
    session = work.row("sessions.lock", session_id=row["session_id"])
    if session is None:
        raise _refused(_found(work, row["session_id"]), None)
    saved = work.row(f"sessions.save_{what}", user_id=session["user_id"], **row)
    if saved is not None:
        return saved, True
    saved = work.row(f"sessions.find_{what}", **row)
    if saved is None:
        raise AlreadyThere(f"The id or number of this {what} is taken; nothing was written.")
    return saved, False


def _found(work: Work, session_id: UUID) -> Session:
    row = work.row("sessions.find", session_id=session_id)
    if row is None:
        raise SessionNotFound
    return Session.of(row)


def _refused(now: Session, as_read: Session | None) -> SessionMoved | NotAllowed:
    """Why a session that can be seen was not changed."""
    if as_read is not None and now.updated_at != as_read.updated_at:
        return SessionMoved()
    return NotAllowed("This session belongs to somebody else; nothing was changed.")
