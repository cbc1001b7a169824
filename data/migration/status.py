"""Says what is applied, pending, edited, missing here or out of order. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from data.migration import history
from data.migration.connection import connected, read_only
from data.migration.files import read_folder
from data.migration.plan import Plan, difference, plan

State = Literal["applied", "pending", "edited", "out of order", "remote only"]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """One version. Times are known for what our own runner applied; `difference` is set where it was edited.

    `is_comparable` is False where the history holds no statements, so that an edit could not be seen.
    """

    version: str
    name: str
    state: State
    is_comparable: bool = True
    applied_at: datetime | None = None
    applied_by: str | None = None
    duration_ms: int | None = None
    difference: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Every version that the files or the history know, in order, and notices about names passed over."""

    migrations: tuple[MigrationStatus, ...]
    notices: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        """Whether there is nothing to apply and nothing wrong."""
        return all(migration.state == "applied" for migration in self.migrations)

    def count(self, state: State) -> int:
        """How many versions are in that state."""
        return sum(migration.state == state for migration in self.migrations)


def status(url: str, directory: Path) -> Status:
    """The state of every migration of `directory` in the database at `url`; read-only.

    Raises UnreadableFile, WrongVersion, DuplicateVersion, HistoryUnreadable or DatabaseUnavailable.
    """
    folder = read_folder(directory)
    with connected(url, to_look=True) as connection, read_only(connection):
        found = plan(folder.files, history.read(connection))
        runs = history.read_runs(connection)
    migrations = sorted(_rows(found, runs), key=lambda migration: migration.version)
    return Status(tuple(migrations), folder.notices)


def _rows(found: Plan, runs: dict[str, history.Run]) -> Iterator[MigrationStatus]:
    unchecked = {file.version for file in found.unchecked}
    for file in found.applied:
        yield _applied(file.version, file.name, "applied", runs, is_comparable=file.version not in unchecked)
    for file, row in found.edited:
        yield _applied(file.version, file.name, "edited", runs, text=difference(file, row))
    for row in found.remote_only:
        yield _applied(row.version, row.name or "", "remote only", runs)
    for file in found.pending:
        yield MigrationStatus(file.version, file.name, "pending")
    for file in found.out_of_order:
        yield MigrationStatus(file.version, file.name, "out of order")


def _applied(
    version: str,
    name: str,
    state: State,
    runs: dict[str, history.Run],
    *,
    is_comparable: bool = True,
    text: str | None = None,
) -> MigrationStatus:
    run = runs.get(version)
    if run is None:
        return MigrationStatus(version, name, state, is_comparable, difference=text)
    return MigrationStatus(version, name, state, is_comparable, run.applied_at, run.applied_by, run.duration_ms, text)
