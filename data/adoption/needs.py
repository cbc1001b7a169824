"""What reports need of each system's tables: our own columns, read from the inventory beside the migrations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from data.migration.files import FOLDER, INVENTORY_FILE
from data.migration.state import inventory

SYSTEMS = ("agents", "chronicle", "engine", "lift", "toolbox")

# Beside the keys: columns without which no row of the table tells anything.
ESSENTIAL = frozenset(
    f"engine.events.{name}" for name in ("event_type", "aggregate_type", "aggregate_id", "sequence_number")
) | {"engine.human_approvals.status"}

_AFTER_TYPE = re.compile(r" (?:not null|default|generated)\b.*$")
_DEFAULT = re.compile(r" default (?P<expression>.*)$")
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_CAST = re.compile(r'::(?:character varying|double precision|timestamp with(?:out)? time zone|[\w."]+)(?:\([\d,]+\))?')
_SIGNS = re.compile(r"[()\s\[\]]")
_KEY_COLUMNS = re.compile(r"^PRIMARY KEY \((?P<columns>[^)]*)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ours with its type and default as PostgreSQL writes them; a key column is one that rows are known
    by, an essential one such that rows tell nothing without it, and a nullable one may be left open."""

    name: str
    type: str
    is_key: bool
    default: str | None = None
    is_essential: bool = False
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """The columns by which no two rows of one of our tables are alike."""

    table: str
    name: str
    columns: tuple[str, ...]


@cache
def tables_of(system: str) -> dict[str, tuple[Column, ...]]:
    """The tables of a system with their columns, by name."""
    items = inventory.read((FOLDER / INVENTORY_FILE).read_text(encoding="utf-8"))
    own = [item for item in items if item.schema == system]
    names = [item.identity.partition(".")[2] for item in own if item.kind == "table"]
    return {name: _columns(own, f"{system}.{name}") for name in names}


@cache
def unique_keys_of(system: str) -> tuple[UniqueKey, ...]:
    """The constraints and indexes of a system's tables by which no two rows are alike, primary keys included."""
    items = inventory.read((FOLDER / INVENTORY_FILE).read_text(encoding="utf-8"))
    return tuple(
        UniqueKey(item.table, item.identity.rpartition(".")[2], item.key_columns)
        for item in items
        if item.schema == system and item.key_columns
    )


@cache
def rules_of(table: str) -> tuple[str, ...]:
    """The checks and keys of one of our tables, as PostgreSQL writes them."""
    return _definitions_of("constraint", table)


@cache
def indexes_of(table: str) -> tuple[str, ...]:
    """The indexes of one of our tables that no constraint makes, as PostgreSQL writes them."""
    return _definitions_of("index", table)


def _definitions_of(kind: str, table: str) -> tuple[str, ...]:
    items = inventory.read((FOLDER / INVENTORY_FILE).read_text(encoding="utf-8"))
    return tuple(item.definition for item in items if item.kind == kind and item.table == table)


@cache
def labels_of(kind: str) -> tuple[str, ...]:
    """The values of an enumeration of ours in their order; none for any other type."""
    for item in inventory.read((FOLDER / INVENTORY_FILE).read_text(encoding="utf-8")):
        if item.kind == "type" and item.identity == kind and item.definition.startswith("enum "):
            return tuple(label.replace("''", "'") for label in _LABEL.findall(item.definition))
    return ()


@cache
def words_of(table: str, column: str) -> tuple[str, ...]:
    """The words that a column of one of our tables may hold, none where it may hold any."""
    system, _, name = table.partition(".")
    kind = next((each.type for each in tables_of(system)[name] if each.name == column), "")
    if labels := labels_of(kind):
        return labels
    for rule in rules_of(table):
        if bare(rule).startswith(f"CHECK{column}=ANYARRAY'"):
            return tuple(word.replace("''", "'") for word in _LABEL.findall(rule))
    return ()


def bare(rule: str) -> str:
    """A rule without casts, brackets and blanks: where types differ, PostgreSQL writes the same rule in other words."""
    return _SIGNS.sub("", _CAST.sub("", rule))


def _columns(items: list[inventory.Item], table: str) -> tuple[Column, ...]:
    keys = {
        column.strip()
        for item in items
        if item.kind == "constraint" and item.identity.startswith(f"{table}.")
        if (match := _KEY_COLUMNS.match(item.definition))
        for column in match["columns"].split(",")
    }
    return tuple(
        Column(
            name,
            _AFTER_TYPE.sub("", item.definition),
            name in keys,
            _default(item.definition),
            f"{table}.{name}" in ESSENTIAL,
            " not null" not in item.definition,
        )
        for item in items
        if item.kind == "column" and item.identity.startswith(f"{table}.")
        for name in [item.identity.removeprefix(f"{table}.")]
    )


def _default(definition: str) -> str | None:
    match = _DEFAULT.search(definition)
    return match["expression"] if match else None
