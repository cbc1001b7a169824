"""Connections, transactions and named queries. Everything else in `data` goes through these names."""

from data.database.latest import Added, Sight, Sources, polled
from data.database.pools import (
    APPLICATION_NAME,
    Database,
    close_all,
    close_database,
    database_of,
    open_database,
    open_datasets,
    statistics,
)
from data.database.sharing import let_go
from data.database.units import Unit, apart, locking, look_up, operating, reading, together, watching, writing
from data.database.versions import poll_sources, polled_sources, read_sources
from data.database.zones import knows_zone

__all__ = [
    "APPLICATION_NAME",
    "Added",
    "Database",
    "Sight",
    "Sources",
    "Unit",
    "apart",
    "close_all",
    "close_database",
    "database_of",
    "knows_zone",
    "let_go",
    "locking",
    "look_up",
    "open_database",
    "open_datasets",
    "operating",
    "poll_sources",
    "polled",
    "polled_sources",
    "read_sources",
    "reading",
    "statistics",
    "together",
    "watching",
    "writing",
]
