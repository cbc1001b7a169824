"""The command line: `python -m data <command>`. One module per group of commands.

Exit status: 0 done, 1 something was found wrong, 2 wrong use, 141 nobody read on.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence

from data.command import adopt, backup, db, demo, grant, ingest, migrate, rollup
from data.errors import SignalboxError, WrongSetting, WrongUse

GROUPS = (migrate, adopt, backup, ingest, demo, rollup, grant, db)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(prog="python -m data", description="Operate the console's database.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_parser(commands)
    return top


def main(words: Sequence[str]) -> int:
    """Run one command. Errors that people can mend are one sentence on stderr (JSON too, with --json)."""
    arguments = parser().parse_args(words)
    # What it says once is the sentence that the command ends with.
    logging.getLogger("signalbox.database.pools").addHandler(logging.NullHandler())
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()  # here, where it is known what to do about a reader that went away
    except BrokenPipeError:
        # Whoever read has enough, such as `head`; what is still in the buffer would complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as shells tell of a program that a pipe ended
    except SignalboxError as error:
        if getattr(arguments, "json", False):
            print(json.dumps({"error": type(error).__name__, "sentence": error.sentence}))  # noqa: T201 - the JSON document
        print(error.sentence, file=sys.stderr)  # noqa: T201 - what went wrong, for the person at the terminal
        return 2 if isinstance(error, WrongUse | WrongSetting) else 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return 130
    return status
