"""The queries of every page at a million events against the same at a hundred thousand, when nothing is cached."""

from __future__ import annotations

import statistics

import psycopg
from psycopg.rows import dict_row

from data import demo
from data.console import Console
from tests.benchmarks import big_data
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.page_queries import took_by
from tests.benchmarks.page_views import VIEWS, PageView
from ui import navigation
from ui.navigation import PageEntry

ROUNDS = 3
HUNDRED_THOUSAND = 100_000
BOUND = 4.0  # with ten times the events
LEAST_MS = 20.0  # of the limit of a view: below it one measures how busy the machine is

# By the number of events: what the views took, in their order, in milliseconds by the names of the queries, each round.
Times = dict[int, list[list[dict[str, float]]]]


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """One figure for each page: the sum of its views, medians of rounds that take turns."""
    took: Times = {HUNDRED_THOUSAND: [], big_data.ONE_MILLION: []}
    for number in range(-1, rounds):  # the first one warms pages of memory
        for events in took:
            with big_data.opened(events) as console:
                times = [_took(console, view) for view in VIEWS]
            if number >= 0:
                took[events].append(times)
    return [_figure(entry, took) for entry in navigation.PAGES]


def _took(console: Console, view: PageView) -> dict[str, float]:
    path = navigation.entry_of(view.page).path.relative_to(navigation.FOLDER)
    summed: dict[str, float] = {}
    for name, took_ms in took_by(big_data.admin(), str(path), **view.parameters, **_found(console, view)):
        summed[name] = summed.get(name, 0.0) + took_ms
    return summed


def _found(console: Console, view: PageView) -> dict[str, str]:
    """The parameters of the row that the view opens."""
    if view.found_by is None or console.lease is None:
        return {}
    with psycopg.connect(console.lease.url(demo.DATABASE), row_factory=dict_row) as connection:
        row = connection.execute(view.found_by).fetchone()
    if row is None:
        raise RuntimeError(f"the demo holds no row for {view}")
    return row


def _figure(entry: PageEntry, took: Times) -> Figure:
    places = [place for place, view in enumerate(VIEWS) if view.page == entry.url_path]
    limit = sum(max(_median(took[HUNDRED_THOUSAND], place), LEAST_MS) for place in places)
    slowest, slowest_ms = _slowest(took[big_data.ONE_MILLION], places)
    return figure(
        f"pages: queries of {entry.title}",
        round(sum(_median(took[big_data.ONE_MILLION], place) for place in places), 1),
        "ms",
        round(limit, 1),
        at_most=BOUND,
        how=f"what {len(places)} views of the page wait for at a million events when nothing is cached, as an admin, "
        f"medians of {len(took[big_data.ONE_MILLION])} rounds; the limit is the same at a hundred thousand, at least "
        f"{LEAST_MS:.0f} ms for each view; the longest is {slowest} with {slowest_ms:.1f} ms",
    )


def _median(rounds: list[list[dict[str, float]]], place: int) -> float:
    return statistics.median(sum(times[place].values()) for times in rounds)


def _slowest(rounds: list[list[dict[str, float]]], places: list[int]) -> tuple[str, float]:
    """The query that one of these views waits for the longest."""
    taken = [
        (statistics.median(times[place].get(name, 0.0) for times in rounds), name)
        for place in places
        for name in rounds[0][place]
    ]
    took_ms, name = max(taken, default=(0.0, "none"))
    return name, took_ms
