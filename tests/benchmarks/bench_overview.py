"""The queries of Overview over 30 days: at 10 million events against the base tables, against 1 million, and with slots
that changed since they were stored."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from data.access import Actor
from tests.benchmarks import big_data, plain_answers
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.page_queries import Asked, asked_by, connected, milliseconds

ROUNDS = 15
BASE_ROUNDS = 3
PAGE = "reports/overview.py"
PERIOD = "30d"

# In the transaction of the queries, as the owner; rolled back with them.
_LATE_ROWS, _CHANGED_ROWS = (
    ((Path(__file__).parent / name).read_text(encoding="utf-8"),) for name in ("late_rows.sql", "changed_rows.sql")
)
_SLOTS = """
    insert into signalbox.change_log (source, slot)
    select distinct r.source, {slots}
    from signalbox.rollup_state as r, generate_series(0, {most}) as n
"""
_NEWEST = "(select (floor(date_part('epoch', max(e.timestamp)) / 900))::integer from chronicle.events as e)"
_COUNTED_ANEW = (_SLOTS.format(slots=f"{_NEWEST} - 50 - 101 * n", most=85),)  # those of the late rows
_TWO_NEWEST = (_SLOTS.format(slots=f"{_NEWEST} - n", most=1),)

Times = dict[str, list[dict[str, float]]]


def measure(rounds: int = ROUNDS, base_rounds: int = BASE_ROUNDS) -> list[Figure]:
    """The sums of all queries of the page, medians of interleaved rounds."""
    one, ten = big_data.home(big_data.ONE_MILLION), big_data.home(big_data.TEN_MILLION)
    actor = big_data.admin()
    with big_data.opened(big_data.TEN_MILLION):
        asked = asked_by(actor, PAGE, period=PERIOD)
    window = next(one.parameters for one in asked if "previous_start" in one.parameters)
    with connected(one) as small, connected(ten) as large:
        ways: dict[str, Callable[[], dict[str, float]]] = {
            "10 M": _way(large, actor, asked),
            "1 M": _way(small, actor, asked),
            "1 % scattered": _way(large, actor, asked, _LATE_ROWS),
            "1 % changed": _way(large, actor, asked, _CHANGED_ROWS),
            "1 % anew": _way(large, actor, asked, _COUNTED_ANEW),
            "two newest": _way(large, actor, asked, _TWO_NEWEST),
            "10 M from the tables": lambda: plain_answers.milliseconds(large, window),
        }
        took: Times = {name: [] for name in ways}
        for number in range(-1, rounds):  # the first one warms pages of memory and plans of functions
            for name, ask in list(ways.items())[:: 1 if number % 2 else -1]:
                if number < base_rounds or name != "10 M from the tables":
                    times = ask()
                    if number >= 0:
                        took[name].append(times)
    return _figures(took, asked)


def _way(
    connection: psycopg.Connection[Any], actor: Actor, asked: list[Asked], before: tuple[str, ...] = ()
) -> Callable[[], dict[str, float]]:
    return lambda: milliseconds(connection, actor, asked, before)


def _figures(took: Times, asked: list[Asked]) -> list[Figure]:
    sums = {name: statistics.median(sum(times.values()) for times in rounds) for name, rounds in took.items()}
    names = ", ".join(f"{name} {_of(took['10 M'], name):.1f}" for name in dict.fromkeys(one.name for one in asked))
    rounds = f"medians of {len(took['10 M'])} interleaved rounds ({len(took['10 M from the tables'])} from the tables)"
    said = (
        "sum of what the page asks of the database for 30 days when nothing is cached, each from asking to its last "
        f"row, planning included, as an admin, {rounds}; "
    )

    def entry(name: str, way: str, against: str, at_most: float, how: str) -> Figure:
        return figure(
            f"queries of Overview, {name}", round(sums[way], 1), "ms", round(sums[against], 1), at_most=at_most,
            how=said + how,
        )  # fmt: skip

    return [
        entry(
            "10 M over base tables", "10 M", "10 M from the tables", 0.03,
            f"the limit is {len(plain_answers.STATEMENTS)} plain statements over the tables that answer the same "
            f"({', '.join(plain_answers.STATEMENTS)}); in ms: {names}",
        ),
        entry("10 M over 1 M", "10 M", "1 M", 1.8, "ten times the events in the same ninety days"),
        entry(
            "1 % of slots touched", "1 % scattered", "10 M", 2.0,
            "rows came in late in one slot in 101 of the ninety days, of every kind that is counted",
        ),
        entry(
            "1 % of slots changed in place", "1 % changed", "10 M", 2.0,
            "in as many slots one row of every kind that is counted was updated, in one in five deleted instead where "
            "nothing else hangs on it, in one in five moved",
        ),
        entry(
            "1 % of slots counted anew", "1 % anew", "10 M from the tables", 0.1,
            "as many slots are named by the change log as a whole, for every source, which is what statements over "
            "many rows leave",
        ),
        entry(
            "refresher running", "two newest", "10 M", 1.2,
            "what a running refresher leaves: the two newest slots are named by the change log, for every source",
        ),
    ]  # fmt: skip


def _of(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(times[name] for times in rounds)
