"""What commands print: one JSON document or lines for people on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import Any


def emit(arguments: Namespace, document: Any, lines: Iterable[str]) -> None:
    """Print `document` as one JSON document when --json was given, else the lines."""
    if arguments.json:
        print(json.dumps(document, default=str, ensure_ascii=False))
        return
    for line in lines:
        print(line)


def note(text: str) -> None:
    """Say something beside the result: progress, a warning, an error."""
    print(text, file=sys.stderr, flush=True)
