"""Kill -9 of the server, of its user, of both, of the watcher too, at random moments: no committed row is ever lost.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import psycopg
import pytest

from data import embedded
from tests.embedded_holders import DEADLINE_SECONDS, children, folder, kill_watcher, place_of, runs, start, wait_until

ROUNDS = 60
VICTIMS = ("server", "user", "both", "both and watcher", "backend", "starting user")

WRITE = """
import os, sys
from pathlib import Path
import psycopg
from data import embedded
number = int(sys.argv[2])
with embedded.lease(Path(sys.argv[1])) as lease:
    print("leased", flush=True)
    with psycopg.connect(lease.url(), autocommit=True) as connection:
        connection.execute("create table if not exists kept (round int, number int, filling text)")
        for row in range(1_000_000):
            connection.execute("insert into kept values (%s, %s, repeat('x', 500))", [number, row])
            print(row, flush=True)  # told only after the server has said that it is committed
"""


def kill_round(home: Path, number: int, seed: int) -> None:
    """One round: a process writes rows, something is killed, the next start must have every row it told of."""
    chance = random.Random(seed)
    victim = chance.choice(VICTIMS)
    writer = start([sys.executable, "-c", WRITE, str(home), str(number)])
    assert writer.stdout is not None
    if victim == "starting user":
        time.sleep(chance.uniform(0.1, 0.6))
    else:
        said = writer.stdout.readline()
        assert said == "leased\n", f"round {number}, seed {seed}: {writer.communicate()[1]}"
        time.sleep(chance.uniform(0.0, 0.4))
        _kill_in_server(home, victim)
    if victim != "server":  # without a server the writer ends by itself
        writer.kill()
    told, complaint = _rest(writer)
    where = f"round {number}, seed {seed}, {victim} killed: {complaint}"
    committed = [int(line) for line in told.splitlines() if line.isdecimal()]
    if chance.random() < 0.3:
        wait_until(lambda: not runs(home), f"the end of the server ({where})")
    with embedded.lease(home) as lease, psycopg.connect(lease.url()) as connection:
        connection.execute("create table if not exists kept (round int, number int, filling text)")
        found = connection.execute("select number from kept where round = %s", [number]).fetchall()
        kept = {row[0] for row in found}
        assert len(kept) == len(found), where
        assert set(committed) == set(range(len(committed))), where
        assert kept >= set(committed), where
        assert len(kept) <= len(committed) + 1, where  # the last may have been committed and not told
    assert not runs(home), where


def _rest(writer: subprocess.Popen[str]) -> tuple[str, str]:
    """All that is left of what the writer said, by the same buffer that its first line was read through."""
    assert writer.stdout is not None
    assert writer.stderr is not None
    limit = Timer(DEADLINE_SECONDS, writer.kill)
    limit.start()
    told, complaint = writer.stdout.read(), writer.stderr.read()
    limit.cancel()
    writer.communicate()
    return told, complaint


def _kill_in_server(home: Path, victim: str) -> None:
    place = place_of(home)
    pids = [int(line) for line in (place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[:1]]
    if "watcher" in victim:
        kill_watcher(home)
    if victim == "backend":
        pids = children(pids[0])[:1]
    if victim != "user":
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    if victim == "backend":
        time.sleep(0.1)  # the postmaster starts all others again, and the writer may or may not be connected by then


def kill_while_making(seed: int) -> None:
    """One round: a first start is killed at some moment, the next one makes a database that works."""
    with folder() as path:
        starter = start([sys.executable, "-c", WRITE, str(path / "home"), "0"])
        time.sleep(random.Random(seed).uniform(0.2, 1.2))
        starter.kill()
        starter.communicate()
        with embedded.lease(path / "home") as lease, psycopg.connect(lease.url()) as connection:
            assert connection.execute("select auth.uid()").fetchone() == (None,), f"seed {seed}"
        assert not runs(path / "home"), f"seed {seed}"


def kill_rounds(count: int, seed: int) -> None:
    """So many rounds on one and the same cluster, which so lives through all of them."""
    with folder() as path:
        for number in range(count):
            kill_round(path / "home", number, seed + number)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the processes to kill by /proc")
def test_no_committed_row_is_lost_by_any_kill() -> None:
    kill_rounds(ROUNDS, seed=20261120)


def test_a_first_start_that_is_killed_leaves_nothing_in_the_way() -> None:
    for number in range(ROUNDS // 3):
        kill_while_making(20261120 + number)
