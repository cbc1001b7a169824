"""The files behind the paths that were given: folders are walked, and nothing is opened that is no regular file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data.ingest.report import Problem, readable_path

_SKIPPED_FOLDERS = frozenset({".git", "node_modules", "__pycache__", ".venv"})


@dataclass(frozen=True)
class Found:
    """A file to look into; `named` says that it was given by name and not found in a folder."""

    path: Path
    size_bytes: int
    named: bool


@dataclass
class Walk:
    """The files, what could not be looked at, and what was left alone."""

    files: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def walk(paths: Iterable[Path]) -> Walk:
    """Every file behind the paths, each once, in the order of their names. Links are followed, loops are not."""
    found = Walk()
    seen: set[tuple[int, int]] = set()
    for path in paths:
        given = path.expanduser()
        if not os.path.lexists(given):
            found.problems.append(Problem(readable_path(given), None, "there is nothing under this path"))
            continue
        for file in _files(given, found, seen):
            _look_at(file, found, seen, named=file == given)
    return found


def _files(path: Path, found: Walk, seen: set[tuple[int, int]]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    try:
        identity = path.stat()
        # Files before folders: a session before its subagents, which then change little about it.
        entries = sorted(path.iterdir(), key=lambda entry: (entry.is_dir(), entry.name))
    except OSError as error:
        found.problems.append(Problem(readable_path(path), None, f"the folder cannot be read ({error.strerror})"))
        return
    if (identity.st_dev, identity.st_ino) in seen:
        return  # a link back into what is walked already
    seen.add((identity.st_dev, identity.st_ino))
    for entry in entries:
        if entry.name not in _SKIPPED_FOLDERS:
            yield from _files(entry, found, seen)


def _look_at(path: Path, found: Walk, seen: set[tuple[int, int]], *, named: bool) -> None:
    try:
        status = path.stat()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        found.problems.append(Problem(readable_path(path), None, f"the file cannot be read ({reason})"))
        return
    if not stat.S_ISREG(status.st_mode):
        what = Problem(readable_path(path), None, "neither a file nor a folder")
        if named:
            found.problems.append(what)
        else:
            found.notes.append(f"{what.sentence}, so it was left alone")
    elif (status.st_dev, status.st_ino) not in seen:
        seen.add((status.st_dev, status.st_ino))
        found.files.append(Found(path.resolve(), status.st_size, named))
