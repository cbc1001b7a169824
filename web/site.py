"""The whole HTTP side, put together: routes, middleware, and what runs from start to end."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from html import escape
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from data import approvals, audit, database, rollups
from data.access import Dataset
from data.console import Console, Examination, OwnHealth, open_console
from data.errors import Busy, DatabaseUnavailable, SignalboxError
from data.identity import demo_accounts, notices, web_sessions
from data.identity.refusals import Identity
from data.settings import Settings
from web import documents, logs, running
from web.exports import Exports
from web.gate import delivery
from web.gate.connections import Connections
from web.gate.middleware import Gate
from web.gate.people import People
from web.gate.watch import watch_sessions
from web.health import Health
from web.live import Follow, Live
from web.metrics import Metrics
from web.sign_in.routes import SignIn

log = logging.getLogger("signalbox.server")

RECOVER_EVERY_S = 2.0  # the embedded server, should it have died
FOLLOW_DEMO_EVERY_S = 5.0  # a demo that another process made or removed
REFRESH_EVERY_S = 2.0  # what changed meanwhile is read live, so this decides on cost alone, never on what is shown
REFRESH_AT_MOST_S = 5.0  # at a time, where one statement touched years
DROP_EVERY_S = 10.0  # what grew older than it is kept; a day's worth once a day
DROP_AT_MOST_S = 5.0  # at a time, half of it pauses
EXPIRE_EVERY_S = 15.0  # a question out of time counts as expired at once; its record may come this much later


class Site:
    """Everything that answers beside Streamlit.

    `pages` gives the url paths of all pages, `first_page` the one that is also "/", `static_directory` is where
    Streamlit's index.html lies, `follow` has open pages run again when their tables have changed, `style_sheet` is what
    all pages look by, `get_ready` begins what a page will ask for when somebody is given its document, `modules` are
    those that the first page would else wait for.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        pages: Callable[[], Collection[str]],
        first_page: str,
        static_directory: Path,
        follow: Follow | None = None,
        style_sheet: str = "",
        get_ready: documents.GetReady | None = None,
        modules: Collection[str] = (),
    ) -> None:
        self.connections = Connections()
        self._live = Live(self.connections, follow) if follow else None
        self._settings = settings
        self._modules = modules
        self._people = People(web_sessions.look_up)
        self._pages = pages
        self.console: Console | None = None
        self._examination: Examination | None = None
        self._health = Health(self._examine)
        self.routes: list[BaseRoute] = [
            *self._sign_in().routes,
            *Exports().routes,
            *self._health.routes,
            *Metrics(settings.metrics_token, self.connections).routes,
            *documents.routes(static_directory, pages, first_page, style_sheet, get_ready),
        ]

    @property
    def middleware(self) -> list[Middleware]:
        """The gate."""
        return [
            Middleware(
                Gate,
                people=self._people,
                connections=self.connections,
                pages=self._pages,
                hosts=self._settings.hosts,
                scrape_token=self._settings.metrics_token,
            )
        ]

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[dict[str, object]]:
        """Open the databases before the first request, close them after the last."""
        logs.configure()  # once more: the server and Streamlit have set up their own since
        with ExitStack() as databases:
            try:
                # In this thread and blocking: nothing is served yet.
                self.console = databases.enter_context(open_console(self._settings, by=audit.CONSOLE))
            except SignalboxError as error:
                logs.failures.start_failed = True
                print(f"Signalbox cannot start: {error.sentence}", file=sys.stderr, flush=True)  # noqa: T201
                raise
            self._examination = Examination(self.console)
            running.warm_up(self._modules)
            delivery.without_pauses()
            async with self._looking_after():
                with running.ending_at_signals(self.connections.end_all):
                    log.info("ready", extra={"embedded": self._settings.is_embedded})
                    yield {}
            self.connections.end_all()

    @asynccontextmanager
    async def _looking_after(self) -> AsyncIterator[None]:
        """What runs beside the requests: notices of this process, and looking at what other processes did."""
        loop = asyncio.get_running_loop()

        def hear(notice: notices.Notice) -> None:
            loop.call_soon_threadsafe(self._people.forget, notice)
            loop.call_soon_threadsafe(self.connections.hear, notice)

        async with AsyncExitStack() as stack:
            stack.callback(notices.subscribe(hear))
            for work in (
                watch_sessions(self.connections, self._people, web_sessions.people_behind),
                running.repeat(self._recover, RECOVER_EVERY_S, "starting the database again"),
                running.repeat(self._follow_demo, FOLLOW_DEMO_EVERY_S, "looking for the demo"),
                running.repeat(refresh_rollups, REFRESH_EVERY_S, "refreshing the rollups"),
                running.repeat(drop_old_rows, DROP_EVERY_S, "dropping rows that are older than they are kept"),
                running.repeat(expire_questions, EXPIRE_EVERY_S, "expiring questions to people"),
                *([self._live.run()] if self._live else []),
            ):
                task = asyncio.ensure_future(work)
                stack.callback(task.cancel)
            yield

    def _recover(self) -> None:
        if self.console is not None:
            self.console.recover()

    def _follow_demo(self) -> None:
        if self.console is not None:
            self.console.follow_demo()

    def _examine(self) -> OwnHealth:
        if self._examination is None:
            return OwnHealth("unreachable", "unknown")
        return self._examination.run()

    def _sign_in(self) -> SignIn:
        settings = self._settings
        if not settings.is_embedded:
            can_check = bool(settings.supabase_url and settings.supabase_publishable_key)
            return SignIn(pages=self._pages, check_password=self._check_password if can_check else None)
        passwords = settings.home / demo_accounts.FILE_NAME
        return SignIn(
            pages=self._pages,
            check_password=self._check_password,
            demo_accounts={account.role: account.description for account in demo_accounts.ACCOUNTS},
            check_demo_account=demo_accounts.of_role,
            hint=f"Passwords, for use from elsewhere: <code>{escape(str(passwords))}</code>",
        )

    def _check_password(self, email: str, password: str) -> Identity:
        check = self.console.check_password if self.console else None
        if check is None:
            raise DatabaseUnavailable
        return check(email, password)


def refresh_rollups() -> None:
    """Store what changed in every open database, pass after pass where much did; several consoles take turns."""
    for dataset in database.open_datasets():
        pause_at = time.monotonic() + REFRESH_AT_MOST_S
        with _unless_removed(dataset):
            while (done := rollups.refresh(dataset)) and done.is_full and time.monotonic() < pause_at:
                pass


def drop_old_rows() -> None:
    """Drop what is older than the admins of each open database keep it; what somebody else holds waits."""
    for dataset in database.open_datasets():
        try:
            with _unless_removed(dataset):
                rollups.drop_all(dataset, at_most_s=DROP_AT_MOST_S)
        except Busy:
            log.info("rows that are to be dropped are held by somebody", extra={"dataset": dataset})


def expire_questions() -> None:
    """Take the questions whose time has run out from the queue of every open database."""
    for dataset in database.open_datasets():
        with _unless_removed(dataset):
            approvals.expire_due(dataset)


@contextmanager
def _unless_removed(dataset: Dataset) -> Iterator[None]:
    """Around work in a dataset. A demo may be removed at any moment, which is no failure; where the server of both is
    away, the work in the real database says so."""
    try:
        yield
    except DatabaseUnavailable:
        if dataset != "demo":
            raise
        log.info("the demo does not answer", extra={"dataset": dataset})
