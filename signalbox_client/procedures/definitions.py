"""Definitions of procedures: read from files, checked as a whole, stored as versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signalbox_client import checking
from signalbox_client.connection import Work
from signalbox_client.errors import BadArgument
from signalbox_client.procedures.errors import BadDefinition, Problem
from signalbox_client.procedures.places import Placed, Unreadable, read_json
from signalbox_client.procedures.schema import Definition, definition_of, find_problems
from signalbox_client.procedures.yaml_files import read_yaml

SUFFIXES = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
MAX_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Loaded:
    """What became of a definition: a new version of a procedure, or nothing because it had not changed."""

    sop_id: str
    version: int
    is_new: bool


def read_definitions(paths: Iterable[str | Path]) -> list[Definition]:
    """The definitions in files, and in the .json, .yaml and .yml files of folders.

    Raises BadDefinition with every problem of every file, YamlUnavailable, BadArgument for a path that is not there.
    """
    definitions: list[Definition] = []
    problems: list[Problem] = []
    defined: dict[str, str] = {}
    for file in _files(paths):
        try:
            text = _text(file)
        except Unreadable as error:
            problems.append(Problem(str(file), error.line, error.column, error.reason))
            continue
        except OSError as error:
            problems.append(Problem(str(file), 1, 1, f"the file cannot be read: {error.strerror}"))
            continue
        root, found = _examined(str(file), text, SUFFIXES[file.suffix.lower()])
        problems += found
        if root is None or found:
            continue
        definition = definition_of(root)
        if definition.sop_id in defined:
            place = root.value["sop_id"][1]
            reason = f"{definition.sop_id} is already defined in {defined[definition.sop_id]}"
            problems.append(Problem(str(file), place.line, place.column, reason))
        defined.setdefault(definition.sop_id, str(file))
        definitions.append(definition)
    if problems:
        raise BadDefinition(problems)
    return definitions


def read_definition(text: str, form: Literal["json", "yaml"], name: str = "<text>") -> Definition:
    """The definition in a text; `name` stands for the file in what is said of problems. Raises as above."""
    checking.one_of("form", form, ("json", "yaml"))
    checking.text("name", name, longest=None)
    root, problems = _examined(name, checking.text("text", text, longest=MAX_FILE_BYTES), form)
    if root is None or problems:
        raise BadDefinition(problems)
    return definition_of(root)


def checked(definitions: Iterable[object]) -> list[Definition]:
    """Definitions as reading makes them, whoever made them. Raises BadArgument."""
    given: dict[str, Definition] = {}
    for one in definitions:
        if not isinstance(one, Definition):
            raise BadArgument("definitions", f"holds a {type(one).__name__}, which is no Definition.")
        root, problems = _examined("definition", checking.json_object("definition.document", one.document), "json")
        if root is None or problems:
            raise BadArgument("definition.document", f"is no definition: {problems[0].reason}.")
        if definition_of(root) != one:
            raise BadArgument("definition", "has fields that differ from its document.")
        if one.sop_id in given:
            raise BadArgument("definitions", f"holds {one.sop_id} twice.")
        given[one.sop_id] = one
    return list(given.values())


def store(work: Work, definition: Definition) -> Loaded:
    """Store a definition where it differs from the newest version of its procedure; an older active one is retired."""
    work.run("procedures.lock", sop_id=definition.sop_id)
    document = checking.json_object("definition", definition.document)
    newest = work.row("procedures.find_newest", sop_id=definition.sop_id, definition=document)
    if newest and newest["is_same"]:
        return Loaded(definition.sop_id, newest["version"], is_new=False)
    version = newest["next_version"] if newest else 1
    work.run(
        "procedures.add",
        sop_id=definition.sop_id,
        version=version,
        title=definition.title,
        description=definition.description,
        steps=checking.json_text("steps", definition.steps),
        definition=document,
        status=definition.status,
    )
    if definition.status == "active":
        work.run("procedures.retire_older", sop_id=definition.sop_id, version=version)
    return Loaded(definition.sop_id, version, is_new=True)


def _files(paths: Iterable[str | Path]) -> list[Path]:
    given = [paths] if isinstance(paths, str | Path) else paths
    if not isinstance(given, Iterable):
        raise BadArgument("paths", "must be paths of files or folders.")
    files: list[Path] = []
    for one in given:
        if not isinstance(one, str | Path):
            raise BadArgument("paths", f"holds a {type(one).__name__}, which is no path.")
        if one == "":
            raise BadArgument("paths", "holds an empty text, which is no path; the current folder is '.'.")
        try:
            files += _files_at(Path(one))
        except OSError as error:
            raise BadArgument("paths", f"holds {str(one)[:200]}, which cannot be read: {error.strerror}.") from error
    return files


def _files_at(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    if not path.is_file():
        raise BadArgument("paths", f"holds {path}, which is not there.")
    if path.suffix.lower() not in SUFFIXES:
        raise BadArgument("paths", f"holds {path}, which is neither .json nor .yaml nor .yml.")
    return [path]


def _text(file: Path) -> str:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise Unreadable("the file is larger than 1 MB", 1, 1)
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Unreadable("a byte that is not UTF-8", *place) from None


def _examined(name: str, text: str, form: str) -> tuple[Placed | None, list[Problem]]:
    """The document in a text, None where there is none to be read, and everything that is wrong with it."""
    faults: list[Unreadable] = []
    root = None
    try:
        root = read_json(text, faults) if form == "json" else read_yaml(text, faults)
    except Unreadable as error:
        faults.append(error)
    return root, find_problems(name, root, faults)
