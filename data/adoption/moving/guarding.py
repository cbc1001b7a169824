"""Puts the triggers that our own tables have on the tables that were moved in their place.

They are what keeps the log of events unchanged, the clock of a job running, the counters of a session right and
`updated_at` true. One that the moved table cannot carry is left out, and a sentence says which and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from data.adoption.findings import Part, SystemFinding, TableFinding
from data.database.queries import find
from data.migration.connection import Connection
from data.migration.files import FOLDER, SCHEMA_FILE
from data.migration.statements import split

_TRIGGER = re.compile(
    r"CREATE TRIGGER (?P<name>\w+) (?P<event>.+?) ON (?P<table>\w+\.\w+) (?P<rest>FOR EACH (?P<level>ROW|STATEMENT) "
    r"EXECUTE FUNCTION (?P<function>[\w.]+)\((?P<arguments>.*)\))\Z",
    re.DOTALL,
)
_ALWAYS = re.compile(r"ALTER TABLE (?P<table>\w+\.\w+) ENABLE ALWAYS TRIGGER (?P<name>\w+)\Z")
_OF_THE_LOG = "change_log_"

# The columns of its own table that each function works with, which must be of our types.
NEEDED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "signalbox.refuse_rewriting": (),
    "signalbox.touch_updated_at": ("updated_at",),
    "agents.stamp_job": ("updated_at", "started_at", "completed_at"),
    "agents.stamp_new_job": ("created_at", "started_at", "completed_at"),
    "lift.count_children": ("session_id",),
    "lift.count_nothing": (),
}
_COUNTING = ("lift.count_children", "lift.count_nothing")
_JOB_STATES = ("pending", "running", "completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of one of our tables, as `schema.sql` makes it."""

    name: str
    table: str
    event: str
    rest: str
    function: str
    arguments: str
    is_per_row: bool
    is_always: bool


@cache
def our_triggers() -> tuple[Trigger, ...]:
    """Every trigger of our tables but those of the change log."""
    statements = [
        statement.text[statement.code_start - statement.start :]
        for statement in split((FOLDER / SCHEMA_FILE).read_text(encoding="utf-8"))
    ]
    always = {(match["table"], match["name"]) for text in statements if (match := _ALWAYS.search(text))}
    return tuple(
        Trigger(
            match["name"],
            match["table"],
            match["event"],
            match["rest"],
            match["function"],
            match["arguments"].strip("'"),
            match["level"] == "ROW",
            (match["table"], match["name"]) in always,
        )
        for text in statements
        if (match := _TRIGGER.search(text)) and not match["name"].startswith(_OF_THE_LOG)
    )


def guard(connection: Connection, found: SystemFinding) -> list[str]:
    """Put our triggers on the tables of a system that lie in our schema; what they lack, and why, in sentences.

    Repeatable: a trigger that is there stays.
    """
    said: list[str] = []
    tables = {f"{found.system}.{table.name}": table for table in found.there}
    for trigger, why in list(ungiven(connection, found)):
        if why:
            said.append(f"{trigger.table} lacks the trigger {trigger.name}, which {_PURPOSE[trigger.function]}: {why}")
        else:
            _make(connection, trigger, found.system, tables[trigger.table])
    return said


def ungiven(connection: Connection, found: SystemFinding) -> Iterator[tuple[Trigger, str | None]]:
    """The triggers of ours that the tables of a system in our schema do not have, each with why they cannot; None where
    they can."""
    tables = {f"{found.system}.{table.name}": table for table in found.there}
    for trigger in our_triggers():
        if (table := tables.get(trigger.table)) is None:
            continue
        theirs = connection.execute(find("adoption.list_triggers").text, {"table": trigger.table}).fetchall()
        if not any(each["name"] == trigger.name and each["function"] == trigger.function for each in theirs):
            yield trigger, next(_obstacles(connection, trigger, table, tables, theirs), None)


def append_only(system: str) -> tuple[str, ...]:
    """The tables of a system in which nothing is changed or deleted, moved ones included."""
    return tuple(sorted({
        trigger.table for trigger in our_triggers()
        if trigger.function == "signalbox.refuse_rewriting" and trigger.table.startswith(f"{system}.")
    }))  # fmt: skip


_PURPOSE = {
    "signalbox.refuse_rewriting": "refuses to change or delete what was recorded",
    "signalbox.touch_updated_at": "sets updated_at",
    "agents.stamp_job": "stamps started_at and completed_at by the status",
    "agents.stamp_new_job": "stamps jobs that are inserted as running or ended",
    "lift.count_children": "counts revisions, drafts and holes",
    "lift.count_nothing": "counts revisions, drafts and holes",
}


def _obstacles(
    connection: Connection,
    trigger: Trigger,
    table: TableFinding,
    tables: dict[str, TableFinding],
    theirs: list[dict[str, Any]],
) -> Iterator[str]:
    for each in theirs:
        if each["name"] == trigger.name:
            yield f"another trigger of that name, which calls {each['function']}, is there"
    for name in NEEDED_COLUMNS[trigger.function]:
        yield from _of_another_type(table, name)
    if trigger.function == "agents.stamp_job" and (label := _unknown_state(connection, table)):
        yield f"its column status knows no {label!r}"
    if trigger.function in _COUNTING:
        yield from _cannot_count(trigger, tables["lift.sessions"], theirs)


def _cannot_count(trigger: Trigger, sessions: TableFinding, theirs: list[dict[str, Any]]) -> Iterator[str]:
    yield from _of_another_type(sessions, "id")
    counter = next(column for column in sessions.columns if column.name == trigger.arguments)
    if counter.found != counter.needed:
        yield f"sessions has no {counter.name} that counts ({counter.found or 'it was missing'})"
    if own := _own_counter(trigger, theirs):
        yield f"the table's own trigger {own} counts already"


def _own_counter(trigger: Trigger, theirs: list[dict[str, Any]]) -> str | None:
    """The trigger of the table's own makers that counts what `trigger` would, which then would count it twice."""
    if trigger.function not in _COUNTING:
        return None
    own = (each for each in theirs if each["is_enabled"] and not each["function"].startswith("lift.count_"))
    return next((each["name"] for each in own if trigger.arguments in each["body"]), None)


def _of_another_type(table: TableFinding, name: str) -> Iterator[str]:
    column = next(each for each in table.columns if each.name == name)
    if column.state not in ("same", "missing"):
        yield f"{table.name}.{name} is {column.found}, not {column.needed}"


def _unknown_state(connection: Connection, table: TableFinding) -> str | None:
    """The first state of a job that its column cannot hold: comparing with it would fail every update."""
    column = next(each for each in table.columns if each.name == "status")
    if column.found is None:
        return None
    for label in _JOB_STATES:
        try:
            with connection.transaction(force_rollback=True):
                # The type is the server's own word for it.
                kind = sql.SQL(column.found.partition(" collate ")[0])
                connection.execute(sql.SQL("select {}::{}").format(sql.Literal(label), kind))
        except psycopg.errors.DataError:
            return label
    return None


def _make(connection: Connection, trigger: Trigger, system: str, table: TableFinding) -> None:
    itself = Part(system, table.name, is_partition=False, is_watchable=True)
    for place in (itself, *table.parts):
        # A partition is given the row triggers of its table by PostgreSQL, later ones too; one that inherits is not.
        if not place.is_watchable or (place.is_partition and trigger.is_per_row):
            continue
        name = sql.Identifier(place.schema, place.name)
        connection.execute(
            sql.SQL("create trigger {} {} on {} {}").format(
                sql.Identifier(trigger.name), sql.SQL(trigger.event), name, sql.SQL(trigger.rest)
            )
        )
        if trigger.is_always:
            connection.execute(
                sql.SQL("alter table {} enable always trigger {}").format(name, sql.Identifier(trigger.name))
            )


def lacking(connection: Connection, found: SystemFinding) -> list[str]:
    """The triggers of ours that the tables of a system in our schema do not have or do not fire, in sentences, each
    with why or with what mends it."""
    why = {trigger: said or "python -m data migrate up puts it there" for trigger, said in ungiven(connection, found)}
    off = "it is switched off: alter table {0.table} enable {1}trigger {0.name}"
    return [
        f"{trigger.table} lacks the trigger {trigger.name}, which {_PURPOSE[trigger.function]} "
        f"({why.get(trigger) or off.format(trigger, 'always ' if trigger.is_always else '')})"
        for trigger, own in _absent(connection, found)
        if own is None
    ]


def standing_in(connection: Connection, found: SystemFinding) -> list[str]:
    """The triggers of a system's own makers that do what ours would, in sentences: for these nothing is to be done."""
    # Two of ours are one of theirs: for rows, and for a table that is emptied.
    return list(dict.fromkeys(
        f"{trigger.table}: its own trigger {own} counts in place of ours, as it was made to: ours would also take off"
        " what is deleted"
        for trigger, own in _absent(connection, found)
        if own is not None
    ))  # fmt: skip


def _absent(connection: Connection, found: SystemFinding) -> Iterator[tuple[Trigger, str | None]]:
    """Each trigger of ours that does not fire, with the one of the table's own that does what it would."""
    tables = {f"{found.system}.{table.name}" for table in found.there}
    for trigger in our_triggers():
        if trigger.table not in tables:
            continue
        there = connection.execute(find("adoption.list_triggers").text, {"table": trigger.table}).fetchall()
        if not any(
            each["name"] == trigger.name and each["function"] == trigger.function and each["is_enabled"]
            for each in there
        ):
            yield trigger, _own_counter(trigger, there)
