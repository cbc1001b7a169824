"""Locks on files, the one truth about who lives: the kernel gives them up when a process dies, in any way.

They belong to the open file, not to a pid: a process that inherits the descriptor shares the lock, and a pid
that was given to someone else means nothing.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.embedded.errors import ServerBusy, translated

CHANGE_LIMIT_SECONDS = 180.0  # longer than a start may take, so that only a stuck process is ever complained about
_PAUSE_SECONDS = 0.02


def open_file(path: Path, owner: tuple[int, int]) -> int:
    """Open the file of a lock, made 0600 for `owner` (uid, gid); programs we start do not inherit it."""
    with translated(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner[0]:
            os.fchown(descriptor, *owner)
        return descriptor


def open_existing(path: Path) -> int | None:
    """Open the file of a lock if it is there; programs we start do not inherit it."""
    try:
        return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def try_lock(descriptor: int) -> bool:
    """Take the lock unless someone else has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Give the lock up for every process that shares this open file."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def is_held(path: Path) -> bool:
    """Whether some living process holds the lock of this file."""
    descriptor = open_existing(path)
    if descriptor is None:
        return False
    try:
        # Shared, as in wait_for_end: whoever else is looking just now must not be taken for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def wait_until_free(path: Path, seconds: float) -> bool:
    """Wait until nobody holds the lock of this file; False where `seconds` were not enough."""
    deadline = time.monotonic() + seconds
    while is_held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def wait_for_end(path: Path) -> None:
    """Sleep in the kernel until the holder of this file's lock is gone; at once where nobody holds it."""
    descriptor = open_existing(path)
    if descriptor is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def wait_and_lock(descriptor: int, seconds: float) -> bool:
    """Take the lock as soon as nobody has it; False where `seconds` were not enough."""
    deadline = time.monotonic() + seconds
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


@contextmanager
def changing(descriptor: int, path: Path) -> Iterator[None]:
    """Be the only one that starts, joins or stops the server. Raises ServerBusy after three minutes."""
    with translated(path):
        if not wait_and_lock(descriptor, CHANGE_LIMIT_SECONDS):
            raise ServerBusy(
                f"Another process holds {path} and has been starting or stopping the embedded server for "
                "over "
                f"{CHANGE_LIMIT_SECONDS:.0f} seconds. End it (`fuser {path}` names it) and try again."
            )
    try:
        yield
    finally:
        unlock(descriptor)
