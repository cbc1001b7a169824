"""Which database an admin operates on: the one whose rows the pages show."""

from __future__ import annotations

from data import console, database
from data.access import Actor


def url_of(actor: Actor) -> str:
    """The address that migrations of the shown database go to; holds a password. Raises DatabaseUnavailable."""
    running = console.running()
    if actor.dataset == "real" and running is not None:
        return running.admin_url
    return database.database_of(actor.dataset).url
