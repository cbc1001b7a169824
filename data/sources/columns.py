"""Finds out which pages rest on which columns of the systems' tables, from how PostgreSQL itself understands queries.

Of each relation that a query names, its parsed text lists the columns that are used. The views over the tables give the
columns that they pass on one by one, all other views all that they use; a function is searched for names of columns, so
that what it rests on is rather too much than too little. What cannot be followed is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from data.adoption.needs import SYSTEMS
from data.database.queries import all_queries, find
from data.migration.connection import Connection
from data.sources.finding import LOOKS_AT, ROLLUP, Catalog, Unknown, parsed

# The page that the queries of a file are for, by the file's name up to its first full stop.
PAGES: Mapping[str, str] = {
    "agent": "Agents",
    "agents": "Agents",
    "approvals": "Approvals",
    "clients": "Clients",
    "events": "Events",
    "integrity": "Events",
    "jobs": "Jobs",
    "lift_sessions": "Sessions of lift-sys",
    "overview": "Overview",
    "people": "People",
    "projects": "Projects",
    "session": "Sessions",
    "sessions": "Sessions",
    "sop_runs": "SOPs",
    "sops": "SOPs",
    "streams": "Events",
    "tools": "Tools",
}
_USED = re.compile(r"RTEPERMISSIONINFO :relid (\d+) .*?:selectedCols \(b([ \d]*)\)")
_BEFORE_THE_FIRST = 7  # PostgreSQL counts columns of its own before those of a table
_CALLED = re.compile(r":funcid (\d+)")
_ENTRY = re.compile(r"\{TARGETENTRY (?P<made_of>(?:(?!\{TARGETENTRY ).)*?) :resno (?P<number>\d+) :resname ", re.DOTALL)
_COLUMN = re.compile(r":varattno (\d+)")
_WORD = re.compile(r"\w+")


class _Place(NamedTuple):
    """What a query rests on: a column, or a function, or the whole of a view (column 0)."""

    kind: str
    oid: int
    column: int = 0


def find_pages(connection: Connection) -> dict[str, list[str]]:
    """By column ("agents.jobs.status") the pages that rest on it, as far as their queries can be followed.

    `connection` leads to a migrated database of which nothing is changed.
    """
    graph = _Graph(connection)
    pages: dict[str, set[str]] = {}
    for query in all_queries().values():
        page = PAGES.get(query.name.partition(".")[0])
        if page is None:
            continue
        try:
            body, _ = parsed(connection, query)
        except Unknown:
            continue
        for column in graph.columns_under(body):
            pages.setdefault(column, set()).add(page)
    return {column: sorted(found) for column, found in sorted(pages.items())}


class _Graph:
    """What rests on what, each looked at once."""

    def __init__(self, connection: Connection) -> None:
        self._catalog = Catalog(connection)
        self._columns: dict[int, dict[int, str]] = {}
        for row in connection.execute(find("sources.list_columns").text).fetchall():
            self._columns.setdefault(row["relation"], {})[row["number"]] = row["name"]
        self._under = cache(self._look)

    def columns_under(self, body: str) -> set[str]:
        """The columns of tables of systems that a parsed text rests on."""
        found, waiting = set(), list(self._of_body(body))
        seen = set(waiting)
        while waiting:
            place = waiting.pop()
            if name := self._name(place):
                found.add(name)
            further = [each for each in self._under(place) if each not in seen]
            seen.update(further)
            waiting += further
        return found

    def _name(self, place: _Place) -> str | None:
        if place.kind != "relation" or place.column not in self._columns.get(place.oid, {}):
            return None
        relation = self._catalog.relation(place.oid)
        is_of_a_system = relation.is_table and relation.name.partition(".")[0] in SYSTEMS
        return f"{relation.name}.{self._columns[place.oid][place.column]}" if is_of_a_system else None

    def _look(self, place: _Place) -> tuple[_Place, ...]:
        if place.kind == "function":
            return tuple(self._of_function(place.oid))
        if place.oid not in self._columns:
            return ()
        relation = self._catalog.relation(place.oid)
        if relation.body is None:
            if place.column == 0:
                return tuple(_Place("relation", place.oid, number) for number in self._columns[place.oid])
            is_rollup = ROLLUP.fullmatch(relation.name)
            return tuple(_Place("function", each) for each in self._catalog.writers_of(place.oid)) if is_rollup else ()
        used = list(_used(relation.body))
        if place.column == 0 or relation.body.count("{QUERY ") > 1 or len(used) != 1:
            return tuple(self._of_body(relation.body))
        return tuple(
            _Place("relation", used[0][0], int(column))
            for entry in _ENTRY.finditer(relation.body)
            if int(entry["number"]) == place.column
            for column in _COLUMN.findall(entry["made_of"])
        )

    def _of_body(self, body: str) -> Iterator[_Place]:
        for oid, columns in _used(body):
            yield from (_Place("relation", oid, column) for column in columns)
        yield from (_Place("function", int(oid)) for oid in _CALLED.findall(body))

    def _of_function(self, oid: int) -> Iterator[_Place]:
        function = self._catalog.function(oid)
        if function is None or function.is_own:
            return
        if function.body is not None:
            yield from self._of_body(function.body)
            return
        words, looks_at = set(_WORD.findall(function.text)), LOOKS_AT.get(function.name, frozenset())
        for kind, named in self._catalog.named_in(function.text):
            if self._catalog.name_of(kind, named) in looks_at:
                continue
            if kind == "function":
                yield _Place(kind, named)
            else:
                columns = self._columns.get(named, {})
                yield from (_Place(kind, named, number) for number, name in columns.items() if name in words)


def _used(body: str) -> Iterator[tuple[int, list[int]]]:
    for oid, columns in _USED.findall(body):
        yield int(oid), [int(column) - _BEFORE_THE_FIRST for column in columns.split()]
