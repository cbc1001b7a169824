"""Servers that measurements ask: the console through a websocket as a browser has it, and plain pages beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Origin, Subprotocol

from data import embedded
from tests.browser.console import ROOT, Console, free_port

SHOWS_DEMO = b'class="sb-demo"'

# The same server without the console: the same libraries in memory, collected and frozen as the console does it.
_PLAIN = """
from contextlib import asynccontextmanager
import streamlit as st
from web.running import warm_up

@asynccontextmanager
async def lifespan(_):
    warm_up()
    yield {}

app = st.App("page.py", lifespan=lifespan)
"""


def signed_in(console: Console) -> str:
    """The cookie of an admin whose pages show the demo."""
    with httpx.Client(base_url=console.url, headers={"origin": console.url}, trust_env=False) as client:
        answer = client.post("/login", data={"account": "admin"})
        if answer.status_code != 303:
            raise RuntimeError(f"could not sign in: {answer.status_code}")
        cookie = str(client.cookies["sb_session"])
    show_demo(console)
    return cookie


def show_demo(console: Console) -> None:
    """Turn every browser to the demo, as the switch in the sidebar does."""
    with embedded.lease(console.home) as lease, psycopg.connect(lease.url(), autocommit=True) as connection:
        connection.execute("update signalbox.web_sessions set dataset = 'demo'")


@contextmanager
def plain_server(folder: Path, page: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of Streamlit alone with this page: its address and its process."""
    place = folder / "plain"
    place.mkdir(parents=True)
    (place / "app.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{_PLAIN}", encoding="utf-8")
    (place / "page.py").write_text(page, encoding="utf-8")
    port = free_port()
    command = [str(Path(sys.executable).with_name("streamlit")), "run", "app.py", "--server.address", "127.0.0.1",
               "--server.port", str(port), "--server.headless", "true", "--browser.gatherUsageStats", "false",
               "--server.fileWatcherType", "none"]  # fmt: skip
    process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url, process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/_stcore/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the page did not start")


@contextmanager
def tab(url: str, cookie: str) -> Iterator[Connection]:
    """Streamlit's websocket, as its program opens it."""
    with connect(
        url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(url),
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"cookie": f"sb_session={cookie}"} if cookie else None,
        proxy=None,
        max_size=None,
        close_timeout=1,
        ping_interval=None,  # nobody answers while nothing is read
    ) as stream:
        yield stream


def wait_for_demo(url: str, cookie: str) -> None:
    """A console notices within seconds that the command line has made a demo."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with tab(url, cookie) as opened:
            if SHOWS_DEMO in rerun(opened, "")[1]:
                return
        time.sleep(0.5)
    raise RuntimeError("the console never showed the demo")


def rerun(stream: Connection, page: str, query: str = "") -> tuple[float, bytes]:
    """Seconds from asking for a run of a page to its end, and all that was sent. Raises when the script failed."""
    asked = BackMsg()
    asked.rerun_script.query_string = query
    asked.rerun_script.page_name = page
    asked.rerun_script.context_info.timezone = "Europe/Berlin"
    _drain(stream)
    pieces: list[bytes] = []
    has_begun = False  # before that, what comes is the rest of a run that nobody asked for
    began = time.perf_counter()
    stream.send(asked.SerializeToString())
    while True:
        piece = stream.recv(timeout=60)
        _acknowledge(stream)
        if isinstance(piece, str):
            continue  # the gate's word to its script
        pieces.append(piece)
        received = ForwardMsg()
        received.ParseFromString(piece)
        has_begun = has_begun or received.WhichOneof("type") == "new_session"
        if received.WhichOneof("type") != "script_finished" or not has_begun:
            continue
        if received.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return time.perf_counter() - began, b"".join(pieces)
        if received.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            ended = ForwardMsg.ScriptFinishedStatus.Name(received.script_finished)
            raise RuntimeError(f"the page {page or 'overview'} ended with {ended}")


def _acknowledge(stream: Connection) -> None:
    """Tell the server at once what has come: it may hold the next small message back until it hears that, for which
    Linux, by chance, takes none or forty milliseconds. What is measured is the servers."""
    stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _drain(stream: Connection) -> None:
    """Take what has come since, of runs that nobody asked for."""
    with suppress(TimeoutError):
        while True:
            stream.recv(timeout=0)
