"""The embedded server on a disk that is full, fills up or is read-only: real disks where one may be mounted here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import embedded
from data.embedded import errors
from tests.embedded_holders import folder, place_of, runs, start

MOUNTED = """
set -e
mount -t tmpfs -o size={megabytes}m,mode=0711 tmpfs "$1"
shift
exec "$@"
"""


# In a namespace of its own root may mount; so may everybody else who keeps the rights over the one they made.
ALONE = ["unshare", "--mount"]
if os.geteuid() != 0:
    ALONE = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
NO_DISK = "this machine lets this user mount no disk of their own"


def with_small_disk(path: Path, megabytes: int, program: str) -> str | None:
    """What a Python program prints where `path` is a disk of that size; None where none may be mounted."""
    wrapped = [
        "sh",
        "-c",
        MOUNTED.format(megabytes=megabytes),
        "sh",
        str(path),
        sys.executable,
        "-c",
        program,
        str(path),
    ]
    allowed = [*ALONE, "sh", "-c", MOUNTED.format(megabytes=1), "sh", str(path), "true"]
    try:
        if subprocess.run(allowed, capture_output=True, check=False).returncode != 0:
            return None
    except FileNotFoundError:  # no unshare, as on macOS
        return None
    process = start([*ALONE, *wrapped])
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    return said


def test_a_disk_that_is_full_is_named() -> None:
    program = """
import sys
from pathlib import Path
from data import embedded
try:
    embedded.lease(Path(sys.argv[1]) / "home")
except embedded.EmbeddedServerError as error:
    print(type(error).__name__, error.sentence)
"""
    with folder() as path:
        said = with_small_disk(path, 16, program)
    if said is None:
        pytest.skip(NO_DISK)
    assert said.startswith("DiskFull"), said


def test_a_page_that_was_written_in_part_alone_is_a_full_disk(tmp_path: Path) -> None:
    said = """FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 9
HINT:  Check free disk space.
PANIC:  cannot abort transaction 1, it was already committed"""
    found = errors.in_text(tmp_path, said)
    assert isinstance(found, errors.DiskFull)
    assert f"The disk that holds {tmp_path} is full. Free some space" in found.sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_device_that_is_full_is_named() -> None:
    """Where no disk may be mounted, too."""
    with folder() as path:
        with embedded.lease(path / "home"):
            pass
        options = place_of(path / "home").data / "postmaster.opts"
        options.unlink()
        options.symlink_to("/dev/full")
        with pytest.raises(errors.DiskFull, match="Free some space"):
            embedded.lease(path / "home")
        assert not runs(path / "home")
        options.unlink()
        with embedded.lease(path / "home"):
            pass


def test_a_disk_that_fills_up_loses_no_committed_row() -> None:
    program = """
import subprocess, sys
from pathlib import Path
import psycopg
from data import embedded
home = Path(sys.argv[1]) / "home"
committed = 0
with embedded.lease(home) as lease:
    try:
        with psycopg.connect(lease.url(), autocommit=True) as connection:
            connection.execute("create table kept (number int, filling text)")
            while True:
                query = "insert into kept select %s, md5(random()::text) from generate_series(1, 20000)"
                connection.execute(query, [committed])
                committed += 1
    except psycopg.Error:
        pass
try:
    embedded.lease(home).release()
except embedded.EmbeddedServerError as error:
    print(type(error).__name__)
subprocess.run(["mount", "-o", "remount,size=600m", sys.argv[1]], check=True)
with embedded.lease(home) as lease, psycopg.connect(lease.url()) as connection:
    rows = connection.execute("select number, count(*) from kept group by number order by number").fetchall()
print(committed, committed > 0 and rows[:committed] == [(number, 20000) for number in range(committed)])
"""
    with folder() as path:
        said = with_small_disk(path, 160, program)
    if said is None:
        pytest.skip(NO_DISK)
    assert said.endswith("True\n"), said


def test_a_disk_that_is_read_only_is_named() -> None:
    program = """
import subprocess, sys, time
from pathlib import Path
from data import embedded
home = Path(sys.argv[1]) / "home"
with embedded.lease(home):
    pass
while subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], capture_output=True).returncode != 0:
    time.sleep(0.05)  # until the watcher has ended and closed its log
try:
    embedded.lease(home)
except embedded.EmbeddedServerError as error:
    print(type(error).__name__, error.sentence)
"""
    with folder() as path:
        said = with_small_disk(path, 200, program)
    if said is None:
        mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
        closed = [Path(words[1]) for words in mounts if "ro" in words[3].split(",") and Path(words[1]).is_dir()]
        if not closed:
            pytest.skip(f"{NO_DISK}, and has none that is read-only")
        with pytest.raises(errors.DiskReadOnly) as caught:
            embedded.lease(closed[0] / "home")
        said = f"DiskReadOnly {caught.value.sentence}"
    assert said.startswith("DiskReadOnly"), said
    assert "SIGNALBOX_HOME" in said
