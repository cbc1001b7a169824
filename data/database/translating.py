"""What the driver raises, in the errors that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres_errors
from psycopg_pool import PoolClosed, PoolTimeout

from data.errors import (
    ColumnMissing,
    DatabaseFull,
    DatabaseUnavailable,
    KeptElsewhere,
    NotAllowed,
    RowRefused,
    TookTooLong,
)
from signalbox_client.translating import of_a_full_pool, of_a_rule

_LACKING = re.compile(r".* lacks what this writes: .*")
_OWN = "signalbox"
_WRITING = re.compile(r"function signalbox\.(write|insert)_adopted\(\)")
_KEPT_ELSEWHERE = re.compile(r".* is kept as .*, which the console reads: .*")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the driver raises into the errors that people read; everything else passes unchanged."""
    try:
        yield
    except postgres_errors.QueryCanceled as error:
        raise TookTooLong from error
    except postgres_errors.FeatureNotSupported as error:
        # A column that an adopted table lacks reads as null through its view, and cannot be written.
        if (lacking := _LACKING.search(error.diag.message_primary or "")) is None:
            raise
        raise ColumnMissing(f"{lacking[0]}; nothing was changed.") from error
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        if (why := _of_their_rule(error)) is None:
            raise
        raise RowRefused(f"{why}; nothing was changed. Its owner decides on its rules.") from error
    except postgres_errors.InsufficientPrivilege as error:
        raise NotAllowed("The database refused this: your role has no right to it.") from error
    except postgres_errors.ObjectNotInPrerequisiteState as error:
        if (kept := _KEPT_ELSEWHERE.search(error.diag.message_primary or "")) is None:
            raise DatabaseUnavailable from error
        raise KeptElsewhere(f"{kept[0]}. Nothing was changed.") from error
    except (
        postgres_errors.DiskFull,
        postgres_errors.OutOfMemory,
        postgres_errors.ConfigurationLimitExceeded,
    ) as error:
        raise DatabaseFull from error
    except (postgres_errors.ProgramLimitExceeded, postgres_errors.StatementTooComplex) as error:
        said = error.diag.message_primary or type(error).__name__
        raise RowRefused(f"This is larger than the database takes ({said}); nothing was changed.") from error
    except (PoolTimeout, PoolClosed) as error:
        raise DatabaseUnavailable from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(of_a_full_pool(error)) from error


def is_of_writing(error: psycopg.DataError) -> bool:
    """Whether a value was of a wrong type where it was written through the view of an adopted table."""
    return _WRITING.search(error.diag.context or "") is not None


def _of_their_rule(error: psycopg.IntegrityError | psycopg.DataError) -> str | None:
    """What a table of another system refuses and why, as a clause; None where that was nothing written into one. Our
    own take what is written here, and whoever meets a key of the console's own says more about it."""
    told = error.diag
    if isinstance(error, psycopg.DataError):
        why = f"The table that this system brought with it has no place for what this writes ({told.message_primary})"
        return why if is_of_writing(error) else None
    if told.schema_name in (None, _OWN):
        return None
    if isinstance(error, postgres_errors.NotNullViolation):
        return (
            f"{told.schema_name}.{told.table_name} asks every row for its {told.column_name}, which this does not write"
        )
    return of_a_rule(error)
