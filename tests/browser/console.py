"""Starts the console as a person does, `streamlit run` in a home of its own, and ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Console:
    """A running console: its address, its home and what it wrote."""

    url: str
    home: Path
    log: Path
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    home: Path,
    environment: Mapping[str, str] | None = None,
    *,
    program: str = "streamlit_app.py",
    port: int | None = None,
) -> Iterator[Console]:
    """A console that answers; it is ended by SIGTERM. Raises RuntimeError with its output when it does not start."""
    port, log = port or free_port(), home.parent / f"{home.name}.log"
    command = [str(Path(sys.executable).with_name("streamlit")), "run", program,
               "--server.address", "127.0.0.1", "--server.port", str(port)]  # fmt: skip
    settings = {"SIGNALBOX_HOME": str(home), "SIGNALBOX_PORT": str(port), "FORWARDED_ALLOW_IPS": ""}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE_", "SIGNALBOX_", "DATABASE_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=inherited | settings | dict(environment or {}), stdout=output, stderr=output
        )
    console = Console(f"http://127.0.0.1:{port}", home, log, process)
    try:
        wait_until_it_answers(console)
        yield console
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_it_answers(console: Console) -> None:
    """Return when /healthz says that all is well."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and console.process.poll() is None:
        try:
            if _is_healthy(console.url):
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.1)
    raise RuntimeError("The console did not start:\n" + console.log.read_text(errors="replace")[-4000:])


def _is_healthy(url: str) -> bool:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    finally:
        connection.close()
