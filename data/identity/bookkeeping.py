"""Transactions on the console's own tables, which a database may not have yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import errors as postgres_errors

from data import database
from data.access import Dataset
from data.identity.refusals import NotMigrated

_MISSING = (
    postgres_errors.UndefinedTable,
    postgres_errors.UndefinedColumn,
    postgres_errors.UndefinedFunction,
    postgres_errors.InvalidSchemaName,
)


@contextmanager
def bookkeeping(dataset: Dataset = "real") -> Iterator[database.Unit]:
    """A transaction as the owner of the database. Raises NotMigrated where its tables are missing."""
    with _where_migrated(), database.operating(dataset) as unit:
        yield unit


def looked_up(name: str, *, dataset: Dataset = "real", **parameters: Any) -> list[dict[str, Any]]:
    """All rows of a named query there that changes nothing, in one round trip. Raises as `bookkeeping`."""
    with _where_migrated():
        return database.look_up(dataset, name, **parameters)


@contextmanager
def _where_migrated() -> Iterator[None]:
    try:
        yield
    except _MISSING as error:
        raise NotMigrated from error
