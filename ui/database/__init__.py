"""The parts of the page of the database."""

from ui.database.findings import sentences
from ui.database.indexes import indexes
from ui.database.looking import Looked, looked
from ui.database.retention import retention
from ui.database.sessions import connections, queries
from ui.database.tables import tables

__all__ = ["Looked", "connections", "indexes", "looked", "queries", "retention", "sentences", "tables"]
