"""What commands print: one JSON document or lines for people on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import Any

# What a terminal obeys instead of showing it: a file's name, or a word in a log, could so rewrite what stands above.
_COMMANDS = re.compile("[\0-\b\v-\x1f\x7f-\x9f]")


def emit(arguments: Namespace, document: Any, lines: Iterable[str]) -> None:
    """Print `document` as one JSON document when --json was given, else the lines."""
    if arguments.json:
        print(json.dumps(document, default=str, ensure_ascii=False))
        return
    for line in lines:
        print(shown(line))


def note(text: str) -> None:
    """Say something beside the result: progress, a warning, an error."""
    print(shown(text), file=sys.stderr, flush=True)


def shown(text: str) -> str:
    """The text with every character that a terminal would obey written out; line ends and tabs stay."""
    return _COMMANDS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
