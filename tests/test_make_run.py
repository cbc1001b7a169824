"""`make run`: where it listens, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.browser.console import ROOT, Console, free_port, wait_until_it_answers

PROGRAMS = Path(sys.executable).parent
ENDS_WITHIN_S = 20

# Stands where Streamlit does, for what make hands to it.
TELLS_ITS_WORDS = """#!/bin/sh
echo "$*"
"""


def surroundings(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings and without what this run of make has set, then what is given."""
    ours = ("SUPABASE_", "SIGNALBOX_", "DATABASE_", "MAKE", "MFLAGS", "PORT")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)} | dict(given)


def already_installed(folder: Path) -> list[str]:
    """What tells make that nothing has to be installed."""
    folder.mkdir()
    folder.joinpath(".installed").touch()
    return [f"VENV={folder}"]


@contextmanager
def made_to_run(folder: Path, database_url: str) -> Iterator[Console]:
    """The console as `make run` starts it, in a group of processes of its own; nothing of that is left."""
    port, log = free_port(), folder / "log"
    given = {"SIGNALBOX_PORT": str(port), "SIGNALBOX_HOME": str(folder / "home"), "DATABASE_URL": database_url}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "run", f"BIN={PROGRAMS}", *already_installed(folder / "venv")],
            cwd=ROOT, env=surroundings(given), stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    console = Console(f"http://127.0.0.1:{port}", folder / "home", log, process)
    try:
        wait_until_it_answers(console)
        yield console
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def tell_make(console: Console) -> None:
    """As a supervisor ends what it has started."""
    console.process.terminate()


def press_control_c(console: Console) -> None:
    """As a terminal does it: everything that runs in it is told."""
    os.killpg(console.process.pid, signal.SIGINT)


@pytest.mark.parametrize("end", [tell_make, press_control_c])
def test_the_console_ends_with_make(end: Callable[[Console], None], database_url: str, tmp_path: Path) -> None:
    with made_to_run(tmp_path, database_url) as console:
        end(console)
        console.process.wait(timeout=ENDS_WITHIN_S)
        with pytest.raises(ProcessLookupError):
            os.killpg(console.process.pid, 0)
        with pytest.raises(ConnectionRefusedError):
            HTTPConnection(console.url.removeprefix("http://")).connect()
    assert "***" not in console.log.read_text(), "make takes the end for a failure"


@pytest.mark.parametrize(
    ("words", "environment", "file", "port"),
    [
        ([], {}, "", "8501"),
        ([], {"PORT": "8600"}, "", "8501"),
        ([], {"SIGNALBOX_PORT": "8601"}, "SIGNALBOX_PORT=8602", "8601"),
        ([], {}, "SIGNALBOX_PORT=8602", "8602"),
        (["PORT=8603"], {"SIGNALBOX_PORT": "8601"}, "SIGNALBOX_PORT=8602", "8603"),
        ([], {"SIGNALBOX_PORT": "eighty"}, "", "8501"),
    ],
)
def test_the_port_is_that_of_the_settings(
    words: list[str], environment: dict[str, str], file: str, port: str, tmp_path: Path
) -> None:
    for name in ("Makefile", "data", "signalbox_client"):
        tmp_path.joinpath(name).symlink_to(ROOT / name)
    tmp_path.joinpath(".env").write_text(file)
    for name in ("requirements.txt", "constraints.txt"):
        tmp_path.joinpath(name).touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    programs.joinpath("python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    programs.joinpath("streamlit").write_text(TELLS_ITS_WORDS)
    for program in programs.iterdir():
        program.chmod(0o755)
    command = ["make", "run", f"BIN={programs}", *already_installed(tmp_path / "venv"), *words]
    told = subprocess.run(
        command, cwd=tmp_path, env=surroundings(environment), capture_output=True, text=True, check=True
    )
    assert told.stdout.endswith(f"--server.port {port}\n")
