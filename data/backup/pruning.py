"""Removes the files of old backups: those that are written down, lie in the folder as made and are not needed.

The newest ones stay, as many as are asked for, and among them always one that can be relied on: the newest whole one
goes never, whatever is asked for.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from data import audit, database
from data.access import Actor
from data.backup.errors import DemoNeedsNone, KeepsTooFew, NotWhatWasShown
from data.backup.folder import translated
from data.backup.state import BackupRun, read_good

MOST_REMOVED = 1000


@dataclass(frozen=True)
class Pruning:
    """What removing old backups would do: the newest first. Files that lie elsewhere or are not as they were made are
    in neither."""

    removed: tuple[BackupRun, ...]
    kept: tuple[BackupRun, ...]

    @property
    def size_bytes(self) -> int:
        """How much room it gives back."""
        return sum(run.size_bytes or 0 for run in self.removed)


def plan(actor: Actor | None, *, directory: str, keep: int) -> Pruning:
    """What would go, and what would stay; changes nothing. `actor` None is the operator at the command line.

    Raises NotAllowed, DemoNeedsNone, KeepsTooFew, DatabaseUnavailable.
    """
    _may(actor)
    if keep < 1:
        raise KeepsTooFew
    there = [run for run in read_good(actor, directory=directory, most=MOST_REMOVED) if _is_ours(directory, run)]
    whole = next((run for run in there if not run.lacking), None)
    kept = [run for place, run in enumerate(there) if place < keep or run is whole]
    return Pruning(tuple(run for run in there if run not in kept), tuple(kept))


def prune(
    actor: Actor | None, *, directory: str, keep: int, expected: Collection[int] | None = None
) -> tuple[BackupRun, ...]:
    """Remove what `plan` names, each file with the note and the audit row of its removal; what was removed.

    `expected` are the runs that somebody saw and agreed to: where others would go now, nothing does.
    Raises what `plan` raises, NotWhatWasShown, FolderRefused.
    """
    found = plan(actor, directory=directory, keep=keep)
    if expected is not None and set(expected) != {run.run_id for run in found.removed}:
        raise NotWhatWasShown
    return tuple(_removed(actor, Path(directory), found))


def _may(actor: Actor | None) -> None:
    if actor is not None:
        actor.must("run_backups")
        if actor.dataset != "real":
            raise DemoNeedsNone


def _removed(actor: Actor | None, directory: Path, found: Pruning) -> Iterator[BackupRun]:
    for run in reversed(found.removed):  # the oldest first: whatever stops this, the newer ones are there
        assert run.file_name is not None  # noqa: S101 - there is a file of that name
        by = actor.email if actor else audit.OPERATOR
        # The file goes last: a removal that cannot be written down is none.
        with database.operating("real") as unit:
            if unit.run("backup.note_removed", run_id=run.run_id, by=by) == 0:
                continue  # somebody else has just removed it
            told = {"file_name": run.file_name, "size_bytes": run.size_bytes, "started_at": run.started_at.isoformat()}
            audit.record(unit, actor, "removed a backup", f"backup:{run.run_id}", told)
            with translated(directory):
                (directory / run.file_name).unlink(missing_ok=True)
        yield run


def _is_ours(directory: str, run: BackupRun) -> bool:
    """Whether it is a plain file of this folder, as it was made."""
    if run.file_state != "there" or run.file_name is None or not run.file_name.endswith(".dump"):
        return False
    try:
        found = os.lstat(Path(directory) / run.file_name)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode)
