"""/export/<report>.csv and .jsonl: streams rows to the browser, in pieces, for as long as it reads them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from data import exports
from data.access import Actor
from data.errors import DatabaseUnavailable, NotAllowed, NotFound, SignalboxError
from web.gate.connections import ACTOR, CONNECTION, Connection
from web.plain_pages import refusal

log = logging.getLogger("signalbox.exports")

RUNNING_AT_ONCE = 3  # for one person; each holds a connection of its own and a snapshot
RUNNING_AT_ONCE_TOGETHER = 12  # for everybody: databases have few connections, and pages need theirs
STALLED_AFTER_S = 60.0  # a reader that takes nothing for so long has gone, whatever the network says
SLICE_BYTES = 256 * 1024  # handed to the network at once: a reader of more than 4 KiB/s is seen to read

_FORMATS: dict[str, exports.Format] = {"csv": "csv", "jsonl": "jsonl"}
_TYPES: dict[exports.Format, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


class _Places:
    """Who runs how many exports, and the threads they run in. Owned by the event loop."""

    def __init__(self) -> None:
        self._running: Counter[UUID] = Counter()
        self._threads: CapacityLimiter | None = None

    @property
    def threads(self) -> CapacityLimiter:
        """As many threads as exports, so that none waits for another's query."""
        if self._threads is None:
            self._threads = CapacityLimiter(RUNNING_AT_ONCE_TOGETHER)
        return self._threads

    def missing(self, user_id: UUID) -> str | None:
        """Why there is no place, None when there is one."""
        if self._running[user_id] >= RUNNING_AT_ONCE:
            return f"{RUNNING_AT_ONCE} of your exports are running. Wait until one of them has ended, then try again."
        if self._running.total() >= RUNNING_AT_ONCE_TOGETHER:
            return "Too many exports are running at the moment. Try again in a minute."
        return None

    def take(self, user_id: UUID) -> None:
        """Take a place."""
        self._running[user_id] += 1

    def give_back(self, user_id: UUID) -> None:
        """Give a place back."""
        self._running[user_id] -= 1
        self._running += Counter()  # forgets who has none running


class Exports:
    """The route."""

    def __init__(self) -> None:
        self._places = _Places()

    @property
    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/export/{name}", self._answer, methods=["GET"])]

    async def _answer(self, request: Request) -> Response:
        actor: Actor = request.scope[ACTOR]
        name, _, ending = request.path_params["name"].rpartition(".")
        given = _given(request)
        try:
            form = _format(ending)
            parameters = exports.parse(name, given)
            stream = exports.stream(actor, name, parameters, form)
        except SignalboxError as error:
            return refusal(request.scope, _status_of(error), error.sentence)
        headers = {
            "content-type": _TYPES[form],
            "content-disposition": f'attachment; filename="{exports.file_name(actor, name, form, given)}"',
            "cache-control": "no-store",
            "content-encoding": "identity",  # compressing would cost more than it saves, and hide where a stream broke
            "x-accel-buffering": "no",
        }
        if request.method == "HEAD":
            return Response(headers=headers)
        if sentence := self._places.missing(actor.signed_in_id):
            return refusal(request.scope, 429, sentence)
        return _Running(stream, headers, actor.signed_in_id, self._places)


def _format(ending: str) -> exports.Format:
    """Raises NotFound."""
    if ending not in _FORMATS:
        raise NotFound("An export ends in .csv or .jsonl.")
    return _FORMATS[ending]


def _given(request: Request) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for key, value in request.query_params.multi_items():
        given.setdefault(key, []).append(value)
    return given


def _status_of(error: SignalboxError) -> int:
    for kind, status in (
        (exports.BadFilter, 400),
        (NotFound, 404),
        (NotAllowed, 403),
        (DatabaseUnavailable, 503),
    ):
        if isinstance(error, kind):
            return status
    return 500


class _BrokenOff(Exception):
    """The answer stops here, without an end, so that no reader takes it for whole."""


class _Running(Response):
    """One running export as an answer."""

    def __init__(self, stream: exports.Stream, headers: dict[str, str], user_id: UUID, places: _Places) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._stream = stream
        self._user_id = user_id
        self._places = places
        places.take(user_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        connection: Connection = scope[CONNECTION]
        watches = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(connection.ended.wait())]
        taking = self._take()
        try:
            try:
                piece = await self._or_stop(taking, watches)
            except SignalboxError as error:
                await refusal(scope, _status_of(error), error.sentence)(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while piece is not None:
                # The next piece is fetched while this one is on its way.
                taking = self._take()
                await self._deliver(piece, send, watches)
                piece = await self._or_stop(taking, watches)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            log.info("exported", extra={"report": self._stream.report, "rows": self._stream.rows})
        except _BrokenOff as reason:
            log.info(
                "export broken off",
                extra={"report": self._stream.report, "rows": self._stream.rows, "why": str(reason)},
            )
        except SignalboxError as error:
            log.warning("export failed", extra={"report": self._stream.report, "reason": type(error).__name__})
        finally:
            for watch in watches:
                watch.cancel()
            # Not to be interrupted: what is left here is a connection, and a person's place among three.
            await asyncio.shield(self._give_back(taking))

    def _take(self) -> asyncio.Task[bytes | None]:
        return asyncio.ensure_future(to_thread.run_sync(next, self._stream, None, limiter=self._places.threads))

    async def _or_stop(self, task: asyncio.Task[bytes | None], watches: list[asyncio.Task[bool]]) -> bytes | None:
        await asyncio.wait({task, *watches}, return_when=asyncio.FIRST_COMPLETED)
        _check(watches)
        return task.result()

    async def _deliver(self, piece: bytes, send: Send, watches: list[asyncio.Task[bool]]) -> None:
        whole = memoryview(piece)
        for start in range(0, len(whole), SLICE_BYTES):
            body = bytes(whole[start : start + SLICE_BYTES])
            message: Message = {"type": "http.response.body", "body": body, "more_body": True}
            sending = asyncio.ensure_future(_sent(send, message))
            try:
                await asyncio.wait({sending, *watches}, timeout=STALLED_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
                _check(watches)
                if not sending.done():
                    raise _BrokenOff(f"nobody read for {STALLED_AFTER_S:.0f} s")
                sending.result()
            finally:
                sending.cancel()

    async def _give_back(self, taking: asyncio.Task[bytes | None]) -> None:
        try:
            if not taking.done():
                await to_thread.run_sync(self._stream.cancel)
            with suppress(SignalboxError, asyncio.CancelledError):
                await taking
            await to_thread.run_sync(self._stream.close)
        finally:
            self._places.give_back(self._user_id)


def _check(watches: list[asyncio.Task[bool]]) -> None:
    gone, ended = watches
    if gone.done():
        raise _BrokenOff("the reader is gone")
    if ended.done():
        raise _BrokenOff("the session ended")


async def _gone(receive: Receive) -> bool:
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


async def _sent(send: Send, message: Message) -> None:
    await send(message)
