"""Finds a Chromium on this machine, or installs one by the platform's own means, or says what to do; and runs it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.embedded_holders import children

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "The browser tests need Chromium and none was found or could be installed here. Install it (Debian, Ubuntu: "
    "apt-get install chromium; macOS: brew install --cask chromium; any: python -m playwright install chromium) "
    "or set SIGNALBOX_CHROMIUM to its path."
)

_ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@contextmanager
def launched(*arguments: str) -> Iterator[Browser]:
    """A Chromium, closed when left.

    The program that drives it is then killed, not asked to end: Node.js can wait for itself for ever when it exits
    (https://github.com/nodejs/node/issues/54918), and Playwright would wait with it.
    """
    others = set(children(os.getpid()))
    with sync_playwright() as playwright:
        drivers = set(children(os.getpid())) - others
        browser = playwright.chromium.launch(executable_path=find_or_install(), args=[*_ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
            for driver in drivers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(driver, signal.SIGKILL)


def find_or_install() -> str | None:
    """The path of a Chromium; None stands for the one that Playwright itself installed.

    Raises RuntimeError with advice when there is none and none can be had.
    """
    if given := os.environ.get("SIGNALBOX_CHROMIUM"):
        return given
    if found := _on_path():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "chromium"])
        if found := _on_path():
            return found
    if complaint := _run([sys.executable, "-m", "playwright", "install", "chromium"]):
        raise RuntimeError(f"{ADVICE} What the last attempt said: {complaint}")
    return None


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _run(command: list[str]) -> str | None:
    """None when it succeeded, else what it complained of."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return next((line for line in said if "error" in line.lower()), said[-1] if said else f"exit {done.returncode}")
