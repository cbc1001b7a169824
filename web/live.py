"""Keeps open pages current: asks for the versions of the tables while somebody looks, and tells pages and people."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial

from anyio import CapacityLimiter, to_thread

from data import database
from data.access import Dataset
from data.database import Sources
from data.errors import SignalboxError
from web.gate.connections import Connection, Connections

log = logging.getLogger("signalbox.live")

INTERVAL_S = 1.0  # one query per dataset, none while nobody looks
PATIENCE_S = 1.5  # then people read that the database does not answer, while we go on waiting

# Has the pages among these connections run again whose tables have changed, and gives those that show what was polled.
Follow = Callable[[Collection[str], Dataset, Sources], Collection[str]]


class Live:
    """The loop. `follow` knows the pages; it is called in the event loop."""

    def __init__(self, connections: Connections, follow: Follow) -> None:
        self._connections = connections
        self._follow = follow
        self._threads: dict[Dataset, CapacityLimiter] = {}
        self._saying: dict[Connection, asyncio.Task[None]] = {}
        self._rounds: dict[Dataset, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look again and again. Runs until it is cancelled."""
        try:
            while True:
                await self._sleep()
                for dataset in {connection.actor.dataset for connection in self._connections.visible()}:
                    if dataset in database.open_datasets() and dataset not in self._rounds:
                        task = asyncio.ensure_future(self._round(dataset))
                        self._rounds[dataset] = task
                        task.add_done_callback(partial(self._ended, dataset))
        finally:
            for task in [*self._rounds.values(), *self._saying.values()]:
                task.cancel()

    async def _sleep(self) -> None:
        """For the interval, or until a page comes into sight that has stood still meanwhile; never for less than a
        fifth, however often a tab is shown and hidden."""
        self._connections.shown.clear()
        await asyncio.sleep(INTERVAL_S / 5)
        try:
            await asyncio.wait_for(self._connections.shown.wait(), INTERVAL_S * 4 / 5)
        except TimeoutError:
            return

    async def _round(self, dataset: Dataset) -> None:
        """Ask once for a dataset; a slow answer holds nothing else up."""
        threads = self._threads.setdefault(dataset, CapacityLimiter(1))
        asking = asyncio.ensure_future(to_thread.run_sync(database.poll_sources, dataset, limiter=threads))
        await asyncio.wait({asking}, timeout=PATIENCE_S)
        if not asking.done():
            self._say(self._lookers(dataset), "lost")
        try:
            sources = await asking
        except SignalboxError as error:
            log.debug("cannot ask for versions", extra={"dataset": dataset, "reason": type(error).__name__})
            self._say(self._lookers(dataset), "lost")
            return
        lookers = {connection.key: connection for connection in self._lookers(dataset)}
        writers = [key for key, connection in lookers.items() if connection.sight == "writing"]
        current = self._follow(lookers.keys() - set(writers), dataset, sources)
        self._say((lookers[key] for key in current), as_of(sources.read_at))
        self._say((lookers[key] for key in writers), "held")

    def _ended(self, dataset: Dataset, done: asyncio.Task[None]) -> None:
        del self._rounds[dataset]
        if not done.cancelled() and (error := done.exception()):
            log.error("following the tables failed", exc_info=error)

    def _lookers(self, dataset: Dataset) -> list[Connection]:
        return [connection for connection in self._connections.visible() if connection.actor.dataset == dataset]

    def _say(self, connections: Iterable[Connection], words: str) -> None:
        """Send a word to the scripts of pages; a browser that does not take it misses the next ones as well."""
        for connection in connections:
            if connection.say is None or connection in self._saying:
                continue
            task = asyncio.ensure_future(connection.say(words))
            self._saying[connection] = task
            task.add_done_callback(partial(self._said, connection))

    def _said(self, connection: Connection, done: asyncio.Task[None]) -> None:
        self._saying.pop(connection, None)
        if not done.cancelled():
            done.exception()  # a page that is being left; its socket is closed by whoever reads from it


def as_of(read_at: datetime) -> str:
    """The word for a page whose figures are those of this moment."""
    return f"live {read_at.timestamp():.0f}"
