"""`python -m data ingest PATH...`: import agent logs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from data import settings
from data.command.output import emit, note
from data.console import open_console
from data.ingest import Progress, Report, ingest
from data.ingest.console import progress_sentence
from data.ingest.sources.recognition import KIND_NAMES
from data.wording import plural

_DESCRIPTION = """\
Import Claude Code transcripts (JSON lines, arrays, subagent files), hook events, status lines, work items and
checkpoints. Folders are walked; files are recognised by their content. Importing the same or grown files again adds
only what is new. Exit status 1 when a line or a file could not be read; everything else went in.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `ingest`."""
    parser = commands.add_parser("ingest", help="import agent logs", description=_DESCRIPTION)
    parser.add_argument("paths", nargs="+", type=_path, metavar="PATH", help="a file, or a folder to walk")
    parser.add_argument("--owner", metavar="ADDRESS", help="account that the sessions will belong to, or its id")
    parser.add_argument("--json", action="store_true", help="print one JSON document: counts per source and file")
    parser.set_defaults(run=run)


def _path(given: str) -> Path:
    """A path as it was given; an empty one, of a variable that is not set for instance, would be the current folder."""
    if not given.strip():
        raise argparse.ArgumentTypeError("a path is empty; name a file or a folder, “.” for the current one")
    return Path(given)


def run(arguments: argparse.Namespace) -> int:
    """Import and say what came of it; 1 when something could not be read or was not done as asked."""
    progress = _show if sys.stderr.isatty() else None
    with open_console(settings.load(), note) as console:
        report = ingest(arguments.paths, console.admin_url, arguments.owner, progress)
    if progress:
        sys.stderr.write("\r\033[K")
    emit(arguments, report.document(), _lines(report))
    if arguments.json:
        for problem in report.problems:
            note(problem.sentence)
    return 0 if report.holds else 1


def _show(state: Progress) -> None:
    sys.stderr.write(f"\r\033[K{progress_sentence(state)}  {state.path[-60:]}")
    sys.stderr.flush()


def _lines(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield problem.sentence
    for file in report.files:
        for text in file.notes:
            yield f"{file.path}: {text}"
    names = {str(kind): name for kind, name in KIND_NAMES.items()}
    for source, figures in report.by_source().items():
        events = ", ".join(f"{count} {name}" for name, count in sorted(figures["events_read"].items()))
        yield (
            f"{names.get(source, source)}: {plural(figures['files'], 'file')}, {plural(figures['records'], 'record')}"
            + (f", of these {events}" if events else "")
        )
    yield from report.notes
    yield report.sentence
