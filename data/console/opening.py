"""Turns settings into running things: the embedded server or DATABASE_URL, the pools, and a way to sign in.

The server opens it for as long as it serves, a command for as long as it runs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from data import audit, database, demo, embedded, migration, reducers, upgrade
from data.access import Actor
from data.database.behind import MISSING
from data.errors import DatabaseBehind, DatabaseUnavailable
from data.identity import demo_accounts, supabase_auth, web_sessions
from data.identity.refusals import Identity
from data.settings import Settings

log = logging.getLogger("signalbox.console")

Progress = Callable[[str], None]


@dataclass
class Console:
    """The databases that are open. `lease` is the embedded server's, None with DATABASE_URL.

    `before_end` is called before the databases are closed: by what works in threads and has an end to write down.
    """

    settings: Settings
    lease: embedded.Lease | None = None
    before_end: list[Callable[[], None]] = field(default_factory=list)
    _following: threading.Lock = field(default_factory=threading.Lock)

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

    def make_demo(self, actor: Actor, progress: Progress, *, replace: bool = False) -> demo.Made:
        """Make the demo database and open it; takes some seconds, `progress` gets sentences.

        With `replace` one that is there makes place for a new one that ends now; pages that show it load anew.
        Raises NotAllowed, DemoNeedsEmbedded, DemoBeingMade, DatabaseUnavailable.
        """
        actor.must("manage_demo")
        lease = self._embedded()
        made = demo.create(lease, migration.FOLDER, progress=progress, replace=replace)
        if replace:
            with self._following:
                database.close_database("demo")  # its connections were ended with the old one
        self.follow_demo()
        if made.is_new:
            with database.operating() as unit:
                audit.record(unit, actor, "made the demo", made.database, {"seed": made.seed})
        return made

    def remove_demo(self, actor: Actor) -> bool:
        """Drop the demo database; pages that show it load anew with the real one. Whether there was one.

        Raises NotAllowed, DemoNeedsEmbedded, DemoBeingMade, DatabaseUnavailable.
        """
        actor.must("manage_demo")
        lease = self._embedded()
        with self._following:
            database.close_database("demo")
            was_there = demo.remove(lease)
            web_sessions.leave_demo()
        if was_there:
            with database.operating() as unit:
                audit.record(unit, actor, "removed the demo", demo.DATABASE)
        return was_there

    def follow_demo(self) -> bool:
        """Open the demo database where it has been made, close it where it was removed; whether it is there.

        Another process may have done either. Raises DatabaseUnavailable and what migrating raises.
        """
        with self._following:
            is_open = "demo" in database.open_datasets()
            if self.lease is None:
                return is_open
            is_there = demo.exists(self.lease)
            if is_open and not is_there:
                database.close_database("demo")
                web_sessions.leave_demo()
            elif is_there and not is_open:
                self._open_demo(self.lease.url(demo.DATABASE))
            return is_there

    def recover(self) -> None:
        """Start the embedded server again where it died; does nothing with DATABASE_URL. Raises EmbeddedServerError."""
        if self.lease is None or self.lease.is_running:
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
        migration.up(url, migration.FOLDER, log.info)
        database.open_database(
            "demo", url, environment=self.settings.environment, pool_size=self.settings.database_pool_size
        )
        demo_accounts.add_to("demo")

    def _embedded(self) -> embedded.Lease:
        if self.lease is None:
            raise demo.DemoNeedsEmbedded
        return self.lease


_running: list[Console] = []


def running() -> Console | None:
    """The console that this process has open, None while there is none."""
    return _running[-1] if _running else None


@contextmanager
def open_as_is(settings: Settings) -> Iterator[Console]:
    """Open the real database of what the settings name as it is, for as long as the block runs: for what only looks,
    and for what has to come before an upgrade.

    Raises DatabaseBehind for what the database lacks, and a SignalboxError that says what to do.
    """
    with ExitStack() as opened:
        opened.callback(database.close_all)
        lease = None
        if settings.database_url is None:
            lease = opened.enter_context(
                embedded.lease(settings.home, settings.postgres_binaries, settings.embedded_port)
            )
        console = Console(settings, lease)
        console.open_real(settings.database_url or console.admin_url)
        try:
            yield console
        except MISSING as error:
            raise DatabaseBehind from error


@contextmanager
def open_console(settings: Settings, progress: Progress = log.info, *, by: str = audit.OPERATOR) -> Iterator[Console]:
    """Open what the settings name, for as long as the block runs.

    The embedded server is started or joined, brought up to date and given its demo accounts; what was applied there is
    written down as done `by` the operator or the console. A database that is not ours alone is opened as it is
    (`migrate up` changes it). Raises a SignalboxError that says what to do.
    """
    reducers.use(settings.reducers)
    with _opened(settings, progress, by) as console:
        _running.append(console)
        try:
            yield console
        finally:
            _running.remove(console)
            for end in console.before_end:
                end()
            database.close_all()


@contextmanager
def _opened(settings: Settings, progress: Progress, by: str) -> Iterator[Console]:
    if settings.database_url is not None:
        console = Console(settings)
        console.open_real(settings.database_url, settings.read_database_url)
        yield console
        return
    with embedded.lease(settings.home, settings.postgres_binaries, settings.embedded_port) as lease:
        console = Console(settings, lease)
        upgrade.up(lease.url(), migration.FOLDER, progress, by=by)
        console.open_real(lease.url())
        demo_accounts.add_to("real")
        demo_accounts.passwords(settings.home)
        console.follow_demo()
        yield console
