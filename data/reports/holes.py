"""The holes that an IR of lift-sys names. Pure.

An IR keeps them in lists called “holes” beside what they leave open. An entry is the name of the hole, or an object
with its `identifier` and, where known, its `kind`, `type_hint` and `description`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOLD = ("kind", "type_hint", "description")


@dataclass(frozen=True)
class NamedHoles:
    """The holes of an IR in its order, each once: identifier, kind, type_hint, description (None where not said).

    `nameless` counts entries that no resolution can be told by.
    """

    holes: tuple[dict[str, str | None], ...]
    nameless: int


def named_in(ir: Any) -> NamedHoles | None:
    """The holes that an IR names; None where it has no list of holes, so that nothing is known of them."""
    lists = list(_lists(ir))
    if not lists:
        return None
    entries = [_read(entry) for one in lists for entry in one]
    found: dict[str | None, dict[str, str | None]] = {}
    for entry in entries:
        if entry is not None:
            found.setdefault(entry["identifier"], entry)
    return NamedHoles(tuple(found.values()), entries.count(None))


def _lists(ir: Any) -> Iterator[list[Any]]:
    """Every list of holes, from the top down; without recursion, for an IR may be nested as deep as JSON may."""
    waiting = [ir]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            holes = value.get("holes")
            if isinstance(holes, list):
                yield holes
            waiting += reversed([inner for name, inner in value.items() if name != "holes"])
        elif isinstance(value, list):
            waiting += reversed(value)


def _read(entry: Any) -> dict[str, str | None] | None:
    given = {"identifier": entry} if isinstance(entry, str) else entry if isinstance(entry, Mapping) else {}
    identifier = given.get("identifier")
    if not isinstance(identifier, str) or not identifier:
        return None
    told = {name: value if isinstance(value := given.get(name), str) and value else None for name in _TOLD}
    return {"identifier": identifier, **told}
