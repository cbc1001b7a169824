"""The folder of backups: for our account alone; a file has its name only once it is whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data.backup.errors import DiskFull, FolderRefused

_DRAFT = ".part"
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Draft:
    """A backup while it is being written. Its file is locked by our process, so that others know it is in use."""

    path: Path
    descriptor: int

    @property
    def size_bytes(self) -> int:
        """How much has been written so far."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


def name_of(database_name: str, started_at: datetime, run_id: int) -> str:
    """The name of a whole backup: which database, when in UTC, and the number of its run."""
    return f"{_plain(database_name)}-{started_at:%Y%m%dT%H%M%SZ}-{run_id}.dump"


def draft_path(folder: Path, database_name: str, run_id: int) -> Path:
    """Where a run writes before its file is whole."""
    return folder / f".{_plain(database_name)}-{run_id}{_DRAFT}"


@contextmanager
def draft(folder: Path, database_name: str, run_id: int) -> Iterator[Draft]:
    """An empty file for a run (0600 in a folder of 0700); it is gone after the block unless it was `kept`.

    Raises FolderRefused, DiskFull.
    """
    path = draft_path(folder, database_name, run_id)
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        descriptor = _created(path)
    try:
        yield Draft(path, descriptor)
    finally:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def keep(written: Draft, name: str) -> Path:
    """Give a whole draft its name, safe against a power cut. Raises FolderRefused, DiskFull."""
    target = written.path.with_name(name)
    if target.exists():  # a database of the same name elsewhere may have got the same number in the same second
        target = target.with_name(f"{target.stem}-{secrets.token_hex(3)}.dump")
    with translated(written.path.parent):
        os.fsync(written.descriptor)
        written.path.rename(target)
        opened = os.open(written.path.parent, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
    return target


def sweep(folder: Path) -> int:
    """Remove drafts whose process is gone; how many there were."""
    swept = 0
    for path in folder.glob(f".*{_DRAFT}"):
        with contextlib.suppress(OSError):  # one that cannot be removed is no reason to leave the others
            swept += _is_abandoned(path)
    return swept


def free_bytes(folder: Path) -> int | None:
    """How much room is left where backups lie or are going to; None where that cannot be told."""
    place = next((path for path in (folder, *folder.parents) if path.is_dir()), folder)
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(disk_full(folder)) from error
        raise FolderRefused(
            f"The folder of backups, {folder}, cannot be written to ({error.strerror}). Make it writable for the "
            "account that runs the console, or set SIGNALBOX_HOME to another folder."
        ) from error


def disk_full(folder: Path) -> str:
    """The sentence for a full disk."""
    return (
        f"The disk of {folder} is full: the backup was broken off and its file removed. Free some space there "
        "(older backups may go), or set SIGNALBOX_HOME to a folder on a larger disk."
    )


def _created(path: Path) -> int:
    """A new file that we hold the lock of. Who sweeps between the two removes it: then it is made once more."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # a sweeper holds it for a moment only
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_abandoned(path: Path) -> bool:
    """Whether nobody holds the lock of a draft; then it is removed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:60] or "database"
