"""Stored and live parts together are what the tables say, whatever writers, refreshers and readers do at once.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import random
import threading
from contextlib import suppress

import psycopg
import pytest
from psycopg.rows import dict_row

from tests import dropped_history, rolled_history
from tests.rolled_history import Connection, write

STEPS = 3000
COMPARISONS = 2000


def step_by_step(connection: Connection, seed: int, steps: int, *, drops: bool = False) -> None:
    """One program writes, refreshes a little or wholly, and compares after every step; with `drops` it drops a piece
    of what is old now and then, and compares what has to stay as it was."""
    chance = random.Random(seed)
    history = dropped_history if drops else rolled_history
    history.prepare(connection)
    for step in range(steps):
        kind = chance.random()
        if drops and kind < 0.05:
            dropped_history.drop(connection, chance)
        elif kind < 0.15:
            connection.execute("select signalbox.refresh_rollups(%s)", (chance.choice((1, 3, 500)),))
        else:
            write(connection, chance)
        history.compare(connection, chance, f"seed {seed}, step {step}")


def all_at_once(url: str, seed: int, comparisons: int, *, drops: bool = False) -> int:
    """Writers with transactions of all lengths, two refreshers and two readers at once, with `drops` also one who drops
    what is old; how many comparisons were made.

    Raises what the first of the readers or refreshers raised.
    """
    done = threading.Event()
    made, failures = [0], list[Exception]()
    guard = threading.Lock()
    history = dropped_history if drops else rolled_history
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as owner:
        history.prepare(owner)

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
            dropped_history.drop(connection, chance)
        done.wait(chance.uniform(0, 0.2))

    def reading(connection: Connection, chance: random.Random) -> None:
        history.compare(connection, chance, f"seed {seed}")
        with guard:
            made[0] += 1
            if made[0] >= comparisons:
                done.set()

    threads = [
        threading.Thread(target=run, args=(number, work))
        for number, work in enumerate([writing] * 3 + [refreshing] * 2 + [dropping] * drops + [reading] * 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return made[0]


@pytest.mark.parametrize("drops", [False, True])
def test_step_by_step(owner: Connection, drops: bool) -> None:
    step_by_step(owner, 1, STEPS, drops=drops)


@pytest.mark.parametrize("drops", [False, True])
def test_all_at_once(database_url: str, drops: bool) -> None:
    assert all_at_once(database_url, 1, COMPARISONS, drops=drops) >= COMPARISONS
