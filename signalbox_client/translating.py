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
    UnfitTable,
)

# What the statements of this package never bring about in tables as it makes them.
OF_OTHER_TABLES = (
    postgres_errors.DatatypeMismatch,
    postgres_errors.GeneratedAlways,
    postgres_errors.InvalidColumnReference,
    postgres_errors.NotNullViolation,
    postgres_errors.UndefinedFunction,
)
# A word that a column has no place for: too long for its type, or none of its enumeration. Ours take what is written.
OF_OTHER_WORDS = (postgres_errors.StringDataRightTruncation, postgres_errors.InvalidTextRepresentation)
_SEE = "as one may be that was moved here; `python -m data adopt {} --status` says what its tables cannot take"


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the driver as errors of this package; everything else passes unchanged."""
    try:
        yield
    except (postgres_errors.QueryCanceled, postgres_errors.LockNotAvailable) as error:
        raise TookTooLong from error
    except postgres_errors.InsufficientPrivilege as error:
        raise NotAllowed(f"{_said(error)}; nothing of this call was kept.") from error
    except (*OF_OTHER_TABLES, *OF_OTHER_WORDS) as error:
        raise UnfitTable(f"{of_another_table(error)}. Nothing of this call was kept.") from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if error.sqlstate and not error.sqlstate.startswith(("08", "57", "53300")):
            raise RefusedByDatabase(f"{_said(error)}; nothing of this call was kept.") from error
        raise DatabaseUnavailable(of_a_full_pool(error)) from error
    except psycopg.DatabaseError as error:  # last, as those above are of this kind, too
        if isinstance(error, postgres_errors.ForeignKeyViolation) and (bad := of_nothing(_message(error))):
            raise bad from error
        if rule := of_a_rule(error):
            raise RefusedByDatabase(f"{rule}; nothing of this call was kept.") from error
        raise RefusedByDatabase(f"{_said(error)}; nothing of this call was kept.") from error


def of_a_full_pool(error: psycopg.Error) -> str | None:
    """That a pooler had no connection free for this in time, as a sentence; None for any other error."""
    if "query_wait_timeout" not in str(error):
        return None
    return (
        "All connections of the pooler's pool are in use, and none became free in time (query_wait_timeout). Close "
        "clients that are not needed or enlarge the pool, then try again."
    )


def of_nothing(message: str) -> BadArgument | None:
    """What the server says of a foreign key, where that is the one by which a row belongs to a person or a session."""
    if "_user_id_fkey" in message:
        return BadArgument("user_id", "is the id of nobody: there is no such account in auth.users.")
    if "_session_id_fkey" in message:
        return BadArgument("session_id", "is the id of no session that is there.")
    return None


def of_another_table(error: psycopg.Error) -> str:
    """What the server says of a table that is not as this package makes it, one of `OF_OTHER_TABLES` or
    `OF_OTHER_WORDS`."""
    told = error.diag
    if isinstance(error, postgres_errors.NotNullViolation) and told.column_name:
        where, see = f"{told.schema_name}.{told.table_name}", _SEE.format(told.schema_name)
        return f"{where} asks every row for its {told.column_name}, and this writes none: it is not as ours is, {see}"
    return not_as_ours(_message(error))


def not_as_ours(said: str) -> str:
    """That a table is not as this package makes it, by what the server says."""
    return f"A table is not as ours is ({said}), {_SEE.format('SYSTEM')}"


def of_a_rule(error: psycopg.Error) -> str | None:
    """Which rule of which table a row does not hold for, as a sentence without its end; None for any other error."""
    told = error.diag
    if told.constraint_name is None or told.table_name is None:
        return None
    table, rule = f"{told.schema_name}.{told.table_name}", told.constraint_name
    if isinstance(error, postgres_errors.UniqueViolation):
        return f"{table} has a row like this already, and its unique key {rule} allows one"
    kinds: dict[type[psycopg.Error], str] = {
        postgres_errors.CheckViolation: "check",
        postgres_errors.ForeignKeyViolation: "foreign key",
    }
    return f"{table} refuses this by its {kinds.get(type(error), 'rule')} {rule}"


def _said(error: psycopg.Error) -> str:
    """The server's sentence about what it refused, without the row that it may repeat."""
    return f"The database refused this: {_message(error)}"


def _message(error: psycopg.Error) -> str:
    return error.diag.message_primary or type(error).__name__
