"""Times and rows that random histories are made of."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg.rows import DictRow

BASE = datetime(2026, 11, 1, tzinfo=UTC)
# That no period can name, and on the edge of those.
ODD = tuple(datetime(*day, 23, tzinfo=UTC) for day in ((1969, 6, 1), (1970, 1, 1), (2200, 12, 30), (2200, 12, 31)))


def some_time(chance: random.Random) -> datetime | None:
    """None now and then or a time that no period can name, often on or beside the edge of a quarter, an hour, a day or
    eight days."""
    kind = chance.random()
    if kind < 0.05:
        return None
    if kind < 0.08:
        return chance.choice(ODD)
    if kind < 0.5:
        width_s = chance.choice((900, 3600, 86_400, 768 * 900))
        return BASE + timedelta(
            seconds=width_s * chance.randrange(-3, 4) + chance.choice((0, 0, 1, 899.999, -0.000001))
        )
    return BASE + timedelta(seconds=chance.uniform(-20 * 86_400, 20 * 86_400))


def some(connection: psycopg.Connection[DictRow], chance: random.Random, query: str) -> UUID | None:
    """One of the ids that a query gives; None where there is none."""
    ids = sorted(row["id"] for row in connection.execute(query).fetchall())
    return chance.choice(ids) if ids else None


def new_id(chance: random.Random) -> UUID:
    """An id as the seed gives it, so that a history goes the same way each time."""
    return UUID(int=chance.getrandbits(128), version=4)
