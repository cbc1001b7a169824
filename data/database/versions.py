"""Change versions: what caches are keyed by, so that a figure is computed again only when its tables changed."""

from __future__ import annotations

from data.access import Actor, Dataset
from data.database.units import operating, reading


def read_versions(actor: Actor) -> dict[str, str]:
    """The version of every source table by its name, "chronicle.events" for instance.

    Read it before the data: newer data under an older version is computed once more, the other way round would
    be stale for ever.
    """
    with reading(actor) as unit:
        return {row["name"]: row["version"] for row in unit.rows("versions.read_versions")}


def fold_marks(dataset: Dataset) -> int:
    """Move the marks of the change log into the totals, so that reading versions stays cheap; how many were moved.

    The versions do not change by it.
    """
    with operating(dataset) as unit:
        return int(unit.value("versions.fold_marks"))
