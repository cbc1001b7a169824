"""Where the backups of this console lie, and how often one is due."""

from __future__ import annotations

from dataclasses import dataclass

from data import console, settings


@dataclass(frozen=True)
class Place:
    """The folder of backups, the hours between two, and whether Supabase hosts the database."""

    directory: str
    every_hours: int
    is_supabase: bool


def place() -> Place:
    """As the running console has it."""
    running = console.running()
    known = running.settings if running else settings.load()
    is_supabase = known.supabase_url is not None or ".supabase.co" in (known.database_url or "")
    return Place(str(known.home.expanduser().absolute() / "backups"), known.backup_every_hours, is_supabase)
