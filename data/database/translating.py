"""What the driver raises, in the errors that people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres_errors
from psycopg_pool import PoolClosed, PoolTimeout

from data.errors import ColumnMissing, DatabaseFull, DatabaseUnavailable, KeptElsewhere, NotAllowed, TookTooLong

_LACKING = re.compile(r".* lacks what this writes: .*")
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
    except (PoolTimeout, PoolClosed) as error:
        raise DatabaseUnavailable from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
