"""Imports in any order, of growing files, and several at once: always the same rows.

`make prove` runs all rounds; the tests run a seeded tenth of them.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from data import embedded
from data.ingest import ingest
from tests.conftest import fresh_database
from tests.ingest_database import snapshot
from tests.ingest_fixtures import FOLDER

ROUNDS = 20
ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import json, sys
from data.ingest import ingest
report = ingest(json.loads(sys.argv[2]), sys.argv[1])
print(json.dumps({"failed": report.counts["files_failed"], "problems": [p.sentence for p in report.problems]}))
"""


def import_in_any_order(server: embedded.Lease, seed: int) -> None:
    """File after file in random order, against all of them in one go."""
    files = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    shuffled = random.Random(seed).sample(files, len(files))
    with fresh_database(server) as url, fresh_database(server) as other:
        ingest([FOLDER], url)
        for file in shuffled:
            ingest([file], other)
        wanted, found = snapshot(url), snapshot(other)
    for table, content in wanted.items():
        assert found[table] == content, f"{table} after {[file.name for file in shuffled]}"


def import_while_growing(server: embedded.Lease, tmp_path: Path, seed: int) -> None:
    """Every file is imported again and again while it grows, in random order, as a live machine's logs do."""
    chance = random.Random(seed)
    with fresh_database(server) as url, fresh_database(server) as other:
        stages = [path for path in FOLDER.rglob("*.json*") if path.is_file() and path.name != "gemini-session.jsonl"]
        growing = {path: _pieces(path, chance) for path in sorted(stages)}
        while growing:
            path = chance.choice(list(growing))
            target = tmp_path / path.relative_to(FOLDER)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(growing[path].pop(0), encoding="utf-8")
            if not growing[path]:
                del growing[path]
            ingest([target], url)
        ingest([tmp_path], other)
        found, wanted = snapshot(url), snapshot(other)
    for table, content in wanted.items():
        assert found[table] == content, table


def import_at_once(server: embedded.Lease) -> None:
    """Two processes with the same files, one of them backwards."""
    files = sorted(str(path) for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in {".md"})
    files = [path for path in files if not path.endswith(("settings.json", "gemini-session.jsonl"))]
    with fresh_database(server) as url, fresh_database(server) as alone:
        ingest([FOLDER], alone)
        both = [start_import(url, files), start_import(url, files[::-1])]
        said = [json.loads(each.communicate(timeout=120)[0]) for each in both]
        assert [each.returncode for each in both] == [0, 0]
        assert [answer["failed"] for answer in said] == [0, 0], said
        wanted, found = snapshot(alone), snapshot(url)
    for table, content in wanted.items():
        assert found[table] == content, table


def start_import(url: str, paths: list[str]) -> subprocess.Popen[str]:
    """An import in a process of its own; it prints what failed."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, json.dumps(paths)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def _pieces(path: Path, chance: random.Random) -> list[str]:
    """The file as it was at some moments, the last of them its end."""
    text = path.read_text(encoding="utf-8")
    if text.startswith("["):
        elements = json.loads(text)
        cuts = sorted(chance.sample(range(1, len(elements) + 1), k=min(2, len(elements))))
        whole = json.dumps(elements, indent=2)
        return [json.dumps(elements[:cut], indent=2) for cut in cuts if cut < len(elements)] + [whole]
    lines = text.splitlines(keepends=True)
    if path.name == "reef-chronicle.json" or len(lines) < 3:
        return [text]
    cuts = sorted(chance.sample(range(1, len(lines)), k=2))
    return ["".join(lines[:cut]) for cut in cuts] + [text]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_the_order_of_imports_makes_no_difference(seed: int, server: embedded.Lease) -> None:
    import_in_any_order(server, seed)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_growing_files_end_where_whole_files_do(seed: int, server: embedded.Lease, tmp_path: Path) -> None:
    import_while_growing(server, tmp_path, seed)


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_two_imports_of_the_same_files_add_everything_once(_round: int, server: embedded.Lease) -> None:
    import_at_once(server)
