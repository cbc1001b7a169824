"""Commands to type, as they run on this very machine: with the Python that runs the console."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def command(*words: str) -> str:
    """`python -m data` with these words, ready to be pasted into a shell in the console's folder."""
    python = Path(sys.executable)
    folder = Path.cwd()
    near = python.relative_to(folder) if python.is_relative_to(folder) else python
    return " ".join([shlex.quote(str(near)), "-m", "data", *(shlex.quote(word) for word in words)])
