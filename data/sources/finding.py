"""Finds out which source tables each named query reads, from how PostgreSQL itself understands the query.

A query becomes a temporary view, whose parsed text names every table and function in it. Views are followed, so are
the conditions of row security and functions. A function's text is not parsed by PostgreSQL, so it is searched for
names: it has to be one that can only name things with their schema and does not put statements together while it
runs. What cannot be followed is said, never guessed: such a query counts as reading everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from data.database.queries import Query, all_queries, find
from data.migration.connection import Connection

_RELATION = re.compile(r":relid (\d+)")
_FUNCTION = re.compile(r":(?:funcid|aggfnoid|winfnoid|opfuncid) (\d+)")
_OPERATOR = re.compile(r":opno (\d+)")
_FIRST_OF_USERS = 16384  # below it are PostgreSQL's own objects
_NAME = re.compile(r'(?<![\w"])("?)(\w+)\1\s*\.\s*("?)(\w+)\3')
_CALL = re.compile(r"(?<![\w.])(?:pg_catalog\.)?(\w+)\s*\(")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_DYNAMIC = re.compile(r"\bexecute\b", re.IGNORECASE)
_PARAMETER = re.compile(r"%\(([a-z_0-9]+)\)s")
_READS = re.compile(r"(select|with|values)\b", re.IGNORECASE)

# Who asks: that is part of the key under which an answer is kept.
_OF_THE_VIEWER = frozenset({"auth.uid", "auth.jwt", "auth.role", "auth.email"})
# What these functions look at changes no answer that is kept under the same key: the role of the viewer is part of
# the key, and whether a figure is put together from stored or from live parts is all the same.
LOOKS_AT = {
    "signalbox.viewer_role": frozenset({"signalbox.members"}),
    "analytics.rollup_windows": frozenset({
        "signalbox.change_log", "signalbox.change_sources", "signalbox.rollup_state", "analytics.slots_anew",
    }),
    "analytics.error_slots": frozenset({
        "signalbox.change_log", "signalbox.change_links", "analytics.linked_slots",
    }),
    "analytics.call_changes": frozenset({
        "signalbox.change_log", "signalbox.change_links", "analytics.linked_slots", "analytics.stg_chronicle__events",
    }),
    **dict.fromkeys(
        (
            "analytics.session_changes", "analytics.prompt_changes", "analytics.job_changes",
            "analytics.agent_window_changes", "analytics.sop_run_changes",
        ),
        frozenset({"signalbox.change_log"}),
    ),
    # What sessions hold is stored with their other sums, which hold nothing of it.
    "signalbox.roll_sessions": frozenset({
        "signalbox.rollup_state", "signalbox.find_session_contents", "signalbox.roll_session_contents",
    }),
    "signalbox.sum_sessions": frozenset({"signalbox.sum_session_contents"}),
    "signalbox.refresh_session_contents": frozenset({"signalbox.rollup_state"}),
    "analytics.is_stored_whole": frozenset({"signalbox.rollup_state"}),
    # Written with the events that it places.
    "analytics.place_in_log": frozenset({"signalbox.import_records"}),
    "analytics.content_windows": frozenset({"signalbox.change_log", "signalbox.change_sources"}),
    "analytics.sessions_with_new_contents": frozenset({"signalbox.change_log"}),
}  # fmt: skip
# Filled by functions alone, so it holds nothing but what those read.
ROLLUP = re.compile(r"analytics\.\w+_rollup")


class Unknown(Exception):
    """Something cannot be followed; the sentence says what."""


@dataclass(frozen=True)
class _Relation:
    name: str
    is_table: bool
    body: str | None
    conditions: list[str]


@dataclass(frozen=True)
class _Function:
    name: str
    is_own: bool
    language: str
    text: str
    body: str | None
    is_qualified: bool


def find_sources(connection: Connection, asked: Iterable[Query] | None = None) -> dict[str, list[str] | str]:
    """The sources of queries that only read, by default of all, sorted; a sentence where they cannot be found out.

    `connection` leads to a migrated database of which nothing is changed.
    """
    catalog = Catalog(connection)
    found: dict[str, list[str] | str] = {}
    for query in sorted(all_queries().values() if asked is None else asked, key=lambda query: query.name):
        if not _READS.match(query.text):
            continue
        try:
            found[query.name] = sorted(catalog.of_query(connection, query))
        except Unknown as reason:
            found[query.name] = str(reason)
    return found


class Catalog:
    """The tables, views and functions of a migrated database, with what each is made of."""

    def __init__(self, connection: Connection) -> None:
        def rows(name: str) -> list[dict[str, Any]]:
            return connection.execute(find(name).text).fetchall()

        self._relations = {row.pop("oid"): _Relation(**row) for row in rows("sources.list_relations")}
        self._functions = {row.pop("oid"): _Function(**row) for row in rows("sources.list_functions")}
        self._sources = {row["name"] for row in rows("sources.list_change_sources")}
        self._relations_by_name = {relation.name: oid for oid, relation in self._relations.items()}
        own = (function for function in self._functions.values() if function.is_own)
        self._changing = {function.name.partition(".")[2] for function in own}
        self._functions_by_name: dict[str, list[int]] = {}
        for oid, function in self._functions.items():
            self._functions_by_name.setdefault(function.name, []).append(oid)

    def of_query(self, connection: Connection, query: Query) -> set[str]:
        """The tables that a query reads. Raises Unknown."""
        body, own = parsed(connection, query)
        return _Walk(self, own).through_body(body)

    def named_in(self, text: str) -> Iterator[tuple[str, int]]:
        """What a text names with its schema: ("relation" or "function", its oid). Too much rather than too little."""
        for match in _NAME.finditer(_COMMENT.sub(" ", text)):
            name = f"{match[2]}.{match[4]}"
            if name in self._relations_by_name:
                yield "relation", self._relations_by_name[name]
            for oid in self._functions_by_name.get(name, ()):
                yield "function", oid

    def name_of(self, kind: str, oid: int) -> str:
        """The name of a "relation" or a "function" that has been named."""
        return (self._relations if kind == "relation" else self._functions)[oid].name

    def changing_in(self, text: str) -> str | None:
        """A function of PostgreSQL's own that a text calls and that may give something else each time."""
        called = {name.lower() for name in _CALL.findall(_COMMENT.sub(" ", text))}
        return min(called & self._changing, default=None)

    def writers_of(self, oid: int) -> list[int]:
        """The functions that name a table: whatever stands in it came through them."""
        return [
            each for each, function in self._functions.items()
            if not function.is_own and ("relation", oid) in set(self.named_in(function.text))
        ]  # fmt: skip

    def relation(self, oid: int) -> _Relation:
        """Raises Unknown for what is PostgreSQL's own."""
        if oid not in self._relations:
            raise Unknown("It reads PostgreSQL's own tables.")
        return self._relations[oid]

    def function(self, oid: int) -> _Function | None:
        """None for what is PostgreSQL's own and gives the same to the same statement."""
        return self._functions.get(oid)

    def is_source(self, name: str) -> bool:
        """Whether the change log hears of a table."""
        return name in self._sources


class _Walk:
    """Follows one query into everything it rests on."""

    def __init__(self, catalog: Catalog, probe: int) -> None:
        self._catalog = catalog
        self._seen: set[tuple[str, int]] = {("relation", probe)}
        self._found: set[str] = set()

    def through_body(self, body: str) -> set[str]:
        """Everything that a parsed text names; what was found so far."""
        if any(int(oid) >= _FIRST_OF_USERS for oid in _OPERATOR.findall(body)):
            raise Unknown("It has an operator that is not PostgreSQL's own.")
        for oid in _FUNCTION.findall(body):
            self._into("function", int(oid))
        for oid in _RELATION.findall(body):
            self._into("relation", int(oid))
        return self._found

    def _into(self, kind: str, oid: int) -> None:
        if oid == 0 or (kind, oid) in self._seen:
            return
        self._seen.add((kind, oid))
        if kind == "function":
            self._function(self._catalog.function(oid))
        else:
            self._relation(oid, self._catalog.relation(oid))

    def _relation(self, oid: int, relation: _Relation) -> None:
        if relation.body is not None:
            self.through_body(relation.body)
            return
        for condition in relation.conditions:
            self.through_body(condition)
        if relation.is_table and self._catalog.is_source(relation.name):
            self._found.add(relation.name)
        elif ROLLUP.fullmatch(relation.name) and (writers := self._catalog.writers_of(oid)):
            for writer in writers:
                self._into("function", writer)
        else:
            raise Unknown(f"It reads {relation.name}, whose changes are not logged.")

    def _function(self, function: _Function | None) -> None:
        if function is None or function.name in _OF_THE_VIEWER:
            return
        if function.is_own:
            raise Unknown(f"It calls {function.name}, which may give something else each time.")
        if function.body is not None:
            self.through_body(function.body)
            return
        if function.language not in ("sql", "plpgsql") or not function.is_qualified:
            raise Unknown(f"It calls {function.name}, which cannot be followed.")
        if function.language == "plpgsql" and _DYNAMIC.search(_COMMENT.sub(" ", function.text)):
            raise Unknown(f"It calls {function.name}, which puts statements together.")
        if changing := self._catalog.changing_in(function.text):
            raise Unknown(f"It calls {function.name}, which calls {changing}.")
        looks_at = LOOKS_AT.get(function.name, frozenset())
        for kind, oid in self._catalog.named_in(function.text):
            name = self._catalog.name_of(kind, oid)
            if name not in looks_at or self._catalog.is_source(name):
                self._into(kind, oid)


def parsed(connection: Connection, query: Query) -> tuple[str, int]:
    """A query as PostgreSQL has parsed it, and the number of the view that it was for a moment. Raises Unknown."""
    numbered: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${numbered.setdefault(match[1], len(numbered) + 1)}"

    text = _PARAMETER.sub(number, query.text).replace("%%", "%")
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"prepare signalbox_probe as {text}".encode())
            rows = connection.execute(find("sources.list_parameter_types").text).fetchall()
            connection.execute("deallocate signalbox_probe")
            types = [row["name"] for row in rows]
            typed = re.sub(r"\$(\d+)", lambda match: f"null::{types[int(match[1]) - 1]}", text)
            connection.execute(f"create temporary view signalbox_probe as {typed}".encode())
            row = connection.execute(find("sources.read_probe").text).fetchone()
    except psycopg.Error as error:
        said = (error.diag.message_primary or type(error).__name__).split("\n")[0]
        raise Unknown(f"It cannot be looked into: {said}.") from error
    if row is None:  # pragma: no cover - a view has its rule
        raise Unknown("It cannot be looked into.")
    return row["body"], row["oid"]
