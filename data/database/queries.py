"""Named queries: loads every block of `data/sql/*.sql` by "<stem>.<name>".

A block is `-- name: verb_noun`, at least one comment line that says what it answers, then the statement. A block that
begins with `-- part: noun` is no statement but what several of them share: the line `-- uses: <stem>.<noun>` stands
for its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import LiteralString

FOLDER = Path(__file__).parent.parent / "sql"
_HEADER = re.compile(r"^-- (?P<kind>name|part): (?P<name>[a-z][a-z0-9_]*)\s*$")
_USES = re.compile(r"^-- uses: (?P<name>[a-z0-9_.]+)(?P<comma>,?)\s*$", re.MULTILINE)
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
    """Every named query by its full name. Raises ValueError for a block without a sentence, a repeated name, or the use
    of a part that is not there."""
    return read_folder(FOLDER)


def read_folder(folder: Path) -> dict[str, Query]:
    """The named queries of all files of a folder by their full names. Raises ValueError as `all_queries`."""
    blocks = [block for path in sorted(folder.glob("*.sql")) for block in _blocks(path)]
    parts = {block.query.name: block.query.text for block in blocks if block.is_part}
    queries: dict[str, Query] = {}
    for block in blocks:
        name = block.query.name
        if name in queries or (name in parts and not block.is_part):
            raise ValueError(f"The query {name} is there twice.")
        if not block.is_part:
            queries[name] = replace(block.query, text=_with_parts(block.query, parts))
    return queries


@dataclass(frozen=True)
class _Block:
    query: Query
    is_part: bool


def _with_parts(query: Query, parts: dict[str, LiteralString]) -> LiteralString:
    def text_of(match: re.Match[str]) -> str:
        if match["name"] not in parts:
            raise ValueError(f"The query {query.name} uses {match['name']}, and there is no such part.")
        return parts[match["name"]] + match["comma"]

    # Both texts come from files of this package, never from input: that is what LiteralString stands for.
    return _USES.sub(text_of, query.text)


def _blocks(path: Path) -> list[_Block]:
    blocks: list[tuple[re.Match[str], list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if header := _HEADER.match(line):
            blocks.append((header, []))
        elif blocks:
            blocks[-1][1].append(line)
    return [_Block(_query(path, header["name"], lines), header["kind"] == "part") for header, lines in blocks]


def _query(path: Path, name: str, lines: list[str]) -> Query:
    sentence: list[str] = []
    while lines and lines[0].startswith("--") and not _USES.match(lines[0]):
        sentence.append(lines.pop(0).removeprefix("--").strip())
    text = "\n".join(lines).strip().removesuffix(";")
    if not sentence or not text:
        raise ValueError(f"{path.name}: the query {name} needs a sentence after its name, then a statement.")
    # The text comes from files of this package, never from input: that is what LiteralString stands for.
    return Query(f"{path.stem}.{name}", " ".join(sentence), text)
