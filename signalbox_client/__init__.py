"""What agents import to write: events, procedures, recordings, sessions, jobs; knows psycopg alone."""

from signalbox_client.connection import Database
from signalbox_client.errors import (
    BadArgument,
    Closed,
    DatabaseUnavailable,
    InTransaction,
    NotAllowed,
    RefusedByDatabase,
    SignalboxError,
    TookTooLong,
)
from signalbox_client.events import EventStore, NewEvent, Reducer, Reducers
from signalbox_client.jobs import Jobs
from signalbox_client.procedures import Procedures
from signalbox_client.recorder import Recorder
from signalbox_client.sessions import PostgresSessionStore

__all__ = [
    "BadArgument",
    "Closed",
    "Database",
    "DatabaseUnavailable",
    "EventStore",
    "InTransaction",
    "Jobs",
    "NewEvent",
    "NotAllowed",
    "PostgresSessionStore",
    "Procedures",
    "Recorder",
    "Reducer",
    "Reducers",
    "RefusedByDatabase",
    "SignalboxError",
    "TookTooLong",
]
