"""`python -m data backup run | list`: make a backup, or say which there are and when the next is due."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from data import backup, settings
from data.backup.dumping import Progress
from data.command.output import emit, note
from data.console import open_console

_REFRESH_S = 1.0
_LISTED = 50


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `backup` with its subcommands."""
    group = commands.add_parser("backup", help="back the database up, or list the backups")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "dump the whole database into SIGNALBOX_HOME/backups and read the file back"
    run_parser = actions.add_parser("run", help=text, description=text)
    run_parser.add_argument("--scheduled", action="store_true", help="mark it as made by a timer, such as cron")
    text = "the backups that were tried, and when the next is due; exit status 1 when it is overdue"
    list_parser = actions.add_parser("list", help=text, description=text)
    for parser, act in ((run_parser, _run), (list_parser, _list)):
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.set_defaults(run=act)


def _run(arguments: argparse.Namespace) -> int:
    with open_console(settings.load(), note) as console:
        begun = backup.begin(None, backup.source_of(console), "scheduled" if arguments.scheduled else "manual")
        with _telling(begun.progress):
            made = begun.complete()
    document = asdict(made) | {"path": str(made.path)}
    emit(arguments, document, _made_lines(made))
    return 0


def _made_lines(made: backup.Made) -> Iterator[str]:
    yield f"Backed up into {made.path}"
    yield f"{_megabytes(made.size_bytes)} in {made.seconds:.1f} s, sha256 {made.sha256}"
    yield f"Read back: {made.listed_entries:,} entries, the rows of {made.listed_tables:,} tables."
    if made.missing_tables:
        yield f"NOT in the file: {', '.join(made.missing_tables)}"


def _list(arguments: argparse.Namespace) -> int:
    with open_console(settings.load(), note) as console:
        source = backup.source_of(console)
        directory = str(source.folder)
        state = backup.read_state(None, directory=directory, every_hours=console.settings.backup_every_hours)
        runs, _ = backup.list_runs(None, directory=directory, limit=_LISTED)
    now = datetime.now(UTC)
    is_overdue = state.is_overdue(now)
    document = {
        "overdue": is_overdue,
        "due_at": state.due_at,
        "folder": str(source.folder),
        "last_good": state.last_good.run_id if state.last_good else None,
        "runs": [asdict(run) for run in runs],
    }
    emit(arguments, document, _lines(state, runs, now))
    return 1 if is_overdue else 0


def _lines(state: backup.BackupState, runs: list[backup.BackupRun], now: datetime) -> Iterator[str]:
    for run in runs:
        size = _megabytes(run.size_bytes) if run.size_bytes is not None else "-"
        file = {"gone": "FILE GONE", "changed": "FILE CHANGED", "elsewhere": f"on {run.host}"}.get(run.file_state or "")
        told = file or run.error_message or run.file_name or ""
        yield f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {run.status:<9}  {size:>10}  {told}"
    if state.last_good is None:
        yield "There is no backup."
    if state.due_at is not None:
        word = "OVERDUE: it was" if state.is_overdue(now) else "The next is"
        yield f"{word} due at {state.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC (every {state.every_hours} h)."


@contextmanager
def _telling(progress: Progress) -> Iterator[None]:
    """Say on a terminal how far it is, once a second."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def tell() -> None:
        while not done.wait(_REFRESH_S):
            told = f"{progress.phase}: {_megabytes(progress.bytes_written)}"
            if progress.tables_total:
                told += f", {progress.tables_done} of {progress.tables_total} tables"
            sys.stderr.write(f"\r\033[K{told}")
            sys.stderr.flush()

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        sys.stderr.write("\r\033[K")


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes / 1000:,.1f} kB"
