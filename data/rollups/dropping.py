"""Drops what happened in sessions once it is older than it is kept, while the rollups keep its sums.

What is dropped: chronicle's events, tool_events, prompt_events, notification_events and lifecycle_events. What is not:
sessions (lists need them, and what one cost rests on its replies, which stay too), jobs, questions to people, and
engine.events, which nobody may delete from. Rows without a time stay.

A piece is some whole hours, oldest first. One short transaction stores its rows in the rollups, moves the boundary
`raw_from` behind them and deletes them, so that at any moment each row counts once, stored or live; a kill between two
pieces, or within one, leaves that true. A piece is dropped whole or not at all: rows that a writer
holds are not skipped, the piece gives up at once and is tried again, so that no writer waits long for it, and none
ever ends in a deadlock with it. What names an event that was dropped finds it gone, as after any delete.

Below the boundary the figures are those of the moment of the drop. A session that is renamed or deleted afterwards
keeps there what it had; an answer that comes after its call was dropped unanswered is a call of its own.

A row that comes in late, from before the boundary, is refused to nobody: it counts at once, since readers add up below
the boundary what is stored and what the tables hold, and the next pass adds it to the stored sums and drops it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from data import database
from data.access import Dataset
from data.errors import Busy

MOST_ROWS = 1000  # events of a piece: few enough that its transaction is short, also beside ten million others
LONGEST_PIECE_S = 300  # an hour may hold any number of rows
LONGEST_WAIT_MS = 500  # for rows of others that lose a link to the piece: its own are locked before, or not at all
BUSY_S = 0.2
MOST_TRIES = 150  # half a minute of a busy table


@dataclass(frozen=True)
class Piece:
    """What one piece was: rows dropped from the five tables together, their span, whether more is left, and what the
    whole waits for: `rollups` to be built, or `adopted tables`, which are not ours to delete from."""

    dropped_rows: int
    from_at: datetime | None
    until_at: datetime | None
    is_unfinished: bool
    waits_for: str | None


def drop(dataset: Dataset, most_rows: int = MOST_ROWS) -> Piece | None:
    """Drop the next piece of what is older than it is kept; None where nothing is to be dropped ever.

    Raises Busy while the rollups are refreshed or a writer holds rows of the piece, DatabaseUnavailable.
    """
    with database.operating(dataset) as unit:
        if unit.value("retention.find_age") is None:
            return None
    with database.locking(dataset, "signalbox.rollup_state") as unit:
        unit.row("retention.take_time", seconds=LONGEST_PIECE_S, wait_ms=LONGEST_WAIT_MS)
        row = unit.row("retention.drop_piece", most_rows=most_rows)
    return Piece(**row) if row else None


def drop_all(
    dataset: Dataset, *, at_most_s: float | None = None, progress: Callable[[Piece], None] = lambda _: None
) -> int:
    """Piece after piece, with a pause as long as the last took, until nothing is left, the time is over, or the tables
    are not to be had; how many rows were dropped. Raises DatabaseUnavailable, and Busy when no piece got through."""
    dropped, tries, began = 0, 0, time.monotonic()
    while at_most_s is None or time.monotonic() - began < at_most_s:
        started = time.monotonic()
        try:
            piece = drop(dataset)
        except Busy:
            tries += 1
            if tries == MOST_TRIES:
                raise
            time.sleep(BUSY_S)
            continue
        if piece is None or piece.waits_for:
            break
        tries = 0
        dropped += piece.dropped_rows
        progress(piece)
        if not piece.is_unfinished:
            break
        time.sleep(time.monotonic() - started)
    return dropped
