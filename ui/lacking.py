"""What adopted systems did not bring: tables of a system, and columns of a table."""

from __future__ import annotations

from collections.abc import Collection

from data import database
from ui.wording.sentences import listed


def sentences(systems: Collection[str], sources: database.Sources) -> list[str]:
    """One for each system and table that lacks something of that which these systems' pages read."""
    tables = [
        f"{name}, adopted from elsewhere, is read without the {_words('table', missing)}: {_UNKNOWN}."
        for name, missing in sources.missing_tables.items()
        if name in systems
    ]
    columns = [
        f"{name}, adopted from elsewhere, has no {_words('column', missing)}: {_UNKNOWN}."
        for name, missing in sources.missing_columns.items()
        if name.partition(".")[0] in systems
    ]
    return tables + columns


_UNKNOWN = "what rests on that is unknown here"


def _words(what: str, names: Collection[str]) -> str:
    return f"{what} {listed(list(names))}" if len(names) == 1 else f"{what}s {listed(list(names))}"
