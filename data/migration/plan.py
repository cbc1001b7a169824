"""Compares the migration files with the history of a database. Pure: no database, no disk."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from data.migration.errors import Edited, OutOfOrder, RemoteOnly
from data.migration.files import MigrationFile
from data.migration.statements import says_the_same

DIFF_LINES = 60  # a diff longer than a screen hides the sentence above it


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of the shared history. `statements` is None where whoever recorded it kept none."""

    version: str
    name: str | None
    statements: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the files and the history say about each other. Every list is in the order of versions.

    `unchecked` are applied files whose statements nobody recorded, so that an edit could not be seen.
    """

    applied: tuple[MigrationFile, ...]
    pending: tuple[MigrationFile, ...]
    out_of_order: tuple[MigrationFile, ...]
    edited: tuple[tuple[MigrationFile, Recorded], ...]
    remote_only: tuple[Recorded, ...]
    unchecked: tuple[MigrationFile, ...]

    def must_be_sound(self, *, include_all: bool = False) -> None:
        """Raises RemoteOnly, Edited or OutOfOrder; `include_all` lets files through that come too late."""
        if self.remote_only:
            raise RemoteOnly(_remote_only_sentence(self.remote_only))
        if self.edited:
            raise Edited(_edited_sentence(self.edited))
        if self.out_of_order and not include_all:
            raise OutOfOrder(out_of_order_sentence([file.path.name for file in self.out_of_order]))

    def to_apply(self, *, include_all: bool = False) -> tuple[MigrationFile, ...]:
        """The files that `up` has to apply, in order."""
        return (self.out_of_order if include_all else ()) + self.pending


def plan(files: Sequence[MigrationFile], recorded: Sequence[Recorded]) -> Plan:
    """Sorts files, and rows without a file, into what they are. Versions compare as text, as the CLI does."""
    rows = {row.version: row for row in recorded}
    versions = {file.version for file in files}
    newest = max(rows, default="")
    known = [file for file in files if file.version in rows]
    new = [file for file in files if file.version not in rows]
    edited = [(file, rows[file.version]) for file in known if _is_edited(file, rows[file.version])]
    changed = {file.version for file, _ in edited}
    return Plan(
        applied=tuple(file for file in known if file.version not in changed),
        pending=tuple(file for file in new if file.version > newest),
        out_of_order=tuple(file for file in new if file.version < newest),
        edited=tuple(edited),
        remote_only=tuple(rows[version] for version in sorted(rows.keys() - versions)),
        unchecked=tuple(file for file in known if not rows[file.version].statements and file.statements),
    )


def difference(file: MigrationFile, row: Recorded) -> str:
    """A unified diff from what was applied to what the file says now."""
    before = ";\n".join(row.statements or ()).splitlines()
    after = ";\n".join(file.recorded_statements).splitlines()
    lines = list(difflib.unified_diff(before, after, "applied", file.path.name, lineterm="", n=2))
    if len(lines) > DIFF_LINES:
        lines = [*lines[:DIFF_LINES], f"... and {len(lines) - DIFF_LINES} more lines"]
    return "\n".join(lines)


def out_of_order_sentence(names: Sequence[str]) -> str:
    """In the words of the CLI, with the ways out."""
    return (
        "Found local migration files to be inserted before the last migration on remote database: "
        + ", ".join(names)
        + ".\nGive them a version later than the last applied one, or, where their order does not matter, "
        "run again with --include-all."
    )


def _is_edited(file: MigrationFile, row: Recorded) -> bool:
    return bool(row.statements) and not says_the_same(file.text, row.statements or ())


def _remote_only_sentence(rows: Sequence[Recorded]) -> str:
    versions = " ".join(row.version for row in rows)
    return (
        f"Remote migration versions not found in local migrations directory: {versions}.\n"
        "Three ways out:\n"
        "1. This checkout is older than the database: bring it up to date.\n"
        "2. The database should forget them (their SQL is not undone): "
        f"supabase migration repair --status reverted {versions}\n"
        "3. Their files are lost: supabase migration fetch (or db pull) writes them again from the database."
    )


def _edited_sentence(edited: Sequence[tuple[MigrationFile, Recorded]]) -> str:
    parts = [f"{file.path.name} has been edited since it was applied:\n{difference(file, row)}" for file, row in edited]
    parts.append(
        "Put the old text back and write the change as a migration of its own. Where the database already "
        "agrees with the new text, record it: supabase migration repair --status applied "
        + " ".join(file.version for file, _ in edited)
    )
    return "\n".join(parts)
