"""Change versions: what caches are keyed by, so that a figure is computed again only when its tables changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from data.access import Actor, Dataset
from data.database.latest import Added, Sight, Sources, polled
from data.database.pools import database_of
from data.database.units import reading, watching
from data.errors import SignalboxError


def read_sources(actor: Actor) -> Sources:
    """The version of every source table, which are adopted, and what those lack.

    Read it before the data: newer data under an older version is computed once more, the other way round would
    be stale for ever.
    """
    begun_at, read_at = time.monotonic(), datetime.now(UTC)
    with reading(actor) as unit:
        rows = unit.rows("versions.read_sources")
    polled.shown(actor.dataset, begun_at)
    return _sources(rows, read_at)


def poll_sources(dataset: Dataset) -> Sources:
    """The same for whoever looks, kept for `polled_sources`. Raises what `reading` raises.

    Asked where reports are read: elsewhere, a replica say, the versions might be of newer rows than the figures.
    """
    begun_at, read_at = time.monotonic(), datetime.now(UTC)
    try:
        database = database_of(dataset)
        with watching(dataset) as unit:
            rows = unit.rows("versions.read_sources")
    except SignalboxError:
        polled.failed(dataset)
        raise
    sources = _sources(rows, read_at)
    polled.keep(dataset, database, begun_at, sources)
    return sources


def polled_sources(dataset: Dataset) -> Sources | None:
    """What was polled last, if it is fresh enough to begin a page with. Raises DatabaseUnavailable for no dataset."""
    return polled.take(dataset, database_of(dataset))


def _sources(rows: Sequence[Mapping[str, Any]], read_at: datetime) -> Sources:
    versions = {row["name"]: row["version"] for row in rows}
    missing = {row["name"]: tuple(row["missing_columns"]) for row in rows if row["missing_columns"]}
    sights = {
        row["name"]: Sight(row["place"], row["of_managers"] or "none", row["of_members"] or "none")
        for row in rows
        if row["is_adopted"]
    }
    added = {row["name"]: Added(tuple(row["added_columns"]), row["adopted_at"]) for row in rows if row["added_columns"]}
    absent = {row["name"]: tuple(row["absent_columns"]) for row in rows if row["absent_columns"]}
    return Sources(versions, missing, read_at, sights, added, absent)
