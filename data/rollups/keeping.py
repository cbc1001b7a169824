"""How long what happened in sessions is kept row by row: the age that an admin sets, and what it would drop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data import audit, database
from data.access import Actor, Dataset
from data.database import Unit
from data.errors import Conflict, NotAllowed, WrongUse
from signalbox_client.checking import is_whole_number

LONGEST_DAYS = 36_500
ADOPTED = "the tables of chronicle are another system's, and its own rules say how long their rows are kept."
KEEPS = "sessions with their costs, jobs, questions to people, runs of procedures and events of the engine"


class ChangedMeanwhile(Conflict):
    """Somebody else has changed how long events are kept since you looked; nothing was changed. Look again."""


@dataclass(frozen=True)
class Retention:
    """Events of sessions and their details are dropped once older than `keep_raw_days`; None keeps them for ever.

    Rows from `dropped_from` up to `raw_from` were dropped and live in sums alone; `dropped_rows` counts them.
    """

    keep_raw_days: int | None = None
    raw_from: datetime | None = None
    dropped_from: datetime | None = None
    dropped_rows: int = 0
    dropped_at: datetime | None = None
    set_at: datetime | None = None
    set_by: str | None = None

    @property
    def is_sums_only(self) -> bool:
        """Whether anything has been dropped."""
        return self.dropped_from is not None


@dataclass(frozen=True)
class Foreseen:
    """What an age would drop: everything before `before` (midnight UTC), as rows per table, those of all tables too
    that would lose nothing. `oldest_at` is the time of the oldest of them."""

    days: int
    before: datetime
    oldest_at: datetime | None
    tables: dict[str, int]

    @property
    def rows(self) -> int:
        """All of them together."""
        return sum(self.tables.values())


@dataclass(frozen=True)
class Late:
    """Rows from before `raw_from` that came in after their time had been dropped: they count, and the next pass adds
    them to the sums and drops them."""

    rows: int


def read_retention(actor: Actor) -> Retention:
    """How long rows are kept and from where on there are any; everybody may know. Raises what `reading` raises."""
    with database.reading(actor) as unit:
        return _retention(unit)


def foresee(actor: Actor, days: int) -> Foreseen:
    """What an age in days would drop at this moment. Raises NotAllowed, WrongUse, TookTooLong, DatabaseUnavailable."""
    actor.must("drop_raw_rows")
    return foresee_in(actor.dataset, days)


def foresee_in(dataset: Dataset, days: int) -> Foreseen:
    """The same for the command line."""
    _must_be_an_age(days)
    with database.operating(dataset) as unit:
        row = unit.row("retention.foresee", days=days) or {}
    before, oldest = row.pop("before"), row.pop("oldest_at")
    return Foreseen(days, before, oldest, {f"chronicle.{table}": rows for table, rows in row.items()})


def state_of(dataset: Dataset) -> tuple[Retention, str | None]:
    """How a database keeps its rows, and the sentence why nothing can be dropped there, where that is so."""
    with database.operating(dataset) as unit:
        kept = _retention(unit)
        is_adopted = kept.keep_raw_days is not None and bool(unit.value("retention.find_adopted"))
    return kept, ADOPTED if is_adopted else None


def count_late(actor: Actor) -> Late:
    """Rows that came late and wait to be added. Raises NotAllowed, DatabaseUnavailable."""
    actor.must("operate_database")
    with database.operating(actor.dataset) as unit:
        return Late(unit.value("retention.count_late") or 0)


def keep(actor: Actor, days: int | None, *, seen: int | None) -> Retention:
    """Keep events of sessions for so many days, None for ever; `seen` is what was set when the actor looked.

    Nothing is dropped here: the console's worker does that, and the command `rollup`. What is dropped does not come
    back by a longer age. The change and its row of the audit log are one transaction, as the actor, so that row-level
    security has the last word. Raises NotAllowed, WrongUse, ChangedMeanwhile, DatabaseUnavailable.
    """
    actor.must("drop_raw_rows")
    _must_be_an_age(days)
    with database.writing(actor) as unit:
        before = _retention(unit)
        if before.keep_raw_days != seen:
            raise ChangedMeanwhile
        if not unit.run("retention.keep", days=days, seen=seen, by=actor.email):
            raise NotAllowed("The database refused this: only an admin decides how long events are kept.")
        audit.record(unit, actor, _ACT, _TARGET, {"days": days, "before": seen})
        return _retention(unit)


def keep_by_operator(dataset: Dataset, days: int | None) -> Retention:
    """The same from the command line. Raises WrongUse, DatabaseUnavailable."""
    _must_be_an_age(days)
    with database.operating(dataset) as unit:
        before = _retention(unit)
        if before.keep_raw_days != days:
            unit.run("retention.keep", days=days, seen=before.keep_raw_days, by=audit.OPERATOR)
            audit.record(unit, None, _ACT, _TARGET, {"days": days, "before": before.keep_raw_days})
        return _retention(unit)


_ACT, _TARGET = "set how long events are kept", "retention"


def _retention(unit: Unit) -> Retention:
    return Retention(**(unit.row("retention.read_retention") or {}))


def _must_be_an_age(days: int | None) -> None:
    if days is not None and not is_whole_number(days, least=1, most=LONGEST_DAYS):
        raise WrongUse(
            f"Events can be kept for 1 to {LONGEST_DAYS} days, or for ever, not for {days} days; nothing was changed."
        )
