"""Many runners at once, real processes, some killed: every file is applied exactly once and recorded whole.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data import embedded
from data.migration import status, up
from tests.migration_scratch import empty_database, history, rows, write_migrations

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 60
DEADLINE_S = 60.0

RUNNER = """
import sys, time
from pathlib import Path
from data.migration import up
time.sleep(float(sys.argv[3]))
for each in up(sys.argv[1], Path(sys.argv[2]), print):
    print(each.version, each.outcome)
"""


def race(server: embedded.Lease, folder: Path, seed: int) -> None:
    """One round: random migrations, two to five runners that start within moments, up to one of them killed."""
    chance = random.Random(seed)
    texts = _migrations(chance)
    write_migrations(folder, **texts)
    with empty_database(server) as url:
        runners = [_start(url, folder, chance.uniform(0, 0.15)) for _ in range(chance.randint(2, 5))]
        victim = chance.choice(runners) if chance.random() < 0.5 else None
        if victim:
            time.sleep(chance.uniform(0.2, 1.0))
            victim.send_signal(signal.SIGKILL)
        outputs = [runner.communicate(timeout=DEADLINE_S) for runner in runners]
        for runner, (said, complaint) in zip(runners, outputs, strict=True):
            assert runner is victim or runner.returncode == 0, f"seed {seed}: {complaint}\n{said}"
        up(url, folder, print)  # whatever a killed runner left undone, when nobody else was left to do it
        _must_be_applied_once(url, folder, seed)


def _migrations(chance: random.Random) -> dict[str, str]:
    """The first makes a table in which each other file leaves a mark; none could run twice unnoticed."""
    texts = {"m20260101000000_marks": "create table marks (version text, id int);"}
    for number in range(1, chance.randint(3, 8)):
        version = f"202601010000{number:02}"
        mark = f"insert into marks values ('{version}', {number});"  # noqa: S608 - the text of a migration
        texts[f"m{version}_x"] = chance.choice(
            [
                mark,
                f"create table t{number} (id int); {mark}",
                f"create schema s{number}; select pg_sleep(0.02); {mark}",
                f"{mark} lock table marks in access exclusive mode;",
                f"create index concurrently if not exists i{number} on marks (id)",
                f"create unique index concurrently if not exists i{number} on marks (version, id)",
            ]
        )
    return texts


def _start(url: str, folder: Path, delay_s: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUNNER, url, str(folder), str(delay_s)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _must_be_applied_once(url: str, folder: Path, seed: int) -> None:
    found = status(url, folder)
    assert found.is_current, f"seed {seed}: {found}"
    assert len(history(url)) == len(list(folder.glob("*.sql")))
    marking = sorted(path.name[:14] for path in folder.glob("*.sql") if "insert into" in path.read_text())
    assert [row["version"] for row in rows(url, "select version from marks order by 1")] == marking, f"seed {seed}"
    assert not rows(url, "select from pg_index where not indisvalid"), f"seed {seed}: a half-built index stayed"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_file_is_applied_once(server: embedded.Lease, tmp_path: Path, seed: int) -> None:
    race(server, tmp_path, seed)
