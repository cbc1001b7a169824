"""What can go wrong with a backup. Each docstring is the sentence shown when nothing closer is known."""

from __future__ import annotations

from data.errors import Conflict, SignalboxError, WrongUse


class BackupError(SignalboxError):
    """The backup failed; nothing of it was kept."""


class PoolerRefused(WrongUse):
    """Backups cannot go through a transaction pooler (port 6543 of Supabase). Set ADMIN_DATABASE_URL to port 5432."""


class NoDumpProgram(BackupError):
    """No pg_dump that fits this server was found. Install PostgreSQL's client programs of the server's version."""


class OtherDatabase(WrongUse):
    """ADMIN_DATABASE_URL and DATABASE_URL lead to different databases: the backup would be of the wrong one."""


class ReplicaRefused(WrongUse):
    """ADMIN_DATABASE_URL leads to a replica, where the console cannot write down what became of the backup."""


class AlreadyRunning(Conflict):
    """A backup of this database is running already; wait for its end."""


class DemoNeedsNone(WrongUse):
    """The demo is not backed up: it can be made again at any time. Switch to the real data."""


class DiskFull(BackupError):
    """The disk is full; the unfinished file was removed."""


class FolderRefused(BackupError):
    """The folder of backups cannot be written to."""


class Stopped(BackupError):
    """The backup was stopped; the unfinished file was removed."""


class NotWrittenDown(BackupError):
    """The file is whole, but the database went away before the backup could be written down."""


class NotUpToDate(BackupError):
    """The database has no place yet to write backups down. Bring it up to date first: python -m data migrate up."""


class KeepsTooFew(WrongUse):
    """At least one backup has to stay: say how many of the newest to keep, 1 or more. Nothing was removed."""


class NotWhatWasShown(Conflict):
    """Other backups would go than those that were shown, for there are other ones by now. Nothing was removed."""


class NotHere(Conflict):
    """This backup does not run in this process, so it cannot be stopped from here."""
