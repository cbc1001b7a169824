"""The errors that a person can meet. The docstring of each is the sentence shown when nothing closer is known."""

from __future__ import annotations

from signalbox_client.errors import SignalboxError  # what the writers' kit raises is shown like our own

__all__ = [
    "Busy",
    "ColumnMissing",
    "Conflict",
    "DatabaseBehind",
    "DatabaseFull",
    "DatabaseReadOnly",
    "DatabaseUnavailable",
    "KeptElsewhere",
    "NotAllowed",
    "NotFound",
    "ReplicaUnavailable",
    "RowRefused",
    "SignalboxError",
    "TookTooLong",
    "WrongSetting",
    "WrongUse",
]


class DatabaseUnavailable(SignalboxError):
    """The database does not answer. Check that it runs and that DATABASE_URL is right, then try again."""


class ReplicaUnavailable(DatabaseUnavailable):
    """The database that reports are read from does not answer. Check that it runs, and READ_DATABASE_URL."""


class DatabaseReadOnly(DatabaseUnavailable):
    """DATABASE_URL leads to a server that takes no writes. A replica belongs into READ_DATABASE_URL."""


class DatabaseFull(DatabaseUnavailable):
    """The database has no room left for this, on disk or in memory. Free some, or choose a shorter period."""


class DatabaseBehind(SignalboxError):
    """The database lacks what this version reads. An admin runs `python -m data migrate up`, or opens Migrations."""


class TookTooLong(SignalboxError):
    """The database needed longer than this page allows. Choose a shorter period or fewer rows and try again."""


class NotAllowed(SignalboxError):
    """Your role does not allow this. Ask an admin of this console."""


class ColumnMissing(SignalboxError):
    """The table that this system brought with it lacks a column that this needs; nothing was changed."""


class RowRefused(SignalboxError):
    """A table refuses this by a rule of its own, or it is larger than the database takes; nothing was changed."""


class KeptElsewhere(SignalboxError):
    """The console reads this table in another schema, so that nothing may be written into its own."""


class NotFound(SignalboxError):
    """There is nothing here under that address, or it is not yours to see."""


class Conflict(SignalboxError):
    """Someone else was faster; nothing was changed. Look at the page again."""


class Busy(Conflict):
    """Somebody else is at work on the same rows at this moment; nothing was done. Try again in a moment."""


class WrongUse(SignalboxError):
    """The command was used wrongly; see --help."""


class WrongSetting(SignalboxError):
    """A setting cannot be used as it is."""
