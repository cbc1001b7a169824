"""What adopted systems did not bring: tables of a system, and columns of a table. Each page says it of the tables that
it rests on."""

from __future__ import annotations

from collections.abc import Collection

from ui import veil
from ui.view import View
from ui.wording import figures
from ui.wording.sentences import listed

MOST_AT_ONCE = 2  # sentences above a page; more stand behind one line


def sentences(view: View) -> list[str]:
    """One for each table that is not there or lacks columns, of those that the page has read so far."""
    without = {system: _read(view, system, missing) for system, missing in view.missing_tables.items()}
    return [
        *(
            f"{system}, adopted from elsewhere, is read without the {_words('table', missing)}: {_UNKNOWN}."
            for system, missing in without.items()
            if missing
        ),
        *(
            f"{name}, adopted from elsewhere, is read without the {_words('column', view.lacks[name])}: {_UNKNOWN}."
            for name in veil.read_of(view, view.lacks)
        ),
        *(
            f"{name}, moved here at {_moved(view, name)}, had no {_words('column', view.added[name].columns)}: "
            "what rests on that is not recorded of the rows from before."
            for name in veil.read_of(view, view.added)
        ),
    ]


def untold(view: View, table: str, column: str) -> str | None:
    """Why what rests on a column is not known, of any row or of those from before the table was moved here; None where
    the table has always had it."""
    if view.lacks_column(table, column):
        return f"unknown: the adopted table is read without a column {column}"
    if table in view.added and column in view.added[table].columns:
        return f"not recorded of rows from before {_moved(view, table)}: the adopted table had no column {column}"
    return None


def absent(view: View, table: str, column: str, words: str) -> str:
    """What stands where a row has nothing in a column: that it is none, unless the row cannot say it."""
    return "not recorded" if untold(view, table, column) else words


_UNKNOWN = "what rests on that is unknown here"


def _read(view: View, system: str, tables: Collection[str]) -> list[str]:
    return [name.partition(".")[2] for name in veil.read_of(view, [f"{system}.{table}" for table in tables])]


def _moved(view: View, table: str) -> str:
    return figures.moment_with_zone(view.added[table].moved_at, view.zone, view.as_of)


def _words(what: str, names: Collection[str]) -> str:
    return f"{what} {listed(list(names))}" if len(names) == 1 else f"{what}s {listed(list(names))}"
