"""One table of the database as an admin looks at it: its row-level security, its policies and its indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from data import database
from data.access import Actor
from data.errors import DatabaseUnavailable, NotFound
from data.operations.inspection import FOREIGN_SCHEMAS, Locked


@dataclass(frozen=True)
class OneTable:
    """A table: `facts`, `policies` and `indexes` as the queries of operations.tables give them; sizes in bytes."""

    facts: dict[str, Any]
    policies: tuple[dict[str, Any], ...]
    indexes: tuple[dict[str, Any], ...]


def read_table(actor: Actor, table: str) -> OneTable:
    """The table of this schema and name. Raises NotAllowed, NotFound, Locked, DatabaseUnavailable."""
    actor.must("operate_database")
    try:
        with database.operating(actor.dataset) as unit:
            facts = unit.row("operations.tables.read_table", table=table, foreign_schemas=list(FOREIGN_SCHEMAS))
            if facts is None:
                raise NotFound("There is no such table in this database.")
            return OneTable(
                facts,
                tuple(unit.rows("operations.tables.list_policies", table=table)),
                tuple(unit.rows("operations.tables.list_indexes", table=table)),
            )
    except DatabaseUnavailable as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):  # sizes wait for who changes a table
            raise Locked from error
        raise
