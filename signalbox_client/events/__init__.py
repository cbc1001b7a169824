"""The engine's event store: append with an expected sequence, streams, causal traces, state at any event, following."""

from signalbox_client.events.errors import (
    EventNotFound,
    NoPositions,
    PositionUnknown,
    ReducerFailed,
    WrongSequence,
)
from signalbox_client.events.event import Event, NewEvent
from signalbox_client.events.positions import Position
from signalbox_client.events.reducers import Reducer, Reducers
from signalbox_client.events.states import SNAPSHOT_EVERY, AggregateState
from signalbox_client.events.store import EventStore
from signalbox_client.events.subscription import Subscription
from signalbox_client.events.tracing import Cause, Trace

__all__ = [
    "SNAPSHOT_EVERY",
    "AggregateState",
    "Cause",
    "Event",
    "EventNotFound",
    "EventStore",
    "NewEvent",
    "NoPositions",
    "Position",
    "PositionUnknown",
    "Reducer",
    "ReducerFailed",
    "Reducers",
    "Subscription",
    "Trace",
    "WrongSequence",
]
