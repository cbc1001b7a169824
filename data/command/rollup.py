"""`python -m data rollup`: stores what reports read, until nothing waits, and drops what is older than it is kept; for
a schedule where no console runs. Says and sets how long that is."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from data import rollups, settings
from data.command.output import emit, note
from data.console import open_as_is, open_console
from data.errors import WrongUse
from data.rollups import keeping


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "rollup",
        help="store the sums that reports read, until no change waits",
        description="Store the sums that reports read, until no change waits, and drop events of sessions that are "
        "older than they are kept. A running console does this by itself; without either, figures are as right and "
        "take longer.",
    )
    parser.add_argument(
        "--keep-raw-days",
        type=int,
        metavar="N",
        help="from now on, keep events of sessions and their details for N days; older ones are dropped now, their "
        "sums stay. There is no way back but a backup.",
    )
    parser.add_argument("--keep-raw-forever", action="store_true", help="drop nothing from now on")
    parser.add_argument("--dry-run", action="store_true", help="with --keep-raw-days: say what would go, and stop")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it; 1 where sums could not be stored or rows not dropped. Raises WrongUse, DatabaseUnavailable."""
    days: int | None = arguments.keep_raw_days
    if days is not None and arguments.keep_raw_forever:
        raise WrongUse("Say either --keep-raw-days or --keep-raw-forever; nothing was changed.")
    if arguments.dry_run and days is None:
        raise WrongUse("--dry-run goes with --keep-raw-days; nothing was changed.")
    if arguments.dry_run and days is not None:
        with open_as_is(settings.load()):
            return _foretell(arguments, days)
    with open_console(settings.load(), progress=note):
        if days is not None or arguments.keep_raw_forever:
            keeping.keep_by_operator("real", days)
        refreshed = rollups.finish("real")
        failures = rollups.list_failures("real")
        dropped = rollups.drop_all("real", progress=_tell)
        kept, why_not = keeping.state_of("real")
    document: dict[str, Any] = {"refreshed_slots": refreshed, "failures": failures}
    lines = [
        f"Stored {refreshed:,} quarters of an hour anew{'' if failures else '; nothing waits'}."
        if refreshed or failures
        else "Nothing had changed since the last pass."
    ]
    if kept.keep_raw_days is not None or days is not None or arguments.keep_raw_forever:
        document |= {"dropped_rows": dropped, "retention": asdict(kept), "waits_for": why_not}
        lines += _sentences(kept, dropped, why_not)
    lines += [
        f"The sums of {subject.replace('_', ' ')} could not be stored: {failure}. "
        "What reports say of it is right all the same, and takes longer."
        for subject, failure in failures.items()
    ]
    emit(arguments, document, lines)
    return 1 if why_not or failures else 0


def _foretell(arguments: argparse.Namespace, days: int) -> int:
    found = keeping.foresee_in("real", days)
    lines = [f"{rows:>12,}  {table}" for table, rows in found.tables.items()]
    would = (
        f"{found.rows:,} rows from before {found.before:%d %B %Y} (UTC) would be dropped; their sums would stay, and "
        f"so would {keeping.KEEPS}. Nothing was changed."
        if found.rows
        else f"No row is from before {found.before:%d %B %Y} (UTC), so none would be dropped. Nothing was changed."
    )
    emit(arguments, {"dry_run": True, **asdict(found), "rows": found.rows}, [*lines, would])
    return 0


def _sentences(kept: rollups.Retention, dropped: int, why_not: str | None) -> list[str]:
    if kept.keep_raw_days is None:
        lines = ["Events of sessions are kept for ever; what was dropped before does not come back."]
    else:
        lines = [f"Events of sessions are kept for {kept.keep_raw_days:,} days; {dropped:,} rows were dropped now."]
    if kept.is_sums_only and kept.raw_from:
        lines.append(f"Before {kept.raw_from:%d %B %Y} (UTC) only sums are kept.")
    return [*lines, *([f"Nothing can be dropped: {why_not}"] if why_not else [])]


def _tell(piece: rollups.Piece) -> None:
    if piece.dropped_rows and piece.until_at:
        note(f"Dropped {piece.dropped_rows:,} rows, up to {piece.until_at:%Y-%m-%d %H:%M} UTC.")
