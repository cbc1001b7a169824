"""For tests of the migration runner: empty databases, folders of migrations, what the history says afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import DictRow, dict_row

from data import embedded

Connection = psycopg.Connection[DictRow]


@contextmanager
def empty_database(server: embedded.Lease) -> Iterator[str]:
    """The address of a database with the roles and `auth` of a Supabase project, and nothing else."""
    name = f"empty_{uuid4().hex[:12]}"
    server.ensure_database(name)
    try:
        yield server.url(name)
    finally:
        server.drop_database(name)


def write_migrations(folder: Path, **texts: str) -> Path:
    """Write migrations named like `m20260101000000_name`, and return the folder."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection for arranging and for looking, in autocommit mode."""
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def rows(url: str, query: str) -> list[dict[str, Any]]:
    """The rows of a query, asked by a connection of its own."""
    with connected(url) as connection:
        return connection.execute(query.encode()).fetchall()


def value(url: str, query: str) -> Any:
    """The first column of the first row of a query."""
    return next(iter(rows(url, query)[0].values()))


def history(url: str) -> list[dict[str, Any]]:
    """The shared history, in order."""
    return rows(url, "select version, name, statements from supabase_migrations.schema_migrations order by 1")
