"""The newest versions that this process has polled, and whether they may still be used.

A page run takes them instead of asking by itself, as long as they are fresh, were read after every act of this process
that somebody waits to see, and were read no earlier than what a page has already shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from data.access import Dataset
from data.database.pools import Database

# Polled every second, so this spans one poll that came late. A figure is at most this old when a page begins.
FRESH_S = 1.5

_NEVER_WRITTEN = "0-0"  # no mark in the change log, none taken out of it


Shown = Literal["all", "own", "some", "none"]


@dataclass(frozen=True)
class Sight:
    """How much of an adopted table its own row security lets managers and members see; `place` is where it lies, as
    "public.jobs" is. Own is what belongs to whoever asks, some what a condition on something else lets through."""

    place: str
    of_managers: Shown
    of_members: Shown

    def hides(self, *, sees_all: bool) -> Shown | None:
        """What is left to managers (`sees_all`) or members, None where that is all that they are to see."""
        shown = self._shown(sees_all=sees_all)
        return shown if shown in ("some", "none") else None

    def shows_all(self, *, sees_all: bool) -> bool:
        """Whether managers (`sees_all`) or members see every row, whosever it is."""
        return self._shown(sees_all=sees_all) == "all"

    def _shown(self, *, sees_all: bool) -> Shown:
        return self.of_managers if sees_all else self.of_members


@dataclass(frozen=True)
class Added:
    """Columns that a table got when it was moved here, and when that was: rows from before say nothing in them."""

    columns: tuple[str, ...]
    moved_at: datetime


@dataclass(frozen=True)
class Sources:
    """The source tables by name, "chronicle.events" for instance: the version of each, and the columns that an adopted
    one lacks, which reports read as unknown; into those of them that are `absent` nothing can be written. `read_at` is
    when they were asked for, in UTC; `sights` are the adopted tables, which are read for ours, with how much of each is
    seen, and `added` those that got columns by moving."""

    versions: dict[str, str]
    missing_columns: dict[str, tuple[str, ...]]
    read_at: datetime
    sights: Mapping[str, Sight] = field(default_factory=dict)
    added: Mapping[str, Added] = field(default_factory=dict)
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def adopted(self) -> frozenset[str]:
        """The tables that are read for ours."""
        return frozenset(self.sights)

    @property
    def missing_tables(self) -> dict[str, tuple[str, ...]]:
        """The tables that adopted systems did not bring, by system. Ours stand in for them, so those that anything was
        ever written into here are not missing."""
        missing: dict[str, tuple[str, ...]] = {}
        systems = {_parts(name)[0] for name in self.adopted}
        for name, version in sorted(self.versions.items()):
            system, table = _parts(name)
            if system in systems and name not in self.adopted and version == _NEVER_WRITTEN:
                missing[system] = (*missing.get(system, ()), table)
        return missing


def _parts(name: str) -> tuple[str, str]:
    system, _, table = name.partition(".")
    return system, table


@dataclass(frozen=True)
class _Kept:
    database: Database
    begun_at: float  # monotonic, before the query was sent
    sources: Sources


class Latest:
    """The newest of each dataset."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[Dataset, _Kept] = {}
        self._not_before: dict[Dataset, float] = {}
        self._failed_at: dict[Dataset, float] = {}

    def keep(self, dataset: Dataset, database: Database, begun_at: float, sources: Sources) -> None:
        """Keep what a poll found that began at `begun_at`."""
        with self._guard:
            self._kept[dataset] = _Kept(database, begun_at, sources)
            self._answered(dataset, begun_at)

    def take(self, dataset: Dataset, database: Database) -> Sources | None:
        """What was polled from this very database, None where a page run has to ask by itself."""
        with self._guard:
            kept = self._kept.get(dataset)
            if kept is None or kept.database is not database:
                return None
            oldest = max(time.monotonic() - FRESH_S, self._not_before.get(dataset, 0.0))
            return kept.sources if kept.begun_at >= oldest else None

    def expire(self, dataset: Dataset) -> None:
        """From now on only what is read after this moment counts: something was changed that somebody waits to see."""
        with self._guard:
            self._not_before[dataset] = time.monotonic()

    def shown(self, dataset: Dataset, begun_at: float) -> None:
        """Somebody has read by themselves at this moment; nobody goes back behind it."""
        with self._guard:
            self._not_before[dataset] = max(begun_at, self._not_before.get(dataset, 0.0))
            self._answered(dataset, begun_at)

    def failed(self, dataset: Dataset) -> None:
        """A poll did not reach the database."""
        with self._guard:
            self._failed_at.setdefault(dataset, time.monotonic())

    def is_lost(self, dataset: Dataset) -> bool:
        """Whether the database has not answered since a poll failed."""
        return dataset in self._failed_at

    def _answered(self, dataset: Dataset, begun_at: float) -> None:
        if begun_at > self._failed_at.get(dataset, begun_at):
            del self._failed_at[dataset]


polled = Latest()  # of this process
