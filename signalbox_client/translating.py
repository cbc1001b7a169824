"""What the driver raises, turned into the errors of this package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres_errors

from signalbox_client.errors import (
    BadArgument,
    DatabaseUnavailable,
    NotAllowed,
    RefusedByDatabase,
    TookTooLong,
)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the driver as errors of this package; everything else passes unchanged."""
    try:
        yield
    except (postgres_errors.QueryCanceled, postgres_errors.LockNotAvailable) as error:
        raise TookTooLong from error
    except postgres_errors.InsufficientPrivilege as error:
        raise NotAllowed(f"{_said(error)}; nothing of this call was kept.") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if error.sqlstate and not error.sqlstate.startswith(("08", "57", "53300")):
            raise RefusedByDatabase(f"{_said(error)}; nothing of this call was kept.") from error
        raise DatabaseUnavailable from error
    except psycopg.DatabaseError as error:  # last, as those above are of this kind, too
        if isinstance(error, postgres_errors.ForeignKeyViolation) and (nobody := of_nobody(_message(error))):
            raise nobody from error
        raise RefusedByDatabase(f"{_said(error)}; nothing of this call was kept.") from error


def of_nobody(message: str) -> BadArgument | None:
    """What the server says of a foreign key, where that is the one by which a row belongs to a person."""
    if "_user_id_fkey" not in message:
        return None
    return BadArgument("user_id", "is the id of nobody: there is no such account in auth.users.")


def _said(error: psycopg.Error) -> str:
    """The server's sentence about what it refused, without the row that it may repeat."""
    return f"The database refused this: {_message(error)}"


def _message(error: psycopg.Error) -> str:
    return error.diag.message_primary or type(error).__name__
