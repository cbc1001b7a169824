"""Brings a database up to date: its migrations, and then what migrations undo, the views over adopted tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data import adoption, migration


def up(
    url: str, directory: Path, progress: Callable[[str], None], *, include_all: bool = False
) -> list[migration.AppliedMigration]:
    """Apply what is pending, then read adopted tables where they are again; what was applied is returned.

    Raises what `migration.up` and `adoption.point_again` raise.
    """
    done = migration.up(url, directory, progress, include_all=include_all)
    # Another folder of migrations than ours knows of no adoption.
    if done and directory == migration.FOLDER and (tables := adoption.point_again(url)):
        progress(f"Reading adopted tables where they are again: {', '.join(tables)}")
    return done
