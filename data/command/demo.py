"""`demo create | remove | status`: the demo database of the embedded server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from data import audit, database, demo, embedded, migration, settings
from data.command.output import emit, note
from data.console import Console, open_as_is, open_console
from data.errors import WrongUse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    text = "make, look at or remove the demo database of the embedded server"
    parser = commands.add_parser("demo", help=text, description=text)
    parser.add_argument(
        "action", nargs="?", choices=list(_ACTIONS), default="create", help="default create: leaves one that is there"
    )
    parser.add_argument("--events", type=int, help=f"create: about how many events (default {demo.DEFAULT_EVENTS})")
    parser.add_argument("--seed", type=int, help=f"create: equal seeds give equal rows (default {demo.DEFAULT_SEED})")
    parser.add_argument("--replace", action="store_true", help="create: make it anew where there is one")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it. Raises DemoNeedsEmbedded, DemoBeingMade, AnotherDemo, WrongUse, DatabaseUnavailable."""
    if arguments.action != "create" and (arguments.events or arguments.seed or arguments.replace):
        raise WrongUse("--events, --seed and --replace belong to `demo create`.")
    return _ACTIONS[arguments.action](arguments)


def _create(arguments: argparse.Namespace) -> int:
    with _server() as lease:
        database.close_database("demo")
        with _telling() as progress:
            made = demo.create(
                lease,
                migration.FOLDER,
                events=demo.DEFAULT_EVENTS if arguments.events is None else arguments.events,
                seed=demo.DEFAULT_SEED if arguments.seed is None else arguments.seed,
                replace=arguments.replace,
                progress=progress,
            )
        if made.is_new:
            _record("made the demo", {"events": made.rows["chronicle.events"], "seed": made.seed})
            rows, ends = sum(made.rows.values()), f"{made.anchor:%Y-%m-%d %H:%M} UTC"
            words = f"Made {made.database}: {rows:,} rows in {made.seconds:.1f} s, ending {ends}."
        else:
            words = _there_already(lease, arguments)
    emit(arguments, asdict(made), [words])
    return 0


def _there_already(lease: embedded.Lease, arguments: argparse.Namespace) -> str:
    """What to say of the demo that was found. Raises AnotherDemo where one of a size or seed was asked for."""
    found = demo.describe(lease)
    holds = f" with {found.events:,} events" if found else ""
    if arguments.events is not None or arguments.seed is not None:
        raise demo.AnotherDemo(f"There is a demo already{holds}; add --replace to make the one asked for in its place.")
    return f"The demo is there already{holds}; --replace makes it anew."


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """Say on one line of a terminal how far it is; each step once to what keeps every line."""
    said: list[str] = []

    def show(sentence: str) -> None:
        sys.stderr.write(f"\r\033[K{sentence}")
        sys.stderr.flush()

    def say_step(sentence: str) -> None:
        step = sentence.partition(":")[0]
        if step not in said:
            said.append(step)
            note(step)

    if not sys.stderr.isatty():
        yield say_step
        return
    try:
        yield show
    finally:
        sys.stderr.write("\r\033[K")


def _remove(arguments: argparse.Namespace) -> int:
    with _server() as lease:
        database.close_database("demo")
        was_there = demo.remove(lease)
        if was_there:
            _record("removed the demo", {})
    emit(arguments, {"removed": was_there}, ["Removed the demo." if was_there else "There was no demo to remove."])
    return 0


def _status(arguments: argparse.Namespace) -> int:
    with open_as_is(_embedded()) as console:
        found = demo.describe(_lease_of(console))
    if found is None:
        emit(arguments, {"exists": False}, ["There is no demo; `demo create` makes one."])
        return 0
    words = (
        f"The demo holds {found.events:,} events of {found.sessions:,} sessions up to "
        f"{found.newest_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {found.size_bytes / 1_000_000:.0f} MB."
    )
    days_old = found.days_old(datetime.now(UTC))
    lines = [words]
    if days_old:
        ago = "a day" if days_old == 1 else f"{days_old} days"
        lines.append(f"It ends {ago} ago; `demo create --replace` makes one that ends now.")
    emit(arguments, {"exists": True, **asdict(found), "days_old": days_old}, lines)
    return 0


@contextmanager
def _server() -> Iterator[embedded.Lease]:
    """The embedded server with its database up to date, as the demo's beginning and end are written down there."""
    with open_console(_embedded(), note) as console:
        yield _lease_of(console)


def _embedded() -> settings.Settings:
    """The settings. Raises DemoNeedsEmbedded, before anything is opened, where DATABASE_URL is set."""
    known = settings.load()
    if not known.is_embedded:
        raise demo.DemoNeedsEmbedded
    return known


def _lease_of(console: Console) -> embedded.Lease:
    if console.lease is None:  # pragma: no cover - the embedded console has one
        raise demo.DemoNeedsEmbedded
    return console.lease


def _record(action: str, detail: dict[str, Any]) -> None:
    with database.operating("real") as unit:
        audit.record(unit, None, action, f"database:{demo.DATABASE}", detail)


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {"create": _create, "remove": _remove, "status": _status}
