"""Says that a database lacks what one of our named queries reads: its migrations are behind this version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as postgres_errors

from data.errors import DatabaseBehind

MISSING = (
    postgres_errors.UndefinedTable,
    postgres_errors.UndefinedColumn,
    postgres_errors.UndefinedFunction,
    postgres_errors.UndefinedObject,
    postgres_errors.InvalidSchemaName,
)
_NAMED = "named query "  # how a note on an error begins that says which query met it


@contextmanager
def named(name: str) -> Iterator[None]:
    """Remember with an error about something missing which named query met it."""
    try:
        yield
    except MISSING as error:
        error.add_note(_NAMED + name)
        raise


@contextmanager
def where_current() -> Iterator[None]:
    """Around what a person reads or writes. Raises DatabaseBehind for what a named query misses; what other statements
    miss passes unchanged."""
    try:
        yield
    except MISSING as error:
        if not any(note.startswith(_NAMED) for note in getattr(error, "__notes__", ())):
            raise
        raise DatabaseBehind from error
