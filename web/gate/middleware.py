"""The middleware in front of everything: decides for each request and handshake whether it reaches the console."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from urllib.parse import quote

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.access import Actor
from data.errors import DatabaseUnavailable
from data.identity import web_sessions
from web.gate import delivery, origins, paths
from web.gate.connections import ACTOR, CONNECTION, SIGHTS, Connection, Connections
from web.gate.headers import cleaned, secure, session_token
from web.gate.paths import Kind
from web.gate.people import People
from web.gate.tokens import carries_token
from web.plain_pages import refusal


class Gate:
    """Nothing passes but what stands in `paths`, and nearly nothing of that without a session.

    `pages` are the url paths of all pages, whoever may see them: a page itself says so to whom it is closed.
    `hosts` are the names the console is served under beside loopback. `scrape_token` opens /_stcore/metrics.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        people: People,
        connections: Connections,
        pages: Callable[[], Collection[str]],
        hosts: Iterable[str] = (),
        scrape_token: str | None = None,
    ) -> None:
        self._app = app
        self._people = people
        self._connections = connections
        self._pages = pages
        self._hosts = tuple(hosts)
        self._scrape_token = scrape_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            delivery.at_once(receive)
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        kind = paths.kind_of(path, self._pages())
        send = _secured(send, path, kind)
        try:
            if answer := self._refused(scope, kind):
                await answer(scope, receive, send)
                return
            actor = await self._actor(scope, kind)
        except DatabaseUnavailable as error:
            await refusal(scope, 503, error.sentence)(scope, receive, send)
            return
        if kind is Kind.SIGN_IN or kind is Kind.PROBE or self._may_scrape(scope, kind, actor):
            await self._app(_passed(scope, actor), receive, send)
        elif actor is None:
            await self._sign_in_first(scope)(scope, receive, send)
        elif kind is Kind.UNKNOWN or kind is Kind.SCRAPE:
            await refusal(scope, 404, "There is nothing here under that address.")(scope, receive, send)
        elif kind is Kind.STREAM:
            await self._stream(_passed(scope, actor), receive, send, actor)
        else:
            await self._app(_passed(scope, actor), receive, send)

    def _refused(self, scope: Scope, kind: Kind) -> Response | None:
        """The answer to a request that comes under a foreign name or from a foreign page."""
        if kind is Kind.PROBE:
            return None  # probes come by address; they learn nothing, and what they may read is behind a token
        host = origins.header(scope["headers"], b"host")
        if not origins.is_served(host, self._hosts):
            return refusal(scope, 400, "This console is not served under that name; SIGNALBOX_HOSTS sets the names.")
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin = origins.header(scope["headers"], b"origin")
        if origins.is_own_origin(origin, scope["scheme"], host):
            return None
        if origins.differs_in_scheme_only(origin, host):
            return refusal(
                scope,
                403,
                "The browser came by another scheme than the server sees. Behind a proxy that ends TLS, start the "
                "console with FORWARDED_ALLOW_IPS set to the proxy's address.",
            )
        return refusal(scope, 403, "This request came from another site.")

    async def _actor(self, scope: Scope, kind: Kind) -> Actor | None:
        """Who asks. A route with a token of its own is not worth a look-up."""
        if kind is Kind.PROBE:
            return None
        session_hash = web_sessions.hash_of(session_token(scope["headers"]) or "")
        if session_hash is None:
            return None
        return await self._people.find(session_hash, fresh=kind is not Kind.ASSET)

    def _may_scrape(self, scope: Scope, kind: Kind, actor: Actor | None) -> bool:
        if kind is not Kind.SCRAPE:
            return False
        return (actor is not None and actor.role == "admin") or carries_token(scope, self._scrape_token)

    def _sign_in_first(self, scope: Scope) -> Response:
        wants_page = "text/html" in (origins.header(scope["headers"], b"accept") or "")
        if not wants_page or scope["method"] not in ("GET", "HEAD"):
            return _not_signed_in()
        query = scope["query_string"].decode("latin-1")
        asked = paths.next_page(scope["path"] + (f"?{query}" if query else ""), self._pages())
        # Without a question mark for the first page: the plainest address is the one that people keep.
        target = paths.SIGN_IN_PATH if asked == "/" else f"{paths.SIGN_IN_PATH}?next={quote(asked, safe='/')}"
        return RedirectResponse(target, status_code=303, headers={"cache-control": "no-store"})

    async def _stream(self, scope: Scope, receive: Receive, send: Send, actor: Actor) -> None:
        """An answer that may take minutes: it stops in the middle, visibly, when the session ends."""
        with self._connections.opened(actor, "stream") as connection:
            has_started = False

            async def send_until_ended(message: Message) -> None:
                nonlocal has_started
                if connection.ended.is_set():
                    raise _Ended
                has_started = True
                await send(message)

            scope[CONNECTION] = connection
            with suppress(_Ended):
                await self._app(scope, receive, send_until_ended)
            if connection.ended.is_set() and not has_started:
                await _not_signed_in()(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        actor = await self._at_handshake(scope)
        if actor is None:
            await _refuse_handshake(receive, send)
            return
        delivery.at_once(receive)
        with self._connections.opened(actor, "page") as connection:
            socket = _Socket(connection, receive, send, self._connections)
            try:
                await self._app(_passed(scope, actor, connection), socket.receive, socket.send)
            finally:
                socket.leave()

    async def _at_handshake(self, scope: Scope) -> Actor | None:
        """Who opens the websocket, None to refuse it."""
        host = origins.header(scope["headers"], b"host")
        origin = origins.header(scope["headers"], b"origin")
        if (
            self._connections.is_stopping
            or scope["path"] != paths.WEBSOCKET_PATH
            or not origins.is_served(host, self._hosts)
            or not origins.is_own_origin(origin, scope["scheme"], host)
        ):
            return None
        try:
            return await self._actor(scope, Kind.FRESH)
        except DatabaseUnavailable:
            return None  # the page tries again by itself


class _Ended(Exception):
    """The session of a streamed answer is over."""


class _Socket:
    """A websocket that the gate can close: wraps what Streamlit reads from and writes to.

    Streamlit speaks in binary frames alone. Frames of text are between the gate and its script: whether the tab is
    seen, and as of when its figures are.
    """

    def __init__(self, connection: Connection, receive: Receive, send: Send, connections: Connections) -> None:
        self._connection = connection
        self._connections = connections
        self._receive = receive
        self._send = send
        self._is_closed = False
        self._ended = asyncio.ensure_future(connection.ended.wait())

    async def receive(self) -> Message:
        """The next message, or, once the connection is to end, the news that the browser is gone."""
        while not self._is_closed:
            message = asyncio.ensure_future(self._receive())
            try:
                await asyncio.wait({message, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                message.cancel()
                raise
            if self._ended.done():
                message.cancel()
                self._is_closed = True
                await self._send({"type": "websocket.close", "code": self._connection.code})
            elif not self._is_ours(received := message.result()):
                return received
        return {"type": "websocket.disconnect", "code": self._connection.code}

    async def send(self, message: Message) -> None:
        """Pass a message on; what a script still says after the end is dropped."""
        if not self._is_closed:
            await self._send(message)

    def _is_ours(self, message: Message) -> bool:
        sight = next((sight for sight in SIGHTS if sight == message.get("text")), None)
        if sight is None:
            return False
        self._connection.say = self._say
        self._connections.see(self._connection, sight)
        return True

    async def _say(self, words: str) -> None:
        await self.send({"type": "websocket.send", "text": words})

    def leave(self) -> None:
        """Stop waiting."""
        self._ended.cancel()


def _not_signed_in() -> Response:
    return PlainTextResponse("Sign in first.\n", status_code=401, headers={"cache-control": "no-store"})


def _passed(scope: Scope, actor: Actor | None, connection: Connection | None = None) -> Scope:
    passed = dict(scope)
    passed["headers"] = cleaned(scope, actor.session_hash if actor else None, connection.key if connection else None)
    if actor:
        passed[ACTOR] = actor
    return passed


def _secured(send: Send, path: str, kind: Kind) -> Send:
    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            message["headers"] = list(message["headers"])
            secure(message, path, kind)
        await send(message)

    return send_secured


async def _refuse_handshake(receive: Receive, send: Send) -> None:
    """Refuse before accepting: the browser sees a failed handshake, and nothing is logged."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
