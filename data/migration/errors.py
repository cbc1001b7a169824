"""What can be wrong with migrations. Each docstring is the sentence shown when nothing closer is known."""

from __future__ import annotations

from data.errors import SignalboxError, WrongUse


class MigrationError(SignalboxError):
    """The migrations cannot be applied as they are."""


class UnreadableFile(MigrationError):
    """A migration file cannot be read."""


class WrongVersion(MigrationError):
    """A migration's version must have 14 digits: year, month, day, hour, minute, second."""


class DuplicateVersion(MigrationError):
    """Two migration files have the same version."""


class RemoteOnly(MigrationError):
    """Remote migration versions not found in local migrations directory."""


class OutOfOrder(MigrationError):
    """Found local migration files to be inserted before the last migration on remote database."""


class Edited(MigrationError):
    """A migration that was already applied has been edited since."""


class TransactionInFile(MigrationError):
    """A migration file begins or ends a transaction, which would tear it from its row in the history."""


class NotAlone(MigrationError):
    """A statement that cannot run in a transaction must be alone in its migration file."""


class StatementFailed(MigrationError):
    """A statement of a migration failed; nothing of its file was kept."""


class ConnectionLost(MigrationError):
    """The connection ended during a migration. `python -m data migrate status` says if it was applied."""


class AnotherRunner(MigrationError):
    """Another migration runner has been at work on this database for too long. Try again when it is done."""


class HistoryUnreadable(MigrationError):
    """This role may not read the migration history. Connect as the owner of the database."""


class TransactionPooler(WrongUse):
    """Migrations cannot run through a transaction pooler (port 6543 of Supabase). Set ADMIN_DATABASE_URL to a direct
    connection or to a session pooler (port 5432 of Supabase)."""


class NoInventory(MigrationError):
    """There is no inventory beside the migrations to compare with."""


class WrongServer(MigrationError):
    """The generated files are written with one version of PostgreSQL only, so that they stay comparable."""
