"""/healthz: one answer for whoever watches the console, without secrets, and at most one look per second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from data.console import OwnHealth

REMEMBERED_S = 1.0
PATIENCE_S = 3.0  # a database that takes longer to say "1" is no use to a page either


class Health:
    """Answers from the last look while it is fresh; many askers share one look."""

    def __init__(self, examine: Callable[[], OwnHealth], clock: Callable[[], float] = time.monotonic) -> None:
        self._examine = examine
        self._clock = clock
        self._found: tuple[float, OwnHealth] | None = None
        self._looking: asyncio.Task[OwnHealth] | None = None

    @property
    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/healthz", self._answer, methods=["GET"])]

    async def find(self) -> OwnHealth:
        """How the console is, at most REMEMBERED_S ago."""
        if self._found and self._clock() - self._found[0] < REMEMBERED_S:
            return self._found[1]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.ensure_future(self._look())
        try:
            # Shielded: the look goes on when its asker loses patience, and the next one finds its answer.
            return await asyncio.wait_for(asyncio.shield(self._looking), PATIENCE_S)
        except TimeoutError:
            return OwnHealth("slow", "unknown")

    async def _look(self) -> OwnHealth:
        # A thread of its own: exports or look-ups that have taken all others must not make the console look dead.
        found = await to_thread.run_sync(self._examine, limiter=CapacityLimiter(1))
        self._found = (self._clock(), found)
        return found

    async def _answer(self, _: Request) -> Response:
        found = await self.find()
        document = {
            "status": "ok" if found.is_well else "not ok",
            "database": found.database,
            "migrations": found.migrations,
        }
        if found.reason:
            document["reason"] = found.reason
        return JSONResponse(document, status_code=200 if found.is_well else 503)
