"""Knows the statements that PostgreSQL refuses inside a transaction, and how a file with one must look."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from data.database.queries import find
from data.migration.connection import Connection
from data.migration.errors import AnotherRunner, NotAlone, TransactionInFile
from data.migration.files import MigrationFile
from data.migration.statements import Statement

_ALONE_BEGINNINGS = (
    ("vacuum",),
    ("alter", "system"),
    ("create", "database"),
    ("drop", "database"),
    ("create", "tablespace"),
    ("drop", "tablespace"),
    ("reindex", "database"),
    ("reindex", "system"),
)
_CONCURRENT_BEGINNINGS = ("create", "drop", "reindex", "alter")  # "refresh" may be in a transaction
_TRANSACTION_WORDS = frozenset({"begin", "commit", "end", "abort", "start"})

_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_CREATE_INDEX = re.compile(
    rf"""\b create \s+ (?:unique\s+)? index \s+ concurrently \s+ if \s+ not \s+ exists \s+
         (?P<index>{_NAME}) \s+ on \s+ (?:only\s+)? (?P<table>{_NAME} (?:\s*\.\s*{_NAME})?)""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index that a statement builds concurrently: its plain name, and its table as it is written."""

    index: str
    table: str


def lone_statement(file: MigrationFile) -> Statement | None:
    """The one statement of a file that cannot run in a transaction; None for a file that can.

    Raises NotAlone where it has company, TransactionInFile where a file begins or ends a transaction itself.
    """
    doing = [statement for statement in file.statements if not statement.is_comment]
    for statement in doing:
        if _ends_transaction(statement):
            raise TransactionInFile(
                f"{file.path.name}, line {statement.line}: {statement.words[0].upper()} has no place here. "
                "The runner puts each file and its row in the history into one transaction; take it out."
            )
    lonely = [statement for statement in doing if needs_to_be_alone(statement)]
    if not lonely:
        return None
    if len(doing) > 1:
        raise NotAlone(
            f"{file.path.name}, line {lonely[0].line}: this statement cannot run in a transaction, "
            f"so it must be alone in its file, which has {len(doing)}. Give it a migration of its own."
        )
    _must_be_repeatable(file, lonely[0])
    return lonely[0]


def needs_to_be_alone(statement: Statement) -> bool:
    """Whether PostgreSQL refuses the statement inside a transaction."""
    words = statement.words
    return is_concurrent(statement) or any(words[: len(head)] == head for head in _ALONE_BEGINNINGS)


def is_concurrent(statement: Statement) -> bool:
    """Whether the statement works CONCURRENTLY: it waits for others, but nobody waits for it."""
    words = statement.words
    return "concurrently" in words and words[0] in _CONCURRENT_BEGINNINGS


def new_index(statement: Statement) -> NewIndex | None:
    """The index a statement builds concurrently, or None."""
    match = _CREATE_INDEX.search(statement.text)
    return NewIndex(_plain(match["index"]), match["table"]) if match else None


def drop_leftover(connection: Connection, index: NewIndex) -> bool:
    """Drop the invalid index that a failed build left behind; says whether there was one.

    "if not exists" would take it for the finished index. Raises AnotherRunner while somebody is building it.
    """
    values = {"table": index.table, "index": index.index}
    row = connection.execute(find("migration.find_invalid_index").text, values).fetchone()
    if row is None:
        return False
    if row["is_being_built"]:
        raise AnotherRunner(f"The index {index.index} is being built by another process at this moment.")
    name = sql.Identifier(row["schema_name"], row["index_name"])
    try:
        connection.execute(sql.SQL("drop index concurrently if exists {}").format(name))
    except psycopg.errors.LockNotAvailable as error:
        raise AnotherRunner(
            f"A half-built index {index.index} is in the way and could not be dropped: its table is in use."
        ) from error
    return True


def _ends_transaction(statement: Statement) -> bool:
    first, second = (*statement.words[:2], "", "")[:2]
    if first == "rollback":
        return "to" not in statement.words  # to a savepoint of the file's own
    if first == "prepare":
        return second == "transaction"
    return first in _TRANSACTION_WORDS


def _must_be_repeatable(file: MigrationFile, statement: Statement) -> None:
    words = statement.words
    if words[0] == "create" and "index" in words and new_index(statement) is None:
        raise NotAlone(
            f"{file.path.name}, line {statement.line}: write CREATE INDEX CONCURRENTLY IF NOT EXISTS name ON "
            "table. Outside a transaction a crash can come between the index and its row in the history, "
            "and then the file runs again."
        )


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
