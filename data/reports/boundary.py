"""From where on there are rows, and before which time only sums are kept."""

from __future__ import annotations

from datetime import datetime

from data import rollups
from data.access import Actor


def read_boundary(actor: Actor) -> datetime | None:
    """Before this time what happened in sessions is known as sums alone; None where nothing was ever dropped.

    Raises what `database.reading` raises.
    """
    kept = rollups.read_retention(actor)
    return kept.raw_from if kept.is_sums_only else None
