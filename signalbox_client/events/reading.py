"""Reading streams in pages: events are never rewritten, so pages read one after the other fit together."""

from __future__ import annotations

from collections.abc import Iterator

from signalbox_client.connection import Database
from signalbox_client.events.event import Event

PAGE = 500


def read_pages(
    database: Database, aggregate: tuple[str, str], from_sequence: int = 1, to_sequence: int | None = None
) -> Iterator[Event]:
    """The events of one aggregate in order, both ends included; memory holds a page of them."""
    while to_sequence is None or from_sequence <= to_sequence:
        rows = database.at_once(
            "events.read_stream",
            aggregate_type=aggregate[0],
            aggregate_id=aggregate[1],
            from_sequence=from_sequence,
            to_sequence=to_sequence,
            limit=PAGE,
        )
        yield from (Event(**row) for row in rows)
        if len(rows) < PAGE:
            return
        from_sequence = rows[-1]["sequence_number"] + 1
