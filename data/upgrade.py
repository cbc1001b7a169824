"""Brings a database up to date: its migrations, and then what migrations undo, the views over adopted tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data import adoption, audit, migration
from data.database import Unit
from data.migration.connection import connected


def up(
    url: str, directory: Path, progress: Callable[[str], None], *, include_all: bool = False, by: str = audit.OPERATOR
) -> list[migration.AppliedMigration]:
    """Apply what is pending, then read adopted tables where they are again; what was applied is returned.

    An audit row says what was applied, and that it was done `by` the operator or the console.
    Also where nothing was pending: another runner may have applied it, or this one may have ended in between.
    Raises what `migration.up` and `adoption.point_again` raise.
    """
    done = migration.up(url, directory, progress, include_all=include_all)
    if directory == migration.FOLDER:
        _record(url, done, by)
    # Another folder of migrations than ours knows of no adoption.
    if directory != migration.FOLDER or not (done or adoption.has_unread(url)):
        return done
    if tables := adoption.point_again(url):
        progress(f"Reading adopted tables where they are again: {', '.join(tables)}")
    return done


def _record(url: str, done: list[migration.AppliedMigration], by: str) -> None:
    applied = [
        {"version": one.version, "outcome": one.outcome, "ms": one.duration_ms}
        for one in done
        if one.outcome == "applied"
    ]
    if applied:
        with connected(url) as connection:
            told = {"applied": applied, "error": None}
            audit.record(Unit(connection), None, "applied migrations", "migrations", told, by=by)
