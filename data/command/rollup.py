"""`python -m data rollup`: stores what reports read, until nothing waits; for a schedule where no console runs."""

from __future__ import annotations

import argparse

from data import rollups, settings
from data.command.output import emit, note
from data.console import open_console


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rollup",
        help="store the sums that reports read, until no change waits",
        description="Store the sums that reports read, until no change waits. A running console does this by itself; "
        "without either, figures are as right and take longer.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it; 1 where the sums of something could not be stored. Raises DatabaseUnavailable."""
    with open_console(settings.load(), progress=note):
        refreshed = rollups.finish("real")
        failures = rollups.list_failures("real")
    sentence = (
        f"Stored {refreshed:,} quarters of an hour anew{'' if failures else '; nothing waits'}."
        if refreshed or failures
        else "Nothing had changed since the last pass."
    )
    lines = [
        f"The sums of {subject.replace('_', ' ')} could not be stored: {failure}. "
        "What reports say of it is right all the same, and takes longer."
        for subject, failure in failures.items()
    ]
    emit(arguments, {"refreshed_slots": refreshed, "failures": failures}, [sentence, *lines])
    return 1 if failures else 0
