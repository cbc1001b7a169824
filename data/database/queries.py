"""Named queries: loads every block of `data/sql/*.sql` by "<stem>.<name>".

A block is `-- name: verb_noun`, at least one comment line that says what it answers, then the statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import LiteralString

FOLDER = Path(__file__).parent.parent / "sql"
_HEADER = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)\s*$")
_PARAMETER = re.compile(r"%\((?P<name>[a-z_0-9]+)\)s")


@dataclass(frozen=True)
class Query:
    """One named query: `name` as "<stem>.<name>", `sentence` for what it answers, `text` with %(name)s parameters."""

    name: str
    sentence: str
    text: LiteralString

    @property
    def parameters(self) -> frozenset[str]:
        """The names of the parameters the text takes."""
        return frozenset(match["name"] for match in _PARAMETER.finditer(self.text))


def find(name: str) -> Query:
    """The query called "<stem>.<name>". Raises KeyError naming it when there is none."""
    return all_queries()[name]


@cache
def all_queries() -> dict[str, Query]:
    """Every named query by its full name. Raises ValueError for a block without a sentence or a repeated name."""
    queries: dict[str, Query] = {}
    for path in sorted(FOLDER.glob("*.sql")):
        for query in _blocks(path):
            if query.name in queries:
                raise ValueError(f"{path.name}: the query {query.name} is there twice.")
            queries[query.name] = query
    return queries


def _blocks(path: Path) -> list[Query]:
    blocks: list[tuple[str, list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if header := _HEADER.match(line):
            blocks.append((header["name"], []))
        elif blocks:
            blocks[-1][1].append(line)
    return [_query(path, name, lines) for name, lines in blocks]


def _query(path: Path, name: str, lines: list[str]) -> Query:
    sentence: list[str] = []
    while lines and lines[0].startswith("--"):
        sentence.append(lines.pop(0).removeprefix("--").strip())
    text = "\n".join(lines).strip().removesuffix(";")
    if not sentence or not text:
        raise ValueError(f"{path.name}: the query {name} needs a sentence after its name, then a statement.")
    # The text comes from files of this package, never from input: that is what LiteralString stands for.
    return Query(f"{path.stem}.{name}", " ".join(sentence), text)
