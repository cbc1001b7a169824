"""Backups: dumps of the whole database into files of this machine, each read back before it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.access import Actor
from data.backup.errors import AlreadyRunning, BackupError
from data.backup.folder import free_bytes
from data.backup.pruning import Pruning, plan, prune
from data.backup.running import Made, Run, Source, begin, look_after, start, stop, stop_all
from data.backup.state import (
    MACHINERY,
    BackupRun,
    BackupState,
    FileState,
    Seen,
    count_runs,
    file_state,
    is_overdue,
    lacking,
    list_runs,
    read_beginning,
    read_state,
    watch,
)

if TYPE_CHECKING:
    from data.console import Console

__all__ = [
    "MACHINERY",
    "AlreadyRunning",
    "BackupError",
    "BackupRun",
    "BackupState",
    "FileState",
    "Made",
    "Pruning",
    "Run",
    "Seen",
    "Source",
    "begin",
    "count_runs",
    "file_state",
    "free_bytes",
    "is_overdue",
    "lacking",
    "list_runs",
    "look_after",
    "plan",
    "prune",
    "read_beginning",
    "read_state",
    "source_of",
    "start_in",
    "stop",
    "stop_all",
    "watch",
]


def start_in(console: Console, actor: Actor) -> int:
    """Begin a backup that goes on in a thread of the console; the number of its run. Raises what `begin` raises."""
    if stop_all not in console.before_end:
        console.before_end.append(stop_all)
    return start(actor, source_of(console))


def source_of(console: Console) -> Source:
    """What a running console backs up, and where to."""
    settings = console.settings
    first = console.lease.binaries if console.lease else settings.postgres_binaries
    return Source(console.admin_url, settings.home.expanduser().absolute() / "backups", first)
