"""The source tables of each named query, and the pages that rest on each column, as they stand in generated files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "sources.json"
COLUMNS_FILE = Path(__file__).parent / "columns.json"

# A query's sources, or why they are not known.
Found = Mapping[str, list[str] | str]


@cache
def _known() -> Found:
    found: Found = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@cache
def _columns() -> Mapping[str, list[str]]:
    found: Mapping[str, list[str]] = json.loads(COLUMNS_FILE.read_text(encoding="utf-8"))
    return found


def pages_on(column: str) -> tuple[str, ...]:
    """The pages that rest on a column ("agents.jobs.status"), by their titles, as far as that can be found out."""
    return tuple(_columns().get(column, ()))


def of_queries(names: Iterable[str]) -> frozenset[str] | None:
    """The source tables that these queries read together.

    None where that is not known of each of them, or where they read none at all: then nothing says when they change.
    """
    together: set[str] = set()
    for name in names:
        tables = _known().get(name)
        if not isinstance(tables, list):
            return None
        together.update(tables)
    return frozenset(together) or None
