"""Brings a database up to date: its migrations, and then what migrations undo, the views over adopted tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from data import adoption, audit, migration
from data.access import Actor
from data.database import Unit
from data.migration.apply import Written
from data.migration.connection import Connection
from data.migration.files import MigrationFile
from data.migration.history import columns_of

AUDIT_LOG = "signalbox.audit_log"


def up(
    url: str, directory: Path, progress: Callable[[str], None], *, include_all: bool = False, by: str = audit.OPERATOR
) -> list[migration.AppliedMigration]:
    """Apply what is pending, then read adopted tables where they are again; what was applied is returned.

    An audit row of each, in the transaction of its row in the history, says that it was done `by` the operator or the
    console.
    Also where nothing was pending: another runner may have applied it, or this one may have ended in between, and an
    earlier version may have moved tables here without what this one gives them.
    Raises what `migration.up` and `adoption.point_again` raise.
    """
    done = migration.up(url, directory, progress, include_all=include_all, written=audited(None, by))
    if directory != migration.FOLDER:  # another folder of migrations knows of no adoption
        return done
    if tables := adoption.point_again(url, progress, moved_alone=not (done or adoption.has_unread(url))):
        progress(f"Reading adopted tables where they are again: {', '.join(tables)}")
    return done


def audited(actor: Actor | None, by: str = audit.OPERATOR) -> Written:
    """Leaves an audit row of each migration as `actor` or, without one, `by` applied it. Nothing is left in a database
    without an audit log."""

    def record(connection: Connection, file: MigrationFile, duration_ms: int) -> None:
        if columns_of(connection, AUDIT_LOG) is None:
            return
        told = {"name": file.name, "sha256": file.sha256, "ms": duration_ms}
        audit.record(Unit(connection), actor, "applied a migration", f"migration:{file.version}", told, by=by)

    return record
