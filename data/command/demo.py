"""`demo create | remove | status`: the demo database of the embedded server."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC
from typing import Any

from data import audit, database, demo, embedded, migration, settings
from data.command.output import emit, note
from data.console import open_console


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo` and what can be done with it."""
    group = commands.add_parser("demo", help="make, look at or remove the demo database")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make it; one that is there is left as it is")
    create.add_argument(
        "--events", type=int, default=demo.DEFAULT_EVENTS, help="about how many events (default %(default)s)"
    )
    create.add_argument("--seed", type=int, default=demo.DEFAULT_SEED, help="equal seeds give equal rows (%(default)s)")
    create.add_argument("--replace", action="store_true", help="make it anew where there is one")
    create.set_defaults(run=_create)
    remove = actions.add_parser("remove", help="drop it")
    remove.set_defaults(run=_remove)
    status = actions.add_parser("status", help="whether it is there and what it holds")
    status.set_defaults(run=_status)
    for parser in (create, remove, status):
        parser.add_argument("--json", action="store_true", help="print one JSON document")


def _create(arguments: argparse.Namespace) -> int:
    with _server() as lease:
        database.close_database("demo")
        made = demo.create(
            lease,
            migration.FOLDER,
            events=arguments.events,
            seed=arguments.seed,
            replace=arguments.replace,
            progress=note,
        )
        if made.is_new:
            _record("made the demo", {"events": made.rows["chronicle.events"], "seed": made.seed})
    rows = sum(made.rows.values())
    words = f"Made {made.database}: {rows:,} rows in {made.seconds:.1f} s, ending {made.anchor:%Y-%m-%d %H:%M} UTC."
    emit(arguments, asdict(made), [words if made.is_new else "The demo is there already; --replace makes it anew."])
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    with _server() as lease:
        database.close_database("demo")
        was_there = demo.remove(lease)
        if was_there:
            _record("removed the demo", {})
    emit(arguments, {"removed": was_there}, ["Removed the demo." if was_there else "There was no demo to remove."])
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with _server() as lease:
        found = demo.describe(lease)
    if found is None:
        emit(arguments, {"exists": False}, ["There is no demo; `demo create` makes one."])
        return 0
    words = (
        f"The demo holds {found.events:,} events of {found.sessions:,} sessions up to "
        f"{found.newest_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {found.size_bytes / 1_000_000:.0f} MB."
    )
    emit(arguments, {"exists": True, **asdict(found)}, [words])
    return 0


@contextmanager
def _server() -> Iterator[embedded.Lease]:
    """The embedded server. Raises DemoNeedsEmbedded, before anything is opened, where DATABASE_URL is set."""
    known = settings.load()
    if not known.is_embedded:
        raise demo.DemoNeedsEmbedded
    with open_console(known, note) as console:
        if console.lease is None:  # pragma: no cover - the embedded console has one
            raise demo.DemoNeedsEmbedded
        yield console.lease


def _record(action: str, detail: dict[str, Any]) -> None:
    with database.operating("real") as unit:
        audit.record(unit, None, action, f"database:{demo.DATABASE}", detail)
