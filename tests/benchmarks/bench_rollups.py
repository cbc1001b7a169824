"""What rollups cost and how near they come: the error of a percentile, refreshing, and building all of them anew."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import psycopg

from tests.benchmarks import big_data
from tests.benchmarks.figures import Figure, figure
from tests.benchmarks.page_queries import connected

ROUNDS = 5
MOST_SLOTS = 500  # of a pass of the console's refresher
LARGEST_SAMPLE = 300
FRACTIONS = (0.5, 0.9, 0.95, 0.99)

# Values of a call in milliseconds, as different as they come.
DISTRIBUTIONS: dict[str, Callable[[random.Random], int]] = {
    "lognormal": lambda chance: round(100 * chance.lognormvariate(0, 2)),
    "two far apart": lambda chance: chance.choice((1, 60_000)) + chance.randrange(3),
    "long tail": lambda chance: min(round(chance.paretovariate(0.5)), 2_000_000_000),
    "zeros among them": lambda chance: 0 if chance.random() < 0.3 else chance.randrange(1, 10_000),
    "all there are": lambda chance: chance.randrange(2_000_000_000),
    "small": lambda chance: chance.randrange(1, 20),
    "the same": lambda _: 1234,
}

_COMPARE = """
    with given as (select v::float8 as amount from unnest(%(amounts)s::bigint[]) as t (v)),
    histogram as (
        select array_agg(c.key order by c.key) as keys, array_agg(c.counted order by c.key) as counts
        from (select analytics.histogram_key(g.amount) as key, count(*) as counted from given as g group by 1) as c
    )
    select
        analytics.histogram_percentile(h.keys, h.counts, f.fraction, e.least, e.most),
        (select percentile_cont(f.fraction) within group (order by g.amount) from given as g)
    from histogram as h, unnest(%(fractions)s::float8[]) as f (fraction),
    (select min(g.amount) as least, max(g.amount) as most from given as g) as e
"""

# New rows end where the demo ends, late ones lie in as many slots of its ninety days; the calls come as hooks send
# them, with their answer.
_EVENTS = """
    insert into chronicle.events (session_id, event_type, data, timestamp)
    select (select id from chronicle.sessions limit 1), 'tool_pre_use', '{{}}', {newest} - n * interval '1 second'
    from generate_series(1, 1000) as n
"""
_CALLS = """
    insert into chronicle.tool_events (session_id, tool_name, phase, success, execution_time_ms, created_at, call_id)
    select (select id from chronicle.sessions limit 1), 'Bash', p.phase, p.phase = 'post' or null,
        case p.phase when 'post' then 100 + n end, {at}, md5(n::text)::uuid
    from generate_series(1, {most}) as n, (values ('pre'), ('post')) as p (phase)
"""
_JOBS = """
    insert into agents.jobs (agent_identifier, status, job_data, created_at, started_at, completed_at)
    select 'bench', 'completed', '{{}}', t.at - interval '2 minutes', t.at - interval '1 minute', t.at
    from generate_series(1, 100) as n, lateral (select {newest} - n * interval '10 seconds' as at) as t
"""
_PROMPTS = """
    insert into chronicle.prompt_events (session_id, prompt_text, created_at)
    select (select id from chronicle.sessions limit 1), 'bench', {newest} - n * interval '10 seconds'
    from generate_series(1, 100) as n
"""
_NEWEST = "(select max(e.timestamp) from chronicle.events as e)"


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """The error over many distributions and sizes, then the 10 million: refreshing is rolled back, building is not."""
    with connected(big_data.home(big_data.TEN_MILLION)) as connection:
        return [_error(connection), *_refreshing(connection, rounds), _building(connection)]


def _error(connection: psycopg.Connection[Any]) -> Figure:
    worst, where = 0.0, ""
    for name, draw in DISTRIBUTIONS.items():
        chance = random.Random(20_261_120)  # equal samples at each run
        for size in (*range(1, LARGEST_SAMPLE + 1), 20_000):
            given = {"amounts": [draw(chance) for _ in range(size)], "fractions": list(FRACTIONS)}
            for found, exact in connection.execute(_COMPARE, given).fetchall():
                error = abs(found - exact) / abs(exact) if exact else abs(found)
                if error > worst:
                    worst, where = error, f"{name}, n = {size}"
    connection.rollback()
    return figure(
        "largest error of a percentile", round(100 * worst, 4), "%", 1.0, at_most=1.0,
        how=f"p50, p90, p95 and p99 of histograms against percentile_cont over {len(DISTRIBUTIONS)} distributions "
        f"({', '.join(DISTRIBUTIONS)}), each with every n from 1 to {LARGEST_SAMPLE} and 20,000; largest at {where}",
    )  # fmt: skip


def _refreshing(connection: psycopg.Connection[Any], rounds: int) -> list[Figure]:
    row = connection.execute(f"select {_NEWEST}").fetchone()
    newest = f"'{row[0].isoformat() if row else ''}'::timestamptz"
    new = [text.format(newest=newest, most=400, at=f"{newest} - n * interval '2 seconds'")
           for text in (_EVENTS, _CALLS, _JOBS, _PROMPTS)]  # fmt: skip
    # Eight slots and some minutes apart: a thousand slots at all times of the day.
    late = _CALLS.format(most=1000, at=f"{newest} - n * interval '127 minutes'")
    every = "select refreshed_slots from signalbox.refresh_rollups(%s)"
    tools = "select signalbox.refresh_rollup('tools', %s)"
    took: dict[str, list[float]] = {"new": [], "late": []}
    for _ in range(rounds + 1):
        took["new"].append(_refreshed(connection, new, every))
        took["late"].append(_refreshed(connection, [late], tools))
    medians = {name: statistics.median(times[1:]) for name, times in took.items()}
    said = f"at 10 million events, in passes of at most {MOST_SLOTS} slots, rolled back; median of {rounds}"
    return [
        figure(
            "refresh after 1,000 new events", round(medians["new"], 3), "s", 1.0, at_most=1.0,
            how=f"1,000 events with 400 calls, 100 jobs and 100 prompts in the newest slots, all subjects, {said}",
        ),
        figure(
            "refresh after 1,000 late calls in 1,000 slots", round(medians["late"], 3), "s", 5.0, at_most=1.0,
            how=f"1,000 answered calls, each in another slot of the ninety days, tools alone, {said}",
        ),
    ]  # fmt: skip


def _refreshed(connection: psycopg.Connection[Any], writes: list[str], refresh: str) -> float:
    """Seconds that the database needs to store anew what the writes touched."""
    connection.execute("set local statement_timeout = 0")
    for statement in writes:
        connection.execute(statement.encode())
    seconds, is_left = 0.0, True
    while is_left:
        began = time.perf_counter()
        row = connection.execute(refresh.encode(), [MOST_SLOTS]).fetchone()
        seconds += time.perf_counter() - began
        is_left = bool(row and row[0])
    connection.rollback()
    return seconds


def _building(connection: psycopg.Connection[Any]) -> Figure:
    """All rollups anew, subject by subject, as passes of the refresher build them."""
    said: dict[str, float] = {}
    connection.autocommit = True
    for name in _rollups(connection):
        connection.execute(f"truncate {name}".encode())
    connection.execute("update signalbox.rollup_state set built_from = 2147483647")
    for (subject,) in connection.execute("select subject from signalbox.rollup_state order by subject").fetchall():
        began = time.perf_counter()
        while _is_left(connection, subject):
            pass
        said[subject] = time.perf_counter() - began
    for name in _rollups(connection):
        connection.execute(f"vacuum (analyze) {name}".encode())
    per_subject = ", ".join(f"{name} {seconds:.0f}" for name, seconds in said.items())
    return figure(
        "bulk build of all rollups", round(sum(said.values()), 1), "s", 300.0, at_most=1.0,
        how=f"10 million events, everything stored anew, eight days in one transaction; once; seconds: {per_subject}",
    )  # fmt: skip


def _is_left(connection: psycopg.Connection[Any], subject: str) -> bool:
    row = connection.execute("select signalbox.build_rollup(%s)", [subject]).fetchone()
    return bool(row and row[0])


def _rollups(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute(
        "select c.oid::regclass::text from pg_class as c where c.relkind = 'r' "
        "and c.relnamespace = 'analytics'::regnamespace and c.relname like '%rollup'"
    )
    return [name for (name,) in found]
