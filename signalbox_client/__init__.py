"""What agents import to write: events, procedures, recordings, sessions, jobs; knows psycopg alone."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signalbox_client.adopted import AdoptedElsewhere
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
        UnfitTable,
        UnreadableValue,
    )
    from signalbox_client.events import EventStore, NewEvent, Reducer, Reducers
    from signalbox_client.jobs import Jobs
    from signalbox_client.json_values import Unreadable
    from signalbox_client.procedures import Procedures
    from signalbox_client.recorder import Recorder
    from signalbox_client.sessions import PostgresSessionStore

__all__ = [
    "AdoptedElsewhere",
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
    "UnfitTable",
    "Unreadable",
    "UnreadableValue",
]

# Each name with its module, imported when it is first asked for: errors are needed where the driver is not installed.
_HOMES = {
    "AdoptedElsewhere": "signalbox_client.adopted",
    "BadArgument": "signalbox_client.errors",
    "Closed": "signalbox_client.errors",
    "Database": "signalbox_client.connection",
    "DatabaseUnavailable": "signalbox_client.errors",
    "EventStore": "signalbox_client.events",
    "InTransaction": "signalbox_client.errors",
    "Jobs": "signalbox_client.jobs",
    "NewEvent": "signalbox_client.events",
    "NotAllowed": "signalbox_client.errors",
    "PostgresSessionStore": "signalbox_client.sessions",
    "Procedures": "signalbox_client.procedures",
    "Recorder": "signalbox_client.recorder",
    "Reducer": "signalbox_client.events",
    "Reducers": "signalbox_client.events",
    "RefusedByDatabase": "signalbox_client.errors",
    "SignalboxError": "signalbox_client.errors",
    "TookTooLong": "signalbox_client.errors",
    "Unreadable": "signalbox_client.json_values",
    "UnfitTable": "signalbox_client.errors",
    "UnreadableValue": "signalbox_client.errors",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
