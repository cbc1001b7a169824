"""Proves that a database is what the migrations say: all applied, none edited, every object as made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from data.database.queries import find
from data.migration import documents
from data.migration.connection import Connection, connected
from data.migration.errors import NoInventory
from data.migration.files import INVENTORY_FILE, SCHEMA_FILE
from data.migration.state import inventory
from data.migration.state.seam import VIEW_GRANTS, adopted_view
from data.migration.state.surroundings import Fault, faults
from data.migration.state.views import changed_views
from data.migration.status import Status, status

_CARRIED_BY_ALL = re.compile(r"\.(change_log_\w+|events_append_only|events_no_truncate)$")
_AFTER_TYPE = re.compile(r" (?:not null|default|generated)\b.*$")
_CLOSING = re.compile(r"(?P<system>[a-z_]+)\.(?P<table>[a-z_]+)\.kept_elsewhere(_changes)?")
_SECURED, _UNSECURED, _OFF = "row security on", "row security off", "(state D)"


@dataclass(frozen=True, slots=True)
class Verification:
    """The state of the migrations, how the database compares with what they add up to, and what it has of all that
    the documents of the systems name. `moved` tables were made by another program, `pointed` ones are read elsewhere
    ("agents.jobs in public.jobs"). `unguarded` are triggers of ours that moved tables lack or do not fire, `unkeyed`
    keys of ours by which two of their rows may be alike, `unindexed` indexes of ours over columns of the same types.
    `to_make` are the statements that would make the latter two, by their names. `faults` lie in none of our schemas."""

    status: Status
    checked: int
    comparison: inventory.Comparison
    systems: tuple[documents.SystemReport, ...]
    moved: tuple[str, ...] = ()
    pointed: tuple[str, ...] = ()
    unguarded: tuple[str, ...] = ()
    unkeyed: tuple[str, ...] = ()
    unindexed: tuple[str, ...] = ()
    to_make: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything is applied and there, unchanged, and nothing of the documents is missing.

        Tables that were moved here from elsewhere are as their system made them, which is no fault. Row security that
        is off on one of them is, and so is a trigger that every table can carry and one of them lacks: those of the
        change log, and those that refuse to rewrite the log of events.
        """
        adopted = {table.partition(".")[0] for table in self.moved}
        systems = all(each.holds for each in self.systems if each.schema not in adopted)
        guarded = not any(_CARRIED_BY_ALL.search(trigger) for trigger in self.unguarded)
        return self.status.is_current and self.comparison.holds and systems and guarded and not self.faults


def verify(url: str, directory: Path) -> Verification:
    """Compare the database at `url` with the generated files beside the migrations in `directory`.

    Changes nothing. Needs no second database, so that it works on a hosted one.
    Raises NoInventory and what `status` raises.
    """
    expected = inventory.read(_text(directory / INVENTORY_FILE))
    schema_text = _text(directory / SCHEMA_FILE)
    found_status = status(url, directory)
    with connected(url) as connection:
        schemas = sorted({item.schema for item in expected})
        found = inventory.take(connection, schemas)
        published = inventory.published(connection, schemas)
        read = [document for document in documents.read_documents() if document["schema"] in schemas]
        told = [f"{document['schema']}.{name}" for document in read for name in document["names"].get("published", ())]
        around = faults(connection, schemas, told)
        moved, pointed = _adopted(connection, found)
        unguarded = _unguarded(moved, expected, found)
        unkeyed, unindexed = _unkeyed(moved, expected, found), _unindexed(moved, expected, found)
        between = _between(connection)
        compared = inventory.compare(
            _beside(moved, expected), [item for item in _beside(moved, found) if not _is_of_adopting(item, between)]
        )
        views = changed_views(connection, schema_text)
    whole = replace(compared, different=(*compared.different, *views))
    systems = documents.compare([*found, *(published or ())], read, moved=moved, has_realtime=published is not None)
    return Verification(
        found_status,
        len(expected),
        whole,
        tuple(systems),
        moved,
        pointed,
        unguarded,
        tuple(item.identity for item in unkeyed),
        tuple(item.identity for item in unindexed),
        {item.identity: _statement(item, found) for item in (*unkeyed, *unindexed)},
        around,
    )


def _adopted(connection: Connection, found: list[inventory.Item]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tables that were moved here, and those that are read elsewhere."""
    if not any(item.name == "table signalbox.adopted_tables" for item in found):
        return (), ()
    rows = connection.execute(find("inventory.list_adopted_tables").text).fetchall()
    moved = tuple(row["identity"] for row in rows if row["mode"] == "moved")
    return moved, tuple(f"{row['identity']} in {row['source']}" for row in rows if row["mode"] == "pointed")


def _beside(moved: tuple[str, ...], items: list[inventory.Item]) -> list[inventory.Item]:
    """The items that are not part of a moved table. Of that itself it matters whether row security is on."""
    inside = tuple(f"{name}." for name in moved)
    return [
        replace(item, definition=_SECURED)
        if item.kind == "table" and item.identity in moved and _UNSECURED not in item.definition
        else item
        for item in items
        if item.kind == "table" or not (item.identity.startswith(inside) or item.identity.partition(" to ")[0] in moved)
    ]


def _unguarded(moved: tuple[str, ...], expected: list[inventory.Item], found: list[inventory.Item]) -> tuple[str, ...]:
    firing = {item.identity for item in found if item.kind == "trigger" and not item.definition.endswith(_OFF)}
    inside = tuple(f"{name}." for name in moved)
    return tuple(
        item.identity
        for item in expected
        if item.kind == "trigger" and item.identity.startswith(inside) and item.identity not in firing
    )


def _unkeyed(
    moved: tuple[str, ...], expected: list[inventory.Item], found: list[inventory.Item]
) -> list[inventory.Item]:
    """A key has another name where another program made it."""
    kept = {(item.table, frozenset(item.key_columns)) for item in found if item.key_columns}
    return [
        item
        for item in expected
        if item.key_columns and item.table in moved and (item.table, frozenset(item.key_columns)) not in kept
    ]


def _unindexed(
    moved: tuple[str, ...], expected: list[inventory.Item], found: list[inventory.Item]
) -> list[inventory.Item]:
    """One over a column of another type serves no report, which asks for the converted value."""
    kept = {(item.table, _indexed(item)) for item in found if item.kind == "index"}
    types = {item.identity: _type(item) for item in found if item.kind == "column"}
    others = [item for item in expected if item.kind == "column" and types.get(item.identity) != _type(item)]

    def serves(index: inventory.Item) -> bool:
        names = [item.identity.rpartition(".")[2] for item in others if item.table == index.table]
        return not any(re.search(rf"\b{name}\b", _indexed(index)) for name in names)

    return [
        item
        for item in expected
        if item.kind == "index" and item.table in moved and not item.key_columns
        if (item.table, _indexed(item)) not in kept and serves(item)
    ]


def _indexed(index: inventory.Item) -> str:
    return index.definition.partition(" USING ")[2]


def _type(column: inventory.Item) -> str:
    return _AFTER_TYPE.sub("", column.definition)


def _statement(item: inventory.Item, found: list[inventory.Item]) -> str:
    name = item.identity.rpartition(".")[2]
    if item.kind != "index":
        return f"ALTER TABLE {item.table} ADD CONSTRAINT {name} {item.definition}"
    concurrently = item.definition.replace("INDEX ", "INDEX CONCURRENTLY ", 1)
    # Where another index of the schema has the name, PostgreSQL finds one itself.
    is_taken = any(other.schema == item.schema and other.identity.endswith(f".{name}") for other in found)
    return concurrently.replace(f" {name} ", " ", 1) if is_taken else concurrently


def _between(connection: Connection) -> tuple[str, ...]:
    """The views that adopting puts between a table elsewhere and its staging view."""
    rows = connection.execute(find("inventory.list_adopted_views").text).fetchall()
    return tuple(row["adopted_view"] for row in rows)


def _is_of_adopting(item: inventory.Item, between: tuple[str, ...]) -> bool:
    """Whether this is part of such a view as adopting makes it, or a trigger that keeps rows out of our own table
    meanwhile. A right that somebody added to such a view is not."""
    if item.kind == "trigger" and (match := _CLOSING.fullmatch(item.identity)):
        return f"analytics.{adopted_view(match['system'], match['table'])}" in between
    view, _, granted = item.identity.partition(" to ")
    if not granted:
        return item.identity in between or item.identity.startswith(tuple(f"{name}." for name in between))
    return view in between and granted in VIEW_GRANTS


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NoInventory(
            f"{path} cannot be read: {error.strerror}. `python -m data migrate schema --write` makes it."
        ) from error
