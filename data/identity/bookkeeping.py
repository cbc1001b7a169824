"""Transactions on the console's own tables, which a database may not have yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors as postgres_errors

from data import database
from data.identity.refusals import NotMigrated

_MISSING = (
    postgres_errors.UndefinedTable,
    postgres_errors.UndefinedColumn,
    postgres_errors.UndefinedFunction,
    postgres_errors.InvalidSchemaName,
)


@contextmanager
def bookkeeping() -> Iterator[database.Unit]:
    """A transaction as the owner of the real database. Raises NotMigrated where its tables are missing."""
    try:
        with database.operating() as unit:
            yield unit
    except _MISSING as error:
        raise NotMigrated from error
