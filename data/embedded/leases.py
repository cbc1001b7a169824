"""Leases: one locked file for each use of the server. Whose lock is gone has gone, even by kill -9."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path

from data.embedded import locks
from data.embedded.errors import translated
from data.embedded.place import Place

_PROBED_SECONDS = 5.0


def take(place: Place) -> tuple[Path, int]:
    """Add a lease; its file and the descriptor that holds its lock. Hold the change lock meanwhile."""
    # The number and the program's name are for people who ask who uses the server; nothing is decided by
    # them.
    path = place.leases / f"{os.getpid()}-{secrets.token_hex(4)}"
    descriptor = locks.open_file(path, place.owner)
    try:
        locks.wait_and_lock(descriptor, _PROBED_SECONDS)  # somebody may be looking just now whether it is held
        with translated(path):
            os.write(descriptor, Path(sys.argv[0] if sys.argv else "python").name.encode()[:100])
    except BaseException:
        drop(path, descriptor)
        raise
    return path, descriptor


def drop(path: Path, descriptor: int) -> None:
    """Give one lease back, whoever else has inherited its descriptor."""
    locks.unlock(descriptor)
    os.close(descriptor)
    with contextlib.suppress(OSError):  # the lock was what counted; a file left behind is swept up later
        path.unlink(missing_ok=True)


def files(place: Place) -> list[Path]:
    """All lease files, dead ones included."""
    try:
        return sorted(place.leases.iterdir())
    except FileNotFoundError:
        return []


def living(place: Place) -> list[Path]:
    """The leases whose holder lives; dead ones are swept away. Hold the change lock meanwhile."""
    alive = []
    for path in files(place):
        if locks.is_held(path):
            alive.append(path)
        else:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
    return alive
