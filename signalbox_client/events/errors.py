"""What can go wrong with events."""

from __future__ import annotations

import re
from typing import Self

import psycopg
from psycopg import errors as postgres_errors

from signalbox_client.errors import SignalboxError

_WRONG_SEQUENCE = "SB001"  # as engine.append_event raises it
_UNIQUE = "events_aggregate_sequence"
_TOLD = re.compile(
    r"wrong expected sequence: (?P<aggregate>.*) is at (?P<actual>\d+), not at (?P<expected>\d+)$", re.DOTALL
)


class WrongSequence(SignalboxError):
    """Somebody else appended to this aggregate meanwhile; nothing was appended. Read it again and decide again."""

    def __init__(self, sentence: str | None = None, *, expected: int | None = None, actual: int | None = None) -> None:
        self.expected = expected
        self.actual = actual
        super().__init__(sentence)

    @classmethod
    def told_by(cls, error: psycopg.Error) -> Self | None:
        """The error that the database means, None where it means another."""
        if error.sqlstate == _WRONG_SEQUENCE:
            told = _TOLD.match(error.diag.message_primary or "")
            if not told:
                return cls()
            actual, expected = int(told["actual"]), int(told["expected"])
            return cls(
                f"{told['aggregate']} is at sequence {actual}, not at {expected} as expected: somebody else appended"
                " meanwhile. Nothing was appended; read it again and decide again.",
                expected=expected,
                actual=actual,
            )
        # A transaction with one snapshot from its beginning does not see what was appended since.
        if isinstance(error, postgres_errors.UniqueViolation) and error.diag.constraint_name == _UNIQUE:
            return cls(_OLD_SNAPSHOT)
        if isinstance(error, postgres_errors.SerializationFailure):
            return cls(_OLD_SNAPSHOT)
        return None


_OLD_SNAPSHOT = (
    "Somebody else appended to this aggregate since this transaction took its snapshot. Nothing was appended;"
    " begin the transaction anew, read again and decide again."
)


class EventNotFound(SignalboxError):
    """There is no such event, or it is not this role's to see."""


class ReducerFailed(SignalboxError):
    """A reducer could not fold an event; nothing was kept."""


class PositionUnknown(SignalboxError):
    """The event at this position is not in this database: it was restored from an older backup, or it is another one.

    A subscriber cannot know what it has missed; begin at the beginning, or at the present."""


class NoPositions(SignalboxError):
    """This database has no order over all its events, so nothing can follow them. Apply the migrations."""
