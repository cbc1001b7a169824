"""A warm rerun of each page on the real server, from its request to its end, against that of an empty page."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from websockets.sync.connection import Connection

from tests.benchmarks import processes, servers
from tests.benchmarks.figures import Figure, figure
from tests.browser.conftest import make_demo
from tests.browser.console import running

ROUNDS = 40
WARM_UPS = 5
PAGES = ("overview", "sessions", "tools", "jobs", "approvals")
BOUND = 3.0  # times an empty page, for the first page, which is looked at most
OTHERS_BOUND = 10.0  # for the others, which hold longer tables
MOST_CPU_MS = 40.0
CPU_BOUND = 4.0  # times an empty page's, with what the server does beside the run

# What a page sends that has a table with rows, that has a part which failed.
_ROWS, _FAILED = b"<tbody><tr>", b"could not be shown"
_EMPTY_PAGE = "import streamlit as st\nst.set_page_config(page_icon='🚦')\nst.title('Empty')\n"


def measure(rounds: int = ROUNDS) -> list[Figure]:
    """Median rerun of each page with demo data as an admin, beside that of a page with a title alone, interleaved."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        console = stack.enter_context(running(Path(folder) / "home"))
        make_demo(console)
        cookie = servers.signed_in(console)
        servers.wait_for_demo(console.url, cookie)
        streams = {page: stack.enter_context(servers.tab(console.url, cookie)) for page in PAGES}
        empty_url, empty = stack.enter_context(servers.plain_server(Path(folder), _EMPTY_PAGE))
        streams["empty"] = stack.enter_context(servers.tab(empty_url, ""))
        took: dict[str, list[float]] = {page: [] for page in streams}
        for number in range(rounds + WARM_UPS):
            for page, stream in streams.items():
                seconds, sent = servers.rerun(stream, "" if page in ("empty", "overview") else page)
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
            at_most=CPU_BOUND,
            how=f"of the whole server each, {rounds} reruns one after the other",
        ),
    ]


def _cpu_ms(stream: Connection, process_id: int, rounds: int) -> float:
    """Processor time of a server per rerun of a page, its threads and what follows the rerun included."""
    before = processes.cpu_ms(process_id)
    for _ in range(rounds):
        servers.rerun(stream, "")
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


def _check(page: str, sent: bytes) -> None:
    """A page that refuses or fails is fast, and would be measured as the best of all."""
    if page != "empty" and not (servers.SHOWS_DEMO in sent and _ROWS in sent and _FAILED not in sent):
        said = sent[sent.find(b"sb-say") :][:400].decode(errors="replace")
        raise RuntimeError(f"the page {page} did not show its rows but: {said}")
