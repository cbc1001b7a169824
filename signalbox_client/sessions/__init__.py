"""The session store of lift-sys: sessions, revisions of their IR, drafts of code, resolved holes.

The store over HTTP is in `signalbox_client.sessions.over_http`, as it needs supabase-py.
"""

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
from signalbox_client.sessions.store import PostgresSessionStore, SessionStore

__all__ = [
    "SESSION_STATUSES",
    "AlreadyThere",
    "Draft",
    "PostgresSessionStore",
    "Resolution",
    "Revision",
    "Session",
    "SessionMoved",
    "SessionNotFound",
    "SessionStatus",
    "SessionStore",
]
