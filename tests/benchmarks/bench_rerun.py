"""A warm rerun of each page on the real server, from its request to its end, against that of an empty page."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.sync.connection import Connection
from websockets.typing import Origin, Subprotocol

from data import embedded
from tests.benchmarks import processes
from tests.benchmarks.figures import Figure, figure
from tests.browser.conftest import make_demo
from tests.browser.console import ROOT, Console, free_port, running

ROUNDS = 40
WARM_UPS = 5
PAGES = ("overview", "sessions", "tools", "jobs", "approvals")
BOUND = 3.0  # times an empty page, for the first page, which is looked at most
OTHERS_BOUND = 10.0  # for the others, which hold longer tables
MOST_CPU_MS = 40.0

# The same server without the console: the same libraries in memory, collected and frozen as the console does it.
_EMPTY = """
from contextlib import asynccontextmanager
import streamlit as st
from web.running import warm_up

@asynccontextmanager
async def lifespan(_):
    warm_up()
    yield {}

app = st.App("page.py", lifespan=lifespan)
"""
# What a page sends that shows the demo, that has a table with rows, that has a part which failed.
_DEMO, _ROWS, _FAILED = b'class="sb-demo"', b"<tbody><tr>", b"could not be shown"
_EMPTY_PAGE = "import streamlit as st\nst.set_page_config(page_icon='🚦')\nst.title('Empty')\n"


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Median rerun of each page with demo data as an admin, beside that of a page with a title alone, interleaved."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        console = stack.enter_context(running(Path(folder) / "home"))
        make_demo(console)
        cookie = _signed_in(console)
        _wait_for_demo(console.url, cookie)
        streams = {page: stack.enter_context(_stream(console.url, cookie)) for page in PAGES}
        empty_url, empty = stack.enter_context(_empty_server(Path(folder)))
        streams["empty"] = stack.enter_context(_stream(empty_url, ""))
        took: dict[str, list[float]] = {page: [] for page in streams}
        for number in range(rounds + WARM_UPS):
            for page, stream in streams.items():
                seconds, sent = _rerun(stream, "" if page in ("empty", "overview") else page)
                if number >= WARM_UPS:
                    took[page].append(1000 * seconds)
                    _check(page, sent)
        cpu_ms = _cpu_ms(streams["overview"], console.process.pid, rounds)
        empty_cpu_ms = _cpu_ms(streams["empty"], empty.pid, rounds)
    empty_ms = statistics.median(took.pop("empty"))
    return [
        *(_entry(page, times, empty_ms, rounds) for page, times in took.items()),
        figure(
            "processor time of a warm rerun of overview",
            round(cpu_ms, 2),
            "ms",
            MOST_CPU_MS,
            at_most=1.0,
            how=f"of the whole server, {rounds} reruns one after the other",
        ),
        figure(
            "processor time of a warm rerun of overview, over an empty page's",
            round(cpu_ms, 2),
            "ms",
            round(empty_cpu_ms, 2),
            at_most=BOUND,
            how=f"of the whole server each, {rounds} reruns one after the other",
        ),
    ]


def _cpu_ms(stream: Connection, process_id: int, rounds: int) -> float:
    """Processor time of a server per rerun of a page, its threads and what follows the rerun included."""
    before = processes.cpu_ms(process_id)
    for _ in range(rounds):
        _rerun(stream, "")
    time.sleep(0.1)
    return (processes.cpu_ms(process_id) - before) / rounds


def _entry(page: str, times_ms: list[float], empty_ms: float, rounds: int) -> Figure:
    ninetieth = statistics.quantiles(times_ms, n=10)[-1]
    return figure(
        f"warm rerun of {page}",
        round(statistics.median(times_ms), 2),
        "ms",
        round(empty_ms, 2),
        at_most=BOUND if page == "overview" else OTHERS_BOUND,
        how=f"from the request on the websocket to the end of the script, demo data, as the admin; median of {rounds} "
        f"interleaved reruns (90 % within {ninetieth:.1f} ms); the limit is a page with a title alone, on a server of "
        "its own with the same libraries",
    )


def _signed_in(console: Console) -> str:
    """The cookie of an admin whose pages show the demo."""
    with httpx.Client(base_url=console.url, headers={"origin": console.url}, trust_env=False) as client:
        answer = client.post("/login", data={"account": "admin"})
        if answer.status_code != 303:
            raise RuntimeError(f"could not sign in: {answer.status_code}")
        cookie = str(client.cookies["sb_session"])
    _show_demo(console)
    return cookie


def _show_demo(console: Console) -> None:
    """Turn every browser to the demo, as the switch in the sidebar does."""
    with embedded.lease(console.home) as lease, psycopg.connect(lease.url(), autocommit=True) as connection:
        connection.execute("update signalbox.web_sessions set dataset = 'demo'")


@contextmanager
def _empty_server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server with an empty page: its address and its process."""
    place = folder / "empty"
    place.mkdir()
    (place / "app.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{_EMPTY}", encoding="utf-8")
    (place / "page.py").write_text(_EMPTY_PAGE, encoding="utf-8")
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
    raise RuntimeError("the empty page did not start")


@contextmanager
def _stream(url: str, cookie: str) -> Iterator[Connection]:
    """Streamlit's websocket, as its program opens it."""
    with connect(
        url.replace("http", "ws") + "/_stcore/stream",
        origin=Origin(url),
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"cookie": f"sb_session={cookie}"} if cookie else None,
        proxy=None,
        max_size=None,
        close_timeout=1,
    ) as stream:
        yield stream


def _wait_for_demo(url: str, cookie: str) -> None:
    """A console notices within seconds that the command line has made a demo."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with _stream(url, cookie) as stream:
            if _DEMO in _rerun(stream, "")[1]:
                return
        time.sleep(0.5)
    raise RuntimeError("the console never showed the demo")


def _check(page: str, sent: bytes) -> None:
    """A page that refuses or fails is fast, and would be measured as the best of all."""
    if page != "empty" and not (_DEMO in sent and _ROWS in sent and _FAILED not in sent):
        said = sent[sent.find(b"sb-say") :][:400].decode(errors="replace")
        raise RuntimeError(f"the page {page} did not show its rows but: {said}")


def _rerun(stream: Connection, page: str) -> tuple[float, bytes]:
    """Seconds from asking for a run of a page to its end, and all that was sent. Raises when the script failed."""
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    asked.rerun_script.page_name = page
    asked.rerun_script.context_info.timezone = "Europe/Berlin"
    pieces: list[bytes] = []
    began = time.perf_counter()
    stream.send(asked.SerializeToString())
    while True:
        pieces.append(stream.recv(timeout=60, decode=False))
        received = ForwardMsg()
        received.ParseFromString(pieces[-1])
        if received.WhichOneof("type") == "script_finished":
            if received.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                ended = ForwardMsg.ScriptFinishedStatus.Name(received.script_finished)
                raise RuntimeError(f"the page {page or 'overview'} ended with {ended}")
            return time.perf_counter() - began, b"".join(pieces)
