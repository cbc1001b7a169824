"""`python -m data backup run | list | prune`: make a backup, say which there are, or remove old ones."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from types import FrameType

from data import backup, settings
from data.backup.dumping import Progress
from data.backup.errors import NotUpToDate
from data.command.output import emit
from data.console import Console, open_as_is
from data.errors import DatabaseBehind
from data.wording import plural

_REFRESH_S = 1.0
_LISTED = 50


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `backup` with its subcommands."""
    group = commands.add_parser("backup", help="back the database up, list the backups, or remove old ones")
    actions = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = (
        "dump the whole database into SIGNALBOX_HOME/backups and read the file back; exit status 1 when that fails or "
        "tables are missing from it"
    )
    run_parser = actions.add_parser("run", help=text, description=text)
    run_parser.add_argument("--scheduled", action="store_true", help="mark it as made by a timer, such as cron")
    text = "the backups that were tried, and when the next is due; exit status 1 when one is overdue, lost or not whole"
    list_parser = actions.add_parser("list", help=text, description=text)
    text = "remove the files of old backups: all that are written down and lie in the folder, but the newest ones"
    prune_parser = actions.add_parser("prune", help=text, description=text)
    prune_parser.add_argument("--keep", type=int, required=True, metavar="N", help="how many of the newest stay")
    prune_parser.add_argument("--dry-run", action="store_true", help="say what would go; nothing is removed")
    for parser, act in ((run_parser, _run), (list_parser, _list), (prune_parser, _prune)):
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.set_defaults(run=act)


def _run(arguments: argparse.Namespace) -> int:
    with _opened(settings.load()) as console:
        begun = backup.begin(None, backup.source_of(console), "scheduled" if arguments.scheduled else "manual")
        with _ending_by_signals(begun), _telling(begun.progress):
            made = begun.complete()
    document = asdict(made) | {"path": str(made.path)}
    emit(arguments, document, _made_lines(made))
    return 1 if backup.lacking(made.missing_tables) else 0


@contextmanager
def _opened(known: settings.Settings) -> Iterator[Console]:
    """The database stays as it is: a backup before an upgrade must not be one after it.

    Raises NotUpToDate where there is nothing yet to write a backup down in.
    """
    try:
        with open_as_is(known) as console:
            yield console
    except DatabaseBehind as error:
        raise NotUpToDate from error


@contextmanager
def _ending_by_signals(begun: backup.Run) -> Iterator[None]:
    """A timer or a closed terminal that ends this process ends the backup first, and its row says so."""

    def stop(number: int, _: FrameType | None) -> None:
        begun.stop(f"the signal {signal.Signals(number).name}")

    # What is ignored stays so: nohup has the backup go on when its terminal is closed.
    heard = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _made_lines(made: backup.Made) -> Iterator[str]:
    yield f"Backed up into {made.path}"
    yield f"{_megabytes(made.size_bytes)} in {made.seconds:.1f} s, sha256 {made.sha256}"
    entries, tables = plural(made.listed_entries, "entry", "entries"), plural(made.listed_tables, "table")
    yield f"Read back: {entries}, the rows of {tables}."
    if made.missing_tables:
        yield f"NOT in the file: {', '.join(made.missing_tables)}"


def _prune(arguments: argparse.Namespace) -> int:
    with _opened(settings.load()) as console:
        directory = str(backup.source_of(console).folder)
        planned = backup.plan(None, directory=directory, keep=arguments.keep)
        removed = planned.removed
        if not arguments.dry_run:
            removed = backup.prune(None, directory=directory, keep=arguments.keep)
    size_bytes = sum(run.size_bytes or 0 for run in removed)
    document = {
        "dry_run": arguments.dry_run,
        "removed": [run.run_id for run in removed],
        "kept": [run.run_id for run in planned.kept],
        "size_bytes": size_bytes,
        "folder": directory,
    }
    word = "would be removed" if arguments.dry_run else "removed"
    names = (f"{run.file_name}  {_megabytes(run.size_bytes or 0)}" for run in removed)
    emit(arguments, document, [*names, f"{len(removed)} {word}, {_megabytes(size_bytes)}; {len(planned.kept)} stay."])
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _opened(settings.load()) as console:
        source = backup.source_of(console)
        directory = str(source.folder)
        state = backup.read_state(None, directory=directory, every_hours=console.settings.backup_every_hours)
        runs = backup.list_runs(None, directory=directory, limit=_LISTED)
    now = datetime.now(UTC)
    is_overdue = state.is_overdue(now)
    lacking = state.last_lacking.lacking if state.last_lacking else ()
    document = {
        "overdue": is_overdue,
        "lost": [run.run_id for run in state.lost],
        "lacking": list(lacking),
        "due_at": state.due_at,
        "folder": str(source.folder),
        "last_good": state.last_good.run_id if state.last_good else None,
        "runs": [asdict(run) for run in runs],
    }
    emit(arguments, document, _lines(state, runs, now))
    return 1 if is_overdue or state.lost or lacking else 0


def _lines(state: backup.BackupState, runs: list[backup.BackupRun], now: datetime) -> Iterator[str]:
    for run in runs:
        size = _megabytes(run.size_bytes) if run.size_bytes is not None else "-"
        files = {
            "gone": "FILE GONE",
            "changed": "FILE CHANGED",
            "unseen": "FILE NOT SEEN",
            "elsewhere": f"on {run.host}",
            "removed": f"removed by {run.removed_by_email}",
        }
        file = files.get(run.file_state or "")
        told = file or run.error_message or run.file_name or ""
        if run.lacking:
            told += f", WITHOUT {plural(len(run.lacking), 'table')}"
        yield f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {run.status:<9}  {size:>10}  {told}"
    if state.last_good is None:
        yield "There is no backup."
    if state.last_lacking is not None:
        yield f"NOT in the newest one: {', '.join(state.last_lacking.lacking)}"
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
