"""The statements that write the systems' tables: those of imports and of the writers' kit, read from their files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import LiteralString

from data.database import queries
from signalbox_client import queries as of_the_kit

# Whose statements they are, by the file that they stand in, for sentences.
_WHO = {
    "events": "the event store",
    "ingest": "imports",
    "jobs": "the jobs client",
    "procedures": "procedures",
    "projections": "rebuilding projections",
    "recorder": "the recorder",
    "sessions": "the session store",
    "snapshots": "snapshots",
    "subscriptions": "subscriptions",
}
# Events are added by a function of the database.
_BY_FUNCTION = frozenset({"engine.events"})

_TABLE = r"(?P<table>(?:agents|chronicle|engine|lift)\.[a-z_]+)\b(?!\()"
_NAMED = re.compile(rf"\b{_TABLE}")
_TARGET = re.compile(rf"\b(?:insert into|update|delete from)\s+{_TABLE}")
_ADDED_OR_MET = re.compile(rf"\binsert into\s+{_TABLE}|\bon conflict (?:\((?P<columns>(?:[^()]|\([^()]*\))*)\)|do )")
_TEMPORARY = re.compile(r"create temporary ")
_PLANNED = re.compile(r"(select|with|insert|update|delete)\b")


@dataclass(frozen=True, slots=True)
class Statement:
    """One that reads or writes tables of systems; `tables` are those that it writes, or else those that it reads."""

    name: str
    text: LiteralString
    tables: frozenset[str]

    @property
    def who(self) -> str:
        """Whose it is."""
        return _WHO[self.name.partition(".")[0]]


@cache
def statements() -> tuple[Statement, ...]:
    """All of them that go to tables of systems by name, and not through the views that know other types."""
    return tuple(
        Statement(name, text, frozenset(_TARGET.findall(text) or _NAMED.findall(text)))
        for name, text in _texts()
        if _PLANNED.match(text) and _NAMED.search(text) and "analytics.stg_" not in text
    )


@cache
def temporary_tables() -> tuple[LiteralString, ...]:
    """The statements that make the temporary tables, which these read."""
    return tuple(text for _, text in _texts() if _TEMPORARY.match(text))


@cache
def written() -> frozenset[str]:
    """The tables that rows are written into."""
    return frozenset(table for _, text in _texts() for table in _TARGET.findall(text)) | _BY_FUNCTION


@cache
def keys_met() -> frozenset[tuple[str, frozenset[str]]]:
    """By which columns of which table a row that is added is known as one that is there; none of them where that is any
    key of the table."""
    met = set()
    for _, text in _texts():
        table = ""
        for match in _ADDED_OR_MET.finditer(text):
            if match["table"]:
                table = match["table"]
            elif table:
                met.add((table, frozenset(match["columns"].split(", ") if match["columns"] else ())))
    return frozenset(met)


def _texts() -> list[tuple[str, LiteralString]]:
    return [
        *((query.name, query.text) for query in of_the_kit.all_queries().values()),
        *((query.name, query.text) for query in queries.all_queries().values() if query.name.startswith("ingest.")),
    ]
