"""Says whose fault it is that a statement met a value of a wrong type: an adopted table's, where it reads one.

PostgreSQL 15 cannot try a value before it converts it, and nothing that is stored in our own tables needs converting.
"""

from __future__ import annotations

import re

import psycopg

from data.database import queries
from data.database.pools import Pool
from data.database.translating import is_of_writing
from data.errors import SignalboxError
from data.sources import of_queries

_QUERY = "query "  # how a note on an error begins that names the query which met it
_TYPE = re.compile(r"for (?:type|enum|input syntax for type) (?P<type>[\w .]+)")


class UnreadableValue(SignalboxError):
    """A table of an adopted system holds a value that is none of the type that reports need."""


def note_query(error: psycopg.DataError, name: str) -> None:
    """Remember with the error which query met it."""
    error.add_note(_QUERY + name)


def explained(error: psycopg.DataError, pool: Pool) -> UnreadableValue | None:
    """The sentence for a value that cannot be read, None where no adopted table was read, or where one was written. Not
    inside a transaction that has failed. The value itself is not said: whoever looks at the page may not be who may see
    it."""
    if is_of_writing(error):
        return None
    names = [note.removeprefix(_QUERY) for note in getattr(error, "__notes__", ()) if note.startswith(_QUERY)]
    read = of_queries(names) if names else None
    with pool.connection() as connection:
        adopted = connection.execute(queries.find("adoption.list_adopted").text, {"system": None}).fetchall()
    meant = [row for row in adopted if read is None or f"{row['system']}.{row['table_name']}" in read]
    if not meant:
        return None
    kind = _TYPE.search(error.diag.message_primary or "")
    tables = " or ".join(
        f"{row['source_schema'] if row['mode'] == 'pointed' else row['system']}.{row['source_table']}" for row in meant
    )
    systems = sorted({row["system"] for row in meant})
    commands = " and ".join(f"python -m data adopt {system} --status" for system in systems)
    return UnreadableValue(
        f"A value in {tables} ({' and '.join(systems)}) is no {kind['type'].strip() if kind else 'value of ours'}, "
        f"so this could not be read. {commands} says which column it is, and what to do."
    )
