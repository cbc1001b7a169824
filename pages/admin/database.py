"""Database: connections, long queries, tables, indexes and row-level security, in sentences first."""

from __future__ import annotations

from data.operations import inspection as reports
from data.operations.tables import read_table
from ui import acts, page
from ui import database as parts
from ui.asking import filters
from ui.view import View


def show(view: View) -> None:
    """Uncached: it tells what goes on at this moment. Each part fails alone and is then told as not looked at."""
    server = parts.looked(view, "connections", reports.read_server)
    tables = parts.looked(view, "tables", reports.list_tables)
    indexes = parts.looked(view, "indexes", reports.list_index_findings)
    parts.sentences(view, server, tables, indexes)
    is_about_keeping = filters.given("keep") is not None  # what was pressed was far down: so is its receipt
    if not is_about_keeping:
        acts.show_outcome()
    with page.panel(view, "the connections"):
        parts.queries(view, server)
        parts.connections(view, server)
    with page.panel(view, "how long events are kept"):
        parts.retention(view)
        if is_about_keeping:
            acts.show_outcome()
    with page.panel(view, "the tables"):
        parts.tables(view, tables)
    with page.panel(view, "the indexes"):
        parts.indexes(view, server, indexes)
    if indexes.found is None:
        page.footer(view)


def show_one(view: View, table: str) -> None:
    """One table with its policies and indexes."""
    parts.way_back(view)
    with page.panel(view, "the table"):
        parts.one_table(view, table, read_table(view.actor, table))


view = page.begin("Database", needs="operate_database")
if (asked := parts.asked_table()) is not None:
    show_one(view, asked)
else:
    show(view)
