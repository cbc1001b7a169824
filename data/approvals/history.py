"""Questions that are over, of a period and against the one before: figures, slices of time, values to filter by."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import pandas as pd

from data import database
from data.access import Actor
from data.approvals.reading import EXPIRING_S, OVERDUE_S, Counts, Questions, View
from data.arguments import checked
from data.reports.coverage import Coverage

FILTERS = ("agent", "kind", "risk", "project", "outcome", "urgency")


@dataclass(frozen=True)
class History:
    """Questions of a period by the list that they stand in, and those of one list by what became of them.

    Times in milliseconds over the `timed` questions of that list: how long one waited for its decision or, where its
    time ran out, how long that was. `untimed` are the questions of that list that no period holds.
    """

    counts: Counts
    previous_decided: int
    previous_expired: int
    previous_imported: int
    previous_stateless: int
    approved: int
    rejected: int
    ran_out: int
    unanswered: int
    previous_approved: int
    previous_rejected: int
    timed: int
    p50_ms: float | None
    p95_ms: float | None
    previous_timed: int
    previous_p50_ms: float | None
    untimed: int

    def previous(self, view: View) -> int:
        """How many questions a list of history held in the period before."""
        return int(getattr(self, f"previous_{view}"))

    @property
    def answered(self) -> int:
        """Questions that somebody approved or rejected: what rates are taken over."""
        return self.approved + self.rejected

    @property
    def previous_answered(self) -> int:
        """The same of the period before."""
        return self.previous_approved + self.previous_rejected

    def of(self, outcome: str) -> int:
        """How many questions of the list have this outcome."""
        names = {"expired": "ran_out", "pending": "unanswered"}
        return int(getattr(self, names.get(outcome, outcome)))


@checked()
def read_history(actor: Actor, *, chosen: Questions, limit: int = 25, offset: int = 0) -> list[dict[str, Any]]:
    """Questions that are over, the latest first: those decided here, those whose time ran out, or those found in
    imported logs. Rows hold the columns of the queue and outcome, decided_at, decided_by_name, decision_note,
    waited_ms. Raises what `database.reading` raises, as every reader here."""
    with database.reading(actor) as unit:
        return unit.rows("approvals.list_history", **asdict(chosen), limit=limit, offset=offset)


@checked()
def read_summary(
    actor: Actor, *, chosen: Questions, previous_start: datetime | None = None, previous_end: datetime | None = None
) -> History:
    """The questions of a period by list, those of the chosen list by outcome, and what waits, whenever it was asked; of
    all outcomes."""
    asked = asdict(chosen)
    with database.reading(actor) as unit:
        row = unit.row("approvals.history.summarise", **asked, previous_start=previous_start, previous_end=previous_end)
    found = row or {}
    figures = {field.name: found[field.name] for field in fields(History) if field.name != "counts"}
    return History(counts=Counts.of_row(found), **figures)


@checked()
def read_buckets(actor: Actor, *, chosen: Questions, unit: str = "day", zone: str = "UTC") -> pd.DataFrame:
    """Questions of a list per `unit` (hour, day, week, month) of the zone in which they were asked: bucket, one column
    per outcome. What has no time has no bucket."""
    with database.reading(actor) as reading:
        return reading.frame("approvals.history.list_buckets", **asdict(chosen), unit=unit, zone=zone)


@checked()
def read_filter_values(actor: Actor, *, chosen: Questions) -> dict[str, dict[str, int]]:
    """What a list can be filtered by: for each filter its values with how many questions each leaves, the other filters
    applied: {"agent": ..., "kind": ..., "risk": ..., "project": ..., "outcome": ..., "urgency": ...}."""
    values: dict[str, dict[str, int]] = {name: {} for name in FILTERS}
    with database.reading(actor) as unit:
        span = {"soon_s": EXPIRING_S, "overdue_s": OVERDUE_S}
        rows = unit.rows("approvals.history.list_filter_values", **asdict(chosen), **span)
    for row in rows:
        values[row["filter"]][row["value"]] = row["questions"]
    return values


@checked()
def read_coverage(actor: Actor, *, now: datetime) -> Coverage:
    """From when to when there are questions that are over at `now`, how many of those have no time, and whether the
    actor sees any question at all."""
    with database.reading(actor) as unit:
        row = unit.row("approvals.history.read_coverage", now=now, shown=None) or {}
    return Coverage(row["first_at"], row["last_at"], row["untimed"], row["holds_rows"])
