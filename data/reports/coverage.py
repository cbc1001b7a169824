"""From when to when each subject holds rows, so that a page can open on the newest period with data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data import database
from data.access import Actor


@dataclass(frozen=True)
class Coverage:
    """First and last event time of a subject's rows, how many have no time, and whether there is any row.

    Before `raw_from` what happened in sessions is known as sums alone; None where nothing was ever dropped.
    `holds_unnamed`: rows begin calls without saying which (call_id), so that those that never ended are not counted.
    `unphased` rows of calls say neither begin nor end (phase), and are not counted either.
    `untimed_of` tells by name what the untimed rows are, and what they hold, where there is more than one thing to it.
    """

    first: datetime | None
    last: datetime | None
    untimed: int
    holds_rows: bool
    raw_from: datetime | None = None
    holds_unnamed: bool = False
    unphased: int = 0
    untimed_of: Mapping[str, int] = field(default_factory=dict)


def read_coverage(actor: Actor) -> dict[str, Coverage]:
    """The coverage of what the actor may see, by subject: sessions, events, tools, jobs, approvals."""
    with database.reading(actor) as unit:
        rows = unit.rows("coverage.read_coverage")
    return {
        row["subject"]: Coverage(
            row["first_at"],
            row["last_at"],
            row["untimed"],
            row["holds_rows"],
            row["raw_from"],
            row["holds_unnamed"],
            row["unphased"],
        )
        for row in rows
    }
