"""Many people at once over ten million events: how long they wait, and what they cost."""

from __future__ import annotations

import random
import statistics
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field

import psycopg
from websockets.sync.connection import Connection

from data import demo, embedded
from tests.benchmarks import big_data, processes, servers
from tests.benchmarks.figures import Figure, figure
from tests.browser.console import Console, running

PEOPLE = 25
SESSIONS = 50
EVERY_S = 5.0
LASTS_S = 60.0
ALONE = 60  # clicks of one person
VIEWS = 100
MOST_CONNECTIONS = 10
MOST_MB = 300
MOST_DATABASE_MS = 5
# What people click on: pages, and periods of the first one.
CLICKS = (
    ("", "period=7d"),
    ("", "period=30d"),
    ("", "period=90d"),
    ("sessions", ""),
    ("tools", ""),
    ("tools", "period=30d"),
    ("jobs", ""),
    ("agents", ""),
    ("events", ""),
    ("approvals", ""),
)
_SAMPLE_S = 0.2


@dataclass
class _Crowd:
    """What the people of one run have waited, and how many connections the console held meanwhile at most."""

    waited_ms: list[float] = field(default_factory=list)
    most_connections: int = 0


def measure(people: int = PEOPLE, lasts_s: float = LASTS_S) -> list[Figure]:
    """A crowd, fifty open sessions, warm page views."""
    with running(big_data.home(big_data.TEN_MILLION)) as console, ExitStack() as stack:
        lease = stack.enter_context(embedded.lease(console.home))
        watcher = stack.enter_context(psycopg.connect(lease.url(), autocommit=True, application_name="watcher"))
        cookie = servers.signed_in(console)
        servers.wait_for_demo(console.url, cookie)
        alone = _alone(stack.enter_context(servers.tab(console.url, cookie)))
        crowd = _crowd(console, cookie, watcher, people, lasts_s)
        database_ms = _database_ms(stack.enter_context(servers.tab(console.url, cookie)), watcher)
        tabs = [stack.enter_context(servers.tab(console.url, cookie)) for _ in range(SESSIONS)]
        for tab in tabs:
            servers.rerun(tab, "")
        memory_mb = processes.pss_mb(console.process.pid)
    return [*_waits(alone, crowd, people), *_costs(crowd, people, memory_mb, database_ms)]


def _waits(alone: list[float], crowd: _Crowd, people: int) -> list[Figure]:
    return [
        figure(
            f"people: {people} at once, p95 of a click",
            round(_p95(crowd.waited_ms), 1),
            "ms",
            round(_p95(alone), 1),
            at_most=2.5,
            how=f"each clicks about every {EVERY_S:.0f} s, {len(crowd.waited_ms)} clicks, from the request to the end "
            "of the run, 10 million events; the limit is the p95 of one person alone",
        )
    ]


def _costs(crowd: _Crowd, people: int, memory_mb: float, database_ms: float) -> list[Figure]:
    return [
        figure(
            f"people: connections to the database with {people} at once",
            crowd.most_connections,
            "",
            MOST_CONNECTIONS,
            at_most=1.0,
            how=f"the most of all databases, looked at every {_SAMPLE_S} s",
        ),
        figure(
            f"people: memory of the console with {SESSIONS} open sessions",
            round(memory_mb, 1),
            "MB",
            MOST_MB,
            at_most=1.0,
            how="proportional set size, after everything above",
        ),
        figure(
            "people: time of the database in a warm page view",
            round(database_ms, 3),
            "ms",
            MOST_DATABASE_MS,
            at_most=1.0,
            how=f"what the server says it spent on statements, over {VIEWS} views of Overview by one who looks on: "
            "with looking up the person, and asking for changes every second",
        ),
    ]


def _alone(tab: Connection) -> list[float]:
    for click in CLICKS:
        servers.rerun(tab, *click)
    return [1000 * servers.rerun(tab, *CLICKS[number % len(CLICKS)])[0] for number in range(ALONE)]


def _crowd(
    console: Console, cookie: str, watcher: psycopg.Connection[tuple[int]], people: int, lasts_s: float
) -> _Crowd:
    crowd, until = _Crowd(), time.monotonic() + lasts_s

    def browse(person: int) -> None:
        chance = random.Random(person)
        with servers.tab(console.url, cookie) as tab:
            tab.send("visible")
            time.sleep(chance.uniform(0, EVERY_S))
            while time.monotonic() < until:
                seconds, _ = servers.rerun(tab, *chance.choice(CLICKS))
                crowd.waited_ms.append(1000 * seconds)
                time.sleep(max(0.0, chance.uniform(0.8, 1.2) * EVERY_S - seconds))

    threads = [threading.Thread(target=browse, args=(person,)) for person in range(people)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        crowd.most_connections = max(crowd.most_connections, _connections(watcher))
        time.sleep(_SAMPLE_S)
    return crowd


def _connections(watcher: psycopg.Connection[tuple[int]]) -> int:
    row = watcher.execute("select count(*) from pg_stat_activity where application_name like 'signalbox%'").fetchone()
    return row[0] if row else 0


def _database_ms(tab: Connection, watcher: psycopg.Connection[tuple[int]]) -> float:
    tab.send("visible")
    for _ in range(10):
        servers.rerun(tab, "")
    before = _active_ms(watcher)
    for _ in range(VIEWS):
        servers.rerun(tab, "")
    return (_active_ms(watcher) - before) / VIEWS


def _active_ms(watcher: psycopg.Connection[tuple[int]]) -> float:
    """What the databases of the console have spent on statements, once their connections have said so."""
    time.sleep(2.5)
    names = ["signalbox", demo.DATABASE]
    query = "select sum(active_time)::float from pg_stat_database where datname = any(%s)"
    row = watcher.execute(query, [names]).fetchone()
    return float(row[0]) if row else 0.0


def _p95(times_ms: list[float]) -> float:
    return statistics.quantiles(times_ms, n=20)[-1]
