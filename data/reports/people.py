"""People: what each did with agents, what came of it and what it cost, against the period before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from data import database
from data.access import Actor
from data.arguments import checked
from data.reports.coverage import Coverage

Kind = Literal["session", "lift", "job"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NOBODY = "nobody"  # what one may ask for beside a person: what names none
# What one may ask for beside a state, of the kinds that have a success: what it is taken over.
ENDED = "ended"
ENDED_STATES: dict[Kind, tuple[str, ...]] = {
    "job": ("completed", "failed"), "lift": ("finalized", "abandoned", "error"), "session": (),
}  # fmt: skip
Has = Literal["priced", "unpriced"]
HAS: tuple[Has, ...] = get_args(Has)
# What people can be sorted by, and the column of the query that it is.
SORTS = {
    "person": "address", "sessions": "sessions", "lift": "lift_sessions", "jobs": "jobs",
    "completed": "completed_jobs", "cost": "cost_usd", "active": "last_active_at",
}  # fmt: skip


@dataclass(frozen=True)
class Doings:
    """How many things of a kind one person did that are in a state; None is one that is not recorded."""

    kind: Kind
    state: str | None
    things: int


@dataclass(frozen=True)
class Person:
    """One person in a period; `person` is None for what names nobody. Success: `finalized` sessions of lift-sys over
    those and the `lost` ones, `completed_jobs` over those and the `failed_jobs`. Costs in USD, None where unknown:
    `cost_usd` is that of both kinds of sessions; `priced_…` have one, `unpriced_…` none or one that
    leaves something out; that of `estimated_sessions` is estimated at list prices."""

    person: str | None
    address: str | None
    sessions: int
    lift_sessions: int
    finalized: int
    lost: int
    jobs: int
    completed_jobs: int
    failed_jobs: int
    cost_usd: Decimal | None
    session_cost_usd: Decimal | None
    priced_sessions: int
    unpriced_sessions: int
    estimated_sessions: int
    lift_cost_usd: Decimal | None
    priced_lift_sessions: int
    unpriced_lift_sessions: int
    last_active_at: datetime | None
    previous_sessions: int
    previous_lift_sessions: int
    previous_finalized: int
    previous_lost: int
    previous_completed_jobs: int
    previous_failed_jobs: int
    previous_cost_usd: Decimal | None


def read_coverage(actor: Actor) -> Coverage:
    """From when to when people did something; `untimed_of` each Kind. Raises NotAllowed for members, as every reader
    here."""
    actor.must("view_people")
    with database.reading(actor) as unit:
        row = unit.row("people.read_coverage") or {}
    without: dict[str, int] = {kind: row[f"untimed_{kind}"] for kind in KINDS}
    return Coverage(row["first_at"], row["last_at"], sum(without.values()), row["holds_rows"], untimed_of=without)


@checked()
def read_people(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    previous_start: datetime | None = None,
    previous_end: datetime | None = None,
) -> tuple[Person, ...]:
    """Everybody who did something from `start` up to `end` or in the period before; the busiest first."""
    actor.must("view_people")
    with database.reading(actor) as unit:
        rows = unit.rows(
            "people.list_people",
            start=start,
            end=end,
            untimed=untimed,
            previous_start=previous_start,
            previous_end=previous_end,
            person=None,
        )
    return tuple(Person(**{field.name: row[field.name] for field in fields(Person)}) for row in rows)


@checked()
def read_activity(
    actor: Actor,
    *,
    person: str,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    kind: Kind | None = None,
    state: str | None = None,
    has: Has | None = None,
    limit: int = 25,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """What one person did, or what names NOBODY, of one kind, in one state or ENDED, with a cost or with none in full
    where asked for, the newest first: kind (session, lift, job), id, happened_at, title (a session's first prompt),
    project_or_agent, state, cost_usd, cost_basis (recorded, estimate, partial estimate)."""
    actor.must("view_people")
    with database.reading(actor) as unit:
        return unit.rows(
            "people.list_activity",
            person=person,
            start=start,
            end=end,
            untimed=untimed,
            kind=kind,
            state=state,
            has=has,
            limit=limit,
            offset=offset,
        )


@checked()
def count_activity(
    actor: Actor,
    *,
    person: str,
    start: datetime | None = None,
    end: datetime | None = None,
    untimed: bool = False,
    has: Has | None = None,
) -> tuple[Doings, ...]:
    """How many things of each kind and state `read_activity` gives over all its pages."""
    actor.must("view_people")
    with database.reading(actor) as unit:
        asked = {"person": person, "start": start, "end": end, "untimed": untimed, "has": has}
        rows = unit.rows("people.count_activity", **asked)
    return tuple(Doings(**row) for row in rows)


def together(people: Iterable[Person]) -> dict[str, int]:
    """The sums of all counts, by name. People are counted, never added up over periods."""
    counted = [field.name for field in fields(Person) if field.type == "int"]
    everybody = list(people)
    return {name: sum(getattr(one, name) for one in everybody) for name in counted}


def cost_of(costs: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the known costs in USD; None where none is known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal()) if known else None
