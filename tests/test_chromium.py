"""The browser of the tests, where its parts do not do as they are told."""

from __future__ import annotations

import subprocess
import sys

from tests.embedded_holders import ROOT

# A driver that is stopped does as little as one that waits for itself at its exit.
STOPPED = """
import os, signal
from tests.browser import chromium
from tests.embedded_holders import children
with chromium.launched() as browser:
    browser.new_page().goto("data:text/html,<title>seen</title>")
    drivers = children(os.getpid())
    close = browser.close
    browser.close = lambda: (close(), [os.kill(driver, signal.SIGSTOP) for driver in drivers])
print(len(drivers), len([pid for pid in drivers if pid in children(os.getpid())]))
"""


def test_a_driver_that_does_not_end_holds_nobody_up() -> None:
    """The limit is far beyond what it takes, and only there to end the test where it would wait for ever."""
    done = subprocess.run(
        [sys.executable, "-c", STOPPED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout.split(), done.stderr) == (["1", "0"], "")
