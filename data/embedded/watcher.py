"""The watcher: a small process, asleep until the last user of the server is gone, which then stops it.

A user that ends by kill -9 leaves the server behind. A user that ends in order stops the server itself, if it
is the last, and the watcher finds nothing left to do. Whoever starts or joins the server also starts the
watcher where there is none: it holds a lock of its own for as long as it lives.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from data.embedded import leases, locks, processes
from data.embedded.account import ourselves
from data.embedded.errors import translated
from data.embedded.place import Place, existing

_ROOT = Path(__file__).parents[2]
# Neither site packages nor the environment: it needs the standard library and this package, and stays small.
_PROGRAM = "import sys; sys.path[:] = [*sys.path, sys.argv[1]]; from data.embedded import watcher; watcher.main()"


def ensure(place: Place, home: Path) -> None:
    """Start the watcher of this place unless it lives. Hold the change lock meanwhile."""
    if not sys.executable:
        return  # Python inside another program: the next user of the server is left to stop it
    lock = locks.open_file(place.watcher_lock, place.owner)
    try:
        if not locks.try_lock(lock):
            return
        with translated(place.directory):
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            log = os.open(place.directory / "watcher.log", flags, 0o600)
        try:
            place.give(log)
            command = [sys.executable, "-I", "-S", "-c", _PROGRAM, str(_ROOT), str(home), str(lock)]
            ourselves().run(command, keep=[lock], output=log, detached=True)
        finally:
            os.close(log)
    finally:
        os.close(lock)


def main() -> None:
    """Watch the place of the home in the arguments; the lock's descriptor is inherited."""
    home, lock = Path(sys.argv[2]), int(sys.argv[3])
    place = existing(home)
    change = locks.open_existing(place.change_lock) if place else None
    if place is None or change is None:
        return  # the folder was removed: nothing must be made in it again
    while place.directory.exists():  # the server of a folder that was removed notices that by itself
        for path in leases.files(place):
            locks.wait_for_end(path)
        with locks.changing(change, place.change_lock):
            if leases.living(place):
                continue
            processes.stop(place)
            os.close(lock)  # before the change lock: who comes next has to see that a new watcher is needed
            return
