"""Turns settings into running things: the embedded server or DATABASE_URL, the pools, and a way to sign in.

The server opens it for as long as it serves, a command for as long as it runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data import database, demo, embedded, migration
from data.errors import DatabaseUnavailable
from data.identity import demo_accounts, supabase_auth
from data.identity.refusals import Identity
from data.settings import Settings

log = logging.getLogger("signalbox.console")

Progress = Callable[[str], None]


@dataclass
class Console:
    """The databases that are open. `lease` is the embedded server's, None with DATABASE_URL."""

    settings: Settings
    lease: embedded.Lease | None = None

    @property
    def admin_url(self) -> str:
        """Where migrations are looked up and applied; holds a password."""
        if self.lease is not None:
            return self.lease.url()
        url = self.settings.admin_database_url or self.settings.database_url
        if url is None:  # pragma: no cover - without a URL there is a lease
            raise DatabaseUnavailable
        return url

    @property
    def check_password(self) -> Callable[[str, str], Identity] | None:
        """Who an address and a password belong to, or None where nothing can tell."""
        settings = self.settings
        url, key = settings.supabase_url, settings.supabase_publishable_key
        if self.lease is not None:
            return lambda email, password: demo_accounts.check(settings.home, email, password)
        if url and key:
            return lambda email, password: supabase_auth.sign_in(url, key, email, password)
        return None

    def follow_demo(self) -> bool:
        """Open the demo database where it has been made, close it where it was removed; whether it is there.

        Another process may have done either. Raises DatabaseUnavailable and what migrating raises.
        """
        is_open = "demo" in database.open_datasets()
        if self.lease is None:
            return is_open
        if not demo.exists(self.lease):
            database.close_database("demo")
            return False
        if not is_open:
            url = self.lease.url(demo.DATABASE)
            migration.up(url, migration.FOLDER, log.info)
            self._open_demo(url)
        return True

    def recover(self) -> None:
        """Start the embedded server again where it died; does nothing with DATABASE_URL. Raises EmbeddedServerError."""
        if self.lease is None:
            return
        before = self.lease.url()
        self.lease.ensure_running()
        if self.lease.url() != before:
            database.close_all()
            self.open_real(self.lease.url())

    def open_real(self, url: str, read_url: str | None = None) -> None:
        """Open the real database."""
        database.open_database(
            "real",
            url,
            read_url=read_url,
            environment=self.settings.environment,
            pool_size=self.settings.database_pool_size,
        )

    def _open_demo(self, url: str) -> None:
        database.open_database(
            "demo", url, environment=self.settings.environment, pool_size=self.settings.database_pool_size
        )
        demo_accounts.add_to("demo")


@contextmanager
def open_console(settings: Settings, progress: Progress = log.info) -> Iterator[Console]:
    """Open what the settings name, for as long as the block runs.

    The embedded server is started or joined, brought up to date and given its demo accounts; a database that is not
    ours alone is opened as it is (`migrate up` changes it). Raises a SignalboxError that says what to do.
    """
    if settings.database_url is not None:
        console = Console(settings)
        try:
            console.open_real(settings.database_url, settings.read_database_url)
            yield console
        finally:
            database.close_all()
        return
    with embedded.lease(settings.home, settings.postgres_binaries, settings.embedded_port) as lease:
        console = Console(settings, lease)
        try:
            migration.up(lease.url(), migration.FOLDER, progress)
            console.open_real(lease.url())
            demo_accounts.add_to("real")
            demo_accounts.passwords(settings.home)
            console.follow_demo()
            yield console
        finally:
            database.close_all()
