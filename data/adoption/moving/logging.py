"""Has the change log hear of moved tables what it hears of ours: then they are summed up as ours are."""

from __future__ import annotations

from data.adoption import watching
from data.adoption.findings import SystemFinding
from data.adoption.marking import carried, marks_of
from data.adoption.moving.tables import with_added
from data.database.queries import find
from data.migration.connection import Connection


def log(connection: Connection, found: SystemFinding) -> bool:
    """Put the triggers of the change log on the moved tables; whether all of them tell all that ours would.

    Figures are then read from stored sums, else from the rows themselves, every time.
    """
    heard = [watching.watch(connection, found.system, found.system, with_added(table)) for table in found.there]
    connection.execute(
        find("adoption.note_logged").text, {"system": found.system, "is_logged": bool(heard) and all(heard)}
    )
    return all(heard)


def is_logged(connection: Connection, found: SystemFinding) -> bool:
    """Whether moved tables carry triggers of the change log of every name that ours have; those that an older version
    put on them may be fewer."""
    for table in found.there:
        name = f"{found.system}.{table.name}"
        there = connection.execute(find("adoption.list_triggers").text, {"table": name}).fetchall()
        functions = {each["name"]: each["function"] for each in there}
        source = connection.execute(find("adoption.find_source").text, {"name": name}).fetchone() or {"source": ""}
        for mark in (carried(ours, table, str(source["source"])) for ours in marks_of(name)):
            if functions.get(mark.name) != f"signalbox.{mark.function}":
                return False
    return True
