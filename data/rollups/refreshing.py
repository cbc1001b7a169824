"""Keeps the rollups: stores anew what the change log names, and builds what is not stored yet."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from data import database
from data.access import Actor, Dataset
from data.database.units import operating

MOST_SLOTS = 500  # of one subject in one transaction: no transaction lives long, and readers gain early
LONGEST_PASS_S = 600  # eight days of a very busy database are built in one statement
BUSY_S = 0.2


@dataclass(frozen=True)
class Pass:
    """What one pass did: how many quarters of an hour it stored anew, and whether something is left to do."""

    refreshed_slots: int
    is_unfinished: bool

    @property
    def is_full(self) -> bool:
        """Whether it may have stored as much as one pass does of a rollup, so that more waits."""
        return self.refreshed_slots >= MOST_SLOTS


@dataclass(frozen=True)
class State:
    """How one rollup stands: `built_from` and `raw_from` are slots of 15 minutes, `changed_slots` are read live until
    the next pass; `failure` is why the last pass left it as it was, since `failed_at`."""

    subject: str
    is_built: bool
    built_from: int
    raw_from: int
    refreshed_at: datetime | None
    failed_at: datetime | None
    failure: str | None
    changed_slots: int


def refresh(dataset: Dataset) -> Pass | None:
    """One pass over all rollups of a database, in one transaction; None while another process makes one.

    Figures are right at any moment, whether this runs or not: without it they are computed from the tables.
    Raises DatabaseUnavailable.
    """
    with operating(dataset) as unit:
        unit.value("rollups.take_time", seconds=LONGEST_PASS_S)
        row = unit.row("rollups.refresh", most_slots=MOST_SLOTS)
    if row is None or row["refreshed_slots"] is None:
        return None
    return Pass(row["refreshed_slots"], row["is_unfinished"] or row["refreshed_slots"] > 0)


def finish(dataset: Dataset) -> int:
    """Pass after pass until everything is stored and no change waits; how many slots were stored anew.

    Raises DatabaseUnavailable.
    """
    refreshed = 0
    while True:
        done = refresh(dataset)
        if done is None:
            time.sleep(BUSY_S)
            continue
        refreshed += done.refreshed_slots
        if not done.is_unfinished:
            return refreshed


def list_failures(dataset: Dataset) -> dict[str, str]:
    """The rollups that the last pass had to leave as they were, each with why. Raises DatabaseUnavailable."""
    with operating(dataset) as unit:
        return {row["subject"]: row["failure"] for row in unit.rows("rollups.list_failures")}


def read_states(actor: Actor) -> list[State]:
    """How each rollup stands, for whoever sees all rows; nothing for others. Raises what `database.reading` raises."""
    with database.reading(actor) as unit:
        return [State(**row) for row in unit.rows("rollups.list_states")]
