"""Stored rows against rows folded from events: what differs, what is missing, what cannot be projected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from signalbox_client import json_values
from signalbox_client.projections import folding
from signalbox_client.projections.folding import Failures, Folded, Gone, Read
from signalbox_client.projections.projection import Projection, Row, comparable


@dataclass(frozen=True)
class Difference:
    """A column of a stored row that is not what the events say; values as JSON would write them."""

    key: str
    column: str
    replayed: Any
    stored: Any


@dataclass(frozen=True)
class Comparison:
    """What came of comparing a projection's rows with a replay; the lists hold at most `limit` entries, counts all.

    `missing`: events tell of a row that is not there. `not_event_sourced`: rows that no event tells of.
    `gone`: rows that are rightly not there, as what they belonged to was deleted and they with it. `failing`: events
    that cannot be projected, and `failed` sentences about them. `not_compared`: columns that events tell of and that
    the stored rows, as they were read, do not have. `limits`: sentences on rows that the table, as it is, cannot hold.
    """

    name: str
    rows: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    missing: int = 0
    missing_keys: list[str] = field(default_factory=list)
    not_event_sourced: int = 0
    failed: list[str] = field(default_factory=list)
    not_compared: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    gone: int = 0
    failing: int = 0

    @property
    def is_same(self) -> bool:
        """Whether every row that events tell of is there and as they tell."""
        return not (self.differing or self.missing or self.failing)


class Comparing:
    """A comparison under way: takes folded rows some at a time."""

    def __init__(self, projection: Projection, most: int) -> None:
        self.failures = Failures(most)
        self._projection = projection
        self._most = most
        self._rows = self._differing = self._missing = self._gone = 0
        self._differences: list[Difference] = []
        self._missing_keys: list[str] = []
        self._not_compared: set[str] = set()

    def take(self, read: Read, some: list[Folded]) -> None:
        """Look at some rows more. Raises what `read` raises."""
        keys = [folded.key for folded in some if folding.is_uuid(folded.key)]
        stored = {row["key"]: row for row in read(f"projections.read_{self._projection.name}", keys=keys)}
        self._rows += len(some)
        absent, changed = [], []
        for folded in some:
            found = stored.get(folded.key.lower())
            if found is None:
                absent.append(folded)
            elif columns := self._changed(folded, found):
                changed.append((folded, found, columns))
        gone = folding.gone_of(read, self._projection, [*absent, *(folded for folded, _, _ in changed)])
        for folded in absent:
            self._take_absent(folded, gone)
        for folded, found, columns in changed:
            self._take_changed(folded, found, columns, gone)

    def comparison(self, unsourced: int) -> Comparison:
        """What came of it."""
        return Comparison(
            self._projection.name,
            self._rows,
            self._differing,
            self._differences,
            self._missing,
            self._missing_keys,
            unsourced,
            self.failures.sentences,
            tuple(sorted(self._not_compared)),
            gone=self._gone,
            failing=self.failures.number,
        )

    def _changed(self, folded: Folded, found: Row) -> list[str]:
        self._not_compared |= folded.row.keys() - found.keys()
        return [
            name
            for name, value in folded.row.items()
            if name in found and _differ(comparable(value), comparable(found[name]))
        ]

    def _take_absent(self, folded: Folded, gone: Gone) -> None:
        if error := folding.incomplete(self._projection, folded):
            self.failures.add(error)
            return
        row = folding.as_stored(self._projection, folded, folded.row, self.failures)
        if row is None:
            return
        if folding.without_gone(row, gone) is None:
            self._gone += 1
            return
        self._missing += 1
        self._missing_keys += [folded.key][: self._most - len(self._missing_keys)]

    def _take_changed(self, folded: Folded, found: Row, columns: Iterable[str], gone: Gone) -> None:
        row = folding.as_stored(self._projection, folded, columns, self.failures)
        if row is None:
            return
        differences = list(_differences(folded.key, folding.without_gone(row, gone) or row, found))
        self._differing += bool(differences)
        self._differences += differences[: self._most - len(self._differences)]


def _differences(key: str, row: Row, stored: Row) -> Iterable[Difference]:
    for column, value in row.items():
        replayed, found = comparable(value), comparable(stored[column])
        if _differ(replayed, found):
            yield Difference(key, column, replayed, found)


def _differ(replayed: Any, found: Any) -> bool:
    return not json_values.is_same(replayed, found)
