"""Keeps what was adopted as it should be: points at it again after migrations, and says how it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from data.adoption import moving, sight
from data.adoption.comparing import look
from data.adoption.doing import at_once, mark_changed, note_tables, point_tables, refused_acts
from data.adoption.errors import AdoptionError, NothingToAdopt
from data.adoption.findings import SystemFinding
from data.database.queries import find
from data.migration.connection import Connection, connected

_ASTRAY = ("adoption.list_unread", "adoption.list_open")  # tables whose view or trigger is not as adopting makes it


@dataclass(frozen=True, slots=True)
class Adopted:
    """One system that was adopted from one schema, as it is now; `schema` is where its tables are, ours where they were
    moved. `wrong` is what makes figures wrong, in sentences, each with what to do; `remarks` need no doing."""

    system: str
    schema: str
    mode: str
    tables: tuple[str, ...]
    wrong: tuple[str, ...]
    remarks: tuple[str, ...]


def point_again(url: str, progress: Callable[[str], None] = lambda _: None, *, moved_alone: bool = False) -> list[str]:
    """Point what was adopted once more: migrations write staging views anew, over our own tables. Partitions that were
    added are noticed from then on, and tables that were moved get what ours have and they lack: triggers, and the keys
    by which writers know a row again. `progress` is told what they got, and which key they cannot have.

    With `moved_alone` what is read elsewhere is left as it is. Returns the names of the tables that are pointed at;
    without an adopted one there is nothing to do. Raises as `adopt` does, once the other systems are done.
    """
    pointed: list[str] = []
    refused: list[AdoptionError] = []
    with connected(url) as connection:
        for noted in _noted(connection):
            try:
                if noted.mode == "moved":
                    _give(connection, _look(connection, noted, is_counted=False), progress)
                elif not moved_alone:
                    pointed += _point(connection, _look(connection, noted))
            except AdoptionError as error:  # which is no reason to leave the other systems' reports empty
                refused.append(error)
    if refused:
        raise refused[0]
    return pointed


def _point(connection: Connection, found: SystemFinding) -> list[str]:
    _must_be_there(found)
    with at_once(connection):
        point_tables(connection, found)
        note_tables(connection, found, moved=False)
    return [f"{found.system}.{table.name}" for table in found.there]


def _give(connection: Connection, found: SystemFinding, progress: Callable[[str], None]) -> None:
    """Repeatable: what the tables have stays as it is."""
    _must_be_there(found)
    with at_once(connection):
        said = [
            f"{trigger.table} got the trigger {trigger.name}"
            for trigger, why in moving.ungiven(connection, found)
            if why is None
        ]
        moving.guard(connection, found)
        said += moving.loosen(connection, found.system)
        if not moving.is_logged(connection, found):
            moving.log(connection, found)
            mark_changed(connection, found.system, [table.name for table in found.there])
    for sentence in (*said, *moving.build(connection, found, keys_alone=True)):
        progress(sentence)


def _must_be_there(found: SystemFinding) -> None:
    if not found.there:
        raise NothingToAdopt(
            f"The tables of {found.system} are no longer in {found.schema}: adopt them from where they are, "
            f"or read our own again (python -m data adopt {found.system} --release)."
        )


def has_unread(url: str) -> bool:
    """Whether a table that was adopted is not read where it is, as after a migration that was applied elsewhere, or
    ours can be written meanwhile, as of a system that was adopted before that was refused."""
    with connected(url) as connection:
        return any(connection.execute(find(query).text).fetchall() for query in _ASTRAY)


def examine(url: str, system: str | None = None) -> list[Adopted]:
    """How each system that was adopted, or one of them, is now. Reads every value that is converted; changes nothing.

    Raises DatabaseUnavailable.
    """
    with connected(url) as connection:
        unread, unclosed = ({row["name"] for row in connection.execute(find(query).text)} for query in _ASTRAY)
        return [
            _examined(connection, noted.mode, _look(connection, noted), unread, unclosed)
            for noted in _noted(connection)
            if system in (None, noted.system)
        ]


def _examined(connection: Connection, mode: str, found: SystemFinding, unread: set[str], unclosed: set[str]) -> Adopted:
    found = sight.as_seen(connection, found, found.schema)
    return Adopted(
        found.system,
        found.schema,
        mode,
        tuple(table.name for table in found.tables),
        (*_wrong(connection, mode, found, unread), *_unclosed(found, unclosed)),
        (
            *(f"{found.schema}.{table.name}: {remark}" for table in found.tables for remark in table.remarks),
            *sight.open_tables(found),
            *_remarks(connection, mode, found),
        ),
    )


def _remarks(connection: Connection, mode: str, found: SystemFinding) -> list[str]:
    if mode == "moved":
        return [*moving.standing_in(connection, found), *moving.doubted(connection, found.system)]
    return refused_acts(connection, found)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What was written down of one system: how and from which schema these of its tables were adopted."""

    mode: str
    system: str
    schema: str
    tables: frozenset[str]


def _noted(connection: Connection) -> list[_Noted]:
    rows = connection.execute(find("adoption.list_adopted").text, {"system": None}).fetchall()
    return [
        _Noted(mode, system, schema, frozenset(
            row["table_name"] for row in rows if (row["system"], row["source_schema"]) == (system, schema)
        ))
        for mode, system, schema in sorted({(row["mode"], row["system"], row["source_schema"]) for row in rows})
    ]  # fmt: skip


def _look(connection: Connection, noted: _Noted, *, is_counted: bool = True) -> SystemFinding:
    """Those of a system's tables that were adopted, as they are where they are read."""
    where = noted.system if noted.mode == "moved" else noted.schema
    seen = look(connection, noted.system, where, is_counted=is_counted)
    return replace(seen, tables=tuple(table for table in seen.tables if table.name in noted.tables))


def _unclosed(found: SystemFinding, unclosed: set[str]) -> Iterator[str]:
    for name in (f"{found.system}.{table.name}" for table in found.tables):
        if name in unclosed:
            yield f"{name} can be written although nobody reads it (python -m data migrate up mends it)"


def _wrong(connection: Connection, mode: str, found: SystemFinding, unread: set[str]) -> list[str]:
    said: list[str] = []
    rows = connection.execute(find("adoption.list_adopted").text, {"system": found.system}).fetchall()
    unknown = {row["table_name"]: row["missing_columns"] for row in rows}
    for table in found.tables:
        name = f"{found.schema}.{table.name}"
        if not table.is_there:
            said.append(f"{name} is no longer there")
            continue
        if f"{found.system}.{table.name}" in unread:
            said.append(f"{name} is not read: a migration wrote its view anew (python -m data migrate up mends it)")
        said += [
            f"{name}: {column.unreadable} values of {column.name} ({column.found}) are no {column.needed} and read as "
            "unknown"
            for column in table.columns
            if column.unreadable
        ]
        for column in table.columns:
            if column.state == "not convertible":
                holds = f"{name}: {column.name} ({column.found}) holds values that are no {column.needed}"
                said.append(
                    f"{holds}, so it reads as unknown"
                    if column.name in unknown[table.name]
                    else f"{holds}: they fail the reports that read it until they are mended there, or until the system"
                    " is adopted again, which then reads the whole column as unknown"
                )
        deaf = [f"{part.schema}.{part.name}" for part in table.parts if part.is_watchable and not part.is_watched]
        if deaf:
            said.append(
                f"{', '.join(deaf)} hold rows of {name} and were added since: what is written straight into them is "
                "not noticed until the system is adopted again"
            )
    if mode == "moved":
        said += moving.lacking(connection, found)
        said += [each.why for each in moving.unfit(connection, found.system)]
    return said
