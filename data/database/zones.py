"""Which time zones a database knows: its list may be older than that of Python, and reports cut days by both."""

from __future__ import annotations

from data.access import Dataset
from data.database.pools import database_of
from data.database.units import watching


def knows_zone(dataset: Dataset, name: str) -> bool:
    """Whether the server that reports are read from knows a time zone. Asked once for each name while the database is
    open. Raises as `reading` does."""
    zones = database_of(dataset).zones
    if name not in zones:
        with watching(dataset) as unit:
            zones[name] = bool(unit.value("console.knows_zone", zone=name))
    return zones[name]
