"""Times that Python cannot hold are read as unknown: one such row must not close a page to everybody."""

from __future__ import annotations

from datetime import UTC, datetime

from data import database
from data.access import Actor

QUERY = (
    "select 'infinity'::timestamptz as never, '-infinity'::timestamptz as always,"
    " '0044-03-15 BC'::timestamptz as ides, '2026-01-01Z'::timestamptz as plain"
)
READ = {"never": None, "always": None, "ides": None, "plain": datetime(2026, 1, 1, tzinfo=UTC)}


def test_pooled_and_lone_connections_read_every_time(people: dict[str, Actor]) -> None:
    for unit in (database.reading, database.writing, database.apart):
        with unit(people["admin"]) as opened:
            assert opened.connection.execute(QUERY).fetchone() == READ
