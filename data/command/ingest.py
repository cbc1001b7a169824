"""`python -m data ingest PATH...`: import agent logs."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `ingest`."""
    parser = commands.add_parser("ingest", help="import agent logs")
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Being written."""
    raise NotImplementedError
