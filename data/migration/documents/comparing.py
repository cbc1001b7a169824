"""Looks for everything that a document names, and sets its counts beside ours."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.migration.state.inventory import Item

FOLDER = Path(__file__).parent
KINDS = (
    "extension", "table", "row security", "column", "type", "value", "index", "constraint", "function", "trigger",
    "policy", "view", "view column", "published",
)  # fmt: skip
_LISTED_AS_EXTRA = frozenset({"table", "type", "index", "function", "trigger", "policy"})
_SECURED = "row security on"
_BY_US = ("change_log_", "kept_elsewhere")  # triggers that tables carry for the console


@dataclass(frozen=True, slots=True)
class Named:
    """An object that a document names. `here` is what it is called in this database, None where it is left out on
    purpose; `why` says the reason of either difference."""

    kind: str
    name: str
    here: str | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are by the document and here. `why` explains a difference that is known; None where it is not."""

    what: str
    document: int
    here: int
    why: str | None

    @property
    def agrees(self) -> bool:
        """Whether there are as many as the document says (more do no harm), or it is explained why there are fewer."""
        return self.here >= self.document or self.why is not None


@dataclass(frozen=True, slots=True)
class SystemReport:
    """One system: what its document names and the database has, lacks, and has beyond it."""

    title: str
    schema: str
    there: tuple[Named, ...]
    missing: tuple[Named, ...]
    left_out: tuple[Named, ...]
    extra: tuple[str, ...]
    counts: tuple[Count, ...]
    has_realtime: bool = True

    @property
    def holds(self) -> bool:
        """Whether nothing that the document names is missing, and every other count is explained.

        Where there is no Realtime, there is nobody to be told of a table.
        """
        missing = [each for each in self.missing if self.has_realtime or each.kind != "published"]
        return not missing and all(count.agrees for count in self.counts)


def read_documents() -> list[dict[str, Any]]:
    """The transcribed documents, in the order of their schemas' names."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))]


def compare(
    items: Sequence[Item],
    documents: Iterable[dict[str, Any]],
    *,
    moved: Collection[str] = (),
    has_realtime: bool = True,
) -> list[SystemReport]:
    """Compare what a database holds with what the documents name. `items` covers the systems' schemas and analytics;
    `moved` are the tables there that another program made; `has_realtime` says whether Realtime's publication is there.
    """
    by_key = {(item.kind, _plain(item)): item for item in items}
    return [replace(_system(document, by_key, items, moved), has_realtime=has_realtime) for document in documents]


def _system(
    document: dict[str, Any], by_key: dict[tuple[str, str], Item], items: Sequence[Item], moved: Collection[str]
) -> SystemReport:
    schema = document["schema"]
    there: list[Named] = []
    missing: list[Named] = []
    left_out: list[Named] = []
    for kind in KINDS:
        for name in document["names"].get(kind, ()):
            as_named, named = Named(kind, name, name), _named(document, kind, name)
            if _is_there(document, as_named, by_key):  # also where the system's own program made it
                there.append(as_named)
            elif named.here is None:
                left_out.append(named)
            else:
                (there if _is_there(document, named, by_key) else missing).append(named)
    known_here = {(kind, each.here) for each in there for kind in (each.kind, *_ALSO.get(each.kind, ()))}
    own = [item for item in items if item.schema == schema]
    extra = [
        item.name
        for item in own
        if item.kind in _LISTED_AS_EXTRA
        and (item.kind, _plain(item).removeprefix(f"{schema}.")) not in known_here
        and not _plain(item).rpartition(".")[2].startswith(_BY_US)
    ]
    counts = tuple(
        Count(entry["what"], entry["document"], _count(entry, own, items), _why(entry, schema, moved))
        for entry in document.get("counts", ())
    )
    return SystemReport(document["title"], schema, tuple(there), tuple(missing), tuple(left_out), tuple(extra), counts)


# A unique constraint serves as the index that a document asks for, and the other way round.
_ALSO = {"index": ("constraint",), "constraint": ("index",)}


def _is_there(document: dict[str, Any], named: Named, by_key: dict[tuple[str, str], Item]) -> bool:
    schema, here = document["schema"], named.here or ""
    owner, _, part = here.rpartition(".")
    if named.kind == "row security":
        table = by_key.get(("table", f"{schema}.{here}"))
        return table is not None and _SECURED in table.definition
    if named.kind == "value":  # of an enumeration, or one that a check lets through
        holders = (by_key.get((kind, f"{schema}.{owner}")) for kind in ("type", "constraint"))
        return any(item is not None and f"'{part}'" in item.definition for item in holders)
    if named.kind == "view column":
        return ("column", f"{_named(document, 'view', owner).here}.{part}") in by_key
    kinds = (named.kind, *_ALSO.get(named.kind, ()))
    return any((known, name) in by_key for known in kinds for name in (f"{schema}.{here}", here))


def _named(document: dict[str, Any], kind: str, name: str) -> Named:
    for instead in document.get("instead", ()):
        if instead["kind"] == kind and instead["name"] == name:
            return Named(kind, name, instead.get("here"), instead["why"])
    return Named(kind, name, name)


def _plain(item: Item) -> str:
    """The identity without the arguments of a function, and of what belongs to a table without the table."""
    identity = item.identity.partition("(")[0]
    if item.kind in ("index", "trigger", "constraint", "policy") and identity.count(".") > 1:
        schema, _, rest = identity.partition(".")
        return f"{schema}.{rest.rpartition('.')[2]}"
    return identity


# What adopting adds to a table that it moves.
_ADDED = {
    "policy": "the policy that lets managers read, where that was asked for",
    "column": "the columns that reports need and it lacked",
    "trigger": "our triggers that it lacked",
}
_ADDED["index"] = _ADDED["custom index"] = "the indexes that reports need and it lacked"


def _why(entry: dict[str, Any], schema: str, moved: Collection[str]) -> str | None:
    """The reason of a count that differs. That of the document's file is about tables as we make them."""
    names = sorted(name for name in moved if name.startswith(f"{schema}."))
    if "table" in entry:
        names = [name for name in names if name == f"{schema}.{entry['table']}"]
    if not names or entry["kind"] not in _ADDED:
        why: str | None = entry.get("why")
        return why
    return f"as another program made {' and '.join(names)}, moved here, with {_ADDED[entry['kind']]}"


def _count(entry: dict[str, Any], own: Sequence[Item], items: Sequence[Item]) -> int:
    if "of" in entry:  # objects that stand elsewhere, by name
        wanted = set(entry["of"])
        return sum(item.kind == entry["kind"] and item.identity in wanted for item in items)
    kind, table = entry["kind"], entry.get("table")
    return sum(
        _is_counted(item, kind) and (table is None or item.identity.startswith(f"{item.schema}.{table}."))
        for item in own
    )


def _is_counted(item: Item, kind: str) -> bool:
    if kind == "index":  # a key is an index, too
        return item.kind == "index" or (
            item.kind == "constraint" and item.definition.upper().startswith(("PRIMARY KEY", "UNIQUE"))
        )
    if kind == "custom index":  # one that no key brings
        return item.kind == "index"
    if kind == "row security":
        return item.kind == "table" and _SECURED in item.definition
    if kind == "trigger":
        return item.kind == "trigger" and not item.identity.rpartition(".")[2].startswith(_BY_US)
    return item.kind == kind
