"""Change versions: what caches are keyed by, so that a figure is computed again only when its tables changed."""

from __future__ import annotations

from dataclasses import dataclass

from data.access import Actor
from data.database.units import reading


@dataclass(frozen=True)
class Sources:
    """The source tables by name, "chronicle.events" for instance: the version of each, and the columns that an adopted
    one lacks, which reports read as unknown."""

    versions: dict[str, str]
    missing_columns: dict[str, tuple[str, ...]]


def read_sources(actor: Actor) -> Sources:
    """The version of every source table, and what adopted ones lack.

    Read it before the data: newer data under an older version is computed once more, the other way round would
    be stale for ever.
    """
    with reading(actor) as unit:
        rows = unit.rows("versions.read_sources")
    return Sources(
        {row["name"]: row["version"] for row in rows},
        {row["name"]: tuple(row["missing_columns"]) for row in rows if row["missing_columns"]},
    )
