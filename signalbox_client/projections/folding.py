"""Rows as events tell them: folded one after the other, each value with the event that told it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from signalbox_client.events import Event
from signalbox_client.projections.projection import Projection, ProjectionFailed, Row

Read = Callable[..., list[dict[str, Any]]]
Gone = dict[tuple[str, str], bool]  # by column and id, whether the row stays without it

PAGE = 2000


@dataclass(slots=True)
class Folded:
    """A row that events tell of: its key, its columns, the newest of its events, and which event told each column."""

    key: str
    row: Row
    newest: Event
    told_by: dict[str, Event]


@dataclass
class Failures:
    """Events that cannot be projected: how many, and sentences about the first `most`."""

    most: int
    number: int = 0
    sentences: list[str] = field(default_factory=list)

    def add(self, error: ProjectionFailed) -> None:
        """One more."""
        self.number += 1
        self.sentences += [error.sentence][: self.most - len(self.sentences)]


def fold_all(read: Read, projection: Projection, failures: Failures | None) -> Iterator[Folded]:
    """Rows as they are complete. An event that fails ends its row, or without `failures` everything. Raises
    ProjectionFailed."""
    for _, stream in groupby(_events(read, projection), key=lambda event: event.aggregate_id):
        rows: dict[str, Folded | None] = {}
        for event in stream:
            key = None
            try:
                key = projection.key_for(event)
                if key in rows and rows[key] is None:  # after one that failed, nobody knows how the row stands
                    continue
                rows[key] = _after(projection, key, rows.get(key), event)
            except ProjectionFailed as error:
                if failures is None:
                    raise
                failures.add(error)
                if key is not None:
                    rows[key] = None
        yield from (row for row in rows.values() if row is not None)


def incomplete(projection: Projection, folded: Folded) -> ProjectionFailed | None:
    """Why a row cannot be made: no event tells how it began, or its key is none. None where it can."""
    if lacking := projection.required - folded.row.keys():
        return projection.failed(folded.newest, f"no event tells its {' and '.join(sorted(lacking))}")
    if not is_uuid(folded.key):
        return projection.failed(folded.newest, f"{projection.key_column} must be a UUID, not {folded.key[:40]!r}")
    return None


def as_stored(projection: Projection, folded: Folded, columns: Iterable[str], failures: Failures) -> Row | None:
    """These columns of a row as its table holds them; None, and a failure of each event of which it does not hold a
    value."""
    row, refused = {}, dict[UUID, ProjectionFailed]()
    for column in columns:
        event = folded.told_by.get(column, folded.newest)
        try:
            row[column] = projection.stored(column, folded.row[column], event)
        except ProjectionFailed as error:
            refused.setdefault(event.event_id, error)
    for failed in refused.values():
        failures.add(failed)
    return None if refused else row


def gone_of(read: Read, projection: Projection, some: list[Folded]) -> Gone:
    """Of what these rows refer to in other tables, what is not there."""
    named = {
        (column, str(UUID(str(value))))
        for folded in some
        for column in projection.references
        if (value := folded.row.get(column)) is not None and _may_be_uuid(value)
    }
    if not named:
        return {}
    columns, ids = zip(*sorted(named), strict=True)
    found = read("projections.list_gone", projection=projection.name, named_in=list(columns), ids=list(ids))
    return {(row["column_name"], row["id"]): row["becomes_null"] for row in found}


def without_gone(row: Row, gone: Gone) -> Row | None:
    """A row after what it referred to was deleted: with null there, or None where it went with it."""
    lost = [column for column, value in row.items() if (column, str(value)) in gone]
    if not all(gone[column, str(row[column])] for column in lost):
        return None
    return row | dict.fromkeys(lost)


def is_uuid(key: str) -> bool:
    """Whether a key is a UUID as the database writes it, but for capitals."""
    try:
        return str(UUID(key)) == key.lower()
    except ValueError:
        return False


def _may_be_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _after(projection: Projection, key: str, before: Folded | None, event: Event) -> Folded:
    row = projection.after(before.row if before else None, event)
    if before is None:
        return Folded(key, row, event, dict.fromkeys(row, event))
    changed = [name for name, value in row.items() if name not in before.row or before.row[name] is not value]
    return Folded(key, row, event, before.told_by | dict.fromkeys(changed, event))


def _events(read: Read, projection: Projection) -> Iterator[Event]:
    after_id, after_sequence = "", 0
    while True:
        found = read(
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
