"""Stored and live parts together are what the tables say, whatever writers, refreshers and readers do at once.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import psycopg
from psycopg.rows import dict_row

from tests.rolled_history import Connection, compare, drop, prepare, write

STEPS = 3000
COMPARISONS = 2000


def step_by_step(connection: Connection, seed: int, steps: int) -> None:
    """One program writes, refreshes a little or wholly, drops a piece of what is old, and compares after every step."""
    chance = random.Random(seed)
    prepare(connection)
    for step in range(steps):
        kind = chance.random()
        if kind < 0.05:
            drop(connection, chance)
        elif kind < 0.15:
            connection.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 3, 500)),))
        else:
            write(connection, chance)
        compare(connection, chance, f"seed {seed}, step {step}")


def all_at_once(url: str, seed: int, comparisons: int) -> int:
    """Writers with transactions of all lengths, two refreshers, one who drops what is old and two readers at once; how
    many comparisons were made.

    Raises what the first of the readers or refreshers raised.
    """
    done = threading.Event()
    made, failures = [0], list[Exception]()
    guard = threading.Lock()
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        prepare(owner)

    def run(number: int, work: object) -> None:
        assert callable(work)
        chance = random.Random(f"{seed} {number}")
        try:
            with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
                while not done.is_set():
                    work(connection, chance)
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits for all
            failures.append(error)
            done.set()

    def writing(connection: Connection, chance: random.Random) -> None:
        try:
            with connection.transaction(force_rollback=chance.random() < 0.1):
                for _ in range(chance.randrange(1, 4)):
                    write(connection, chance, truncates=False)
                    done.wait(chance.choice((0, 0, 0.01, 0.3)))
        except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
            pass  # two writers met: one of them begins anew

    def refreshing(connection: Connection, chance: random.Random) -> None:
        connection.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 5, 500)),))
        done.wait(chance.uniform(0, 0.1))

    def dropping(connection: Connection, chance: random.Random) -> None:
        # A writer may hold, or have changed, what was to go.
        with suppress(psycopg.errors.LockNotAvailable, psycopg.errors.SerializationFailure):
            drop(connection, chance)
        done.wait(chance.uniform(0, 0.2))

    def reading(connection: Connection, chance: random.Random) -> None:
        compare(connection, chance, f"seed {seed}")
        with guard:
            made[0] += 1
            if made[0] >= comparisons:
                done.set()

    threads = [
        threading.Thread(target=run, args=(number, work))
        for number, work in enumerate([writing] * 3 + [refreshing] * 2 + [dropping] + [reading] * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return made[0]


def test_step_by_step(owner: Connection) -> None:
    step_by_step(owner, 1, STEPS)


def test_all_at_once(database_url: str) -> None:
    assert all_at_once(database_url, 1, COMPARISONS) >= COMPARISONS
