"""Commands to type, as they run on this very machine: with the Python that runs the console, and in its home."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from data import console, settings


def command(*words: str) -> str:
    """`python -m data` with these words, ready to be pasted into a shell in the console's folder. A home of its own is
    named, as a new shell knows nothing of what the console was started with."""
    python = Path(sys.executable)
    folder = Path.cwd()
    near = python.relative_to(folder) if python.is_relative_to(folder) else python
    running = console.running()
    home = running.settings.home if running else settings.Settings.home
    named = [f"SIGNALBOX_HOME={shlex.quote(str(home))}"] if home != settings.Settings.home else []
    return " ".join([*named, shlex.quote(str(near)), "-m", "data", *(shlex.quote(word) for word in words)])
