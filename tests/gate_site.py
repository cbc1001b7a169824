"""The HTTP side in this process, behind a real server on loopback, with an echo in the place of Streamlit."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import streamlit
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from data.access import Actor
from data.identity import web_sessions
from data.identity.refusals import Identity
from data.settings import Settings
from web.documents import GetReady
from web.live import Follow
from web.site import Site

_CERTIFICATES = ssl.create_default_context()  # read once: every client would, though none of them meets any
PAGES = {"": "member", "overview": "member", "tools": "member", "approvals": "admin"}
STATIC = Path(streamlit.__file__).parent / "static"


@dataclass(frozen=True)
class Served:
    """A running site: where it is, and its parts for looking at."""

    url: str
    site: Site

    @property
    def host(self) -> str:
        """Name and port."""
        return self.url.removeprefix("http://")

    def client(self, token: str | None = None, **headers: str) -> httpx.Client:
        """A browser that is signed in with this token, or not; it follows no redirects by itself."""
        sent = {"origin": self.url} | headers
        cookies = {"sb_session": token} if token else {}
        return httpx.Client(
            base_url=self.url, headers=sent, cookies=cookies, trust_env=False, timeout=30, verify=_CERTIFICATES
        )


def signed_in(actor: Actor) -> str:
    """The cookie of somebody who has just signed in."""
    return web_sessions.start(Identity(actor.user_id, actor.email, "test"), dataset=actor.dataset)


def hash_of(token: str) -> str:
    """The hash of a cookie that is one of ours."""
    found = web_sessions.hash_of(token)
    assert found is not None
    return found


async def _echo_page(request: Request) -> Response:
    """Stands for Streamlit's own routes: says what reached it."""
    return JSONResponse({"path": request.url.path, "headers": dict(request.headers)})


async def _echo_socket(socket: WebSocket) -> None:
    """Stands for Streamlit's stream: sends the headers it was opened with, then everything back."""
    await socket.accept()
    await socket.send_json(dict(socket.headers))
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


class _Server(uvicorn.Server):
    """Ends soon when it shall: the one it comes from looks for that every tenth of a second."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.01)


@contextmanager
def serving(settings: Settings, follow: Follow | None = None, get_ready: GetReady | None = None) -> Iterator[Served]:
    """The site of these settings, from start to end."""
    site = Site(
        settings,
        pages=lambda: PAGES,
        first_page="overview",
        static_directory=STATIC,
        follow=follow,
        get_ready=get_ready,
    )
    routes = [
        *site.routes,
        WebSocketRoute("/{path:path}", _echo_socket),
        Route("/{path:path}", _echo_page, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    app = Starlette(routes=routes, middleware=site.middleware, lifespan=site.lifespan)
    server = _Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio", access_log=False))
    listening = socket.socket()  # made beforehand, as Streamlit does
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        assert server.started, "the site did not start"
        yield Served(f"http://127.0.0.1:{port}", site)
    finally:
        server.should_exit = True
        thread.join(30)
    assert not thread.is_alive()
