"""Reads the folder of migrations: which files count, their versions, their statements."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from data.migration.errors import DuplicateVersion, UnreadableFile, WrongVersion
from data.migration.statements import Statement, split

# What the Supabase CLI takes for a migration. It compares versions as text: only one width keeps their order.
_NAME = re.compile(r"^([0-9]+)_(.*)\.sql$", re.DOTALL)
VERSION_DIGITS = 14

FOLDER = Path(__file__).parents[2] / "migrations"

SCHEMA_FILE = "schema.sql"
INVENTORY_FILE = "inventory.txt"
_SIBLINGS = frozenset({"README.md", SCHEMA_FILE, INVENTORY_FILE})


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One migration as it lies on disk. `sha256` is of the file's bytes, in hexadecimal."""

    version: str
    name: str
    path: Path
    text: str
    statements: tuple[Statement, ...]
    sha256: str

    @property
    def recorded_statements(self) -> list[str]:
        """The statements as the shared history stores them."""
        return [statement.text for statement in self.statements]


@dataclass(frozen=True, slots=True)
class Folder:
    """The migrations of a folder in their order, and the names that were passed over."""

    files: tuple[MigrationFile, ...]
    skipped: tuple[str, ...]

    @property
    def notices(self) -> tuple[str, ...]:
        """One sentence for each name passed over."""
        return tuple(
            f"{name} is not named like a migration (20261120090000_what_it_does.sql) and was passed over."
            for name in self.skipped
        )


def read_folder(directory: Path) -> Folder:
    """The migrations in `directory`, sorted by version.

    Raises UnreadableFile, WrongVersion or DuplicateVersion.
    """
    try:
        paths = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UnreadableFile(f"The migrations in {directory} cannot be read: {error.strerror}.") from error
    files: list[MigrationFile] = []
    skipped: list[str] = []
    for path in paths:
        match = _NAME.match(path.name)
        if match and path.is_file():
            files.append(read_file(path, version=match[1], name=match[2]))
        elif path.name not in _SIBLINGS:
            skipped.append(path.name)
    _must_differ(files)
    return Folder(tuple(files), tuple(skipped))


def read_file(path: Path, version: str, name: str) -> MigrationFile:
    """One migration file. Raises WrongVersion or UnreadableFile."""
    if len(version) != VERSION_DIGITS:
        raise WrongVersion(
            f"{path.name}: the version {version} has {len(version)} digits and must have {VERSION_DIGITS} "
            "(year, month, day, hour, minute, second). Versions are compared as text: only one width sorts."
        )
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path.name} is not UTF-8: byte {error.start} cannot be read.") from error
    return MigrationFile(version, name, path, text, split(text), hashlib.sha256(content).hexdigest())


def _must_differ(files: list[MigrationFile]) -> None:
    seen: dict[str, str] = {}
    for file in files:
        if file.version in seen:
            raise DuplicateVersion(
                f"Two migrations have the version {file.version}: {seen[file.version]} and {file.path.name}. "
                "Give the younger one a version of its own, before either is applied anywhere."
            )
        seen[file.version] = file.path.name
