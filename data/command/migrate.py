"""`python -m data migrate`: apply the migrations, say what is applied, prove that the database agrees."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from data import embedded, migration, settings, upgrade
from data.command.output import emit, note
from data.migration.documents import SystemReport
from data.migration.state import Difference
from data.migration.status import State

SHOWN = 20  # findings of one kind on a terminal; --json has all


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `migrate` with its subcommands."""
    group = commands.add_parser("migrate", help="Apply the migrations, or say what is applied.")
    steps = group.add_subparsers(dest="step", required=True, metavar="STEP")
    _add(steps, "status", _status, "What is applied, pending, edited, missing here or out of order.")
    up = _add(steps, "up", _up, "Apply what is pending, each file in a transaction of its own.")
    up.add_argument("--include-all", action="store_true", help="Also apply files older than the newest applied one.")
    _add(steps, "verify", _verify, "All applied, none edited, and every object as the migrations made it?")
    schema = _add(steps, "schema", _schema, "The generated sum of the migrations, from a scratch database.")
    action = schema.add_mutually_exclusive_group()
    action.add_argument("--write", action="store_true", help="Write schema.sql and inventory.txt anew.")
    action.add_argument("--check", action="store_true", help="Say whether they are as they should be (default).")


def _add(
    steps: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: Any, sentence: str
) -> argparse.ArgumentParser:
    parser = steps.add_parser(name, help=sentence, description=sentence)
    parser.add_argument("--json", action="store_true", help="Print one JSON document.")
    parser.add_argument(
        "--directory",
        type=Path,
        default=migration.FOLDER,
        help="Another folder of migrations than the console's.",
    )
    parser.set_defaults(run=run)
    return parser


@contextmanager
def admin_database() -> Iterator[str]:
    """The address of the database to migrate: the one that was set, else the embedded one, up meanwhile."""
    given = settings.load()
    if given.admin_database_url:
        yield given.admin_database_url
        return
    with embedded.lease(given.home, given.postgres_binaries, given.embedded_port) as lease:
        yield lease.url()


def _status(arguments: argparse.Namespace) -> int:
    with admin_database() as url:
        found = migration.status(url, arguments.directory)
    document = {"current": found.is_current, **asdict(found)}
    emit(arguments, document, [*found.notices, *_status_lines(found)])
    return 0 if found.is_current else 1


def _status_lines(found: migration.Status) -> Iterator[str]:
    for row in found.migrations:
        line = f"{row.version}  {row.state:<12}  {row.name}"
        if row.applied_at:
            line += f"  ({row.applied_at:%Y-%m-%d %H:%M %Z} by {row.applied_by}, {row.duration_ms} ms)"
        elif not row.is_comparable:
            line += "  (recorded without its statements: an edit could not be seen)"
        yield line
        if row.difference:
            yield row.difference
    if found.is_current:
        yield f"All {len(found.migrations)} migrations are applied."
    else:
        states: tuple[State, ...] = ("pending", "edited", "out of order", "remote only")
        yield ", ".join(f"{found.count(state)} {state}" for state in states if found.count(state)) + "."


def _up(arguments: argparse.Namespace) -> int:
    with admin_database() as url:
        done = upgrade.up(url, arguments.directory, note, include_all=arguments.include_all)
    applied = sum(each.outcome == "applied" for each in done)
    lines = [f"{applied} applied." if done else "The database is up to date."]
    emit(arguments, {"migrations": [asdict(each) for each in done]}, lines)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    with admin_database() as url:
        found = migration.verify(url, arguments.directory)
    document = {"holds": found.holds, **asdict(found)}
    emit(arguments, document, _verify_lines(found))
    return 0 if found.holds else 1


def _verify_lines(found: migration.Verification) -> Iterator[str]:
    if not found.status.is_current:
        yield from _status_lines(found.status)
    compared = found.comparison
    yield from _some("Missing", [item.name for item in compared.missing])
    yield from _some("Changed", [_difference(each) for each in compared.different])
    yield from _some("Opened by someone", [item.name for item in compared.opened])
    hindering = dict(compared.hindering)
    yield from _some(
        "Added by someone, and may refuse or change what is written",
        [f"{item.name}\n  undone by: {undoing}" for item, undoing in hindering.items()],
    )
    for fault in found.faults:
        yield fault.what
        yield f"  mended by: {fault.mended_by}"
    added = [item.name for item in compared.extra if item not in compared.opened and item not in hindering]
    yield from _some("Added by someone, which breaks nothing", added)
    if found.moved:
        yield f"Moved here as another program made them, so not compared: {', '.join(found.moved)}"
        yield from _some("Moved here, and without our trigger", list(found.unguarded))
        yield from _some("Moved here, and without our unique key", _made_by(found, found.unkeyed))
        yield from _some("Moved here, and without our index", _made_by(found, found.unindexed))
        if found.unguarded or found.unkeyed:
            yield "  (`migrate up` adds what writers need of these, where it can; `adopt SYSTEM --status` says why not)"
    if found.pointed:
        yield f"Read where another program made them, so not looked at, as ours are empty: {', '.join(found.pointed)}"
    for system in found.systems:
        yield from _system_lines(system)
    if found.holds:
        migrations = len(found.status.migrations)
        yield f"All {migrations} migrations are applied and all {found.checked} objects are there."


def _made_by(found: migration.Verification, names: tuple[str, ...]) -> list[str]:
    return [f"{name} ({found.to_make[name]})" for name in names]


def _system_lines(system: SystemReport) -> Iterator[str]:
    """One system: how much of its document is there, then what is not, is elsewhere, is more, is counted otherwise."""
    named = len(system.there) + len(system.missing) + len(system.left_out)
    yield f"{system.title} ({system.schema}): {len(system.there)} of {named} things its document names are there."
    yield from (f"  missing: {each.kind} {each.name}" for each in system.missing)
    yield from (f"  elsewhere: {each.kind} {each.name} is {each.here}: {each.why}" for each in system.there if each.why)
    yield from (f"  left out: {each.kind} {each.name}: {each.why}" for each in system.left_out)
    for kind, names in groupby(sorted(system.extra), key=lambda name: name.partition(" ")[0]):
        yield f"  extra: {kind} {', '.join(name.partition(' ')[2].removeprefix(f'{system.schema}.') for name in names)}"
    for count in system.counts:
        if count.document != count.here:
            why = count.why or "unexplained"
            yield f"  {count.what}: the document says {count.document}, here are {count.here}: {why}"


def _some(title: str, names: list[str]) -> Iterator[str]:
    for name in names[:SHOWN]:
        yield f"{title}: {name}"
    if len(names) > SHOWN:
        yield f"{title}: {len(names) - SHOWN} more (--json lists them)"


def _difference(each: Difference) -> str:
    return f"{each.expected.name}\n  should be: {each.expected.definition}\n  is:        {each.found.definition}"


def _schema(arguments: argparse.Namespace) -> int:
    given = settings.load()
    scratch = f"signalbox_schema_{os.getpid()}"
    with embedded.lease(given.home, given.postgres_binaries, given.embedded_port) as lease:
        lease.ensure_database(scratch)
        try:
            generated = migration.generate(lease.url(scratch), arguments.directory, lease.binaries)
        finally:
            lease.drop_database(scratch)
    outdated = [path.name for path in generated.outdated(arguments.directory)]
    if arguments.write:
        generated.write(arguments.directory)
        emit(
            arguments,
            {"written": outdated},
            [f"Written: {', '.join(outdated) or 'nothing, all was current'}."],
        )
        return 0
    lines = [f"{name} is not what the migrations add up to; run with --write." for name in outdated]
    emit(arguments, {"outdated": outdated}, lines or ["schema.sql and inventory.txt are current."])
    return 1 if outdated else 0
