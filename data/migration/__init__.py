"""Migrations: brings a database to the state that `migrations/` adds up to, and says whether it is there.

Shares its history with the Supabase CLI, so that either can apply what the other has not.
"""

from data.migration.apply import AppliedMigration, up
from data.migration.errors import MigrationError
from data.migration.files import FOLDER
from data.migration.state import Generated, Verification, generate, verify
from data.migration.status import MigrationStatus, Status, status

__all__ = [
    "FOLDER",
    "AppliedMigration",
    "Generated",
    "MigrationError",
    "MigrationStatus",
    "Status",
    "Verification",
    "generate",
    "status",
    "up",
    "verify",
]
