"""Brings a database up to date: its migrations, and then what migrations undo, the views over adopted tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data import adoption, migration


def up(
    url: str, directory: Path, progress: Callable[[str], None], *, include_all: bool = False
) -> list[migration.AppliedMigration]:
    """Apply what is pending, then read adopted tables where they are again; what was applied is returned.

    Also where nothing was pending: another runner may have applied it, or this one may have ended in between.
    Raises what `migration.up` and `adoption.point_again` raise.
    """
    done = migration.up(url, directory, progress, include_all=include_all)
    # Another folder of migrations than ours knows of no adoption.
    if directory != migration.FOLDER or not (done or adoption.has_unread(url)):
        return done
    if tables := adoption.point_again(url):
        progress(f"Reading adopted tables where they are again: {', '.join(tables)}")
    return done
