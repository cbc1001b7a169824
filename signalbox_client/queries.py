"""Named statements of this package: every block of `sql/*.sql` by "<stem>.<name>".

A block is `-- name: verb_noun`, at least one comment line that says what it does, then the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import LiteralString

_NAME = "-- name: "
_TABLE = re.compile(r"\b(?:agents|chronicle|engine|lift)\.[a-z_]+\b(?!\()")


@dataclass(frozen=True)
class Query:
    """A statement with its full name, what it does, its text with %(name)s parameters, and which of our tables it names
    (none where it goes through the staging views, which know where each table is)."""

    name: str
    sentence: str
    text: LiteralString
    tables: frozenset[str]


def find(name: str) -> Query:
    """The statement called "<stem>.<name>". Raises KeyError naming it when there is none."""
    return all_queries()[name]


@cache
def all_queries() -> dict[str, Query]:
    """Every statement of the package. Raises ValueError for a block without a sentence and for a name given twice."""
    queries: dict[str, Query] = {}
    for file in sorted(files("signalbox_client").joinpath("sql").iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".sql"):
            continue
        for query in _blocks(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")):
            if query.name in queries:
                raise ValueError(f"{file.name}: the statement {query.name} is there twice.")
            queries[query.name] = query
    return queries


def _blocks(stem: str, text: str) -> Iterator[Query]:
    for block in ("\n" + text).split("\n" + _NAME)[1:]:
        name, *lines = block.splitlines()
        sentence = []
        while lines and lines[0].startswith("--"):
            sentence.append(lines.pop(0).removeprefix("--").strip())
        statement = "\n".join(lines).strip().removesuffix(";")
        if not sentence or not statement:
            raise ValueError(f"{stem}.sql: {name} needs a sentence after its name, then a statement.")
        # The text comes from files of this package, never from input: that is what LiteralString stands for.
        tables = frozenset() if "analytics." in statement else frozenset(_TABLE.findall(statement))
        yield Query(f"{stem}.{name.strip()}", " ".join(sentence), statement, tables)
