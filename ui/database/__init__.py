"""The parts of the page of the database."""

from ui.database.findings import sentences
from ui.database.indexes import indexes
from ui.database.looking import Looked, looked
from ui.database.retention import retention
from ui.database.sessions import connections, queries
from ui.database.table import asked_table, one_table, way_back
from ui.database.tables import tables

__all__ = [
    "Looked",
    "asked_table",
    "connections",
    "indexes",
    "looked",
    "one_table",
    "queries",
    "retention",
    "sentences",
    "tables",
    "way_back",
]
