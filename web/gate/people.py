"""Cookie to person, without ever blocking the event loop.

A page is a hundred requests for its parts; they share one look-up for a few seconds. Everything that shows or changes
data looks up afresh.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter, to_thread

from data.access import Actor
from data.errors import DatabaseUnavailable
from data.identity.notices import Notice

REMEMBERED_S = 3.0  # how long a part of a page may come to somebody whose session another process has ended
PATIENCE_S = 5.0  # then people read that the database does not answer
MAX_REMEMBERED = 10_000  # people; a bound, not an aim

LookUp = Callable[[str], Actor | None]


class People:
    """Looks sessions up, one look-up at a time for each, and remembers the answers for REMEMBERED_S."""

    def __init__(self, look_up: LookUp, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up = look_up
        self._clock = clock
        self._remembered: dict[str, tuple[float, Actor]] = {}
        self._under_way: dict[str, asyncio.Task[Actor | None]] = {}
        # Own threads, few: streaming exports must not keep people out, nor a flood of cookies take every connection.
        self._threads: CapacityLimiter | None = None

    async def find(self, session_hash: str, *, fresh: bool) -> Actor | None:
        """The person behind a session, None when it is over. Raises what the look-up raises."""
        if not fresh and (known := self._recall(session_hash)):
            return known
        task = None if fresh else self._under_way.get(session_hash)
        # Shielded: one reader who goes away, or loses patience, does not take the answer from the others.
        answer = asyncio.shield(task or self._ask(session_hash))
        try:
            return await asyncio.wait_for(answer, PATIENCE_S)
        except TimeoutError:
            raise DatabaseUnavailable from None

    def forget(self, notice: Notice) -> None:
        """Drop what a notice is about; a look-up that is under way is not believed any more either."""
        for session_hash, (_, actor) in list(self._remembered.items()):
            if notice.session_hash in (None, session_hash) and actor.is_concerned(notice.user_id):
                del self._remembered[session_hash]
        self._under_way.clear()

    def remember(self, session_hash: str, actor: Actor | None) -> None:
        """Keep what is known now about a session."""
        self._remembered.pop(session_hash, None)
        if actor is None:
            return
        while len(self._remembered) >= MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[session_hash] = (self._clock(), actor)

    def _recall(self, session_hash: str) -> Actor | None:
        at, actor = self._remembered.get(session_hash, (0.0, None))
        return actor if actor and self._clock() - at < REMEMBERED_S else None

    def _ask(self, session_hash: str) -> asyncio.Task[Actor | None]:
        if self._threads is None:
            self._threads = CapacityLimiter(4)
        work = to_thread.run_sync(partial(self._look_up, session_hash), limiter=self._threads)
        task = asyncio.ensure_future(work)
        self._under_way[session_hash] = task
        task.add_done_callback(partial(self._settle, session_hash))
        return task

    def _settle(self, session_hash: str, task: asyncio.Task[Actor | None]) -> None:
        """Remember an answer, unless something has happened since it was asked for."""
        failed = task.cancelled() or task.exception() is not None
        if self._under_way.get(session_hash) is not task:
            return
        del self._under_way[session_hash]
        if not failed:
            self.remember(session_hash, task.result())
