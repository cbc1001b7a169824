"""Replay: rows made from events alone, to compare with the rows that are stored, or to put in their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from signalbox_client import checking, queries
from signalbox_client.connection import Database, Source
from signalbox_client.errors import BadArgument
from signalbox_client.events import Event
from signalbox_client.projections.projection import Projection, ProjectionFailed, Projections, Row, comparable

Read = Callable[..., list[dict[str, Any]]]

PAGE = 2000
ROWS_AT_ONCE = 500


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
    `failed`: sentences about events that cannot be projected. `not_compared`: columns that events tell of and that the
    stored rows, as they were read, do not have. `limits`: sentences on rows that the table, as it is, cannot hold.
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

    @property
    def is_same(self) -> bool:
        """Whether every row that events tell of is there and as they tell."""
        return not (self.differing or self.missing or self.failed)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: rows written, and rows that cannot be made: no event tells their beginning, or what the
    events are about is not named by a UUID, as rows of these tables are."""

    name: str
    written: int
    incomplete: int


class Replay:
    """Replays projections over one database. Raises BadArgument.

    `read(name, **parameters)` gives the rows of a statement that reads (`projections.read_events`, for one), for
    whoever keeps the tables somewhere else; by default those of this package are run. A rebuild takes no notice of it.
    """

    def __init__(self, source: Source | Database, projections: Projections, *, read: Read | None = None) -> None:
        if not isinstance(projections, Projections):
            raise BadArgument("projections", f"must be Projections, not {type(projections).__name__}.")
        self._database = Database.of(source)
        self._projections = projections
        self._read = read or self._database.at_once

    def rows(self, name: str) -> Iterator[tuple[str, Row]]:
        """Each row that events tell of, by its key, folded from them alone. Raises BadArgument, ProjectionFailed."""
        projection = self._projections.named(name)
        return ((key, row) for key, row in self._folded(projection, None))

    def compare(self, name: str, *, limit: int = 100) -> Comparison:
        """The stored rows against a replay; lists hold at most `limit` entries. Raises BadArgument."""
        projection = self._with_table(name)
        most = checking.whole_number("limit", limit, least=0)
        failed: list[str] = []
        rows = differing = missing = 0
        differences: list[Difference] = []
        missing_keys: list[str] = []
        not_compared: set[str] = set()
        folded = self._folded(projection, failed)
        while some := list(islice(folded, ROWS_AT_ONCE)):
            stored = self._stored(projection, [key for key, _ in some])
            for key, row in some:
                rows += 1
                found = stored.get(key.lower())
                if found is None:
                    missing += 1
                    missing_keys += [key][: most - len(missing_keys)]
                    continue
                not_compared |= row.keys() - found.keys()
                changed = list(_differences(key, row, found))
                differing += bool(changed)
                differences += changed[: most - len(differences)]
        unsourced = self._read(
            f"projections.count_unsourced_{name}",
            aggregate_type=projection.aggregate_type,
            event_types=sorted(projection.event_types),
        )[0]["unsourced"]
        return Comparison(
            name,
            rows,
            differing,
            differences,
            missing,
            missing_keys,
            unsourced,
            failed[:most],
            tuple(sorted(not_compared)),
        )

    def rebuild(self, name: str) -> Rebuilt:
        """Make the stored rows what the events tell; rows without events stay as they are. All in one transaction.

        Raises BadArgument, ProjectionFailed (then nothing is changed), and what the database raises.
        """
        projection = self._with_table(name)
        made = incomplete = 0
        with self._database.transaction() as work:
            # On the very connection: in the same transaction, and where a pool has no second one to lend.
            folded = Replay(work.connection, self._projections)._folded(projection, None)
            while some := list(islice(folded, ROWS_AT_ONCE)):
                whole = [
                    row | {projection.key_column: key}
                    for key, row in some
                    if projection.required <= row.keys() and _is_uuid(key)
                ]
                incomplete += len(some) - len(whole)
                work.run(f"projections.write_{name}", rows=json.dumps([written(row) for row in whole]))
                made += len(whole)
        return Rebuilt(name, made, incomplete)

    def _with_table(self, name: object) -> Projection:
        projection = self._projections.named(name)
        if f"projections.read_{projection.name}" not in queries.all_queries():
            raise BadArgument(
                "name", f"{projection.name} has no table that this package knows; only its rows can be replayed."
            )
        return projection

    def _folded(self, projection: Projection, failed: list[str] | None) -> Iterator[tuple[str, Row]]:
        """Rows as they are complete. With a list, an event that fails ends its row with a sentence there."""
        for _, stream in groupby(self._events(projection), key=lambda event: event.aggregate_id):
            rows: dict[str, Row] = {}
            try:
                for event in stream:
                    key = projection.key_for(event)
                    rows[key] = projection.after(rows.get(key), event)
            except ProjectionFailed as error:
                if failed is None:
                    raise
                failed.append(error.sentence)
                continue
            yield from rows.items()

    def _events(self, projection: Projection) -> Iterator[Event]:
        after_id, after_sequence = "", 0
        while True:
            found = self._read(
                "projections.read_events",
                aggregate_type=projection.aggregate_type,
                event_types=sorted(projection.event_types),
                after_id=after_id,
                after_sequence=after_sequence,
                limit=PAGE,
            )
            yield from (Event(**row) for row in found)
            if len(found) < PAGE:
                return
            after_id, after_sequence = found[-1]["aggregate_id"], found[-1]["sequence_number"]

    def _stored(self, projection: Projection, keys: list[str]) -> dict[str, Row]:
        known = [key for key in keys if _is_uuid(key)]
        rows = self._read(f"projections.read_{projection.name}", keys=known)
        return {row["key"]: row for row in rows}


def _differences(key: str, row: Row, stored: Row) -> Iterator[Difference]:
    for column, value in row.items():
        if column not in stored:
            continue
        replayed, found = comparable(value), comparable(stored[column])
        if replayed != found:
            yield Difference(key, column, replayed, found)


def written(row: Row) -> Row:
    """A row as JSON; amounts as text, so that none loses a digit."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return str(value) if not isinstance(value, str | int | float | list | dict | None) else value


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key.lower()
    except ValueError:
        return False
